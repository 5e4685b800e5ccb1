"""A stack made anew, once: whatever step its process dies at, and whatever answer is lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.api.errors import CopyFailed, CopyNeedsHelp
from airflow_provider_frameio.api.protocol import Now, Operation, RecordedFlow
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from airflow_provider_frameio.copying.restack.wait import undo, wait_for_files
from tests.copying.restack.files_world import REQUEST, FilesWorld, Killed
from tests.copying.world import CLIENTS_CLOCK, status_error

RULES = Rules()


def whole(record: RestackRecord | None, rules: Rules = RULES) -> RecordedFlow[RestackRecord]:
    """Both halves, and the wait between them."""
    record = yield from copy_versions(REQUEST, record, rules)
    if not record.stack:
        now = yield Now()
        yield from wait_for_files("a1", record.folder_id, record.copies, "uploaded", Terms(now, now + 1))
    return (yield from stack_copies("a1", record, rules))


def resume(world: FilesWorld, began: float | None = None, rules: Rules = RULES) -> RestackRecord:
    """What the next try does: with the stored record, or (``began``) without any."""
    if began is not None:
        record = world.run(assume_begun(REQUEST, began, rules))
    else:
        stored = json.loads(json.dumps(world.stored[-1])) if world.stored else None
        record = RestackRecord.from_json(stored)
    made: RestackRecord = world.run(whole(record, rules))
    return made


def assert_one_stack(world: FilesWorld, record: RestackRecord) -> None:
    """It holds a copy of every version, in order, and nothing else was left anywhere."""
    (stack,) = world.made()
    assert record.finished
    assert (record.stack or {})["id"] == stack
    assert [one.split("-")[1] for one in world.inside[stack]] == [f"v{n}" for n in range(1, world.versions + 1)]
    assert world.loose() == []
    assert (record.stack or {})["head_version"]["id"] == world.inside[stack][-1]
    assert world.stacks[stack]["name"] == world.names(min(10, world.versions))


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("versions", [2, 10, 11, 101, 250])
def test_all_versions_in_their_order(versions: int, newest_first: bool) -> None:
    """Whichever way Frame.io lists them."""
    world = FilesWorld(versions, newest_first=newest_first)
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("copy files") == -(-versions // 100)
    assert world.asked("move file") == max(0, versions - 10)
    assert next(call.request.params for call in world.calls if call.name.startswith("copy")) == {
        "copy_metadata": "true",
        "copy_comments": "all",
    }


@pytest.mark.parametrize("lose", [True, False])
def test_the_stack_is_named_after_a_version_though_copies_get_other_names(lose: bool) -> None:
    """Frame.io adds numbers to names that are taken, and names a stack after its newest file."""
    world = FilesWorld(3, names=lambda number: "Cut.mov")
    world.lost = lambda operation: lose and operation.name.startswith("copy files")
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("update file") == 1


@pytest.mark.parametrize("acted", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize(
    ("versions", "bulk", "kept"),
    [
        *itertools.product((2, 3, 10, 11), [True], [True, False]),
        *itertools.product((3, 12), [False], [True, False]),
        (120, True, True),
        pytest.param(120, True, False, marks=pytest.mark.whole),
    ],
)
def test_it_may_die_at_any_step(versions: int, bulk: bool, acted: bool, kept: bool) -> None:
    """The next try goes on in the middle: the same stack as without the death, and not a file too many."""
    untouched = FilesWorld(versions, bulk=bulk)
    untouched.run(whole(None))
    deaths = 0
    for step in range(untouched.steps):
        world = FilesWorld(versions, bulk=bulk, kill_at=step, acted=acted)
        began = world.now + CLIENTS_CLOCK
        try:
            world.run(whole(None))
        except Killed:
            deaths += 1
        world.kill_at = -1
        assert_one_stack(world, resume(world, None if kept else began))
        assert len(world.files) == 2 * versions
    assert deaths >= 8


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("versions", [3, 12])
def test_any_answer_may_be_lost(versions: int, carried_out: bool) -> None:
    """Of each call that changes something, once; carried out or not."""
    untouched = FilesWorld(versions)
    untouched.run(whole(None))
    changing = [n for n, call in enumerate(untouched.calls) if call.request.method != "GET"]
    for number in changing:
        world = FilesWorld(versions)
        lose = _nth_call(world, number)
        if carried_out:
            world.lost = lose
        else:
            world.trouble = lambda operation, lose=lose: errors.NoAnswer("x", "y", "z") if lose(operation) else None
        assert_one_stack(world, world.run(whole(None)))
        assert len(world.files) == 2 * versions


def _nth_call(world: FilesWorld, number: int) -> Callable[[Operation[Any]], bool]:
    return lambda operation: len(world.calls) == number + 1


def test_what_comes_late_is_waited_for() -> None:
    """A bulk copy that is carried out long after its answer was lost is found, not made again."""
    world = FilesWorld(3)
    late: list[Operation[Any]] = []

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("copy files") and not late:
            late.append(operation)
            return errors.NoAnswer("x", "y", "z")
        if len(late) == 1 and world.now > began + 100:
            world._answer(late[0])
            late.append(operation)
        return None

    began, world.trouble = world.now, trouble
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("copy files") == 1


def test_part_of_a_batch_is_taken_and_the_rest_sent_again() -> None:
    """Frame.io may carry out a part."""
    world = FilesWorld(4)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("copy files") and world.asked("copy files") == 1:
            world._copy(operation, "v2", "p1")
            return errors.NoAnswer("x", "y", "z")
        return None

    world.trouble = trouble
    assert_one_stack(world, world.run(whole(None)))
    last = [call for call in world.calls if call.name.startswith("copy files")][-1]
    assert (last.request.json or {})["data"]["file_ids"] == ["v1", "v3", "v4"]


def test_an_answer_that_leaves_some_out_is_a_lost_one() -> None:
    """What it does not tell is looked for."""
    world = FilesWorld(3)
    answer = world._copy_many
    world._copy_many = lambda operation, data: answer(operation, data)[1:]  # type: ignore[method-assign]
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("copy files") == 1


def test_never_more_than_two_copies_are_sent_in_doubt() -> None:
    """Then somebody has to look."""
    world = FilesWorld(2, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("copy f") else None)
    with pytest.raises(CopyNeedsHelp, match=r"2 copies of 'Cut_v1.mov', 'Cut_v2.mov' were sent"):
        world.run(whole(None))
    assert world.asked("copy files") == 2


@pytest.mark.parametrize("choice", ["fail", "adopt_oldest", "copy_again"])
def test_two_that_may_be_the_copy(choice: str) -> None:
    """It is asked, or done as the user wished."""
    world = FilesWorld(2)
    world.lost = lambda operation: operation.name.startswith("copy files") and world.asked("copy files") == 1
    rules = Rules(on_ambiguous=choice)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("list files") and world.asked("list files") == 2:
            world.add("twin", "p1", "Cut_v1 (1).mov", 101, world.now + 1)
        return None

    world.trouble = trouble
    if choice == "fail":
        with pytest.raises(CopyNeedsHelp, match=r"'Cut_v1.mov' c1-v1 of .*; 'Cut_v1 \(1\).mov' twin"):
            world.run(whole(None, rules))
        return
    record = world.run(whole(None, rules))
    (stack,) = world.made()
    first, second = world.inside[stack]
    assert record.finished
    assert second == "c2-v2"
    assert first == ("c1-v1" if choice == "adopt_oldest" else "c3-v1")


def test_files_of_others_and_of_old_are_no_candidates() -> None:
    """Nor what was there before, whatever its name and size."""
    world = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))
    world.add("before", "p1", "Cut_v1.mov", 101, world.now)
    world.add("old", "p1", "Cut_v2.mov", 102, world.now - 3600)
    record = world.run(copy_versions(REQUEST, None, RULES))
    world.add("other", "p1", "Cut_v1.mov", 101)["creator"] = {"id": "u2", "email": "ben@studio.test"}
    assert [copy.split("-")[0] for copy in record.copies] == ["c1", "c2"]


def test_failed_looks_are_no_answers() -> None:
    """Ten in a row are borne; those that do not pass are not."""
    world = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        failing = operation.name.startswith("list files") and 2 <= world.asked("list files") <= 11
        return status_error(503, operation) if failing else None

    world.trouble = trouble
    world.run(copy_versions(REQUEST, None, RULES))
    for status, error in ((503, errors.ServerError), (403, errors.Forbidden)):
        failing = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))
        failing.trouble = lambda operation, status=status, failing=failing: (
            status_error(status, operation)
            if operation.name.startswith("list files") and failing.asked("list files") > 1
            else None
        )
        with pytest.raises(error):
            failing.run(copy_versions(REQUEST, None, RULES))


def test_a_refused_copy_ends_it_with_nothing_made() -> None:
    """And the record says so."""
    world = FilesWorld(2, trouble=lambda one: status_error(422, one) if one.name.startswith("copy f") else None)
    with pytest.raises(errors.Unprocessable):
        world.run(whole(None))
    record = RestackRecord.from_json(world.stored[-1])
    assert record is not None
    assert not record.begun


def test_without_bulk_copies_a_refusal_is_final() -> None:
    """A 404 of a single copy is that of the file."""
    world = FilesWorld(2, bulk=False)
    world.trouble = lambda operation: status_error(404, operation) if operation.name == "copy file v1" else None
    with pytest.raises(errors.NotFound):
        world.run(whole(None))


def test_the_stack_is_asked_for_until_it_comes() -> None:
    """Three times at most; a refusal of a repeat may mean that the first one has come."""
    world = FilesWorld(2, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("create") else None)
    with pytest.raises(CopyNeedsHelp, match="asked for 3 times"):
        world.run(whole(None))

    def late(operation: Operation[Any]) -> errors.FrameioError | None:
        if not operation.name.startswith("create"):
            return None
        if other.asked("create") == 1:
            return errors.NoAnswer("", "", "")
        other._answer(operation)
        return status_error(422, operation)

    other = FilesWorld(2, trouble=late)
    assert_one_stack(other, other.run(whole(None)))


@pytest.mark.parametrize("lost", [0, 1])
def test_a_refused_stack_ends_it(lost: int) -> None:
    """At once, or after a repeat."""

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if not operation.name.startswith("create"):
            return None
        return errors.NoAnswer("", "", "") if world.asked("create") <= lost else status_error(403, operation)

    world = FilesWorld(2, trouble=trouble)
    with pytest.raises(errors.Forbidden):
        world.run(whole(None))


def test_a_move_that_is_lost_for_ever_ends_it() -> None:
    """The record goes on later."""
    world = FilesWorld(11, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("move") else None)
    with pytest.raises(errors.OutcomeUnknown):
        world.run(whole(None))
    world.trouble = lambda operation: None
    assert_one_stack(world, resume(world))


def test_a_wrong_order_is_an_error() -> None:
    """Never a silent one; what somebody else adds meanwhile is not ours to judge."""
    world = FilesWorld(11)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("list version stack children") and world.made():
            stack = world.made()[0]
            world.inside[stack].sort(key=lambda one: one == "c1-v1")
        return None

    world.trouble = trouble
    with pytest.raises(CopyFailed, match="does not list its versions as the source does"):
        world.run(whole(None))


def test_a_finished_copy_is_made_again_only_for_a_user() -> None:
    """An automatic retry finds it done; one that is gone is an error."""
    world = FilesWorld(2)
    first = world.run(whole(None))
    assert resume(world) == first
    again = resume(world, rules=Rules(generation=1))
    assert len(world.made()) == 2
    assert (again.stack or {})["id"] != (first.stack or {})["id"]
    for copy in again.copies:
        world._delete(copy_files("a1", ["x"], "p1"), copy)
    with pytest.raises(CopyFailed, match="is gone"):
        resume(world, rules=Rules(generation=1))


def test_what_a_user_clears_in_the_middle_is_finished_first() -> None:
    """Then it is a copy of the new generation, which an automatic retry does not make again."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    done = world.run(whole(record, Rules(generation=1)))
    assert done.generation == 1
    assert_one_stack(world, done)


