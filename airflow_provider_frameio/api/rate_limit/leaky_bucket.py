"""When the next call fits a rate limit: arithmetic with the time passed in. Performs no I/O, has no clock.

Frame.io documents a leaky bucket per user and endpoint: each call raises its level by one slot (``window / calls``
seconds), the level drains in real time, and a call that would lift it above ``window`` is refused and costs nothing.
So there is a burst of ``calls``, then one call a slot. ``Budget`` predicts that level from its own calls, and corrects
the prediction by the headers of every answer. A refusal that its own calls explain shows a server that counts by
windows, see ``window_detector``; any other shows processes that spend the same budget, see ``fair_share``.

Not guaranteed: that no call is refused while other clients spend the same budget; only their past calls can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.fair_share import FairShare, Observation
from airflow_provider_frameio.api.rate_limit.window_detector import WindowDetector

_ROUNDING = 1e-9
_NOISE = 0.05  # of a slot: two clocks, and a server that counts in milliseconds
_SPARE_STEP, _SPARE_MOST = 0.015, 1.5  # of a slot: kept free for a process that begins; more with each call, at most
_FOREIGN = 1.0, 30.0  # seconds: the first and the longest pause after a refusal without headers, but for jitter
_LONGEST_BLOCK = 3600.0  # a server that asks for more is not believed: every call of the process would wait
_LONGEST_WINDOW = 3600.0  # seconds; Frame.io's are a second or a minute, so these are not its headers


@dataclass(frozen=True)
class Quota:
    """What the rate-limit headers of one answer say.

    :ivar remaining: calls left; meaningless on a 429, where Frame.io computes it from a fresh bucket.
    """

    limit: RateLimit
    remaining: int

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Quota | None:
        """None when a header is absent or makes no sense: then some other limit spoke, such as a gateway's."""
        try:
            limit = RateLimit(int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-window"]) / 1000)
            remaining = int(headers["x-ratelimit-remaining"])
            usable = 0 < limit.window <= _LONGEST_WINDOW and limit.slot > 0 and 0 <= remaining <= limit.calls
        except (KeyError, ValueError, ArithmeticError):
            return None
        return cls(limit, remaining) if usable else None


@dataclass(frozen=True)
class Spent:
    """One call charged to a budget.

    :ivar number: its place in the order of sending.
    :ivar at: when it was sent.
    :ivar level: the predicted level just before it, in seconds.
    :ivar overtakes: how many calls sent before it had no answer yet, so that the server may count them after it.
    """

    number: int
    at: float
    level: float
    overtakes: int


class Budget:
    """Predicts one of the server's buckets.

    All times are seconds of one monotonic clock; ``jitter`` gives a number from 0 to 1, anew at each call.
    Not safe for threads by itself.
    """

    def __init__(self, limit: RateLimit, jitter: Callable[[], float]) -> None:
        self._limit = limit
        self._jitter = jitter
        self._share = FairShare(jitter)
        self._windows = WindowDetector()
        self._level = 0.0
        self._beyond = 0  # calls since the bucket was half empty
        self._at = 0.0
        self._sent = 0
        self._open: dict[int, Spent] = {}
        self._blocked_until = 0.0
        self._refusals = 0
        self._sent_at_refusal = 0

    @property
    def slot(self) -> float:
        """Seconds until one call has drained."""
        return self._limit.slot

    def delay(self, now: float) -> float:
        """Seconds until the next call fits, as far as can be told; 0.0 means now."""
        self._drain(now)
        # Room for the first call of another process: else it could only be refused. It is kept little by little, so
        # that it delays a process that is alone by 1.5 %, and is given up with the next burst.
        spare = min(_SPARE_STEP * max(0, self._beyond - self._limit.calls // 2), _SPARE_MOST)
        needed = max(
            self._level + self.slot * (1 + (0.0 if self._windows.by_windows else spare)) - self._limit.window,
            self._blocked_until - now,
            self._share.delay(now, self.slot),
            self._windows.delay(now, self._limit, len(self._open)),
        )
        return needed if needed > _ROUNDING else 0.0

    def spend(self, now: float) -> Spent:
        """Charge a call that is sent now; one of the next four methods is to close it."""
        self._drain(now)
        self._beyond = 0 if self._level < self._limit.window / 2 else self._beyond + 1
        self._sent += 1
        spent = Spent(self._sent, now, self._level, overtakes=len(self._open))
        self._open[spent.number] = spent
        self._level += self.slot
        self._share.sent(now)
        return spent

    def unsent(self, spent: Spent) -> None:
        """The call never reached the server: it costs nothing."""
        del self._open[spent.number]
        self._level = max(0.0, self._level - self.slot)

    def lost(self, spent: Spent) -> None:
        """The answer was lost: the call counts as charged."""
        del self._open[spent.number]
        self._windows.add(self._at)

    def answered(self, spent: Spent, now: float, quota: Quota | None) -> None:
        """The server admitted the call. None for ``quota`` where the answer had no headers."""
        self._drain(now)
        if spent.number > self._sent_at_refusal:
            self._refusals = 0
        self._adopt(quota)
        spent = self._open.pop(spent.number)
        self._windows.add(now)
        if quota is not None:
            self._learn(spent, now, quota.remaining)

    def refused(self, spent: Spent, now: float, quota: Quota | None, retry_after: float | None) -> None:
        """The server answered 429."""
        self._drain(now)
        self._adopt(quota)
        spent = self._open[spent.number]
        self.unsent(spent)
        if quota is not None:
            self._level = max(self._level, self._limit.window)
        pause = min(retry_after or 0.0, _LONGEST_BLOCK)
        if spent.number > self._sent_at_refusal:  # a call sent before the last refusal was known is no news
            self._sent_at_refusal = self._sent
            # Without headers some other limit spoke, about which nothing is known.
            first, longest = _FOREIGN if quota is None else (self.slot, self._limit.window / 2)
            pause = max(pause, min(first * 2.0 ** min(self._refusals, 10), longest) * (1 + self._jitter()))
            self._refusals += 1
            if quota is not None:
                self._explain(spent, now)
        self._blocked_until = max(self._blocked_until, now + pause)

    def _drain(self, now: float) -> None:
        """Let time pass. What is still open may reach the server only now, so its slots have not begun to drain."""
        self._level = max(len(self._open) * self.slot, self._level - max(0.0, now - self._at))
        self._at = max(now, self._at)

    def _adopt(self, quota: Quota | None) -> None:
        """Go on with the server's real limit: as many slots are taken, of another length."""
        if quota is None or quota.limit == self._limit:
            return
        ratio = quota.limit.slot / self.slot
        self._limit = quota.limit
        self._level *= ratio
        self._open = {number: replace(spent, level=spent.level * ratio) for number, spent in self._open.items()}

    def _learn(self, spent: Spent, now: float, remaining: int) -> None:
        """From a header: the level, whether it leaks, and who else spends."""
        limit = self._limit
        surprise = self._correct(spent, now, remaining)
        self._windows.predicted(now, limit, exactly=surprise == 0.0)
        own = 0 if self._windows.leaks else self._windows.count(now, limit) + len(self._open)
        others = limit.calls - remaining > own
        self._share.answered(Observation(spent.at, now, self.slot, surprise, remaining / limit.calls, others))

    def _correct(self, spent: Spent, now: float, remaining: int) -> float:
        """Clamp the prediction to what ``remaining`` admits; returns by how many slots it was too low."""
        # Calls sent later may have been counted before this one, and earlier ones that were still open after it.
        highest = self._limit.window - remaining * self.slot
        after = spent.level + self.slot
        most = after + (self._sent - spent.number) * self.slot
        least = max(0.0, spent.level - spent.overtakes * self.slot - (now - spent.at)) + self.slot
        shift = min(0.0, highest - least)
        if highest - self.slot > most + self.slot * _NOISE:
            shift = highest - after  # others spend too; how much within a slot is unknown, so the most
        self._level = max(0.0, self._level + shift)
        for number, later in self._open.items():
            if number > spent.number:  # whose answer must not correct the level once more
                self._open[number] = replace(later, level=max(0.0, later.level + shift))
        return shift / self.slot

    def _explain(self, spent: Spent, now: float) -> None:
        """Conclude from a refusal: the limit was not known yet, or the server counts by windows, or others spend."""
        level = spent.level + (self._sent - spent.number) * self.slot  # with later calls that may have overtaken it
        foreseeable = level + self.slot * (1 - _NOISE) > self._limit.window  # had the real limit been known
        if not foreseeable and not self._windows.refused(now, self._limit, len(self._open)):
            self._share.refused(now)
