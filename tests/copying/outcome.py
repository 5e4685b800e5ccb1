"""What simulated processes achieved together, and measures of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

from tests.api.rate_limit.limiters import Server


@dataclass(frozen=True)
class Made:
    """One copy.

    :ivar process: who made it.
    :ivar asked: when a worker began with it, in seconds.
    :ivar sent: when the call was sent that was admitted.
    """

    process: int
    asked: float
    sent: float


@dataclass(frozen=True)
class Outcome:
    """What processes achieved together. Times in seconds."""

    server: Server
    start: float
    made: list[Made] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)

    @property
    def makespan(self) -> float:
        """From the start until the last call was sent that was admitted."""
        return max(copy.sent for copy in self.made) - self.start

    @property
    def ratio(self) -> float:
        """The makespan, divided by the least that a leaky bucket demands."""
        return self.makespan / self.server.optimum(len(self.made))

    @property
    def refusals(self) -> float:
        """429s per copy."""
        return self.server.refused / len(self.made)

    @property
    def waits(self) -> list[float]:
        """How long each copy waited for the rate limit."""
        return [copy.sent - copy.asked for copy in self.made]

    @property
    def fairness(self) -> float:
        """Jain's index of what each process made when half of all were made."""
        shares = Counter(copy.process for copy in self.made[: len(self.made) // 2])
        return _jain([shares[process] for process in {copy.process for copy in self.made}])

    @property
    def fairness_of_waits(self) -> float:
        """Jain's index of how long each process waited for a copy on average."""
        waits: dict[int, list[float]] = {}
        for copy in self.made:
            waits.setdefault(copy.process, []).append(copy.sent - copy.asked)
        return _jain([mean(one) for one in waits.values()])


def _jain(shares: Sequence[float]) -> float:
    """1 where all are equal, 1/n where one of n has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))