def test_a_single_version_is_a_file() -> None:
    """Frame.io makes no stack of one."""
    world = FilesWorld(1)
    record = world.run(whole(None))
    assert (record.stack or {})["id"] == world.loose()[0]
    assert resume(world) == record
    world._delete(copy_files("a1", ["x"], "p1"), record.copies[0])
    with pytest.raises(CopyFailed, match="is gone"):
        resume(world)


def test_what_was_made_is_taken_back() -> None:
    """All that the record knows of, whether stacked or not; what is gone is gone."""
    world = FilesWorld(12)
    record = world.run(whole(None))
    world._delete(copy_files("a1", ["x"], "p1"), record.copies[3])
    assert world.run(undo("a1", record)) == []
    assert (world.made(), world.loose()) == ([], [])
    assert RestackRecord.from_json(world.stored[-1]) == record.undone()
    assert not record.undone().begun


def test_what_cannot_be_taken_back_is_told() -> None:
    """And stays in the record."""
    world = FilesWorld(2)
    record = replace(world.run(copy_versions(REQUEST, None, RULES)), finished=False)
    stored = len(world.stored)
    world.trouble = lambda operation: status_error(403, operation) if operation.name.endswith("-v2") else None
    (left,) = world.run(undo("a1", record))
    assert left.startswith("'Cut_v2.mov' c2-v2 (https://next.frame.io/c2-v2): ")
    assert len(world.stored) == stored


def test_without_a_record_stacks_of_others_are_left_alone() -> None:
    """A stack that holds something else, somebody else's, or one that vanishes while it is looked at."""
    world = FilesWorld(2)
    began = world.now + CLIENTS_CLOCK
    for name, creator in (("foreign", None), ("theirs", {"id": "u2", "email": "b@x.test"}), ("vanishing", None)):
        made = world._create(
            copy_files("a1", ["x"], "p1"),
            "p1",
            [world.add(f"{name}-{n}", "p1", f"{name}{n}.mov", n)["id"] for n in (1, 2)],
        )
        if creator:
            world.stacks[str(made["id"])]["creator"] = creator
    gone = world.made()[-1]
    world.trouble = lambda one: status_error(404, one) if one.name == f"list version stack children {gone}" else None
    record = resume(world, began)
    assert len(world.made()) == 4
    assert world.inside[str((record.stack or {})["id"])] == record.copies
