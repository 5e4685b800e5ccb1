"""All copies of one account that are waited for in one triggerer, and what to ask Frame.io next. No I/O, no clock.

A thousand waits that each look for themselves would be refused. Here one list of a folder serves all of its copies, and
looks that nothing speaks for are rationed, so that calls stay bounded however many copies and folders there are. Looks
that a list speaks for are bounded by Frame.io's rate limit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import inf

from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import ApiError, CallError, FrameioError, Unauthorized
from airflow_provider_frameio.api.models import VersionStack
from airflow_provider_frameio.api.protocol import Flow, Now
from airflow_provider_frameio.copying.completion.folder_poll import Folder, read_round
from airflow_provider_frameio.copying.completion.judge import look
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, Urgency, Wait

_RATION = {Urgency.NOW: 0.0, Urgency.SOON: 1.0, Urgency.IDLE: 10.0}  # seconds from one such look to the next
_LIST_REST = 1.0  # seconds from a round to the next, of whatever folder
_LONGEST_STRAIN = 30.0


@dataclass(frozen=True)
class Step:
    """What to do next.

    :ivar flow: raises only what concerns all waits.
    :ivar broken: to be told of an error that is not one of Frame.io's, and so unknown to the flow.
    """

    flow: Flow[None]
    broken: Callable[[Exception], None]


class Board:
    """The waits, by copy and by folder. Any number of its steps may be under way at once. Not safe for threads."""

    def __init__(self, account_id: str) -> None:
        self.waits: dict[Wait, None] = {}
        self._account_id = account_id
        self._by_copy: dict[str, dict[Wait, None]] = {}
        self._folders: dict[str, Folder] = {}
        self._ready = dict.fromkeys(Urgency, -inf)
        self._list_ready = -inf
        self._strain = 0

    def add(self, wait: Wait) -> float:
        """Take a wait in; the answer is when there will be something to do for it."""
        self.waits[wait] = None
        self._by_copy.setdefault(wait.expected.version_stack_id, {})[wait] = None
        if not wait.folder_id:
            return self._look_at(wait)
        self._enter(wait, wait.folder_id)
        return min(self._look_at(wait), max(self._list_ready, self._folders[wait.folder_id].round_for(wait)))

    def drop(self, wait: Wait) -> None:
        """Forget a wait, if it is there."""
        if wait not in self.waits:
            return
        del self.waits[wait]
        same_copy = self._by_copy[wait.expected.version_stack_id]
        del same_copy[wait]
        if not same_copy:
            del self._by_copy[wait.expected.version_stack_id]
        self._leave(wait)

    def next_step(self, now: float) -> Step | float:
        """The next step, or when there may be one (``inf``: not before something changes)."""
        folder = min(self._folders.values(), key=self._round_at, default=None)
        listed_at = self._round_at(folder) if folder else inf
        if folder and listed_at <= now:
            folder.busy = True
            self._list_ready = now + _LIST_REST
            return Step(self._list(folder, now), lambda error: self._unlistable(folder, now))
        due = [wait for wait in self.waits if self._look_at(wait) <= now]
        if not due:
            return min(listed_at, min(map(self._look_at, self.waits), default=inf))
        wait = min(due, key=lambda one: (one.urgency, one.look_at))
        wait.busy = True
        self._spend(wait.urgency, now)
        ask = self._locate if wait.unlocated and now < wait.end else self._look
        return Step(ask(wait, now), partial(self._settle, wait))

    def fail_all(self, error: Exception) -> None:
        """An error that concerns all waits."""
        for wait in tuple(self.waits):
            self._settle(wait, error)

    def _list(self, folder: Folder, now: float) -> Flow[None]:
        find = partial(self._found_in, folder)
        try:
            deep_pages = yield from read_round(self._account_id, folder, find, self._searching, now)
            folder.listed(deep_pages, (yield Now()))
            self._strain = 0
        except FrameioError as error:
            self._note(error)
            self._not_listed(folder, error, (yield Now()))
        finally:
            folder.busy = False

    def _look(self, wait: Wait, now: float) -> Flow[None]:
        last = now >= wait.end
        try:
            verdict = yield from look(self._account_id, wait.expected)
        except FrameioError as error:
            self._note(error)
            outcome = wait.failed(error, (yield Now()), last=last)
        else:
            self._succeeded(wait)
            outcome = wait.looked(verdict, (yield Now()), last=last)
        finally:
            wait.busy = False
        self._settle(wait, outcome)

    def _locate(self, wait: Wait, now: float) -> Flow[None]:
        """Ask for a copy's folder. Where that cannot be learned, the copy is looked at by itself."""
        outcome = None
        try:
            stack = yield get_version_stack(self._account_id, wait.expected.version_stack_id)
        except FrameioError as error:
            self._note(error)
            if error.transient:
                outcome = wait.failed(error, (yield Now()), last=False)
            else:
                wait.missed(now, gone=True)
        else:
            self._succeeded(wait)
            self._locate_in(wait, VersionStack.from_record(stack).parent_id, now)
        finally:
            wait.busy = False
        self._settle(wait, outcome)

    def _locate_in(self, wait: Wait, folder_id: str, now: float) -> None:
        if not folder_id:
            wait.missed(now, gone=False)
        elif wait in self.waits:
            wait.located(now)
            self._enter(wait, folder_id)

    def _note(self, error: FrameioError) -> None:
        """Let pass what concerns all waits; go slower after a failure that will pass."""
        of_all = isinstance(error, Unauthorized) or not isinstance(error, ApiError)
        if isinstance(error, CallError) and not error.transient and of_all:
            raise error
        self._strain += error.transient

    def _succeeded(self, wait: Wait) -> None:
        self._strain = 0
        if wait.folder_id in self._folders:
            self._folders[wait.folder_id].outage = 0

    def _not_listed(self, folder: Folder, error: FrameioError, now: float) -> None:
        if not error.transient:
            self._unlistable(folder, now)
            return
        folder.failed(now)
        due = set(folder.due(now))
        for wait in tuple(folder.waits):
            outcome = wait.unlisted(now, error if wait in due else None, anew=folder.outage == 1)
            self._settle(wait, outcome)

    def _unlistable(self, folder: Folder, now: float) -> None:
        folder.unlistable(now)
        for wait in folder.waits:
            wait.unlisted(now)

    def _settle(self, wait: Wait, outcome: Outcome | None) -> None:
        if outcome is not None and wait in self.waits:
            self.drop(wait)
            wait.settle(outcome)

    def _searching(self) -> bool:
        return any(wait.unlocated for wait in self.waits)

    def _found_in(self, folder: Folder, copy_id: str) -> Iterator[Wait]:
        """The waits for a copy, which are in this folder from now on."""
        for wait in self._by_copy.get(copy_id, ()):
            if wait.folder_id != folder.id:
                self._leave(wait)
                self._enter(wait, folder.id)
            yield wait

    def _enter(self, wait: Wait, folder_id: str) -> None:
        wait.folder_id = folder_id
        self._folders.setdefault(folder_id, Folder(folder_id)).waits[wait] = None

    def _leave(self, wait: Wait) -> None:
        folder = self._folders.get(wait.folder_id)
        if folder is not None:
            folder.waits.pop(wait, None)
            if not folder.waits:
                del self._folders[folder.id]

    def _round_at(self, folder: Folder) -> float:
        return max(self._list_ready, folder.round_at())

    def _look_at(self, wait: Wait) -> float:
        return inf if wait.busy else max(wait.look_at, self._ready[wait.urgency])

    def _spend(self, urgency: Urgency, now: float) -> None:
        ration = _RATION[urgency]
        self._ready[urgency] = now + min(ration * 2.0 ** min(self._strain, 10), max(ration, _LONGEST_STRAIN))
