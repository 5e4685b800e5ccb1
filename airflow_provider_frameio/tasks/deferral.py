"""What operators and sensors share: failing in Airflow's terms, and handing a wait to the triggerer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.triggers.events import CopyEvent, SlotEvent

if TYPE_CHECKING:
    from airflow_provider_frameio.copying.completion.judge import Expectation
    from airflow_provider_frameio.copying.completion.wait import Terms
    from airflow_provider_frameio.triggers.files import FrameioFilesTrigger
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger

Event = TypeVar("Event", CopyEvent, SlotEvent)

MOST_TOGETHER = 100
"""Copies that one trigger waits for. MySQL keeps a trigger's arguments in 65,535 bytes, encrypted by Airflow: a hundred
with the longest ids of Frame.io take 52,000."""
# The trigger's own "timeout" comes first and says more; this is for a triggerer that does not answer at all.
_BACKSTOP = timedelta(minutes=10)


def event_of(kind: type[Event], payload: object) -> Event:
    """What a trigger told the task: a ``CopyEvent`` or a ``SlotEvent``.

    :raises AirflowFailException: it is none of that kind, so nothing is known; it must not be taken for success.
    """
    try:
        return kind.from_payload(payload)
    except ValueError as error:
        raise AirflowFailException(str(error)) from error


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
    # Not while a DAG file is parsed: it imports the HTTP stack.
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger

    return FrameioVersionStackCopyTrigger(
        frameio_conn_id=frameio_conn_id,
        account_id=account_id,
        copies=[
            {
                "version_stack_id": copy.version_stack_id,
                "versions": copy.versions,
                "folder_id": folder_id,
                "source_id": copy.source_id,
            }
            for copy in copies
        ],
        started_at=terms.started_at,
        end_time=terms.end_time,
        target_status=copies[0].target_status,
        poll_interval=terms.poll_interval,
        tolerated_failures=terms.tolerated_failures,
    )


def files_trigger(
    frameio_conn_id: str,
    account_id: str,
    folder_id: str,
    file_ids: Sequence[str],
    version_stack_id: str,
    terms: Terms,
    target_status: str = "uploaded",
) -> FrameioFilesTrigger:
    """The trigger that waits for the copied files of a stack on these terms."""
    from airflow_provider_frameio.triggers.files import FrameioFilesTrigger  # as above

    return FrameioFilesTrigger(
        frameio_conn_id=frameio_conn_id,
        account_id=account_id,
        folder_id=folder_id,
        file_ids=file_ids,
        version_stack_id=version_stack_id,
        started_at=terms.started_at,
        end_time=terms.end_time,
        target_status=target_status,
        poll_interval=terms.poll_interval,
    )


def deferral_timeout(end_time: float, now: float) -> timedelta:
    """How long Airflow may let the task wait for its trigger. Times in seconds since the epoch."""
    return timedelta(seconds=max(0.0, end_time - now)) + _BACKSTOP
