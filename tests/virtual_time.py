"""One fake time for a whole process: for what Airflow makes, to which nobody can give a clock, and for event loops."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from airflow_provider_frameio.client import clock as package_clock
from tests.fakes import FakeClock

T = TypeVar("T")

# What Airflow itself notes is in real time, and a task's record may be compared with it: this clock must not be behind.
_AHEAD = 3600.0  # seconds
_TURN = 1e-6  # seconds that a turn of a loop takes at least: a rest too short to be told from none ends as well


def virtual_time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Let the package and ``asyncio.run`` live in a fake time until the test ends."""
    clock = FakeClock(epoch=time.time() + _AHEAD)
    fake = SimpleNamespace(monotonic=clock.monotonic, time=clock.epoch, sleep=clock.sleep)
    monkeypatch.setattr(package_clock, "time", fake)

    def run(main: Coroutine[Any, Any, T]) -> T:
        return _run(VirtualLoop(clock), main)

    monkeypatch.setattr(asyncio, "run", run)
    return clock


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers wait for nothing but what it has running on threads.

    While a call is out there, time stands still; when there is none, the next timer is due at once.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.clock.monotonic()

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        call = super().run_in_executor(executor, func, *args)
        self.calls += 1
        call.add_done_callback(self._returned)
        return call

    def _returned(self, call: asyncio.Future[Any]) -> None:
        self.calls -= 1


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (timeout > 0 and self._loop.calls):
            return super().select(None)
        if not self._loop.calls:
            self._loop.clock.advance(max(timeout, _TURN))
        return super().select(0)


def _run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T]) -> T:
    """What ``asyncio.run`` does, in a given loop: before Python 3.12 it takes none."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left) if left else loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
