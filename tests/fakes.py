"""Time for tests: it passes when somebody sleeps, and nobody waits."""

from __future__ import annotations

import threading
import time

from airflow_provider_frameio.client.clock import Clock


class FakeClock(Clock):
    """A clock whose ``sleep`` moves it forward at once. Safe for threads.

    Give ``monotonic`` to an ``Emulator`` as well and both live in the same time.

    :param running: whether real time passes on top, for what truly waits for a socket.
    :param epoch: seconds from 1970 to its beginning.
    :ivar slept: every sleep so far, in seconds.
    """

    def __init__(self, *, running: bool = False, epoch: float = 1_800_000_000.0) -> None:
        self.slept: list[float] = []
        self._running = running
        self._epoch = epoch
        self._moved = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            return 1000.0 + self._moved + (time.monotonic() if self._running else 0.0)

    def epoch(self) -> float:
        return self._epoch + self.monotonic()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody's sleep."""
        with self._lock:
            self._moved += seconds
