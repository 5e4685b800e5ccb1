"""A Frame.io whose answers have the documented shapes, but for one that is spoiled on its way."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Recorded
from airflow_provider_frameio.api.replies import JsonObject, Reply, read_nothing
from tests.copying.restack.files_world import FilesWorld
from tests.copying.world import World, status_error

BASE = "https://api.frame.io"
COMMON = {
    "type": "file",
    "name": "Cut_v2.mov",
    "parent_id": "p1",
    "project_id": "j1",
    "adobe_id": None,
    "created_at": "2026-09-25T19:18:29.614189Z",
    "updated_at": "2026-09-25T19:18:29.614189Z",
    "view_url": "https://next.frame.io/project/j1/view/x",
    "creator": {"id": None, "email": "bob@studio.test", "name": None, "active": True},
    "metadata": [{"field_definition_id": "d1", "field_type": "text", "value": None, "mutable": True}],
}
FILE = {**COMMON, "status": "uploaded", "file_size": 10, "media_type": None, "adobe_version_id": None}
DOCUMENTED = {"file": FILE, "version_stack": {**COMMON, "type": "version_stack", "head_version": None}}

# In place of a value: JSON, or what some take for it.
ODD_VALUES = (
    *("null", "true", "0", "-1", "5", "1.5", '""', '" "', '"x"', '".."', '"None"', "[]", '["x"]', "[[]]", "{}"),
    *('{"id": "x"}', '{"id": 5}', '{"id": null}', '[{"id": "x"}]', "9223372036854775807", "9223372036854775808"),
    *("-99999999999999999999", "1e999", "NaN", "-Infinity", '"\\ud800"', '"a\\u0000b"', '"a\\nb\\u202e"', '"\x1b[2J"'),
    *('{"a": 1, "a": 2}', "[" * 60 + "]" * 60, "[" * 100_000, "", '"', "}", ",", "1 2", f'"{"x" * 20_000}"'),
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"2026-13-01T00:00:00Z"', '"2026-01-01"'),
    *('"https://u:p@evil.example/?after=1"', '"http://["', '"?after="', '"//x"', '"/x?after=%00"'),
    *('"file"', '"folder"', '"version_stack"', '"created"', '"transcoded"'),
)
ODD_DATES = (
    *("", "yesterday", "\x80\xff", "Wed, 21 Oct 2026 07:28:00 +9999", f"Wed, 21 Oct 2026 07:28:00 +{'9' * 40}"),
    *("Wed, 21 Oct 9999 23:59:59 -1200", "Sat, 01 Jan 0001 00:00:00 +1400", "Thu, 01 Jan 1970 00:00:00 GMT"),
    *("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", "Wed, 99 Oct 2026 99:99:99 GMT"),
)
ODD_BODIES = (
    *(b"", b"null", b"[]", b"{}", b"<html>", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"[" * 100_000),
    *(b'{"data": null, "links": null}', b'{"data": [], "links": {"next": null}}'),
)
_HERE = "@@here@@"


class Endless(AssertionError):
    """A flow goes on and on."""


@dataclass
class Spoil:
    """What is done to the answers.

    :ivar number: the answer that is spoiled, counted from 0, and with ``lasting`` all from it on.
    :ivar how: ``value``, ``missing``, ``twice``, ``cut``, ``date`` or ``body``.
    :ivar field: the name of the field that is spoiled wherever it stands; "" for a single place, ``where``.
    :ivar what: which of the odd things.
    :ivar answered: how many answers there were.
    :ivar spoiled: how many of them were spoiled.
    """

    number: int = -1
    how: str = "value"
    field: str = ""
    where: int = 0
    what: int = 0
    lasting: bool = False
    answered: int = 0
    spoiled: int = 0

    def told(self, operation: Operation[Any], answer: Any) -> Any:
        """What an operation's answer means once it arrived, as the client has it."""
        reply = _reply(operation, answer, self._date)
        hit = self.answered == self.number or (self.lasting and self.answered > self.number >= 0)
        self.answered += 1
        if self.answered > 3000:
            raise Endless
        if hit:
            self.spoiled += 1
            reply = self._spoiled(reply)
        try:
            return operation.result(reply)
        except errors.CallError as error:
            if error.ambiguous and not operation.repeatable:
                raise operation.unknown(operation.asked, error.came) from error
            raise

    _date: float = dataclasses.field(default=0.0, init=False)

    def at(self, now: float) -> Spoil:
        """At a time of the server's."""
        self._date = now
        return self

    def _spoiled(self, reply: Reply) -> Reply:
        if self.how == "date":
            return Reply(200, {"date": ODD_DATES[self.what % len(ODD_DATES)]}, reply.body)
        if self.how == "body" or not reply.body:
            return Reply(200, reply.headers, ODD_BODIES[self.what % len(ODD_BODIES)])
        if self.how == "cut":
            return Reply(200, reply.headers, reply.body[: self.where % len(reply.body)])
        return Reply(200, reply.headers, self._changed(json.loads(reply.body)).encode("utf-8", "surrogatepass"))

    def _changed(self, body: JsonObject) -> str:
        places = [*_places(body)]
        named = [(holder, key) for holder, key in places if key == self.field]
        for holder, key in named or [places[self.where % len(places)]]:
            if self.how == "missing":
                del holder[key]
            elif self.how == "twice" and isinstance(holder, list):
                holder.append(holder[key])
            else:
                holder[key] = _HERE
        return json.dumps(body).replace(f'"{_HERE}"', ODD_VALUES[self.what % len(ODD_VALUES)])


