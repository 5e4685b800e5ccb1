"""Waiting in the triggerer for copied files, before they are stacked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_frameio._compat import BaseTrigger, TriggerEvent
from airflow_provider_frameio.copying.completion.judge import FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.triggers.events import outcome_of
from airflow_provider_frameio.triggers.poller import wait_for_copies
from airflow_provider_frameio.triggers.stored_form import stored_form


@dataclass(eq=False, repr=False, kw_only=True)
class FrameioFilesTrigger(BaseTrigger):
    """Fires one ``CopyEvent`` when all files of a folder are at a status, or will not be.

    Everything given to it is plain JSON; it survives restarts of the triggerer and passing outages of Frame.io. All
    triggers of one triggerer ask together: one list of a folder serves all that wait for files in it.

    :param frameio_conn_id: the connection; it is read in the triggerer.
    :param account_id: account of the files.
    :param folder_id: where they are.
    :param file_ids: which.
    :param version_stack_id: whose copies they are; named in the event.
    :param started_at: since when they are waited for, in seconds since the epoch; for the log.
    :param end_time: when to give up, in seconds since the epoch.
    :param target_status: ``uploaded`` or ``transcoded``.
    :param poll_interval: the longest time between two looks, in seconds; young copies are looked at more often.
    """

    frameio_conn_id: str
    account_id: str
    folder_id: str
    file_ids: Sequence[str]
    version_stack_id: str
    started_at: float
    end_time: float
    target_status: str = "uploaded"
    poll_interval: float = 15.0

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow
        self.file_ids = list(self.file_ids)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and everything it was given."""
        return stored_form(self)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and say once how it ended."""
        event = await outcome_of(self._wait(), (self.version_stack_id,))
        yield TriggerEvent(event.payload())

    async def _wait(self) -> None:
        files = FilesExpectation(self.folder_id, tuple(self.file_ids), self.target_status)
        terms = Terms(self.started_at, self.end_time, self.poll_interval)
        await wait_for_copies(self.frameio_conn_id, self.account_id, {files: self.folder_id}, terms, self.log)
