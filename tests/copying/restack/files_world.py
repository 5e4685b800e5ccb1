"""A Frame.io of files and stacks for flows driven by hand, with processes that die at any step."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Now, Operation, Pause, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.completion.judge import FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.record import CopyRequest, Series
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from tests.copying.waiting import wait_until_complete
from tests.copying.world import CLIENTS_CLOCK, ME, NOW, status_error, when

REQUEST = CopyRequest("a1", "s1", "p1", copy_metadata=True, copy_comments="all")
SOURCE = "s1"


class Killed(Exception):
    """The process ended here."""


@dataclass
class FilesWorld:
    """What flows see. Time passes in their pauses only.

    :ivar versions: how many the source has.
    :ivar sizes: of the source's versions; default: each its own.
    :ivar names: of the source's versions; default: each its own.
    :ivar newest_first: the order of a stack's list.
    :ivar bulk: whether files can be copied by one call.
    :ivar trouble: is asked before each operation; the error that it meets, or None.
    :ivar lost: is asked after each operation that was carried out; whether its answer is lost.
    :ivar aliases: other names of folders, with the folders' own ids.
    :ivar kill_at: the number of the step at which the process dies.
    :ivar acted: whether that step is carried out all the same.
    """

    versions: int = 3
    sizes: Callable[[int], int | None] = lambda number: 100 + number
    names: Callable[[int], str] = lambda number: f"Cut_v{number}.mov"
    newest_first: bool = True
    bulk: bool = True
    trouble: Callable[[Operation[Any]], errors.FrameioError | None] = lambda operation: None
    lost: Callable[[Operation[Any]], bool] = lambda operation: False
    aliases: dict[str, str] = field(default_factory=dict)
    kill_at: int = -1
    acted: bool = False
    now: float = NOW
    steps: int = 0
    files: dict[str, JsonObject] = field(default_factory=dict)
    stacks: dict[str, JsonObject] = field(default_factory=dict)
    inside: dict[str, list[str]] = field(default_factory=dict)
    stored: list[JsonObject] = field(default_factory=list)
    calls: list[Operation[Any]] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self.stacks[SOURCE] = {"id": SOURCE, "name": "Cut.mov", "parent_id": "p0", "type": "version_stack"}
        self.inside[SOURCE] = []
        for number in range(1, self.versions + 1):
            self.add(f"v{number}", SOURCE, self.names(number), self.sizes(number), NOW - 1e6)
        self.now += 10.0

    def add(self, file_id: str, parent_id: str, name: str, size: int | None, at: float | None = None) -> JsonObject:
        """A file."""
        self.files[file_id] = {
            "id": file_id,
            "type": "file",
            "name": name,
            "file_size": size,
            "status": "uploaded",
            "parent_id": parent_id,
            "created_at": when(self.now if at is None else at),
            "creator": ME,
            "view_url": f"https://next.frame.io/{file_id}",
        }
        if parent_id in self.inside:
            self.inside[parent_id].append(file_id)
        return self.files[file_id]

    def run(self, flow: RecordedFlow[Any]) -> Any:
        """What the flow returns.

        :raises Killed: it came to the step at which its process dies.
        """
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._step(step)
                except errors.FrameioError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return end.value

    def asked(self, words: str) -> int:
        """How many calls of that name there were."""
        return sum(call.name.startswith(words) for call in self.calls)

    def loose(self, folder_id: str = "p1") -> list[str]:
        """Ids of files in a folder."""
        return [file["id"] for file in self.files.values() if file["parent_id"] == folder_id]

    def made(self) -> list[str]:
        """Ids of stacks besides the source."""
        return [stack for stack in self.stacks if stack != SOURCE]

    def _step(self, step: object) -> Any:
        dies = self.steps == self.kill_at and not (isinstance(step, Pause) and not step.seconds)
        self.steps += 1
        if dies and not self.acted:
            raise Killed
        try:
            return self._take(step)
        finally:
            if dies:
                raise Killed

    def _take(self, step: object) -> Any:
        if isinstance(step, Pause):
            self.pauses.append(step)
            self.now += step.seconds
            return self.now + CLIENTS_CLOCK
        if isinstance(step, Save):
            self.stored.append(step.record)
            return None
        if isinstance(step, Recorded):
            if step.sending is not None:
                self.stored.append(step.sending)
            return self._call(step.operation)
        assert isinstance(step, Operation), step
        return self._call(step)

    def _call(self, operation: Operation[Any]) -> Any:
        self.calls.append(operation)
        if error := self.trouble(operation):
            if getattr(error, "ambiguous", False) and not operation.repeatable:
                raise operation.unknown(operation.asked, "the connection broke")
            raise error
        answer = self._answer(operation)
        if self.lost(operation):
            raise operation.unknown(operation.asked, "the connection broke")
        return answer

    def _answer(self, operation: Operation[Any]) -> Any:
        subject = operation.name.rsplit(" ", 1)[1]
        data = (operation.request.json or {}).get("data", {})
        answers: dict[str, Callable[[], Any]] = {
            "show me": lambda: ME,
            "show folder": lambda: {"id": self.aliases.get(subject, subject)},
            "show version stack": lambda: self._stack(operation, subject),
            "show file": lambda: self._file(operation, subject),
            "list version stack children": lambda: self._children(operation, subject),
            "list version stacks": lambda: self._page(
                operation,
                [self._stack(operation, one) for one in self.stacks if self.stacks[one]["parent_id"] == subject],
            ),
            "list files": lambda: self._page(operation, [self.files[one] for one in self.loose(subject)]),
            "copy files": lambda: self._copy_many(operation, data),
            "copy file": lambda: self._copy(operation, subject, data["parent_id"]),
            "create version stack": lambda: self._create(operation, subject, data["file_ids"]),
            "move file": lambda: self._move(operation, subject, data["parent_id"]),
            "update file": lambda: self._rename(operation, subject, data["name"]),
            "delete file": lambda: self._delete(operation, subject),
        }
        known = max((words for words in answers if operation.name.startswith(words)), key=len)
        return answers[known]()

    def _file(self, operation: Operation[Any], file_id: str) -> JsonObject:
        if file_id not in self.files:
            raise status_error(404, operation)
        return self.files[file_id]

    def _stack(self, operation: Operation[Any], stack_id: str) -> JsonObject:
        if stack_id not in self.stacks:
            raise status_error(404, operation)
        inside = self.inside[stack_id]
        return {**self.stacks[stack_id], "head_version": self.files[inside[-1]] if inside else None}

    def _children(self, operation: Operation[Any], stack_id: str) -> Page:
        self._stack(operation, stack_id)
        inside = [self.files[one] for one in self.inside[stack_id]]
        return self._pages(operation, inside[::-1] if self.newest_first else inside, 100)

    def _page(self, operation: Operation[Any], items: list[JsonObject]) -> Page:
        return self._pages(operation, sorted(items, key=lambda one: str(one["created_at"]), reverse=True), 500)

    def _pages(self, operation: Operation[Any], items: list[JsonObject], size: int) -> Page:
        begin = int(operation.request.params.get("after", "0"))
        after = str(begin + size) if begin + size < len(items) else None
        return Page(tuple(items[begin : begin + size]), after, float(int(self.now)))

    def _copy_many(self, operation: Operation[Any], data: JsonObject) -> list[JsonObject]:
        if not self.bulk:
            raise status_error(404, operation)
        copies = [(one, self._copy(operation, one, data["parent_id"])) for one in data["file_ids"]]
        return [{"source_file_id": source, "file": copy} for source, copy in copies]

    def _copy(self, operation: Operation[Any], file_id: str, parent_id: str) -> JsonObject:
        source = self._file(operation, file_id)
        name = str(source["name"])
        taken = {self.files[one]["name"] for one in self.loose(parent_id)}
        if name in taken:
            stem, _, extension = name.rpartition(".")
            name = f"{stem} ({sum(stem in one for one in taken)}).{extension}"
        return self.add(f"c{next(self._ids)}-{file_id}", parent_id, name, source["file_size"])

    def _create(self, operation: Operation[Any], folder_id: str, file_ids: list[str]) -> JsonObject:
        if any(self._file(operation, one)["parent_id"] != folder_id for one in file_ids):
            raise status_error(422, operation)
        stack_id = f"stack{next(self._ids)}"
        self.stacks[stack_id] = {
            "id": stack_id,
            "type": "version_stack",
            "name": self.files[file_ids[-1]]["name"],
            "parent_id": folder_id,
            "created_at": when(self.now),
            "creator": ME,
            "view_url": f"https://next.frame.io/{stack_id}",
        }
        self.inside[stack_id] = []
        for one in file_ids:
            self._move(operation, one, stack_id)
        return self._stack(operation, stack_id)

    def _move(self, operation: Operation[Any], file_id: str, parent_id: str) -> JsonObject:
        self._leave(self._file(operation, file_id))
        self.files[file_id]["parent_id"] = parent_id
        if parent_id in self.inside:
            self.inside[parent_id].append(file_id)
        return self.files[file_id]

    def _rename(self, operation: Operation[Any], file_id: str, name: str) -> JsonObject:
        file = self._file(operation, file_id)
        if file["parent_id"] not in self.inside and name in [self.files[one]["name"] for one in self.loose("p1")]:
            raise status_error(409, operation)
        file["name"] = name
        return file

    def _delete(self, operation: Operation[Any], file_id: str) -> None:
        self._leave(self._file(operation, file_id))
        del self.files[file_id]

    def _leave(self, file: JsonObject) -> None:
        inside = self.inside.get(str(file["parent_id"]), [])
        if file["id"] in inside:
            inside.remove(str(file["id"]))
            if not inside:
                del self.inside[str(file["parent_id"])], self.stacks[str(file["parent_id"])]


RULES = Rules()
AGAIN = Rules(Series(1, "2"))
"""Of a try after a user's clear of a task that had finished."""


def whole(record: RestackRecord | None, rules: Rules = RULES) -> RecordedFlow[RestackRecord]:
    """Both halves, and the wait between them."""
    record = yield from copy_versions(REQUEST, record, rules)
    if not record.stack:
        now = yield Now()
        files = FilesExpectation(record.folder_id, tuple(record.copies))
        yield from wait_until_complete("a1", [files], Terms(now, now + 1))
    return (yield from stack_copies("a1", record, rules.policy))


def resume(world: FilesWorld, began: float | None = None, rules: Rules = RULES) -> RestackRecord:
    """What the next try does: with the stored record, or (``began``) without any."""
    if began is not None:
        record = world.run(assume_begun(REQUEST, began, None, rules))
    else:
        record = RestackRecord.from_json(json.loads(json.dumps(world.stored[-1]))) if world.stored else None
    made: RestackRecord = world.run(whole(record, rules))
    return made
