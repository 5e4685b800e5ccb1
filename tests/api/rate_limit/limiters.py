"""Servers that limit their callers' rate, in simulated time. They know nothing of how a ``Budget`` predicts them.

They count in whole microseconds, so that none of the budget's floating-point arithmetic is repeated here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

SECOND = 1_000_000
SLACK = 2  # microseconds: rounding a time to microseconds errs by half a one


class Server(ABC):
    """Admits ``calls`` a window. A refusal claims that everything remains, as Frame.io does.

    :ivar charges: whether a refused call counts like an admitted one; Frame.io's costs nothing.
    """

    def __init__(self, calls: int, window: float, *, charges: bool = False) -> None:
        self.calls = calls
        self.window = round(window * SECOND)
        self.charges = charges
        self.admitted = 0
        self.refused = 0

    def call(self, now: float) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer to one call that arrives now."""
        time = round(now * SECOND)
        admitted = self.remaining(time) > 0
        self.admitted += admitted
        self.refused += not admitted
        if admitted or self.charges:
            self.charge(time)
        return (200, self._headers(self.remaining(time))) if admitted else (429, self._headers(self.calls))

    def optimum(self, copies: int) -> float:
        """Seconds until a leaky bucket that admits a burst at once has admitted the last of ``copies``."""
        return (copies - self.calls) * self.window / SECOND / self.calls

    def _headers(self, remaining: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.calls),
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-window": str(self.window // 1000),
        }

    @abstractmethod
    def remaining(self, time: int) -> int:
        """How many more would fit now; below 1 for none."""

    @abstractmethod
    def charge(self, time: int) -> None:
        """Count a call."""


class LeakyBucket(Server):
    """Documented by Frame.io. The level is kept in microseconds times ``calls``, where a slot is a whole ``window``."""

    _level = 0
    _at = 0

    def remaining(self, time: int) -> int:
        """Whole slots below the brim."""
        self._level = max(0, self._level - (time - self._at) * self.calls)
        self._at = time
        return ((self.window + SLACK) * self.calls - self._level) // self.window

    def charge(self, time: int) -> None:
        """Each call raises the level by a slot."""
        self._level += self.window

    def fill(self, slots: float) -> None:
        """What another client spent just now."""
        self._level += round(slots * self.window)


class FixedWindow(Server):
    """A count that begins anew at every multiple of the window."""

    _window = -1
    _count = 0

    def remaining(self, time: int) -> int:
        """What is left of the window's count."""
        if (time + SLACK) // self.window != self._window:
            self._window, self._count = (time + SLACK) // self.window, 0
        return self.calls - self._count

    def charge(self, time: int) -> None:
        """One more in this window."""
        self._count += 1


class SlidingWindow(Server):
    """The calls of the last window's length count, each until it is a window old."""

    def __init__(self, calls: int, window: float, *, charges: bool = False) -> None:
        super().__init__(calls, window, charges=charges)
        self._times: deque[int] = deque()

    def remaining(self, time: int) -> int:
        """How many more would fit now."""
        while self._times and self._times[0] <= time - self.window + SLACK:
            self._times.popleft()
        return self.calls - len(self._times)

    def charge(self, time: int) -> None:
        """One more, of this moment."""
        self._times.append(time)
