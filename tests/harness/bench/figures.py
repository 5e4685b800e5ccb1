"""What the benchmark's numbers mean: arithmetic over what the emulated Frame.io logged, in its seconds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

LIMIT, WINDOW = 10, 60.0
SLOT = WINDOW / LIMIT
ROUTE = "copy_version_stack"


@dataclass(frozen=True)
class Call:
    """A call that asked for a copy.

    :ivar at: when it arrived.
    :ivar made: whether it made the copy.
    :ivar target: the folder that was to hold the copy.
    """

    at: float
    made: bool
    refused: bool
    target: str


@dataclass(frozen=True)
class Outcome:
    """What one contender did.

    :ivar name: the contender's.
    :ivar asked: copies that were wanted.
    :ivar failed: copies that it gave up.
    :ivar calls: in the order of their arrival.
    :ivar waits: for each copy, from the moment it was wanted until it was made or given up.
    :ivar cpu_seconds: of its processes, from the first copy on; these are real seconds.
    """

    name: str
    asked: int
    failed: int
    calls: Sequence[Call]
    waits: Sequence[float] = ()
    cpu_seconds: float = 0.0

    @property
    def made_at(self) -> list[float]:
        """When each copy was made, from the first call on."""
        return [call.at - self.calls[0].at for call in self.calls if call.made]

    @property
    def refused_at(self) -> list[float]:
        """When each 429 was answered, from the first call on."""
        return [call.at - self.calls[0].at for call in self.calls if call.refused]

    @property
    def made(self) -> int:
        """Copies that there are."""
        return len(self.made_at)

    @property
    def refusals_per_copy(self) -> float:
        """429s for each copy made."""
        return len(self.refused_at) / max(1, self.made)

    @property
    def slowness(self) -> float:
        """The time from the first call to the last copy, divided by the least that as many copies can take."""
        return max(self.made_at, default=0.0) / max(SLOT, optimum(self.made))

    @property
    def longest_wait(self) -> float:
        """The longest wait, divided by the mean wait."""
        return max(self.waits) * len(self.waits) / sum(self.waits)

    @property
    def fairness(self) -> float:
        """Jain's index of the copies that each target folder held when half of all were made."""
        return jain(halfway([call.target for call in self.calls if call.made], {call.target for call in self.calls}))


def optimum(copies: int) -> float:
    """The least seconds from the first to the last of so many copies: a burst, then one each slot."""
    return max(0, copies - LIMIT) * SLOT


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index: 1 where all shares are equal, 1/n where one of n has everything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def halfway(owners: Sequence[str], everyone: Iterable[str]) -> list[int]:
    """How many of the first half of the copies each of ``everyone`` owns."""
    counts = Counter(owners[: len(owners) // 2])
    return [counts[owner] for owner in everyone]


def integral(samples: Sequence[tuple[float, float]]) -> float:
    """The area under a quantity that was looked at now and then: each (time, value) holds until the next."""
    return sum(value * (after - at) for (at, value), (after, _) in pairwise(samples))


def copy_calls(log: Iterable[Mapping[str, Any]]) -> list[Call]:
    """The calls for copies in the emulator's request log."""
    found = [
        Call(entry["at"], bool(entry["acted"]), entry["status"] == 429, str(entry["body"]["data"]["parent_id"]))
        for entry in log
        if entry["route"] == ROUTE
    ]
    return sorted(found, key=lambda call: call.at)
