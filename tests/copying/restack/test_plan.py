"""Before a stack is made anew: the order of its versions, what is copied together, and what cannot be copied so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.errors import CopyFailed, CopyNeedsHelp, CopyTimeout
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.adobe_storage import (
    find_adobe_storage,
    may_mean_adobe_storage,
    shows_adobe_storage,
)
from airflow_provider_frameio.copying.completion.judge import FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.record import Search, Series
from airflow_provider_frameio.copying.restack.plan import in_order, next_batch, plan
from airflow_provider_frameio.copying.restack.record import Item, RestackRecord
from tests.copying.driving import Driver
from tests.copying.restack.files_world import REQUEST, SOURCE, FilesWorld
from tests.copying.waiting import wait_until_complete
from tests.copying.world import CLIENTS_CLOCK, status_error

ONE, TWO, THREE = ({"id": str(number)} for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("listed", "head", "order"),
    [
        ([THREE, TWO, ONE], "3", ([ONE, TWO, THREE], True)),
        ([ONE, TWO, THREE], "3", ([ONE, TWO, THREE], False)),
        ([ONE, THREE, TWO], "3", None),
        ([ONE, TWO], None, None),
        ([ONE], None, ([ONE], True)),
    ],
)
def test_the_order_hangs_on_the_newest(listed: list[Any], head: Any, order: Any) -> None:
    """One end of the list is the stack's head, or nobody knows."""
    assert in_order(listed, head) == order


def test_a_version_added_just_now_is_seen_at_the_second_look() -> None:
    """The source's record may be older than the list of its versions."""
    world = FilesWorld(3)
    old = {"id": SOURCE, "parent_id": "p0", "head_version": world.files["v2"]}
    known, answers = world._stack, [old]
    world._stack = lambda operation, stack_id: answers.pop() if answers else known(operation, stack_id)  # type: ignore[method-assign]
    record = world.run(plan(REQUEST, Series()))
    assert [item.source_id for item in record.items] == ["v1", "v2", "v3"]
    world._stack = lambda operation, stack_id: old  # type: ignore[method-assign]
    with pytest.raises(errors.InvalidParameter, match="the order of its versions cannot be told"):
        world.run(plan(REQUEST, Series()))


def test_what_cannot_be_planned() -> None:
    """Each fails with words before anything is made."""
    world = FilesWorld(2)
    world.files["v1"] |= {"type": "folder", "name": "Takes"}
    with pytest.raises(errors.InvalidParameter, match="'Takes' in it is a folder"):
        world.run(plan(REQUEST, Series()))
    with pytest.raises(errors.InvalidParameter, match="has no versions"):
        FilesWorld(0).run(plan(REQUEST, Series()))
    homeless = FilesWorld(2)
    homeless.stacks[SOURCE]["parent_id"] = None
    with pytest.raises(errors.InvalidParameter, match="the source shows no folder of its own"):
        homeless.run(plan(replace(REQUEST, parent_id=None), Series()))


def test_a_folder_is_remembered_by_its_own_id() -> None:
    """It may be given by another name, and Frame.io says of the copies where they truly are."""
    record = FilesWorld(2, aliases={"p1": "p1-itself"}).run(plan(REQUEST, Series()))
    assert record.folder_id == "p1-itself"


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_versions_that_are_not_uploaded_are_named_and_not_copied(missing: int) -> None:
    """Whichever it is, the order of the others is told by all."""
    world = FilesWorld(3, sizes=lambda number: None)
    world.files[f"v{missing}"]["status"] = "created"
    record = world.run(plan(replace(REQUEST, parent_id=None), Series()))
    assert record.folder_id == "p0"
    assert [(item.source_id, item.size) for item in record.items] == [
        (f"v{number}", None) for number in (1, 2, 3) if number != missing
    ]
    assert f"Not uploaded in the source, so not waited for in the copy: 'Cut_v{missing}.mov' v{missing} (created)." in [
        pause.reason for pause in world.pauses
    ]


def test_a_source_that_has_uploaded_nothing_is_refused() -> None:
    """There is nothing to stack."""
    world = FilesWorld(1)
    world.files["v1"]["status"] = "created"
    with pytest.raises(errors.InvalidParameter, match=r"none of its versions is uploaded yet: 'Cut_v1\.mov' v1"):
        world.run(plan(REQUEST, Series()))


