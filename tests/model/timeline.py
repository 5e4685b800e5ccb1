"""Virtual time of one run: it passes when somebody waits, and what is due by then happens on the way."""

from __future__ import annotations

import heapq
from collections.abc import Callable

EPOCH = 1_800_000_000.0
"""When a run begins, in seconds since 1970. Within a run time is counted from there, or a float would be too coarse."""

_LONGEST = 4 * 86400.0  # seconds; nothing in a run has a reason to take longer
_SHORTEST = 1e-6  # seconds that a wait takes at least: one too short to be told from none ends as well


class Hang(BaseException):
    """A run does not end: too much time, or too many steps."""


class Timeline:
    """What time it is, and what will happen.

    :ivar now: seconds since the run began, on no machine's clock: Frame.io's and the workers' each differ from it.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._number = 0

    def at(self, when: float, act: Callable[[], object]) -> None:
        """Let something happen at a moment; in the past means at once, as time passes next."""
        self._number += 1
        heapq.heappush(self._due, (when, self._number, act))

    def advance(self, seconds: float) -> None:
        """Let time pass.

        :raises Hang: more has passed than any run may take.
        """
        end = self.now + max(_SHORTEST, seconds)
        if end > _LONGEST:
            raise Hang("virtual time has no end")
        while self._due and self._due[0][0] <= end:
            when, _, act = heapq.heappop(self._due)
            self.now = max(self.now, when)
            act()
        self.now = max(self.now, end)
