"""Frame.io's rate limits, as arithmetic over emulated time: one bucket per account_user and route, nothing shared."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from airflow_provider_frameio.emulator.settings import Settings

SLACK = 1e-6
"""Seconds by which rounding may err: emulated Unix times have about 15 digits."""


@dataclass(frozen=True)
class Limit:
    """``limit`` calls per ``window`` seconds."""

    limit: int
    window: float

    @property
    def slot(self) -> float:
        """Seconds of the window that one call spends."""
        return self.window / self.limit


@dataclass(frozen=True)
class Verdict:
    """What the limiter said about one call.

    :ivar remaining: calls left; after a refusal what a full bucket would hold, which is Frame.io's habit.
    """

    allowed: bool
    limit: Limit
    remaining: int

    def headers(self, outside: Callable[[float], float]) -> dict[str, str]:
        """The rate-limit headers.

        :param outside: emulated seconds → the client's, in which the window is told.
        """
        return {
            "x-ratelimit-limit": str(self.limit.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-window": str(max(1, round(outside(self.limit.window) * 1000))),
        }


class Bucket(ABC):
    """One budget. ``now`` never goes backwards."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit

    def take(self, now: float, *, charge_refused: bool) -> bool:
        """Spend one call, if there is one."""
        allowed = self.remaining(now) > 0
        if allowed or charge_refused:
            self._spend(now)
        return allowed

    @abstractmethod
    def remaining(self, now: float) -> int:
        """Calls left."""

    @abstractmethod
    def give_back(self) -> None:
        """Take the latest call as not made."""

    @abstractmethod
    def _spend(self, now: float) -> None: ...


class LeakyBucket(Bucket):
    """A level that a call raises by one slot and that drains in real time; it must not pass the window."""

    _level = 0.0
    _at = -math.inf

    def remaining(self, now: float) -> int:
        """Calls left."""
        self._level = max(0.0, self._level - max(0.0, now - self._at))
        self._at = max(self._at, now)
        return max(0, math.floor((self._limit.window - self._level + SLACK) / self._limit.slot))

    def give_back(self) -> None:
        """Take the latest call as not made."""
        self._level = max(0.0, self._level - self._limit.slot)

    def _spend(self, now: float) -> None:
        self._level += self._limit.slot


class FixedWindow(Bucket):
    """A count that starts afresh at every multiple of the window."""

    _window = -1
    _spent = 0

    def remaining(self, now: float) -> int:
        """Calls left."""
        window = int((now + SLACK) // self._limit.window)
        if window != self._window:
            self._window, self._spent = window, 0
        return max(0, self._limit.limit - self._spent)

    def give_back(self) -> None:
        """Take the latest call as not made."""
        self._spent -= 1

    def _spend(self, now: float) -> None:
        self._spent += 1


class SlidingWindow(Bucket):
    """The calls of the last window's length, each of which counts until it is a window old."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self._calls: deque[float] = deque()

    def remaining(self, now: float) -> int:
        """Calls left."""
        while self._calls and self._calls[0] <= now - self._limit.window + SLACK:
            self._calls.popleft()
        return max(0, self._limit.limit - len(self._calls))

    def give_back(self) -> None:
        """Take the latest call as not made."""
        self._calls.pop()

    def _spend(self, now: float) -> None:
        self._calls.append(now)


BUCKETS: dict[str, Callable[[Limit], Bucket]] = {"leaky": LeakyBucket, "fixed": FixedWindow, "sliding": SlidingWindow}


@dataclass
class Rival:
    """Another client of the same budget: it never stops asking and always gets there first.

    :ivar next_at: when it wants its next call.
    :ivar waiting: calls it wanted and was refused, which it makes as soon as it can.
    """

    next_at: float
    waiting: int = 0

    def spend(self, now: float, bucket: Bucket, limit: Limit, per_minute: float) -> None:
        """Catch up with the time: what it did since the last look is computed, so it costs no thread."""
        # Whatever it spent more than two windows ago has drained in every mode.
        self.next_at = max(self.next_at, now - 2 * limit.window)
        while self.next_at <= now:
            self.waiting += not bucket.take(self.next_at, charge_refused=False)
            self.next_at += 60.0 / per_minute
        while self.waiting and bucket.take(now, charge_refused=False):
            self.waiting -= 1
        self.waiting = min(self.waiting, limit.limit)


class Limiter:
    """All buckets of the emulator, and the rivals at them."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[Hashable, ...], Bucket] = {}
        self._rivals: dict[tuple[Hashable, ...], Rival] = {}

    def take(self, now: float, account_user: tuple[str, str], route: str, limit: Limit, settings: Settings) -> Verdict:
        """Spend one call of ``account_user`` on ``route``, if there is one."""
        key = (*account_user, route, limit, settings.limit_mode)
        bucket = self._buckets.setdefault(key, BUCKETS[settings.limit_mode](limit))
        per_minute = settings.rival.get(route, 0.0)
        if per_minute:
            self._rivals.setdefault(key, Rival(-math.inf)).spend(now, bucket, limit, per_minute)
        allowed = bucket.take(now, charge_refused=settings.charge_refused)
        honest = allowed or settings.remaining_on_429 == "true"
        return Verdict(allowed, limit, bucket.remaining(now) if honest else limit.limit)

    def give_back(
        self, now: float, account_user: tuple[str, str], route: str, limit: Limit, settings: Settings
    ) -> Verdict:
        """Take the latest call, which was admitted at the same moment, as not made."""
        bucket = self._buckets[(*account_user, route, limit, settings.limit_mode)]
        bucket.give_back()
        return Verdict(True, limit, bucket.remaining(now))


def limit_of(route: str, documented: Limit, settings: Settings) -> Limit:
    """The documented limit of a route, unless the settings give another."""
    changed = settings.limits.get(route, {})
    return Limit(int(changed.get("limit", documented.limit)), float(changed.get("window", documented.window)))