@pytest.mark.parametrize(
    ("items", "batch"),
    [
        ([Item("a", "A", 1), Item("b", "B", 1)], [1, 0]),
        ([Item("a", "A", 1), Item("b", "A", 1), Item("c", "C", 1)], [2, 0]),
        ([Item("a", "A", 1), Item("b", "A", 2)], [1, 0]),
        ([Item("a", "A", 1), Item("b", "A (1)", None)], [1]),
        ([Item("a", "A", None), Item("b", "A", 1)], [1]),
        ([Item("a", "A", 1, "copy"), Item("b", "B", 1)], [1]),
        ([Item("a", "A", 1, "copy")], []),
        ([Item(str(n), str(n), 1) for n in range(130)], [9, *range(9), *range(10, 100)]),
    ],
)
def test_no_two_that_look_alike_are_copied_together(items: list[Item], batch: list[int]) -> None:
    """So that each copy can be told by its name and size."""
    assert next_batch(items) == batch


RECORD = RestackRecord(
    at=5.0,
    source_id="s1",
    folder_id="p1",
    me=("u", "e"),
    items=(Item("s1", "A", 1, "c1", "https://x", answered=True), Item("s2", "B", None)),
    newest_first=True,
    series=Series(1, "2"),
    existing=("f",),
    sending=(1,),
    tries=1,
    stack={"id": "k"},
    moving="c1",
    assumed=True,
    search=Search(7.0, {"c2": 9.0}),
)


def test_a_record_survives_its_store() -> None:
    """All of it, as JSON."""
    assert RestackRecord.from_json(json.loads(json.dumps(RECORD.to_json()))) == RECORD
    many = replace(
        RECORD, items=tuple(Item(f"adobe:urn:aaid:sc:EU:{n:036}|1", "Cut.mov", n, "c" * 58, "u") for n in range(400))
    )
    assert len(json.dumps(many.to_json())) < 64 * 1024
    assert REQUEST.key() != replace(REQUEST, copy_comments="none").key()


def test_what_airflow_is_told_of_a_copy() -> None:
    """The new stack, and the files that it was made of."""
    made = RECORD.finish({"id": "k", "view_url": "https://next.frame.io/k"}).result(REQUEST)
    assert (made.source_id, made.copy_id, made.url) == (REQUEST.source_id, "k", "https://next.frame.io/k")
    assert (made.versions, made.version_ids) == (2, ("s1", "s2"))


def test_how_far_a_record_is() -> None:
    """What was made, and whether anything may be there that nobody has finished."""
    empty = replace(RECORD, items=(Item("s1", "A"), Item("s2", "B")), sending=(), stack=None)
    assert (empty.unfinished, empty.done, empty.made_ids) == (False, False, [])
    assert empty.sent([0]).unfinished
    assert RECORD.unfinished
    assert RECORD.made_ids == ["c1", "k"]
    done = RECORD.finish({"id": "k", "creator": {"email": "ada@studio.test"}})
    assert (done.unfinished, done.done, done.copy, done.moving) == (False, True, {"id": "k"}, "")


def test_what_is_sent_is_searched_for_from_the_beginning() -> None:
    """How far the search for another batch was says nothing about it; a copy that came ends the count of tries."""
    sending = RECORD.sent([0, 1])
    assert (sending.sending, sending.tries, sending.search) == ((0, 1), 2, Search())
    copied = sending.copied({0: {"id": "c7"}}, answered=False)
    assert (copied.sending, copied.tries, copied.copies) == ((1,), 0, ["c7", ""])
    assert copied.items[0].answered is False
    assert sending.copied({}, answered=True).tries == 2


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"kind": "native"},
        {"at": "soon"},
        {"at": float("inf")},
        {"items": []},
        {"items": [["s"]]},
        {"sending": [7]},
        {"me": ["x"]},
        {"stack": {"id": ""}},
        {"stack": {}},
        {"series": None},
        {"search": {"since": 1.0}},
    ],
    ids=str,
)
def test_a_record_of_another_kind_is_refused(change: dict[str, Any]) -> None:
    """A newer version's, or none at all."""
    with pytest.raises(ValueError, match="not a record of kind restack, format 1"):
        RestackRecord.from_json({**RECORD.to_json(), **change})


def waiting(world: FilesWorld, ids: list[str]) -> None:
    now = world.now + CLIENTS_CLOCK
    terms = Terms(now, now + 100, 1.0, 2)
    world.run(wait_until_complete("a1", [FilesExpectation("p1", tuple(ids))], terms))


def test_files_are_waited_for_until_they_have_their_bytes() -> None:
    """One list a look, however many there are."""
    world = FilesWorld(1)
    for number in range(3):
        world.add(f"c{number}", "p1", f"{number}.mov", 1)["status"] = "created"

    def arrive(operation: Operation[Any]) -> None:
        if world.asked("list files") == 3:
            for number in range(3):
                world.files[f"c{number}"]["status"] = "transcoded"

    world.trouble = arrive
    waiting(world, ["c0", "c1", "c2"])
    assert len(world.calls) == 3
    assert [pause.reason for pause in world.pauses if pause.seconds] == [
        "0 of 3 files uploaded, 0 s so far",
        "0 of 3 files uploaded, 1 s so far",
    ]


