"""One copy waited for among many, and its folder: when to list that, and when to look at it. No I/O, no clock.

One call lists up to 500 copies. A list of version stacks only hints: it may lag, end early, show a new version that
somebody added, or not be readable at all. So it may hasten a look and never replaces one: ``look`` decides.
A list of files tells all there is to know, so files are looked at only where a list lacks one of them, or one failed.
Most lists are shallow: one page of the newest items, among which are the copies that soon change. A deep list has
larger pages and goes down to the oldest copy that is due.
All times are seconds on one clock that only grows and runs as fast as Frame.io's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from math import inf
from typing import TypeAlias

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.completion.judge import Awaited, Done, Pending
from airflow_provider_frameio.copying.completion.wait import FailedLooks

Outcome: TypeAlias = "Done | Pending | Exception"  # Pending: the time is up

_SHORTEST, _SHORTEST_OF_FILES, _LONGEST = 5.0, 7.0, 60.0  # seconds between two lists
_PART_OF_AGE = 8.0  # of the copy, to the next list
_FIRST_ABSENT_LOOK = 10.0  # lists may be a little late to show a new copy
_FIRST_DOUBLING = 90.0  # a copy that its list shows is looked at for safety's sake at twice this age, and so on
_GROWTH = 1.5
_ABSENT_LIST_INTERVAL = 15.0
_REST = 2.5  # seconds from a list to the folder's next
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0  # seconds after a list that failed for a passing reason
_UNLISTABLE_REST = 600.0


class Place(Enum):
    """Where a copy was when its folder was last listed."""

    UNKNOWN = "not listed yet"
    LISTED = "in the list"
    ABSENT = "not in the list"


class Urgency(IntEnum):
    """How much a look is worth: those that something speaks for are not rationed, the others are."""

    NOW = 0
    SOON = 1
    IDLE = 2


@dataclass(eq=False, slots=True)
class TrackedCopy:
    """A copy that somebody waits for: of a version stack, or of several files.

    :ivar since: when the copy began; its age counts from here.
    :ivar end: when a last look is taken.
    :ivar added: when this wait began.
    :ivar poll_interval: the longest interval between two lists of its folder.
    :ivar failures: its own looks that failed in a row.
    :ivar settle: is told once how the wait ended; Pending means that the copy was not complete at ``end``.
    :ivar jitter: gives a number from 0 to 1, anew at each call.
    :ivar folder_id: "" while it is unknown.
    :ivar deep: too far down in its list for a list of one short page.
    :ivar promising: the list shows a newest version that is ready, or failed.
    :ivar vanished: no longer where it was; nobody has looked yet.
    :ivar fruitless: looks that a promising list led to in vain.
    :ivar failed_lists: lists in a row that failed when it was due, while nothing in its folder succeeded.
    :ivar list_at: when its folder should be listed for it; ``inf`` if a look is due before.
    :ivar look_at: when it should be looked at by itself, with ``urgency``.
    :ivar queued_for: with which of these it is in the scheduler's queue; None: it is not in it.
    """

    expected: Awaited
    since: float
    end: float
    added: float
    poll_interval: float
    failures: FailedLooks
    settle: Callable[[Outcome], None]
    jitter: Callable[[], float]
    folder_id: str = ""
    place: Place = Place.UNKNOWN
    deep: bool = False
    promising: bool = False
    vanished: bool = False
    unlistable: bool = False
    fruitless: int = 0
    busy: bool = False
    looked_at: float | None = None
    progress: str = "not looked at yet"
    failed_lists: FailedLooks = field(init=False)
    list_at: float = field(init=False)
    look_at: float = field(init=False)
    urgency: Urgency = field(init=False)
    queued_for: tuple[float, Urgency] | None = None

    def __post_init__(self) -> None:
        self.failed_lists = FailedLooks(self.failures.tolerated)
        self._plan(self.added, list_at=max(self.added, self.since + self._interval(self.since)))

    @property
    def unlocated(self) -> bool:
        """Whether its folder is to be asked for."""
        return not self.folder_id and self.place is Place.UNKNOWN

    def seen(self, items: Collection[JsonObject], now: float, *, deep: bool) -> Outcome | None:
        """Its folder's list shows it with these records: the outcome if that ends the wait."""
        self.place, self.deep, self.vanished, self.unlistable = Place.LISTED, deep, False, False
        self.failed_lists.end()
        verdict = self.expected.judge_list(items)
        self.promising = not isinstance(verdict, Pending)
        if isinstance(verdict, Pending):
            self.progress = verdict.progress
        self._plan(now, list_at=now + self._interval(now))
        return verdict if isinstance(verdict, Done) and self.expected.list_decides else None

    def missed(self, now: float, *, gone: bool) -> None:
        """It is not in its folder's list; ``gone``: though it was there."""
        self.vanished = self.vanished or gone
        self.place, self.deep, self.promising, self.unlistable = Place.ABSENT, False, False, False
        self.failed_lists.end()
        self._plan(now, list_at=now + max(_ABSENT_LIST_INTERVAL, 2 * self._interval(now)))

    def unlisted(self, now: float, error: FrameioError | None = None, *, anew: bool = False) -> Outcome | None:
        """Its folder could not be listed: the outcome if that ends the wait.

        :param error: why, if it was due and the reason passes; it counts as a look that failed.
        :param anew: whether a call in this folder succeeded since the last list that failed: then Frame.io is there,
            and if lists fail, it is they that are broken.
        """
        if anew:
            self.failed_lists.end()
        self.unlistable = True
        self._plan(now, list_at=now + self._interval(now))
        if error is not None:
            try:
                self.progress = self.failed_lists.bear(error)
            except FrameioError as fatal:
                return fatal
        return None

    def located(self, now: float) -> None:
        """Its folder is known by now and is to be listed at once."""
        self.failures.end()
        self._plan(now, list_at=now)

    def looked(self, verdict: Done | Pending, now: float, *, last: bool) -> Outcome | None:
        """What a look gave: the outcome if it ends the wait; ``last``: taken at the end of the time allowed."""
        self.failures.end()
        self.fruitless += self.promising
        if isinstance(verdict, Done):
            return verdict
        return self._go_on(verdict.progress, now, last=last)

    def failed(self, error: FrameioError, now: float, *, last: bool) -> Outcome | None:
        """A look, or the question for its folder, failed: the outcome if that ends the wait."""
        try:
            progress = self.failures.bear(error)
        except FrameioError as fatal:
            return fatal
        return self._go_on(progress, now, last=last)

    def _go_on(self, progress: str, now: float, *, last: bool) -> Outcome | None:
        self.progress = progress
        self.looked_at, self.vanished = now, False
        self._plan(now)
        return Pending(progress) if last else None

    def _plan(self, now: float, *, list_at: float | None = None) -> None:
        """Decide on the next look, and on the next list where that is given."""
        if list_at is not None:
            self.list_at = list_at if list_at < self.end else inf
        look_at, self.urgency = self._next_look(now)
        self.look_at = min(look_at, self.end)
        if look_at >= self.end:
            self.urgency = Urgency.NOW

    def _next_look(self, now: float) -> tuple[float, Urgency]:
        last = self.added if self.looked_at is None else self.looked_at
        if self.failures.in_a_row:
            return last + self._interval(last), Urgency.SOON
        if self.vanished or (self.promising and not self.fruitless):
            return now, Urgency.NOW
        if self.promising:
            rest = min(_LONGEST, _SHORTEST * _GROWTH ** min(self.fruitless - 1, 10))
            return last + rest, Urgency.SOON
        if self.unlocated:
            return self.since + _SHORTEST, Urgency.SOON
        if self.place is Place.ABSENT and self.looked_at is None:
            return self.since + _FIRST_ABSENT_LOOK, Urgency.SOON
        if self.place is Place.ABSENT or self.unlistable:
            return last + self._interval(last), Urgency.SOON
        if self.expected.list_decides:
            return self.end, Urgency.NOW
        return self.since + 2 * max(_FIRST_DOUBLING, last - self.since), Urgency.IDLE

    def _interval(self, now: float) -> float:
        """Until the next list: the older the copy, the longer."""
        shortest = _SHORTEST_OF_FILES if self.expected.list_decides else _SHORTEST
        usual = min(max((now - self.since) / _PART_OF_AGE, shortest), _LONGEST)
        return min(usual * (0.9 + 0.2 * self.jitter()), self.poll_interval)


