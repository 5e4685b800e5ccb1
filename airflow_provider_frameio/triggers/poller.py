"""The shared poller: one for each connection and account of an event loop asks for all copies that triggers wait for.

It runs as long as somebody waits. It belongs to no trigger: what it calls stands in none's log, and none's end ends it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import inf
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_frameio.api.errors import CopyTimeout, FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Awaited, Done
from airflow_provider_frameio.copying.completion.poll_scheduler import Poll, PollScheduler
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, TrackedCopy
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms, describe_progress
from airflow_provider_frameio.triggers.driver import Caller, caller_for, detached, drive

_AT_ONCE = 3  # polls; a call that hangs must not hold up the others
_FIRST_LOG, _LONGEST_SILENCE = 10.0, 60.0  # seconds of Frame.io's time
_MOST_NAMED = 5

# Weak in both ways: a poller lives by the waits that hold it, and must not keep a closed loop alive.
_pollers: WeakKeyDictionary[Caller, WeakValueDictionary[str, Poller]] = WeakKeyDictionary()


async def wait_for_copies(
    frameio_conn_id: str, account_id: str, copies: Mapping[Awaited, str], terms: Terms, info: Callable[..., object]
) -> None:
    """Wait until all copies are complete.

    :param copies: each with the id of its folder, "" where that is not known.
    :param info: logs a message with its arguments: now and then how far they are.
    :raises CopyFailed: one never will be, or is gone.
    :raises CopyTimeout: one was not at the end of the time allowed.
    :raises FrameioError: nobody could look: an error that does not pass, or too many in a row that do.
    """
    caller = await caller_for(frameio_conn_id)
    if copies:
        await _poller(caller, account_id).wait(copies, terms, info)


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

    async def wait(self, copies: Mapping[Awaited, str], terms: Terms, info: Callable[..., object]) -> None:
        """Wait for copies: see ``wait_for_copies``."""
        group = WaitGroup(terms, self._loop.create_future())
        group.copies = [self._tracked(group, expected, folder_id) for expected, folder_id in copies.items()]
        try:
            if min(map(self._scheduler.add, group.copies)) < self._rests_until:
                self._woken.set()
            await group.until_over(info, self._scale)
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


@dataclass(eq=False, slots=True)
class WaitGroup:
    """The copies that one trigger waits for, with a line in its log now and then.

    :ivar over: done when every copy is complete or out of time, or one has failed.
    """

    terms: Terms
    over: asyncio.Future[None]
    copies: list[TrackedCopy] = field(default_factory=list)
    outcomes: dict[Awaited, Outcome] = field(default_factory=dict)

    def settle(self, expected: Awaited, outcome: Outcome) -> None:
        """The wait for one copy is over."""
        self.outcomes[expected] = outcome
        complete = len(self.outcomes) == len(self.copies)
        if (complete or isinstance(outcome, Exception)) and not self.over.done():
            self.over.set_result(None)

    async def until_over(self, info: Callable[..., object], scale: float) -> None:
        """Wait for the end.

        :param scale: seconds of this machine to one of Frame.io's.
        :raises CopyTimeout: the time is up, and not all copies are complete.
        :raises Exception: what the first failed wait failed for.
        """
        silence, logged = _FIRST_LOG, ""
        while not self.over.done():
            await asyncio.wait({self.over}, timeout=silence * scale)
            silence = min(2 * silence, _LONGEST_SILENCE)
            progress = self._progress()
            if progress and "; ".join(progress) != logged:
                logged = "; ".join(progress)
                info("%s", self._describe(progress))
        for outcome in self.outcomes.values():
            if isinstance(outcome, Exception):
                raise outcome.with_traceback(None)  # one error may end many waits: none adds to it
        if late := self._progress():
            raise CopyTimeout(self.copies[0].expected.too_late.format(self._describe(late)))

    def _describe(self, progress: list[str]) -> str:
        return describe_progress(progress, SYSTEM_CLOCK.epoch() - self.terms.started_at)

    def _progress(self) -> list[str]:
        """How far each copy is that is not complete."""
        left = [copy for copy in self.copies if not isinstance(self.outcomes.get(copy.expected), Done)]
        named = [
            f"{copy.expected.listed_ids[0]}: {copy.progress}" if len(self.copies) > 1 else copy.progress
            for copy in left[:_MOST_NAMED]
        ]
        return named + [f"and {len(left) - _MOST_NAMED} more"] * (len(left) > _MOST_NAMED)