def test_files_that_do_not_come_end_the_wait() -> None:
    """With how far they were."""
    world = FilesWorld(1)
    world.add("c0", "p1", "0.mov", 1)["status"] = "created"
    with pytest.raises(CopyTimeout, match=r"not there in the time allowed: 0 of 1 files uploaded, 100 s so far"):
        waiting(world, ["c0"])


def test_files_that_a_list_does_not_show_are_asked_for() -> None:
    """One a look; what is elsewhere is not waited for, and what is gone will not come."""
    world = FilesWorld(1)
    world.add("c0", "p1", "0.mov", 1)
    world.loose = lambda folder_id="p1": []  # type: ignore[method-assign]
    waiting(world, ["c0"])
    world.files["c0"]["parent_id"] = "p9"
    world.files["c0"]["status"] = "created"
    waiting(world, ["c0"])
    with pytest.raises(CopyFailed, match="is not there"):
        waiting(world, ["c7"])


def test_failed_looks_are_borne_for_a_while() -> None:
    """Two in a row here."""
    world = FilesWorld(1)
    world.add("c0", "p1", "0.mov", 1)
    world.trouble = lambda one: status_error(503, one) if world.asked("list files") < 3 else None
    waiting(world, ["c0"])
    world.trouble = lambda one: status_error(503, one)
    with pytest.raises(errors.ServerError):
        waiting(world, ["c0"])


@pytest.mark.parametrize(
    ("source", "parent_id", "seen"),
    [
        ({"id": "s"}, None, False),
        ({"id": "s", "adobe_id": None, "project_id": "p"}, "f", False),
        ({"id": "s", "adobe_id": "urn:1"}, None, True),
        ({"id": "adobe:a|1"}, None, True),
        ({"id": "s", "project_id": "adobe:a"}, None, True),
        ({"id": "s"}, "adobe:f|1", True),
    ],
)
def test_signs_of_adobe_storage(source: dict[str, Any], parent_id: str | None, seen: bool) -> None:
    """In what is known anyway."""
    assert shows_adobe_storage(source, parent_id) is seen


@pytest.mark.parametrize(("status", "suspicious"), [(400, True), (403, True), (409, True), (422, True), (404, False)])
def test_a_refusal_may_mean_adobe_storage(status: int, suspicious: bool) -> None:
    """So may a copy of which nobody knows what became of it."""
    error = status_error(status, get_me())
    assert isinstance(error, errors.ApiError)
    assert may_mean_adobe_storage(error) is suspicious
    assert may_mean_adobe_storage(CopyNeedsHelp("nobody knows"))


@pytest.mark.parametrize(
    ("source", "folder", "projects", "parent_id", "seen", "calls"),
    [
        ({"project_id": "p"}, {"project_id": "p"}, {"p": None}, "f", False, 3),
        ({"project_id": "p"}, {"project_id": "q"}, {"p": None, "q": None}, "f", False, 4),
        ({"project_id": "p"}, {"project_id": "q"}, {"p": None, "q": "urn:1"}, "f", True, 4),
        ({"project_id": "p"}, {"project_id": "p"}, {"p": "urn:1"}, "f", True, 3),
        ({"project_id": "p"}, {}, {"p": None}, None, False, 2),
        ({}, {"adobe_id": "urn:1"}, {}, "f", True, 2),
        ({"adobe_id": "urn:1"}, {}, {}, "f", True, 1),
    ],
)
def test_adobe_storage_is_looked_for(
    source: dict[str, Any],
    folder: dict[str, Any],
    projects: dict[str, Any],
    parent_id: str | None,
    seen: bool,
    calls: int,
) -> None:
    """In the projects of the source and of the target."""

    def respond(operation: Operation[Any]) -> Any:
        if operation.name.startswith("show project"):
            return {"adobe_id": projects[operation.name.rsplit(" ", 1)[1]]}
        return folder if operation.name.startswith("show folder") else source

    driver = Driver(respond)
    assert driver.run(find_adobe_storage("a", "s", parent_id)) is seen
    assert len(driver.calls) == calls


def test_a_record_knows_what_its_source_held_and_whether_anything_is_looked_for() -> None:
    """So that rows whose copies look the same are known."""
    assert RECORD.digests == tuple(item.digest for item in RECORD.items)
    assert not replace(RECORD, sending=()).unresolved
    assert RECORD.sent([0]).unresolved
