"""The parameters that the copying operators share: checked while a DAG file is parsed, and as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.endpoints.files import COPY_COMMENTS
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import choice
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.exactly_once import ON_AMBIGUOUS

if TYPE_CHECKING:
    from airflow_provider_frameio.hooks.frameio import FrameioHook

STRATEGIES = ("auto", "native", "restack")


@dataclass(frozen=True)
class CopyOptions:
    """How the copies of one task are made; see the operators' parameters.

    :ivar target_status: which the versions must reach; None: nothing is waited for but the bytes of copied files.
    :ivar max_wait_slots: how long to wait for the rate limit in this process, in slots; longer is the job's to decide.
    """

    account_id: str
    copy_metadata: bool = False
    copy_comments: str = "none"
    strategy: str = "auto"
    target_status: str | None = "uploaded"
    durable: bool = True
    on_ambiguous: str = "fail"
    max_failures: int = 0
    poll_interval: float = 15.0
    timeout: float = 3600.0
    max_wait_slots: float = 0.0


def check_copy_options(*, strategy: str, copy_comments: str, on_ambiguous: str, target_status: str) -> None:
    """Refuse what cannot be right.

    :raises InvalidParameter: one of them.
    """
    choice("strategy", strategy, STRATEGIES)
    choice("copy_comments", copy_comments, COPY_COMMENTS)
    choice("on_ambiguous", on_ambiguous, ON_AMBIGUOUS)
    Expectation("", target_status=target_status)
    if strategy == "native" and copy_comments != "none":
        remedy = "Frame.io's own copy of a stack leaves comments behind; give strategy='restack' or 'auto'."
        raise InvalidParameter("copy_comments", copy_comments, remedy)


def copy_options(operator: Any, hook: FrameioHook, *, max_wait_slots: float, max_failures: int = 0) -> CopyOptions:
    """The parameters of a copying operator."""
    return CopyOptions(
        account_id=hook.account_id(operator.account_id),
        copy_metadata=operator.copy_metadata,
        copy_comments=operator.copy_comments,
        strategy=operator.strategy,
        target_status=operator.target_status if operator.wait_for_completion else None,
        durable=operator.durable,
        on_ambiguous=operator.on_ambiguous,
        max_failures=max_failures,
        poll_interval=operator.poll_interval,
        timeout=operator.timeout,
        max_wait_slots=max_wait_slots,
    )
