"""How a server counts: by a leaky bucket, or the calls of a window. Performs no I/O, has no clock.

A burst of calls, then one a slot, is lawful for a leaky bucket only; as many calls as the limit in any one window are
lawful under leaky buckets, fixed and sliding windows alike.
"""

from __future__ import annotations

from collections import deque

from airflow_provider_frameio.api.protocol import RateLimit


class WindowDetector:
    """One process's calls of the last window, and what they tell.

    Times are seconds. A call counts from its answer on, so never for shorter than at the server.

    :ivar by_windows: whether no more calls than the limit may be sent in one window.
    :ivar leaks: whether so many calls more than that were admitted, as predicted, that it must be a leaky bucket.
    """

    def __init__(self) -> None:
        self.by_windows = False
        self.leaks = False
        self._calls: deque[float] = deque()
        self._as_predicted = 0

    def add(self, now: float) -> None:
        """A call was charged, now at the latest."""
        self._calls.append(now)

    def count(self, now: float, limit: RateLimit) -> int:
        """How many calls the server may still count; half a slot is added for clocks and latencies."""
        while self._calls and self._calls[0] <= now - limit.window - limit.slot / 2:
            self._calls.popleft()
        return len(self._calls)

    def delay(self, now: float, limit: RateLimit, under_way: int) -> float:
        """Seconds until one call more makes no more than the limit in a window; negative when it did before."""
        free = limit.calls - under_way
        if not self.by_windows or len(self._calls) < free:
            return 0.0
        return self._calls[-free] + limit.window - now if free > 0 else limit.slot

    def predicted(self, now: float, limit: RateLimit, *, exactly: bool) -> None:
        """A call was admitted; ``exactly`` if the headers said what a leaky bucket's would."""
        self._as_predicted = self._as_predicted + (self.count(now, limit) > limit.calls) if exactly else 0
        self.leaks = self.leaks or (self._as_predicted >= limit.calls and not self.by_windows)

    def refused(self, now: float, limit: RateLimit, under_way: int) -> bool:
        """A call was refused that a leaky bucket would have admitted. Whether the way of counting explains it."""
        if self.leaks or self.count(now, limit) + under_way < limit.calls:
            return False
        self.by_windows = True
        self.add(now)  # in case refused calls are counted as well
        return True
