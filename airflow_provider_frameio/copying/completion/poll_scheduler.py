"""All copies of one account that are waited for in one triggerer, and what to ask Frame.io next. No I/O, no clock.

A thousand waits that each look for themselves would be refused. Here one list of a folder serves all of its copies, and
looks that nothing speaks for are rationed, so that calls stay bounded however many copies and folders there are. Looks
that a list speaks for are bounded by Frame.io's rate limit alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf

from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import ApiError, CallError, FrameioError, Unauthorized
from airflow_provider_frameio.api.models import VersionStack, text
from airflow_provider_frameio.api.pages import Page, walk
from airflow_provider_frameio.api.protocol import Flow, Now
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.completion.judge import Awaited, Expectation
from airflow_provider_frameio.copying.completion.tracked_copy import Folder, Outcome, Place, TrackedCopy, Urgency

MOST_PAGES = 50  # of a deep list
_SHALLOW, _DEEP = 100, 500  # items on a page
_RATION = {Urgency.NOW: 0.0, Urgency.SOON: 1.0, Urgency.IDLE: 20.0}  # seconds from one such look to the next
_LIST_REST = 1.0  # seconds from a list to the next, of whatever folder
_DEEP_REST = 10.0  # seconds for each page of a deep list, until the next deep one of whatever folder
_LONGEST_STRAIN = 30.0


@dataclass(frozen=True)
class Poll:
    """What to ask next.

    :ivar flow: raises only what concerns all copies.
    :ivar broken: to be told of an error that is not one of Frame.io's, and so unknown to the flow.
    """

    flow: Flow[None]
    broken: Callable[[Exception], None]


class PollScheduler:
    """The copies, by id and by folder. Any number of its polls may be under way at once. Not safe for threads."""

    def __init__(self, account_id: str) -> None:
        self.copies: dict[TrackedCopy, None] = {}
        self._account_id = account_id
        self._by_id: dict[str, dict[TrackedCopy, None]] = {}
        self._folders: dict[tuple[type[Awaited], str], Folder] = {}
        # A copy that is planned anew leaves its old entry behind: one that does not say what the copy is queued for.
        self._queues: dict[Urgency, list[tuple[float, int, TrackedCopy]]] = {urgency: [] for urgency in Urgency}
        self._numbers = count()
        self._look_ready = dict.fromkeys(Urgency, -inf)
        self._list_ready = self._deep_ready = -inf
        self._strain = 0

    def add(self, copy: TrackedCopy) -> float:
        """Take a copy in; the answer is when there will be something to do for it."""
        self.copies[copy] = None
        for listed_id in copy.expected.listed_ids:
            self._by_id.setdefault(listed_id, {})[copy] = None
        self._queue(copy)
        look_at = max(copy.look_at, self._look_ready[copy.urgency])
        if not copy.folder_id:
            return look_at
        return min(look_at, self._next_list(self._enter(copy, copy.folder_id)))

    def drop(self, copy: TrackedCopy) -> None:
        """Forget a copy, if it is there."""
        if copy not in self.copies:
            return
        del self.copies[copy]
        copy.queued_for = None
        for listed_id in copy.expected.listed_ids:
            same = self._by_id[listed_id]
            del same[copy]
            if not same:
                del self._by_id[listed_id]
        self._leave(copy)

    def next_poll(self, now: float) -> Poll | float:
        """The next poll, or when there may be one (``inf``: not before something changes)."""
        # Of those that may be listed now, whichever has waited longest: else the first ones would starve the others.
        folder = min(
            self._folders.values(), key=lambda one: (self._next_list(one), min(one.list_at, one.deep_at)), default=None
        )
        next_at = self._next_list(folder) if folder else inf
        if folder and next_at <= now:
            folder.busy = True
            self._list_ready = now + _LIST_REST
            return Poll(self._list(folder, now), lambda error: self._not_listed(folder, now))
        for urgency, queue in self._queues.items():
            while queue and queue[0][2].queued_for != (queue[0][0], urgency):
                heappop(queue)
            if queue:
                look_at = max(queue[0][0], self._look_ready[urgency])
                if look_at <= now:
                    return self._look_at(heappop(queue)[2], now)
                next_at = min(next_at, look_at)
        return next_at

    def fail_all(self, error: Exception) -> None:
        """An error that concerns all copies."""
        for copy in tuple(self.copies):
            self._settle(copy, error)

    def _look_at(self, copy: TrackedCopy, now: float) -> Poll:
        copy.busy, copy.queued_for = True, None
        ration = _RATION[copy.urgency]
        rest = min(ration * 2.0 ** min(self._strain, 10), max(ration, _LONGEST_STRAIN))
        self._look_ready[copy.urgency] = now + rest
        locate = copy.unlocated and now < copy.end
        return Poll(self._ask(copy, now, locate=locate), partial(self._settle, copy))

    def _list(self, folder: Folder, now: float) -> Flow[None]:
        try:
            deep_pages = yield from self._read(folder, now)
            ended: float = yield Now()
            if deep_pages:
                self._deep_ready = ended + _DEEP_REST * deep_pages
            folder.listed(ended)
            self._strain = 0
        except FrameioError as error:
            self._note(error)
            self._not_listed(folder, (yield Now()), error if error.transient else None)
        finally:
            folder.busy = False

    def _read(self, folder: Folder, now: float) -> Flow[int]:
        """List a folder, newest first, down to the last copy that is due, and tell every copy what that shows.

        :returns: how many pages were read, if it was a deep list; else 0.
        """
        there, missing = list(folder.copies), dict.fromkeys(folder.due(now))
        searching = partial(self._searching, folder)
        deep = now >= self._deep_ready and (searching() or any(copy.deep for copy in missing))
        shown: dict[TrackedCopy, dict[str, JsonObject]] = {}
        pages = position = 0

        def enough(page: Page) -> bool:
            """Whether later pages cannot pay."""
            nonlocal pages, position
            pages += 1
            for item in page.items:
                position += 1
                item_id = text(item, "id")
                for copy in self._found_in(folder, item_id):
                    records = shown.setdefault(copy, {})
                    records[item_id] = item
                    if len(records) == len(copy.expected.listed_ids):
                        self._settle(copy, copy.seen(records.values(), now, deep=position > _SHALLOW))
                        missing.pop(copy, None)
            return not deep or not (missing or searching()) or pages >= MOST_PAGES

        size = _DEEP if deep else _SHALLOW
        first = folder.kind.list_folder(self._account_id, folder.id, sort="created_at_desc", page_size=size)
        ended = yield from walk(first, enough)
        for copy in there:
            if copy.folder_id != folder.id or len(shown.get(copy, ())) == len(copy.expected.listed_ids):
                continue
            if ended or pages >= MOST_PAGES or copy.place is Place.ABSENT:
                copy.missed(now, gone=copy.place is Place.LISTED)
                self._settle(copy, None)
            elif copy in missing:
                copy.deep = True
        return pages if deep else 0

    def _ask(self, copy: TrackedCopy, now: float, *, locate: bool) -> Flow[None]:
        """Look at a copy, or ask for its folder. Where that cannot be learned, the copy is looked at by itself."""
        last = now >= copy.end
        outcome: Outcome | None = None
        try:
            if locate:
                yield from self._locate(copy, now)
            else:
                verdict = yield from copy.expected.look(self._account_id)
                self._succeeded(copy)
                outcome = copy.looked(verdict, (yield Now()), last=last)
        except FrameioError as error:
            self._note(error)
            if locate and not error.transient:
                copy.missed(now, gone=True)
            else:
                outcome = copy.failed(error, (yield Now()), last=last)
        finally:
            copy.busy = False
        self._settle(copy, outcome)

    def _locate(self, copy: TrackedCopy, now: float) -> Flow[None]:
        stack = yield get_version_stack(self._account_id, *copy.expected.listed_ids)
        self._succeeded(copy)
        folder_id = VersionStack.from_record(stack).parent_id
        if not folder_id:
            copy.missed(now, gone=False)
        elif copy in self.copies:
            copy.located(now)
            self._enter(copy, folder_id)

    def _note(self, error: FrameioError) -> None:
        """Let pass what concerns all copies; go slower after a failure that will pass."""
        of_all = isinstance(error, Unauthorized) or not isinstance(error, ApiError)
        if isinstance(error, CallError) and not error.transient and of_all:
            raise error
        self._strain += error.transient

    def _succeeded(self, copy: TrackedCopy) -> None:
        self._strain = 0
        if folder := self._folders.get((type(copy.expected), copy.folder_id)):
            folder.outage = 0

    def _not_listed(self, folder: Folder, now: float, error: FrameioError | None = None) -> None:
        """A list failed; ``error``: why, where the reason passes by itself."""
        due = set(folder.due(now)) if error else ()
        anew = error is not None and folder.outage == 0
        for copy in tuple(folder.copies):
            self._settle(copy, copy.unlisted(now, error if copy in due else None, anew=anew))
        folder.not_listed(now, passes=error is not None)

    def _settle(self, copy: TrackedCopy, outcome: Outcome | None) -> None:
        """Go on with a copy as it is planned now, or end its wait."""
        if copy not in self.copies:
            return
        if outcome is None:
            self._queue(copy)
        else:
            self.drop(copy)
            copy.settle(outcome)

    def _queue(self, copy: TrackedCopy) -> None:
        plan = (copy.look_at, copy.urgency)
        if not copy.busy and copy.queued_for != plan:
            copy.queued_for = plan
            heappush(self._queues[copy.urgency], (copy.look_at, next(self._numbers), copy))

    def _searching(self, folder: Folder) -> bool:
        """Whether to read on for copies whose folder is not known."""
        return folder.kind is Expectation and any(copy.unlocated for copy in self.copies)

    def _found_in(self, folder: Folder, item_id: str) -> list[TrackedCopy]:
        """The copies that an item of this folder is, or is a part of. A stack that was elsewhere before is here now."""
        found = [copy for copy in self._by_id.get(item_id, ()) if isinstance(copy.expected, folder.kind)]
        for copy in found:
            if copy.folder_id != folder.id and folder.kind is Expectation:
                self._enter(copy, folder.id)
        return [copy for copy in found if copy.folder_id == folder.id]

    def _enter(self, copy: TrackedCopy, folder_id: str) -> Folder:
        self._leave(copy)
        copy.folder_id = folder_id
        kind = type(copy.expected)
        folder = self._folders.setdefault((kind, folder_id), Folder(folder_id, kind))
        folder.enter(copy)
        return folder

    def _leave(self, copy: TrackedCopy) -> None:
        key = type(copy.expected), copy.folder_id
        if folder := self._folders.get(key):
            folder.copies.pop(copy, None)
            if not folder.copies:
                del self._folders[key]

    def _next_list(self, folder: Folder) -> float:
        return max(self._list_ready, folder.next_list(self._deep_ready))
