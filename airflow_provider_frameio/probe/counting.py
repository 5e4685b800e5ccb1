"""Which ways of counting calls explain what was admitted and what refused. Performs no I/O.

Each way is played through with what was seen, and dropped as soon as it would have done otherwise. Several may remain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.protocol import RateLimit

_PHASES = 600  # moments at which fixed windows may begin, tried one after the other
_ROUNDING = 0.01  # of a slot


@dataclass(frozen=True)
class Call:
    """A call as the limiter met it, between two moments, in seconds.

    :ivar remaining: what its header said of the budget afterwards; None if it did not, or was not to be believed.
    """

    sent: float
    answered: float
    admitted: bool
    remaining: int | None = None

    @property
    def at(self) -> float:
        """In the middle: when it was counted, give or take half of the time it took."""
        return (self.sent + self.answered) / 2


@dataclass(frozen=True)
class Way:
    """A way of counting.

    :ivar name: in words.
    :ivar gradual: whether budget comes back call by call.
    :ivar charged: whether refused calls count; None where that makes no difference.
    """

    name: str
    gradual: bool
    charged: bool | None


# From the calls that counted so far, the limit and a moment: how many calls fit.
Room = Callable[[Sequence[float], RateLimit, float], float]


def explaining(calls: Sequence[Call], limit: RateLimit) -> list[Way]:
    """The ways that explain all of these calls, the first of which met an unspent budget."""
    doubt = max((call.answered - call.sent for call in calls), default=0.0)
    found = []
    for charged in (False, True):
        if _explains(calls, limit, _leaking, charged=charged, doubt=doubt, slack=_ROUNDING):
            found.append(Way("call by call", True, charged))
        if _explains(calls, limit, _sliding, charged=charged, doubt=doubt):
            found.append(Way("each call a window after it was made", False, charged))
    # Trying all moments makes up for the doubt about each.
    phases = (limit.window * phase / _PHASES for phase in range(_PHASES))
    if any(_explains(calls, limit, _fixed(phase), charged=False) for phase in phases):
        found.append(Way("all at once, at fixed moments", False, None))
    return found


def _explains(
    calls: Sequence[Call], limit: RateLimit, room: Room, *, charged: bool, doubt: float = 0.0, slack: float = 0.0
) -> bool:
    """Whether each call had room, or none, at some moment within ``doubt`` seconds of its own.

    :param slack: how much less than a call may pass for one, where room is no whole number.
    """
    counted: list[float] = []
    for call in calls:
        least, most = (room(counted, limit, call.at + shift) for shift in (-doubt, doubt))
        if (most < 1 - slack) if call.admitted else (least >= 1 + slack):
            return False
        stated = call.remaining  # a whole number, rounded down
        if stated is not None and not math.floor(least - 1 - slack) <= stated <= math.floor(most - 1 + slack):
            return False
        if call.admitted or charged:
            counted.append(call.at)
    return True


def _leaking(counted: Sequence[float], limit: RateLimit, now: float) -> float:
    level, before = 0.0, -math.inf
    for moment in (*counted, now):
        level = max(0.0, level - max(0.0, moment - before)) + limit.slot
        before = moment
    return (limit.window - level) / limit.slot + 1


def _sliding(counted: Sequence[float], limit: RateLimit, now: float) -> float:
    return limit.calls - sum(now - limit.window < moment for moment in counted)


def _fixed(phase: float) -> Room:
    def room(counted: Sequence[float], limit: RateLimit, now: float) -> float:
        window = (now - phase) // limit.window
        return limit.calls - sum((moment - phase) // limit.window == window for moment in counted)

    return room
