"""The parameters that operators share: checked while a DAG file is parsed and when they are rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.aliases import own_account_id
from airflow_provider_frameio.api.endpoints.files import COPY_COMMENTS
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import TARGET_STATUSES
from airflow_provider_frameio.api.parameters import boolean, flag, one_of
from airflow_provider_frameio.copying.exactly_once import ON_AMBIGUOUS
from airflow_provider_frameio.copying.record import CopyRequest

if TYPE_CHECKING:
    from airflow_provider_frameio.hooks.frameio import FrameioHook

STRATEGIES = ("auto", "native", "restack")
RENDERED = ("copy_metadata", "copy_comments", "target_status")
"""Options of the copying operators that a template may fill."""


class _NotGiven:
    def __repr__(self) -> str:
        """As the documentation shows the default."""
        return "None"


NOT_GIVEN: Any = _NotGiven()
"""The default of a parameter that a DAG may leave out. If None is given, a template or a mapping came to nothing."""


def given(value: Any) -> Any:
    """A parameter's value, None where it was left out."""
    return None if value is NOT_GIVEN else value


def rendered_later(value: object) -> bool:
    """Whether only the running task knows the value: it is a template, or another task's output."""
    return "{{" in value or "{%" in value if isinstance(value, str) else hasattr(value, "resolve")


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

    def request(self, source_id: str, parent_id: str | None, onto: str = "", batch: int = 0) -> CopyRequest:
        """One of the copies."""
        return CopyRequest(
            self.account_id, source_id, parent_id, self.copy_metadata, self.copy_comments, onto=onto, batch=batch
        )


def check_copy_options(operator: Any) -> None:
    """Refuse what cannot be right in a copying operator, apart from what is rendered later.

    :raises InvalidParameter: one of them.
    """
    for name in ("wait_for_completion", "deferrable", "durable"):
        flag(name, getattr(operator, name))
    one_of("strategy", operator.strategy, STRATEGIES)
    one_of("on_ambiguous", operator.on_ambiguous, ON_AMBIGUOUS)
    most = _max_failures(operator)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise InvalidParameter("max_failures", most, "give a whole number, 0 for no limit.")
    for name in RENDERED:
        if not rendered_later(getattr(operator, name)):
            _rendered_option(operator, name)


def copy_options(operator: Any, hook: FrameioHook, *, max_wait_slots: float = 0.0) -> CopyOptions:
    """The parameters of a copying operator, rendered.

    :raises InvalidParameter: a template came to something that cannot be right.
    """
    return CopyOptions(
        account_id=hook.run(own_account_id(hook.account_id(operator.account_id))),
        copy_metadata=_rendered_option(operator, "copy_metadata"),
        copy_comments=_rendered_option(operator, "copy_comments"),
        strategy=operator.strategy,
        target_status=_rendered_option(operator, "target_status") if operator.wait_for_completion else None,
        durable=operator.durable,
        on_ambiguous=operator.on_ambiguous,
        max_failures=_max_failures(operator),
        poll_interval=operator.poll_interval,
        timeout=operator.timeout,
        max_wait_slots=max_wait_slots,
    )


def _max_failures(operator: Any) -> Any:
    """The operator's parameter; one that makes a single copy has none."""
    return getattr(operator, "max_failures", 0)


def _rendered_option(operator: Any, name: str) -> Any:
    value = getattr(operator, name)
    if name == "copy_metadata":
        return boolean(name, value)
    if name == "target_status":
        return one_of(name, value, TARGET_STATUSES)
    if operator.strategy == "native" and one_of(name, value, COPY_COMMENTS) != "none":
        remedy = "Frame.io's own copy of a stack leaves comments behind; give strategy='restack' or 'auto'."
        raise InvalidParameter(name, value, remedy)
    return one_of(name, value, COPY_COMMENTS)
