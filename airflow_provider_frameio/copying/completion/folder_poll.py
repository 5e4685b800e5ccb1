"""Listing a folder for the copies waited for in it: when, how far down, and what a list tells. No I/O, no clock.

Most rounds are shallow: one page of the newest stacks, among which are the copies that soon change. A deep round has
larger pages and goes down to the oldest wait that is due; the more it reads, the longer until the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf

from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.models import head_status
from airflow_provider_frameio.api.pages import Page, walk
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.copying.completion.tracked_copy import Place, Wait

MOST_PAGES = 50  # of a deep round
_SHALLOW, _DEEP = 100, 500  # stacks on a page
_SHALLOW_REST = 2.5  # seconds from a round to the folder's next
_DEEP_REST = 3.0  # seconds for each page of a deep round, until the next deep one
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0  # after a round that failed for a passing reason
_UNLISTABLE_REST = 600.0


@dataclass(eq=False)
class Folder:
    """A folder and the waits in it.

    :ivar ready: when it may be listed again.
    :ivar deep_ready: when a deep round may be read again.
    :ivar outage: rounds that failed in a row for a passing reason, with no call that succeeded in between.
    :ivar busy: it is being listed.
    """

    id: str
    waits: dict[Wait, None] = field(default_factory=dict)
    ready: float = 0.0
    deep_ready: float = 0.0
    outage: int = 0
    busy: bool = False

    def round_at(self) -> float:
        """When it is to be listed; ``inf`` for never."""
        if self.busy:
            return inf
        return max(self.ready, min((self._list_at(wait) for wait in self.waits), default=inf))

    def round_for(self, wait: Wait) -> float:
        """When one of its waits wants it to be listed; ``inf`` for never. As cheap as many waits need it."""
        return inf if self.busy else max(self.ready, self._list_at(wait))

    def due(self, now: float) -> list[Wait]:
        """The waits that a round is for: it goes down to the last of them."""
        return [wait for wait in self.waits if wait.place is not Place.ABSENT and self._list_at(wait) <= now]

    def listed(self, deep_pages: int, now: float) -> None:
        """A round was read."""
        self.outage = 0
        self.ready = now + _SHALLOW_REST
        if deep_pages:
            self.deep_ready = now + _DEEP_REST * deep_pages

    def failed(self, now: float) -> None:
        """A round failed for a passing reason."""
        self.outage += 1
        self.ready = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self.outage - 1, 10))

    def unlistable(self, now: float) -> None:
        """A round failed for a reason that does not pass by itself."""
        self.outage = 0
        self.ready = now + _UNLISTABLE_REST

    def _list_at(self, wait: Wait) -> float:
        if wait.list_at >= wait.end:  # a look is due before
            return inf
        return max(wait.list_at, self.deep_ready) if wait.deep else wait.list_at


def read_round(
    account_id: str,
    folder: Folder,
    waits_for: Callable[[str], Iterable[Wait]],
    searching: Callable[[], bool],
    now: float,
) -> Flow[int]:
    """List a folder, newest first, down to the last wait that is due, and tell every wait what that shows.

    :param waits_for: the waits for a copy, which is in this folder now.
    :param searching: whether to read on for copies whose folder is not known.
    :returns: how many pages were read, if it was a deep round; else 0.
    """
    there, missing = list(folder.waits), dict.fromkeys(folder.due(now))
    deep = now >= folder.deep_ready and (searching() or any(wait.deep for wait in missing))
    seen: set[Wait] = set()
    pages = stacks = 0

    def enough(page: Page) -> bool:
        """Whether later pages cannot pay."""
        nonlocal pages, stacks
        pages += 1
        for stack in page.items:
            stacks += 1
            for wait in waits_for(str(stack.get("id"))):
                wait.seen(head_status(stack), now, deep=stacks > _SHALLOW)
                seen.add(wait)
                missing.pop(wait, None)
        return not deep or not (missing or searching()) or pages >= MOST_PAGES

    size = _DEEP if deep else _SHALLOW
    ended = yield from walk(list_version_stacks(account_id, folder.id, sort="created_at_desc", page_size=size), enough)
    whole = ended or pages >= MOST_PAGES
    for wait in there:
        if wait in seen or wait.folder_id != folder.id:
            continue
        if whole or wait.place is Place.ABSENT:
            wait.missed(now, gone=wait.place is Place.LISTED)
        elif wait in missing:
            wait.deep = True
    return pages if deep else 0
