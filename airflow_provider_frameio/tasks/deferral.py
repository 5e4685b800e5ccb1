"""What operators and sensors share: failing in Airflow's terms, and handing a wait to the triggerer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import FrameioError

if TYPE_CHECKING:
    from airflow_provider_frameio.copying.completion.judge import Expectation
    from airflow_provider_frameio.copying.completion.wait import Terms
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger

MOST_TOGETHER = 100
"""Copies that one trigger waits for. MySQL keeps a trigger's arguments in 65,535 bytes, encrypted by Airflow: a hundred
with the longest ids of Frame.io take 52,000."""
MOST_FILES = 400
"""Copied versions of one stack that a trigger waits for, by the same measure."""
# The trigger's own "timeout" comes first and says more; this is for a triggerer that does not answer at all.
_BACKSTOP = timedelta(minutes=10)


@contextmanager
def permanent_errors_fail() -> Iterator[None]:
    """Fail the task for good on an error that a retry would only meet again."""
    try:
        yield
    except FrameioError as error:
        if error.transient:
            raise
        raise AirflowFailException(str(error)) from error


def copy_trigger(
    frameio_conn_id: str, account_id: str, copies: Sequence[Expectation], terms: Terms, folder_id: str | None = None
) -> FrameioVersionStackCopyTrigger:
    """The trigger that waits for these copies on these terms.

    :param copies: at most ``MOST_TOGETHER``.
    :param folder_id: where they are, if that is known.
    """
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger  # not for a DAG file

    stored = [
        {
            "version_stack_id": copy.version_stack_id,
            "versions": copy.versions,
            "folder_id": folder_id,
            "source_id": copy.source_id,
        }
        for copy in copies
    ]
    return FrameioVersionStackCopyTrigger(
        frameio_conn_id=frameio_conn_id,
        account_id=account_id,
        copies=stored,
        target_status=copies[0].target_status,
        **asdict(terms),
    )


def time_allowed(operator: Any) -> float:
    """Seconds that it may wait: Airflow does not enforce ``execution_timeout`` while a task is deferred."""
    limit = operator.execution_timeout
    return float(operator.timeout if limit is None else min(operator.timeout, limit.total_seconds()))


def deferral_timeout(end_time: float, now: float) -> timedelta:
    """How long Airflow may let the task wait for its trigger. Times in seconds since the epoch."""
    return timedelta(seconds=max(0.0, end_time - now)) + _BACKSTOP
