"""A folder is made once: a lost answer leads to a search by its name, over deaths as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded, RecordedFlow, Save
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.folders import FolderRecord, FolderRequest, ensure_folder
from airflow_provider_frameio.copying.record import Search
from tests.copying.world import NOW, status_error, when

REQUEST = FolderRequest("a1", "p1", "s1")


class Killed(Exception):
    """The process ended here."""


@dataclass
class World:
    """One parent folder. Time passes in pauses.

    :ivar effect: of the next calls that make a folder: ``made``, ``lost`` (made, no answer), ``never`` (no answer, not
        made), ``late`` (made a minute later), ``refused``.
    """

    effects: list[str] = field(default_factory=list)
    now: float = NOW
    made: list[tuple[float, str]] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    dies_sending: bool = False

    def run(self, flow: RecordedFlow[FolderRecord]) -> FolderRecord:
        """What the flow returns."""
        step, answer = next(flow), None
        try:
            while True:
                try:
                    answer = self._take(step)
                except errors.FrameioError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            found: FolderRecord = end.value
            return found

    def _take(self, step: object) -> Any:
        if isinstance(step, Pause):
            self.now += step.seconds
            return self.now
        if isinstance(step, Save):
            return self.stored.append(step.record)
        if isinstance(step, Recorded):
            assert step.sending
            self.stored.append(step.sending)
            return self._make(step.operation)
        assert isinstance(step, Operation)
        there = [(at, name) for at, name in self.made if at <= self.now]
        items = tuple(
            {"id": f"f{number}", "type": "folder", "name": name, "created_at": when(at)}
            for number, (at, name) in enumerate(there, 1)
        )
        return Page(items, None, self.now)

    def _make(self, operation: Operation[Any]) -> dict[str, Any]:
        effect = self.effects.pop(0) if self.effects else "made"
        name = (operation.request.json or {})["data"]["name"]
        if effect == "refused":
            raise status_error(403, operation)
        if effect != "never":
            self.made.append((self.now + 60.0 * (effect == "late"), name))
        if self.dies_sending:
            raise Killed
        if effect != "made":
            raise errors.OutcomeUnknown(operation.asked, "the connection broke")
        return {"id": f"f{len(self.made)}", "name": name}


def ensure(world: World, record: FolderRecord | None = None, name: str = "Sound") -> FolderRecord:
    return world.run(ensure_folder(REQUEST, name, record, LookupPolicy()))


@pytest.mark.parametrize(
    ("effects", "made"), [(["made"], 1), (["lost"], 1), (["late"], 1), (["never", "made"], 1), (["never", "late"], 1)]
)
def test_there_is_one_folder_whatever_becomes_of_the_answers(effects: list[str], made: int) -> None:
    world = World(effects)
    assert ensure(world).folder_id == "f1"
    assert len(world.made) == made
    assert FolderRecord.from_json(world.stored[-1]).folder_id == "f1"


def test_a_second_folder_is_asked_for_only_when_the_first_cannot_come_any_more() -> None:
    """Three minutes of the server's time after the first look."""
    world = World(["never", "made"])
    ensure(world)
    assert world.now >= NOW + 180.0


def test_a_death_while_it_is_sent_leads_to_a_search() -> None:
    """The record was stored before."""
    world = World(["lost"], dies_sending=True)
    with pytest.raises(Killed):
        ensure(world)
    world.dies_sending = False
    assert ensure(world, FolderRecord.from_json(world.stored[-1])).folder_id == "f1"
    assert len(world.made) == 1


def test_a_retry_goes_on_with_the_search_of_the_last_one() -> None:
    """What was looked for long enough is asked for at once."""
    world = World()
    ensure(world, FolderRecord(sent=1, search=Search(NOW - 500.0)))
    assert world.now == NOW


def test_the_name_is_compared_in_one_form_of_unicode() -> None:
    """Frame.io may write it in another one."""
    world = World(made=[(NOW, "E\u0301pisode")])
    assert ensure(world, FolderRecord(sent=1), name="\u00c9pisode").folder_id == "f1"


def test_several_folders_of_the_name_are_a_question() -> None:
    world = World(made=[(NOW, "Sound"), (NOW, "Sound")])
    with pytest.raises(errors.CopyNeedsHelp, match="Any of these may be the folder"):
        ensure(world, FolderRecord(sent=1))


def test_two_that_do_not_come_are_a_question_and_then_it_begins_anew() -> None:
    world = World(["never", "never"])
    with pytest.raises(errors.CopyNeedsHelp, match="'Sound' was asked for 2 times"):
        ensure(world)
    assert FolderRecord.from_json(world.stored[-1]) == FolderRecord()


def test_a_refusal_leaves_nothing_to_look_for() -> None:
    world = World(["refused"])
    with pytest.raises(errors.Forbidden):
        ensure(world)
    assert FolderRecord.from_json(world.stored[-1]) == FolderRecord()


@pytest.mark.parametrize("stored", [{}, None, {"kind": "folder", "format": 1}, {"kind": "native", "format": 1}])
def test_what_is_no_record_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match="not a record"):
        FolderRecord.from_json(stored)


def test_each_folder_has_a_record_of_its_own() -> None:
    keys: set[Callable[[], str] | str] = {
        REQUEST.key(),
        FolderRequest("a1", "p1", "s2").key(),
        FolderRequest("a1", "p2", "s1").key(),
    }
    assert len(keys) == 3
