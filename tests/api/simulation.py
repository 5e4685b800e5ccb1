"""Rate-limited servers and callers in simulated time, to try a ``Budget`` against. Knows nothing of how it predicts.

The servers count in whole microseconds, so that none of the budget's floating-point arithmetic is repeated here.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from airflow_provider_frameio.api.budget import Budget, Quota

SECOND = 1_000_000
SLACK = 2  # microseconds: rounding a time to microseconds errs by half a one


class Server(ABC):
    """Admits ``calls`` a window. A refusal costs nothing, and claims that everything remains, as Frame.io does."""

    def __init__(self, calls: int, window: float) -> None:
        self.calls = calls
        self.window = round(window * SECOND)
        self.admitted = 0
        self.refused = 0

    def call(self, now: float) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer to one call that arrives now."""
        time = round(now * SECOND)
        admitted = self.admit(time)
        self.admitted += admitted
        self.refused += not admitted
        return (200, self._headers(self.remaining(time))) if admitted else (429, self._headers(self.calls))

    def _headers(self, remaining: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.calls),
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-window": str(self.window // 1000),
        }

    @abstractmethod
    def admit(self, time: int) -> bool:
        """Count the call if it fits."""

    @abstractmethod
    def remaining(self, time: int) -> int:
        """How many more would fit now."""


class LeakyBucket(Server):
    """Documented by Frame.io. The level is kept in microseconds times ``calls``, where a slot is a whole ``window``."""

    _level = 0
    _at = 0

    def admit(self, time: int) -> bool:
        """A call is refused that would lift the level above the window."""
        self._drain(time)
        if self._level + self.window > (self.window + SLACK) * self.calls:
            return False
        self._level += self.window
        return True

    def remaining(self, time: int) -> int:
        """Whole slots below the brim."""
        self._drain(time)
        return ((self.window + SLACK) * self.calls - self._level) // self.window

    def fill(self, slots: float, now: float) -> None:
        """What another client spent before."""
        self._drain(round(now * SECOND))
        self._level += round(slots * self.window)

    def _drain(self, time: int) -> None:
        self._level = max(0, self._level - (time - self._at) * self.calls)
        self._at = time


class FixedWindow(Server):
    """A count that begins anew at every multiple of the window."""

    _window = -1
    _count = 0

    def admit(self, time: int) -> bool:
        """A call is refused once the window's count is full."""
        fits = self.remaining(time) > 0
        self._count += fits
        return fits

    def remaining(self, time: int) -> int:
        """What is left of the window's count."""
        if (time + SLACK) // self.window != self._window:
            self._window, self._count = (time + SLACK) // self.window, 0
        return self.calls - self._count


class SlidingWindow(Server):
    """The calls of the last window's length count, each until it is a window old."""

    def __init__(self, calls: int, window: float) -> None:
        super().__init__(calls, window)
        self._times: deque[int] = deque()

    def admit(self, time: int) -> bool:
        """A call is refused while as many are younger than a window."""
        fits = self.remaining(time) > 0
        if fits:
            self._times.append(time)
        return fits

    def remaining(self, time: int) -> int:
        """How many more would fit now."""
        while self._times and self._times[0] <= time - self.window + SLACK:
            self._times.popleft()
        return self.calls - len(self._times)


@dataclass
class Callers:
    """Workers that share one budget and queue for it in the order of asking; a refused call is made again.

    :ivar latency: gives seconds on the way there and seconds on the way back, anew for each call.
    """

    server: Server
    budget: Budget
    calls: int
    latency: Callable[[], tuple[float, float]]
    workers: int = 1
    now: float = 0.0
    sent_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._order: Iterator[int] = count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._queued = self.calls
        self._idle = self.workers
        self._waiting = False

    def run(self) -> float:
        """The time at which the last call was sent that was admitted."""
        self.start()
        while self.next_at() is not None:
            self.step()
        return self.sent_at[-1]

    def start(self) -> None:
        """Send what fits now."""
        self._send()

    def next_at(self) -> float | None:
        """When something happens next; None when all is done."""
        return self._agenda[0][0] if self._agenda else None

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, act = heapq.heappop(self._agenda)
        act()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now + seconds, next(self._order), act))

    def _retry(self) -> None:
        self._waiting = False
        self._send()

    def _send(self) -> None:
        while self._queued and self._idle and not self._waiting:
            wait = self.budget.wait(self.now)
            if wait > 0:
                self._waiting = True
                self._later(wait, self._retry)
                return
            self._queued -= 1
            self._idle -= 1
            self._call()

    def _call(self) -> None:
        there, back = self.latency()
        spent = self.budget.spend(self.now)
        self.sent_at.append(self.now)

        def arrive() -> None:
            status, headers = self.server.call(self.now)
            self._later(back, lambda: answer(status, headers))

        def answer(status: int, headers: dict[str, str]) -> None:
            self._idle += 1
            quota = Quota.from_headers(headers)
            if status == 200:
                self.budget.answered(spent, self.now, quota)
            else:
                self._queued += 1
                self.budget.refused(spent, self.now, quota, None)
            self._send()

        self._later(there, arrive)
