"""A fair share of a rate limit beside processes that do not know each other. Performs no I/O, has no clock.

All of them read one level from their headers. While others are seen, each sends one call an interval, and the interval
follows from the level alone, so that it becomes the same for all: the fuller the bucket, the longer.

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
class Sight:
    """What the headers of one answer show of others.

    :ivar sent_at: when the call was sent, in seconds.
    :ivar at: when it was answered.
    :ivar slot: seconds until one call has drained.
    :ivar surprise: how many calls more than predicted had been counted; negative for fewer.
    :ivar free: the part of the limit that remains, from 0 to 1.
    :ivar others: whether no way of counting this process's own calls explains the level.
    """

    sent_at: float
    at: float
    slot: float
    surprise: float
    free: float
    others: bool


class Share:
    """How long to wait between two calls for the sake of others: not at all until they are seen.

    ``jitter`` gives a number from 0 to 1, anew at each call.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._interval = 0.0  # slots; 0 while alone
        self._spread = 1.0
        self._probe = 0.0  # slots
        self._rate = 0.0  # of others, in calls per slot
        self._surprise = 0.0
        self._own = 0
        self._seen_at: float | None = None
        self._sent_at = float("-inf")

    def wait(self, now: float, slot: float) -> float:
        """Seconds until the next call is due, from its slot's length in seconds; negative once it is overdue."""
        pause = max(self._probe, self._interval * self._spread) * slot
        return min(pause, self._sent_at + pause - now)

    def sent(self, now: float) -> None:
        """A call is sent now. Intervals vary by a tenth, so that processes do not keep step."""
        self._sent_at = now
        self._own += 1
        self._spread = 0.9 + 0.2 * self._jitter()
        self._probe = 0.0

    def answered(self, sight: Sight) -> None:
        """Take one look an interval: answers to calls from before the last look only add to the next."""
        self._surprise += sight.surprise
        if self._seen_at is None:
            self._meet(self._look(sight.at)[0])
        elif sight.sent_at >= self._seen_at:
            slots = max(0.05, (sight.at - self._seen_at) / sight.slot)
            others, own = self._look(sight.at)
            self._rate += (1 - (1 - _FADE) ** min(slots, 10.0)) * (max(-1.0, min(others / slots, 2.0)) - self._rate)
            self._choose(sight, others, (others + own) / slots)

    def refused(self, now: float) -> None:
        """Another had taken the slot. When to repeat the call is decided elsewhere, the interval counts from then."""
        met = self._seen_at is not None
        self._look(now)
        self._sent_at = float("-inf")
        if met:  # else they may have come and gone before
            self._rate = max(self._rate, _PRESENT)
            self._interval = min(max(2.0, self._interval * _SLOWER), _LONGEST)

    def _look(self, now: float) -> tuple[float, int]:
        """How many calls others and this process sent since the last look."""
        seen = self._surprise, self._own
        self._surprise, self._own, self._seen_at = 0.0, 0, now
        return seen

    def _meet(self, others: float) -> None:
        """Somebody spent before this process came; whether they still do, the second header will tell.

        To wait for it costs nothing: what they spent takes longer to drain.
        """
        if others >= 1:
            self._probe = max(1.0, others * (1 + self._jitter()) / 2)

    def _choose(self, sight: Sight, others: float, rate: float) -> None:
        """Go halfway from the interval that would hold the level to the one that the level asks for.

        By the level alone all would be late together, and overshoot; by the rate alone unequal shares would last.

        :param rate: calls of all per slot.
        """
        fair = _LONGEST ** (1 - sight.free / _FREE)
        if self._interval:
            chosen = (self._interval * max(0.3, min(rate, 3.0)) * fair) ** 0.5
            self._interval = min(max(1.0, chosen), _LONGEST)
            if self._interval == 1.0 and self._rate < _ABSENT:
                self._interval = 0.0
        elif others >= 1 and sight.others:
            self._rate = max(self._rate, _PRESENT)
            self._interval = min(max(1.0, fair), _FIRST_LONGEST)
