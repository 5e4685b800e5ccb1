"""A fair share of a rate limit beside processes that do not know each other. Performs no I/O, has no clock.

All of them read one level from their headers. While a process sees others, it sends one call an interval. The interval
follows from the level alone, so it becomes the same for all: the fuller the bucket, the longer.

Not guaranteed: fairness beside clients that do otherwise, nor in the first minutes, before all have seen each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_LONGEST = 32.0  # slots between two calls at a full bucket
_FREE = 0.4  # the part of the bucket at which a call a slot is fair; between it and a full bucket: exponentially fewer
_FIRST_LONGEST = 4.0  # slots: a single header is not believed in full
_PRESENT, _ABSENT = 0.5, 0.1  # calls of others per slot: assumed when they are noticed; when they are gone
_FADE = 0.1  # the part of that estimate that each slot renews
_SLOWER = 1.5  # after a refusal


@dataclass(frozen=True)
class Observation:
    """What the headers of one answer show of other processes.

    :ivar sent_at: when the call was sent, in seconds.
    :ivar at: when it was answered.
    :ivar slot: seconds until one call has drained.
    :ivar surprise: how many calls more than predicted the server counted; negative for fewer.
    :ivar free: the part of the limit that remains, from 0 to 1.
    :ivar others: whether no way of counting this process's own calls explains the level.
    """

    sent_at: float
    at: float
    slot: float
    surprise: float
    free: float
    others: bool


class FairShare:
    """The delay between two calls for the sake of other processes: none until they are seen.

    ``jitter`` gives a number from 0 to 1, anew at each call.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._interval = 0.0  # slots; 0 while alone
        self._spread = 1.0
        self._rate = 0.0  # of others, in calls per slot
        self._surprise = 0.0
        self._own = 0
        self._observed_at: float | None = None
        self._sent_at = float("-inf")

    def delay(self, now: float, slot: float) -> float:
        """Seconds until the next call is due, from its slot's length in seconds; negative once it is overdue."""
        interval = self._interval * self._spread * slot
        return min(interval, self._sent_at + interval - now)

    def sent(self, now: float) -> None:
        """A call is sent now. Intervals vary by a tenth, so that processes do not keep step."""
        self._sent_at = now
        self._own += 1
        self._spread = 0.9 + 0.2 * self._jitter()

    def answered(self, seen: Observation) -> None:
        """Conclude once an interval: answers to calls from before the last conclusion only add to the next."""
        self._surprise += seen.surprise
        if self._observed_at is None:
            self._choose(seen, *self._conclude(seen.at))
        elif seen.sent_at >= self._observed_at:
            slots = max(0.05, (seen.at - self._observed_at) / seen.slot)
            others, own = self._conclude(seen.at)
            self._rate += (1 - (1 - _FADE) ** min(slots, 10.0)) * (max(-1.0, min(others / slots, 2.0)) - self._rate)
            self._choose(seen, others, (others + own) / slots)

    def refused(self, now: float) -> None:
        """Another process had taken the slot. The interval counts from the repeated call, which has its own delay."""
        first = self._observed_at is None
        self._conclude(now)
        self._sent_at = float("-inf")
        if not first:  # else the others may have come and gone before
            self._rate = max(self._rate, _PRESENT)
            self._interval = min(max(2.0, self._interval * _SLOWER), _LONGEST)

    def _conclude(self, now: float) -> tuple[float, int]:
        """How many calls others and this process sent since the last conclusion."""
        seen = self._surprise, self._own
        self._surprise, self._own, self._observed_at = 0.0, 0, now
        return seen

    def _choose(self, seen: Observation, others: float, rate: float) -> None:
        """Go halfway from the interval that would hold the level to the one that the level asks for.

        By the level alone all would be late together, and overshoot; by the rate alone unequal shares would last.

        :param rate: calls of all per slot.
        """
        fair = _LONGEST ** (1 - seen.free / _FREE)
        if self._interval:
            self._interval = min(max(1.0, (self._interval * max(0.1, rate) * fair) ** 0.5), _LONGEST)
            if self._interval == 1.0 and self._rate < _ABSENT:
                self._interval = 0.0
        elif others >= 1 and seen.others:
            self._rate = max(self._rate, _PRESENT)
            self._interval = min(max(1.0, fair), _FIRST_LONGEST)
