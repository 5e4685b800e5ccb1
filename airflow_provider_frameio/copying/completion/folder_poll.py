"""A folder and the copies that are waited for in it: when to list it. No I/O, no clock.

Most lists are shallow: one page of the newest items, among which are the copies that soon change. A deep list has
larger pages and goes down to the oldest copy that is due.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from airflow_provider_frameio.copying.completion.judge import Awaited
from airflow_provider_frameio.copying.completion.tracked_copy import Place, TrackedCopy

_REST = 2.5  # seconds from a list to the folder's next
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0  # seconds after a list that failed for a passing reason
_UNLISTABLE_REST = 600.0


@dataclass(eq=False)
class Folder:
    """A folder's list of version stacks, or of files, and the copies that it is to show.

    :ivar ready: when it may be listed again.
    :ivar list_at: when a copy near the top wants it to be listed.
    :ivar deep_at: when one that is further down does.
    :ivar outage: lists that failed in a row for a passing reason, with no call that succeeded in between.
    :ivar busy: it is being listed.
    """

    id: str
    kind: type[Awaited]
    copies: dict[TrackedCopy, None] = field(default_factory=dict)
    ready: float = 0.0
    list_at: float = inf
    deep_at: float = inf
    outage: int = 0
    busy: bool = False

    def enter(self, copy: TrackedCopy) -> None:
        """A copy is here from now on."""
        self.copies[copy] = None
        self.list_at = min(self.list_at, copy.list_at)

    @property
    def wanted_at(self) -> float:
        """When a copy wants it to be listed."""
        return min(self.list_at, self.deep_at)

    def next_list(self, deep_ready: float) -> float:
        """When it is to be listed; ``inf`` for never.

        :param deep_ready: from when on a deep list is admitted.
        """
        return inf if self.busy else max(self.ready, min(self.list_at, max(self.deep_at, deep_ready)))

    def due(self, now: float) -> list[TrackedCopy]:
        """The copies that a list is for: it goes down to the last of them."""
        return [copy for copy in self.copies if copy.place is not Place.ABSENT and copy.list_at <= now]

    def listed(self, now: float) -> None:
        """A list was read."""
        self.outage = 0
        self._plan(now + _REST)

    def failed(self, now: float) -> None:
        """A list failed for a passing reason."""
        self.outage += 1
        self._plan(now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self.outage - 1, 10)))

    def unlistable(self, now: float) -> None:
        """A list failed for a reason that does not pass by itself."""
        self.outage = 0
        self._plan(now + _UNLISTABLE_REST)

    def _plan(self, ready: float) -> None:
        self.ready = ready
        self.list_at = min((copy.list_at for copy in self.copies if not copy.deep), default=inf)
        self.deep_at = min((copy.list_at for copy in self.copies if copy.deep), default=inf)
