"""Requests whose answer is gone but which are still to be carried out, in the order in which they fall due."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator

Deed = Callable[[float], object]
"""Carries a request out as of a moment of emulated time."""


class LateDeeds:
    """Deeds that wait for their moment. Nothing wakes up by itself: ask before you look at the state."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Deed]] = []
        self._order = itertools.count()

    def put_off(self, until: float, deed: Deed) -> None:
        """Let ``deed`` be done at ``until``."""
        heapq.heappush(self._waiting, (until, next(self._order), deed))

    def due(self, now: float) -> Iterator[tuple[float, Deed]]:
        """Take out what is due by ``now``, each with the moment it was due."""
        while self._waiting and self._waiting[0][0] <= now:
            moment, _, deed = heapq.heappop(self._waiting)
            yield moment, deed
