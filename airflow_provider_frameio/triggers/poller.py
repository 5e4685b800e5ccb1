"""The shared poller: one for each connection and account of an event loop asks for all copies that triggers wait for.

It runs as long as somebody waits. It belongs to no trigger: what it calls stands in none's log, and none's end ends it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from math import inf
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Awaited
from airflow_provider_frameio.copying.completion.poll_scheduler import Poll, PollScheduler
from airflow_provider_frameio.copying.completion.tracked_copy import TrackedCopy
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms
from airflow_provider_frameio.triggers.driver import Caller, caller_for, detached, drive
from airflow_provider_frameio.triggers.wait_group import Log, WaitGroup

_AT_ONCE = 3  # polls; a call that hangs must not hold up the others

# Weak in both ways: a poller lives by the waits that hold it, and must not keep a closed loop alive.
_pollers: WeakKeyDictionary[Caller, WeakValueDictionary[str, Poller]] = WeakKeyDictionary()


async def wait_for_copies(
    frameio_conn_id: str, account_id: str, copies: Mapping[Awaited, str], terms: Terms, log: Log
) -> None:
    """Wait until all copies are complete.

    :param copies: each with the id of its folder, "" where that is not known.
    :param log: is told now and then how far they are.
    :raises CopyFailed: one never will be, or is gone.
    :raises CopyTimeout: one was not at the end of the time allowed.
    :raises FrameioError: nobody could look: an error that does not pass, or too many in a row that do.
    """
    caller = await caller_for(frameio_conn_id)
    if copies:
        await _poller(caller, account_id).wait(copies, terms, log)


def _poller(caller: Caller, account_id: str) -> Poller:
    pollers = _pollers.setdefault(caller, WeakValueDictionary())
    poller = pollers.get(account_id)
    if poller is None or poller.closed:
        poller = pollers[account_id] = Poller(caller, account_id)
    return poller


class Poller:
    """Asks Frame.io what its scheduler wants to know. Lives in one event loop, from its first wait to its last."""

    def __init__(self, caller: Caller, account_id: str) -> None:
        self.closed = False
        self._caller = caller
        self._scale = caller.settings.time_scale
        self._scheduler = PollScheduler(account_id)
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._rests_until = inf
        self._polls: dict[asyncio.Task[None], Poll] = {}
        self._dispatcher = detached(self._dispatch())
        self._dispatcher.add_done_callback(self._ended)

    async def wait(self, copies: Mapping[Awaited, str], terms: Terms, log: Log) -> None:
        """Wait for copies: see ``wait_for_copies``."""
        group = WaitGroup(terms, self._loop.create_future())
        group.copies = [self._tracked(group, expected, folder_id) for expected, folder_id in copies.items()]
        try:
            if min(map(self._scheduler.add, group.copies)) < self._rests_until:
                self._woken.set()
            await group.until_over(log, self._scale)
        finally:
            for copy in group.copies:
                self._scheduler.drop(copy)
            if not self._scheduler.copies:
                self._close()

    def _tracked(self, group: WaitGroup, expected: Awaited, folder_id: str) -> TrackedCopy:
        now, epoch, terms = self._now(), SYSTEM_CLOCK.epoch(), group.terms
        return TrackedCopy(
            expected,
            since=now - max(0.0, epoch - terms.started_at) / self._scale,
            end=now + max(0.0, terms.end_time - epoch) / self._scale,
            added=now,
            poll_interval=terms.poll_interval / self._scale,
            failures=FailedLooks(terms.tolerated_failures),
            settle=partial(group.settle, expected),
            jitter=random.random,
            folder_id=folder_id,
        )

    async def _dispatch(self) -> None:
        while not self.closed:  # wait_for may swallow a cancellation that comes with a wake-up, before Python 3.12
            self._woken.clear()
            self._rests_until = self._start_what_is_due()
            rest = max(0.0, self._rests_until - self._now()) * self._scale
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if rest == inf else rest)

    def _start_what_is_due(self) -> float:
        """Begin as many polls as may run at once; the answer is when the next may be due."""
        while len(self._polls) < _AT_ONCE:
            poll = self._scheduler.next_poll(self._now())
            if not isinstance(poll, Poll):
                return poll
            task = self._loop.create_task(drive(poll.flow, self._caller, self._now))
            self._polls[task] = poll
            task.add_done_callback(self._done)
        return inf

    def _done(self, task: asyncio.Task[None]) -> None:
        poll = self._polls.pop(task)
        self._woken.set()
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, FrameioError):
            self._scheduler.fail_all(error)
        elif isinstance(error, Exception):
            poll.flow.close()
            poll.broken(error)

    def _ended(self, dispatcher: asyncio.Task[None]) -> None:
        """Nobody must wait for a poller that is no more."""
        error = None if dispatcher.cancelled() else dispatcher.exception()
        self._scheduler.fail_all(error if isinstance(error, Exception) else RuntimeError("the shared poller was ended"))

    def _close(self) -> None:
        """End everything under way; a call on its thread is left to itself."""
        self.closed = True
        if self._loop.is_closed():  # it ended without cancelling anything, and takes its tasks along
            return
        for task in (self._dispatcher, *self._polls):
            task.cancel()

    def _now(self) -> float:
        """The time of the scheduler: this loop's, as fast as Frame.io's."""
        return self._loop.time() / self._scale
