"""The shared poller: one for each event loop, connection and account answers all waits for copies in a triggerer.

It runs as long as somebody waits. It belongs to no trigger: what it calls stands in none's log, and none's end ends it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from math import inf
from weakref import WeakKeyDictionary, WeakSet

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.poll_scheduler import Board, Step
from airflow_provider_frameio.copying.completion.tracked_copy import Wait
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms
from airflow_provider_frameio.triggers.driver import Caller, detached, drive, load
from airflow_provider_frameio.triggers.party import Log, Party

_AT_ONCE = 3  # steps; a call that hangs must not hold up the others

# Weak in both ways: a poller lives by the waits that hold it, and must not keep a closed loop alive.
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakSet[Poller]] = WeakKeyDictionary()


async def wait_for_copies(
    frameio_conn_id: str, account_id: str, copies: Mapping[Expectation, str], terms: Terms, log: Log
) -> None:
    """Wait until all copies are complete.

    :param copies: each with the id of its folder, "" where that is not known.
    :param log: is told now and then how far they are.
    :raises FrameioError: as ``waiting.wait_until_complete`` does.
    """
    settings = await load(frameio_conn_id)
    if copies:
        await _poller(frameio_conn_id, settings, account_id).wait(copies, terms, log)


def _poller(frameio_conn_id: str, settings: Settings, account_id: str) -> Poller:
    """The loop's poller for a connection as it is now: one that was changed since is another one's."""
    pollers = _pollers.setdefault(asyncio.get_running_loop(), WeakSet())
    for poller in pollers:
        if poller.serves(frameio_conn_id, settings, account_id):
            return poller
    made = Poller(Caller(frameio_conn_id, settings), account_id)
    pollers.add(made)
    return made


class Poller:
    """Asks Frame.io what its board of waits wants to know. Lives in one event loop, from its first wait to its last."""

    def __init__(self, caller: Caller, account_id: str) -> None:
        self._caller = caller
        self._account_id = account_id
        self._scale = caller.settings.time_scale
        self._board = Board(account_id)
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._rests_until = inf
        self._steps: dict[asyncio.Task[None], Step] = {}
        self._dispatcher = detached(self._dispatch())
        self._dispatcher.add_done_callback(self._ended)
        self._closed = False

    def serves(self, frameio_conn_id: str, settings: Settings, account_id: str) -> bool:
        """Whether waits of this connection and account may join."""
        mine = (self._caller.frameio_conn_id, self._caller.settings, self._account_id)
        return not self._closed and mine == (frameio_conn_id, settings, account_id)

    async def wait(self, copies: Mapping[Expectation, str], terms: Terms, log: Log) -> None:
        """Wait for copies: see ``wait_for_copies``."""
        party = Party(terms, self._loop.create_future())
        waits = [self._add(party, expected, folder_id) for expected, folder_id in copies.items()]
        try:
            await party.until_over(log, self._scale)
        finally:
            for wait in waits:
                self._board.drop(wait)
            if not self._board.waits:
                self._close()

    def _add(self, party: Party, expected: Expectation, folder_id: str) -> Wait:
        now, terms = self._now(), party.terms
        passed, left = SYSTEM_CLOCK.epoch() - terms.started_at, terms.end_time - SYSTEM_CLOCK.epoch()
        wait = Wait(
            expected,
            since=now - max(0.0, passed) / self._scale,
            end=now + max(0.0, left) / self._scale,
            added=now,
            poll_interval=terms.poll_interval / self._scale,
            failures=FailedLooks(terms.tolerated_failures),
            settle=partial(party.settle, expected),
            jitter=random.random,
            folder_id=folder_id,
        )
        party.waits.append(wait)
        if self._board.add(wait) < self._rests_until:
            self._woken.set()
        return wait

    async def _dispatch(self) -> None:
        while not self._closed:  # wait_for may swallow a cancellation that comes with a wake-up, before Python 3.12
            self._woken.clear()
            self._rests_until = self._start_what_is_due()
            rest = max(0.0, self._rests_until - self._now()) * self._scale
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if rest == inf else rest)

    def _start_what_is_due(self) -> float:
        """Begin as many steps as may run at once; the answer is when the next may be due."""
        while len(self._steps) < _AT_ONCE:
            step = self._board.next_step(self._now())
            if not isinstance(step, Step):
                return step
            task = self._loop.create_task(drive(step.flow, self._caller, self._now))
            self._steps[task] = step
            task.add_done_callback(self._done)
        return inf

    def _done(self, task: asyncio.Task[None]) -> None:
        step = self._steps.pop(task)
        self._woken.set()
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, FrameioError):
            self._board.fail_all(error)
        elif isinstance(error, Exception):
            step.flow.close()
            step.broken(error)

    def _ended(self, dispatcher: asyncio.Task[None]) -> None:
        """Nobody must wait for a poller that is no more."""
        error = None if dispatcher.cancelled() else dispatcher.exception()
        self._board.fail_all(error if isinstance(error, Exception) else RuntimeError("the shared poller was ended"))

    def _close(self) -> None:
        """End everything under way; a call on its thread is left to itself."""
        self._closed = True
        if self._loop.is_closed():  # it ended without cancelling anything, and takes its tasks along
            return
        for task in (self._dispatcher, *self._steps):
            task.cancel()

    def _now(self) -> float:
        """The time of the board: this loop's, as fast as Frame.io's."""
        return self._loop.time() / self._scale
