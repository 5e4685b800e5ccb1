"""A Frame.io for flows driven by hand: a source, a folder, a clock of its own, and a journal of what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded, RecordedFlow, Room, Save
from airflow_provider_frameio.api.replies import JsonObject, Reply, api_error
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, Search, Snapshot

REQUEST = CopyRequest("a1", "s1", "p1")
NOW = 1_790_000_000.0
CLIENTS_CLOCK = -5 * 365 * 86400.0
"""The client's clock is five years behind the server's."""
ME = {"id": "u1", "email": "ada@studio.test", "name": "Ada"}


def when(seconds: float) -> str:
    """A moment of the server's, as Frame.io writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def version(name: str, size: int | None = 10, **more: Any) -> JsonObject:
    """A file's record."""
    return {"id": f"f-{name}", "name": name, "file_size": size, "status": "uploaded", "type": "file", **more}


VERSIONS = (version("Cut_v2.mov", 20), version("Cut_v1.mov"))


def stack(identifier: str, created: float | None = NOW, **more: Any) -> JsonObject:
    """A record of a stack that may be the copy, but for what ``more`` says."""
    return {
        "id": identifier,
        "name": "Cut.mov",
        "parent_id": "p1",
        "created_at": None if created is None else when(created),
        "creator": ME,
        "head_version": VERSIONS[0],
        "view_url": f"https://next.frame.io/{identifier}",
        **more,
    }


def status_error(status: int, operation: Operation[Any]) -> errors.CallError:
    """The error of an answer with this status."""
    return api_error(operation.asked, Reply(status, {}, b""))


@dataclass
class World:
    """What flows see. Time passes in their pauses only.

    :ivar now: the server's time, in seconds since the epoch.
    :ivar scale: a pause of one second lets ``1 / scale`` seconds pass there.
    :ivar answers: to the copies, one after another, the last one for ever: ``made``, ``lost``, ``repeated`` (a 429 that
        the client answers by sending again), ``unreached``, or a status that refuses it.
    :ivar on_room: what happens while the task waits for the rate limit's room.
    :ivar on_lost: what happens in the folder when an answer is lost.
    :ivar trouble: the error that an operation meets, if any.
    :ivar page_size: at most as many stacks on a page, whatever is asked for.
    :ivar sort: the order of the folder's list, from its end.
    :ivar dates: whether the server says its time.
    :ivar journal: the states saved, and the copies sent among them; a search is one state, however often it is saved.
    """

    now: float = NOW
    scale: float = 1.0
    source: JsonObject = field(default_factory=lambda: {**stack("s1", NOW - 1e6), "parent_id": "p0"})
    me: JsonObject = field(default_factory=lambda: ME)
    stacks: list[JsonObject] = field(default_factory=list)
    children: dict[str, Sequence[JsonObject]] = field(default_factory=dict)
    answers: tuple[str, ...] = ("made",)
    on_room: Callable[[World], None] = lambda world: None
    on_lost: Callable[[World], None] = lambda world: None
    trouble: Callable[[Operation[Any]], errors.FrameioError | None] = lambda operation: None
    page_size: int = 2
    sort: Callable[[JsonObject], Any] = lambda one: str(one["created_at"])
    dates: bool = True
    _answer: str = ""
    journal: list[str] = field(default_factory=list)
    saved: list[JsonObject] = field(default_factory=list)
    calls: list[Operation[Any]] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)

    def run(self, flow: RecordedFlow[Any]) -> Any:
        """What the flow returns."""
        try:
            step = next(flow)
            while True:
                try:
                    answer = self.take(step)
                except errors.FrameioError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return end.value

    def asked(self, words: str) -> int:
        """How many calls of that name there were."""
        return sum(call.name.startswith(words) for call in self.calls)

    def take(self, step: object) -> Any:
        """What one step is answered; raises its error."""
        if isinstance(step, Pause):
            self.pauses.append(step)
            self.now += step.seconds / self.scale
            return self.now + CLIENTS_CLOCK
        if isinstance(step, Save):
            return self._save(step.record)
        if isinstance(step, Room):
            return self.on_room(self)
        if isinstance(step, Recorded):
            self._save(step.sending)
            while self._next_answer(step.operation) == "repeated":
                self._save(step.refused)
                self._save(step.sending)
            return self._copy(step.operation)
        assert isinstance(step, Operation), step
        return self._call(step)

    def _save(self, record: JsonObject | None) -> None:
        if record is None:
            return
        self.saved.append(record)
        looking = record["search"]["since"] is not None
        state = "done" if record["copy"] else f"sent {record['sent']}" if record["sent"] else "prepared"
        if not looking:
            self.journal.append(state)
        elif self.journal[-1:] != ["looking"]:
            self.journal.append("looking")

    def _next_answer(self, operation: Operation[Any]) -> str:
        self.journal.append("copy")
        self.calls.append(operation)
        self._answer, *rest = self.answers
        self.answers = tuple(rest) or self.answers
        return self._answer

    def _copy(self, operation: Operation[Any]) -> JsonObject:
        if self._answer == "lost":
            self.on_lost(self)
            raise operation.unknown(operation.asked, "the connection broke")
        if self._answer == "unreached":
            raise errors.HostUnreachable(operation.asked, "no such host", "")
        if self._answer != "made":
            raise status_error(int(self._answer), operation)
        made = stack(f"copy-{self.asked('copy version stack')}", self.now)
        self.stacks.append(made)
        return made

    def _call(self, operation: Operation[Any]) -> Any:
        self.calls.append(operation)
        if error := self.trouble(operation):
            raise error
        what, subject = operation.name.rsplit(" ", 1)
        answers: dict[str, Callable[[], Any]] = {
            "show": lambda: self.me,
            "show version stack": lambda: self._stack(operation, subject),
            "list version stack children": lambda: self._page(operation, self._children(operation, subject), 1000),
            "list version stacks": lambda: self._page(operation, self._sorted(), self.page_size),
        }
        return answers[what]()

    def _stack(self, operation: Operation[Any], identifier: str) -> JsonObject:
        for one in (self.source, *self.stacks):
            if one["id"] == identifier:
                return one
        raise status_error(404, operation)

    def _children(self, operation: Operation[Any], identifier: str) -> Sequence[JsonObject]:
        self._stack(operation, identifier)
        return self.children.get(identifier, VERSIONS)

    def _sorted(self) -> list[JsonObject]:
        return sorted(self.stacks, key=self.sort, reverse=True)

    def _page(self, operation: Operation[Any], items: Sequence[JsonObject], size: int) -> Page:
        begin = int(operation.request.params.get("after", "0"))
        after = str(begin + size) if begin + size < len(items) else None
        return Page(tuple(items[begin : begin + size]), after, float(int(self.now)) if self.dates else None)


BEFORE = Snapshot(NOW, "s1", "p1", ("Cut.mov",), ("u1", "ada@studio.test")).of(VERSIONS)
"""The world before the first copy was sent."""


def sent(number: int = 1, *, search: Search | None = None, **changes: Any) -> CopyRecord:
    """The record of so many copies that were sent just now."""
    return CopyRecord(replace(BEFORE, **changes), sent=number, search=search or Search())


def lost_and(*stacks: Any) -> World:
    """An answer was lost, and these stacks are in the folder."""
    return World(stacks=list(stacks))


def page_two(operation: Operation[Any]) -> bool:
    """Whether it is the folder's list that is asked for, but not its first page."""
    return operation.name.startswith("list version stacks ") and "after" in operation.request.params
