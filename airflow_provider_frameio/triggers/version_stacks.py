"""Waiting in the triggerer, where it holds no worker slot: for copies, files, a rate limit, and what starts DAGs."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_frameio._compat import BaseTrigger, TriggerEvent
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.copying.completion.judge import Awaited, Expectation, FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.triggers.base import stored_form
from airflow_provider_frameio.triggers.events import CopyEvent, SlotEvent
from airflow_provider_frameio.triggers.slot_queue import wait_for_slot
from airflow_provider_frameio.triggers.version_stack_events import (
    FrameioVersionStackEventTrigger as FrameioVersionStackEventTrigger,
)


class _StoredTrigger(BaseTrigger):
    """A dataclass whose fields are all that Airflow stores of it."""

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and everything it was given."""
        return stored_form(self)


@dataclass(eq=False, repr=False, kw_only=True)
class _WaitTrigger(_StoredTrigger):
    """What the waits for copies and for files share; see ``FrameioVersionStackCopyTrigger``."""

    frameio_conn_id: str
    account_id: str
    started_at: float
    end_time: float
    target_status: str = "uploaded"
    poll_interval: float = 15.0
    tolerated_failures: int = 10

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and say once how it ended."""
        # Not while a DAG file is parsed, which imports the trigger of events from here: it imports the HTTP stack.
        from airflow_provider_frameio.triggers.poller import wait_for_copies

        ids, awaited = self._awaited()
        terms = Terms(self.started_at, self.end_time, self.poll_interval, self.tolerated_failures)
        try:
            await wait_for_copies(self.frameio_conn_id, self.account_id, awaited, terms, self.log.info)
        except FrameioError as error:
            event = CopyEvent.of(error, ids)
        else:
            event = CopyEvent("complete", ids)
        yield TriggerEvent(event.payload())

    def _awaited(self) -> tuple[tuple[str, ...], dict[Awaited, str]]:
        """The ids that the event names, and what is waited for, each with its folder or ""."""
        raise NotImplementedError


@dataclass(eq=False, repr=False, kw_only=True)
class FrameioVersionStackCopyTrigger(_WaitTrigger):
    """Fires one ``CopyEvent`` when all copies are complete, or will not be.

    Everything given to it is plain JSON and stored in Airflow's database; it survives restarts of the triggerer and
    passing outages of Frame.io. All such triggers of one triggerer ask together: what a thousand of them cost is a list
    of their folder now and then, and a look at each copy that seems ready.

    :param frameio_conn_id: the connection; it is read in the triggerer.
    :param account_id: account of the copies.
    :param copies: for each copy ``{"version_stack_id": str, "versions": int or None, "folder_id": str or None,
        "source_id": str}``: the number of uploaded versions its source has, the folder it is in, and the source. Where
        the number or the folder is not given it is asked for; the number only if ``source_id`` is there and not "".
    :param started_at: since when the copies are waited for, in seconds since the epoch; for the log.
    :param end_time: when to give up, in seconds since the epoch.
    :param target_status: ``uploaded`` or ``transcoded``.
    :param poll_interval: the longest time between two looks at a copy's folder, in seconds; young copies are looked
        for more often, about every 5 seconds. Not kept where that would take more calls than all triggers may make.
    :param tolerated_failures: how many looks in a row may fail for a passing reason.
    """

    copies: Sequence[dict[str, Any]]

    def _awaited(self) -> tuple[tuple[str, ...], dict[Awaited, str]]:
        awaited: dict[Awaited, str] = {}
        for copy in self.copies:
            counted = (copy["version_stack_id"], copy.get("versions"), self.target_status, copy.get("source_id") or "")
            awaited[Expectation(*counted)] = copy.get("folder_id") or ""
        return tuple(str(copy["version_stack_id"]) for copy in self.copies), awaited


@dataclass(eq=False, repr=False, kw_only=True)
class FrameioFilesTrigger(_WaitTrigger):
    """Fires one ``CopyEvent`` when all copied files are at a status, or will not be. They are stacked then.

    :param folder_id: where they are; one list of it serves all triggers that wait for files there.
    :param file_ids: which.
    :param version_stack_id: whose copies they are; named in the event.
    """

    folder_id: str
    file_ids: Sequence[str]
    version_stack_id: str

    def _awaited(self) -> tuple[tuple[str, ...], dict[Awaited, str]]:
        files = FilesExpectation(self.folder_id, tuple(self.file_ids), self.target_status)
        return (self.version_stack_id,), {files: self.folder_id}


@dataclass(eq=False, repr=False, kw_only=True)
class FrameioBudgetTrigger(_StoredTrigger):
    """Fires one ``SlotEvent`` when it is a task's turn under a rate limit: one a slot, whoever asked first.

    It calls nothing and reads no connection. All of one triggerer that name the same connection and bucket stand in one
    queue. Not guaranteed: that the call is admitted then; somebody else may have spent the slot.

    :param frameio_conn_id: the connection.
    :param bucket: whose limit it is: the route, and the account.
    :param asked_at: when the task first asked for it, in seconds since the epoch; the same at each later try.
    :param ready_at: when there may be room again, in seconds since the epoch, as far as the task can tell.
    :param slot: seconds between two calls at the limit's pace.
    :param slots: how many calls the task will make at once.
    :param refused: whether the task was here before, and met a full budget when its turn had come.
    :param end_time: when to give up, in seconds since the epoch; None: never.
    """

    frameio_conn_id: str
    bucket: str
    asked_at: float
    ready_at: float
    slot: float
    slots: int = 1
    refused: bool = False
    end_time: float | None = None

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and say whether it is the task's turn."""
        opened = await wait_for_slot(
            (self.frameio_conn_id, self.bucket),
            asked_at=self.asked_at,
            slot=self.slot,
            slots=self.slots,
            ready_at=self.ready_at,
            refused=self.refused,
            end_time=math.inf if self.end_time is None else self.end_time,
        )
        yield TriggerEvent(SlotEvent("open" if opened else "timeout", self.asked_at).payload())