@dataclass
class SpoiledWorld(World):
    """A folder of stacks; see ``World``."""

    spoil: Spoil = dataclasses.field(default_factory=Spoil)

    def take(self, step: object) -> Any:
        """What one step is answered; raises its error."""
        answer = _served(super().take, step)
        operation = step.operation if isinstance(step, Recorded) else step
        return self.spoil.at(self.now).told(operation, answer) if isinstance(operation, Operation) else answer

    def _call(self, operation: Operation[Any]) -> Any:
        others: dict[str, Callable[[], Any]] = {
            "show folder": lambda: {**COMMON, "type": "folder", "id": "p1"},
            "show project": lambda: {"id": "j1", "name": "Film", "status": "active", "adobe_id": None, "storage": 5},
            "move version stack": lambda: {**self.source, "parent_id": "p1"},
            "list accounts": lambda: Page(({"id": "a1", "display_name": "Studio", "storage_limit": None},), None),
            "list folder children": lambda: self._page(operation, self._inside(operation), 2),
        }
        for words, answer in others.items():
            if operation.name.startswith(words):
                self.calls.append(operation)
                return answer()
        return super()._call(operation)

    def _inside(self, operation: Operation[Any]) -> list[JsonObject]:
        folder = {**COMMON, "type": "folder", "id": "p2", "name": "Reel"}
        return [folder, *self.stacks] if operation.name.endswith("p1") else []


@dataclass
class SpoiledFilesWorld(FilesWorld):
    """A folder of files; see ``FilesWorld``."""

    spoil: Spoil = dataclasses.field(default_factory=Spoil)

    def _take(self, step: object) -> Any:
        answer = _served(super()._take, step)
        operation = step.operation if isinstance(step, Recorded) else step
        return self.spoil.at(self.now).told(operation, answer) if isinstance(operation, Operation) else answer


def _served(take: Callable[[object], Any], step: object) -> Any:
    """What a simulated Frame.io answers; it refuses cursors and ids that it never gave."""
    try:
        return take(step)
    except (KeyError, ValueError):
        operation = step.operation if isinstance(step, Recorded) else step
        assert isinstance(operation, Operation)
        raise status_error(400, operation) from None


def _reply(operation: Operation[Any], answer: Any, now: float) -> Reply:
    """An answer of a simulated Frame.io as it is sent."""
    headers = {"date": formatdate(now, usegmt=True)}
    if operation.read is read_nothing:
        return Reply(204, headers, b"")
    if isinstance(answer, Page):
        link = None if answer.after is None else f"{operation.request.path}?after={answer.after}"
        body: JsonObject = {"data": [*map(_documented, answer.items)], "links": {"next": link}, "total_count": None}
        return Reply(200, headers, json.dumps(body).encode())
    if isinstance(answer, list):
        body = {"data": [{**pair, "file": _documented(pair["file"])} for pair in answer]}
        return Reply(200, headers, json.dumps(body).encode())
    body = {"data": _documented(answer or {"id": operation.name.rsplit(" ", 1)[1], "type": "file"})}
    return Reply(200, headers, json.dumps(body).encode())


def _documented(record: JsonObject) -> JsonObject:
    """A record with every field that Frame.io documents for its kind."""
    kind = str(record.get("type") or ("version_stack" if "head_version" in record else ""))
    head = record.get("head_version")
    known = {"head_version": _documented(head)} if head else {}
    return {**DOCUMENTED.get(kind, {}), **record, **known}


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key or index there."""
    holders = [value]
    for holder in holders:
        for key, one in holder.items() if isinstance(holder, dict) else enumerate(holder):
            yield holder, key
            if isinstance(one, (dict, list)):
                holders.append(one)