@dataclass(eq=False)
class Folder:
    """A folder's list of version stacks, or of files, and the copies that it is to show.

    :ivar ready: when it may be listed again.
    :ivar list_at: when a copy near the top wants it to be listed; ``deep_at``: when one that is further down does.
    :ivar outage: lists that failed in a row for a passing reason, with no call that succeeded in between.
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

    def next_list(self, deep_ready: float) -> float:
        """When it is to be listed, ``inf`` for never, if a deep list is admitted from ``deep_ready`` on."""
        return inf if self.busy else max(self.ready, min(self.list_at, max(self.deep_at, deep_ready)))

    def due(self, now: float) -> list[TrackedCopy]:
        """The copies that a list is for: it goes down to the last of them."""
        return [copy for copy in self.copies if copy.place is not Place.ABSENT and copy.list_at <= now]

    def listed(self, now: float) -> None:
        """A list was read."""
        self.outage = 0
        self._plan(now + _REST)

    def not_listed(self, now: float, *, passes: bool) -> None:
        """A list failed, for a reason that passes by itself or not."""
        self.outage = self.outage + 1 if passes else 0
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self.outage - 1, 10))
        self._plan(now + (pause if passes else _UNLISTABLE_REST))

    def _plan(self, ready: float) -> None:
        self.ready = ready
        self.list_at = min((copy.list_at for copy in self.copies if not copy.deep), default=inf)
        self.deep_at = min((copy.list_at for copy in self.copies if copy.deep), default=inf)
