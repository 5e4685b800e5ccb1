"""The shared folder watcher: one for each event loop and folder polls it for all triggers that watch it.

It runs as long as somebody watches, and ends at no error: it says what it could not see, reads the connection anew, and
polls again, later each time.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_frameio.api.errors import FrameioError, InvalidParameter
from airflow_provider_frameio.api.metadata import NO_FILTER, metadata_filter
from airflow_provider_frameio.folder_events.snapshot import FolderSnapshot, take_snapshot
from airflow_provider_frameio.triggers.base import ErrorsLogged
from airflow_provider_frameio.triggers.driver import Caller, caller_for, detached, drive

log = logging.getLogger(__name__)

_LONGEST_REST = 600.0  # seconds of Frame.io's time between two polls that fail


@dataclass(frozen=True)
class WatchKey:
    """What is watched, as whom: those who agree in this share one watcher.

    :ivar account_id: None: the connection's.
    :ivar metadata: the wanted values by field, as JSON.
    """

    frameio_conn_id: str
    account_id: str | None
    folder_id: str
    include_subfolders: bool
    metadata: str


@dataclass(frozen=True, eq=False)
class PollResult:
    """What a poll gave.

    :ivar look: what the folder held; None: the poll failed.
    :ivar account_id: the folder's account.
    :ivar scale: seconds of this machine to one of Frame.io's.
    :ivar trouble: why the poll failed, in words.
    :ivar lasting: whether that will not pass by itself.
    :ivar failures: how many polls in a row have failed, this one included.
    :ivar rest: the least time in seconds until the next poll.
    """

    look: FolderSnapshot | None
    account_id: str = ""
    scale: float = 1.0
    trouble: str = ""
    lasting: bool = False
    failures: int = 0
    rest: float = 0.0


# Weak in both ways: a watcher lives by those who watch, and must not keep a closed loop alive.
_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[WatchKey, FolderWatcher]]
_watchers = WeakKeyDictionary()


def folder_watcher(key: WatchKey) -> FolderWatcher:
    """The running event loop's watcher for a key."""
    watchers = _watchers.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    return watchers.setdefault(key, FolderWatcher(key))


class FolderWatcher:
    """Polls one folder, again and again. Lives in one event loop."""

    def __init__(self, key: WatchKey) -> None:
        self._key = key
        self._loop = asyncio.get_running_loop()
        self._intervals: dict[object, float] = {}
        self._caller: Caller | None = None
        self._having = NO_FILTER
        self._scale = 1.0
        self._latest: PollResult | None = None
        self._published = asyncio.Condition()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, poll_interval: float) -> Iterator[None]:
        """The folder is polled within the block, at least every so many seconds."""
        watcher = object()
        self._intervals[watcher] = poll_interval
        self._woken.set()
        if self._task is None:
            self._task = detached(self._run())
        try:
            yield
        finally:
            del self._intervals[watcher]
            if not self._intervals:
                self._stop()

    async def next_result(self, last: PollResult | None) -> PollResult:
        """The latest result, as soon as there is another one than the ``last``."""
        async with self._published:
            while self._latest is None or self._latest is last:
                await self._published.wait()
            return self._latest

    async def _run(self) -> None:
        # Not only until it is cancelled: wait_for may swallow that, before Python 3.12.
        while self._task is asyncio.current_task():
            polled_at = self._loop.time()
            result = await self._poll()
            async with self._published:
                self._latest = result
                self._published.notify_all()
            await self._rest(polled_at, result.rest)

    async def _poll(self) -> PollResult:
        key = self._key
        with ErrorsLogged(log, "A poll of the folder %s ended unexpectedly", key.folder_id):
            try:
                account_id, caller = await self._called_by()
                deep = key.include_subfolders
                flow = take_snapshot(account_id, key.folder_id, include_subfolders=deep, having=self._having)
                look = await drive(flow, caller)
                return PollResult(look, account_id, self._scale, rest=look.rest * self._scale)
            except FrameioError as error:
                return self._failed(str(error), lasting=not error.transient)
        return self._failed("the poll ended unexpectedly, as the triggerer's own log says", lasting=False)

    async def _called_by(self) -> tuple[str, Caller]:
        conn_id, known = self._key.frameio_conn_id, self._caller
        caller = self._caller = known or await caller_for(conn_id)
        self._scale = caller.settings.time_scale
        account_id = self._key.account_id or caller.settings.account_id
        if not account_id:
            remedy = f"set the extra 'account_id' of the connection {conn_id!r}, or pass account_id."
            raise InvalidParameter("account_id", account_id, remedy)
        if known is None:
            self._having = await drive(metadata_filter(account_id, json.loads(self._key.metadata)), caller)
        return account_id, caller

    def _failed(self, trouble: str, *, lasting: bool) -> PollResult:
        """Rest twice as long after each failure in a row, and longest after what does not pass by itself."""
        self._caller = None
        failures = self._latest.failures + 1 if self._latest else 1
        interval, longest = self._interval(), _LONGEST_REST * self._scale
        rest = max(interval, longest if lasting else min(longest, interval * 2.0 ** min(failures - 1, 20)))
        return PollResult(None, trouble=trouble, lasting=lasting, failures=failures, rest=rest)

    async def _rest(self, polled_at: float, least: float) -> None:
        while (left := polled_at + max(least, self._interval()) - self._loop.time()) > 0:
            self._woken.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)

    def _interval(self) -> float:
        return min(self._intervals.values(), default=0.0)

    def _stop(self) -> None:
        """End the polls; a call on its thread is left to itself."""
        task, self._task, self._latest = self._task, None, None
        if task is not None and not self._loop.is_closed():
            task.cancel()
