"""A stack made anew, once: whatever step its process dies at, and whatever answer is lost."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyFailed, CopyNeedsHelp
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.record import Series
from airflow_provider_frameio.copying.restack.copy_files import copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from tests.copying.restack.files_world import AGAIN, REQUEST, RULES, FilesWorld, Killed, resume, whole
from tests.copying.world import CLIENTS_CLOCK, status_error


def assert_one_stack(world: FilesWorld, record: RestackRecord) -> None:
    """It holds a copy of every version, in order, and nothing else was left anywhere."""
    (stack,) = world.made()
    assert record.finished
    assert (record.stack or {})["id"] == stack
    assert [one.split("-")[1] for one in world.inside[stack]] == [f"v{n}" for n in range(1, world.versions + 1)]
    assert world.loose() == []
    assert (record.stack or {})["head_version"]["id"] == world.inside[stack][-1]
    assert world.stacks[stack]["name"] == world.names(min(10, world.versions))
    assert [world.files[one]["name"] for one in world.inside[stack]] == list(
        map(world.names, range(1, world.versions + 1))
    )


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
@pytest.mark.parametrize("versions", [3, 12])
def test_versions_of_one_name_keep_it(versions: int, lose: bool) -> None:
    """Frame.io numbers the copies, since names in a folder differ; within the stack they are renamed."""
    world = FilesWorld(versions, names=lambda number: "Cut.mov")
    world.lost = lambda operation: lose and operation.name.startswith("copy files")
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("update file") == versions - 1
    changes = [call.name.split()[0] for call in world.calls if call.request.method != "GET"]
    assert changes[-(versions - 1) :] == ["update"] * (versions - 1)


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
    assert (last.request.json or {})["data"]["file_ids"] == ["v4", "v1", "v3"]


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
    with pytest.raises(CopyNeedsHelp, match=r"2 copies of 'Cut_v2.mov', 'Cut_v1.mov' were sent"):
        world.run(whole(None))
    assert world.asked("copy files") == 2


def test_a_refused_copy_ends_it_with_nothing_made() -> None:
    """And the record says so."""
    world = FilesWorld(2, trouble=lambda one: status_error(422, one) if one.name.startswith("copy f") else None)
    with pytest.raises(errors.Unprocessable):
        world.run(whole(None))
    assert not RestackRecord.from_json(world.stored[-1]).unfinished


def test_without_bulk_copies_a_refusal_is_final() -> None:
    """A 404 of a single copy is that of the file."""
    world = FilesWorld(2, bulk=False)
    world.trouble = lambda operation: status_error(404, operation) if operation.name == "copy file v1" else None
    with pytest.raises(errors.NotFound):
        world.run(whole(None))


def test_the_stack_is_asked_for_until_it_comes() -> None:
    """Three times at most; a refusal of a repeat may mean that the first one has come."""
    world = FilesWorld(2, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("create") else None)
    with pytest.raises(errors.OutcomeUnknown, match="asked 3 times"):
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
    """It was sent three times, three minutes apart; the record goes on later."""
    world = FilesWorld(11, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("move") else None)
    began = world.now
    with pytest.raises(errors.OutcomeUnknown):
        world.run(whole(None))
    assert world.asked("move file") == 3
    assert world.now - began >= 3 * 180.0
    world.trouble = lambda operation: None
    assert_one_stack(world, resume(world))


def moves_late(world: FilesWorld, after: float, *, dies: bool) -> None:
    """The second move is carried out so many seconds later; its answer is lost, or its process dies meanwhile."""
    late: list[tuple[float, Operation[Any]]] = []

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if late and world.now >= late[0][0]:
            due = late.pop()[1]
            world._move(due, due.name.split()[-1], (due.request.json or {})["data"]["parent_id"])
        if operation.name.startswith("move file") and world.asked("move file") == 2:
            late.append((world.now + after, operation))
            if dies:
                raise Killed
            return errors.NoAnswer("x", "y", "z")
        return None

    world.trouble = trouble


@pytest.mark.parametrize("after", [1.0, 70.0, 170.0])
def test_a_move_that_is_carried_out_late_does_not_change_the_order(after: float) -> None:
    """It is waited for three minutes before it is repeated, or the next one sent."""
    world = FilesWorld(14)
    moves_late(world, after, dies=False)
    assert_one_stack(world, world.run(whole(None)))
    assert world.asked("move file") == 4


@pytest.mark.parametrize("after", [1.0, 70.0, 170.0])
def test_a_dead_workers_move_that_is_carried_out_late_does_not_change_the_order(after: float) -> None:
    """The record names the file that was under way when the worker died."""
    world = FilesWorld(14)
    moves_late(world, after, dies=True)
    with pytest.raises(Killed):
        world.run(whole(None))
    assert_one_stack(world, resume(world))
    assert world.asked("move file") == 4


def test_a_wrong_order_is_an_error() -> None:
    """Never a silent one; what somebody else adds meanwhile is not ours to judge."""
    world = FilesWorld(11)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("list version stack children") and world.made():
            stack = world.made()[0]
            world.inside[stack].sort(key=lambda one: one.endswith("-v1"))
        return None

    world.trouble = trouble
    with pytest.raises(CopyFailed, match="does not list its versions as the source does"):
        world.run(whole(None))


def test_a_finished_copy_is_made_again_only_for_a_user() -> None:
    """An automatic retry finds it done, and so does a clear of a task that had not finished; neither asks anything."""
    world = FilesWorld(2)
    first = world.run(whole(None))
    calls = len(world.calls)
    assert resume(world) == resume(world, rules=Rules(Series(0, "2"))) == first
    assert len(world.calls) == calls
    again = resume(world, rules=AGAIN)
    assert len(world.made()) == 2
    assert (again.stack or {})["id"] != (first.stack or {})["id"]


def test_what_a_user_clears_in_the_middle_is_finished_first() -> None:
    """Then it is a copy of the new edition, which an automatic retry does not make again."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    done = world.run(whole(record, AGAIN))
    assert done.series == AGAIN.series
    assert_one_stack(world, done)


def test_a_single_version_is_a_file() -> None:
    """Frame.io makes no stack of one."""
    world = FilesWorld(1)
    record = world.run(whole(None))
    assert (record.stack or {})["id"] == world.loose()[0]
    assert resume(world) == record


@pytest.mark.parametrize("status", [403, 409, 422, 500])
def test_a_name_that_is_refused_is_not_worth_the_copy(status: int) -> None:
    """It is warned of once; the versions keep the names that Frame.io gave them."""
    world = FilesWorld(4, names=lambda number: "Cut.mov")
    world.trouble = lambda operation: status_error(status, operation) if operation.name.startswith("update") else None
    record = world.run(whole(None))
    assert record.finished
    assert world.asked("update file") == 1
    (warning,) = [pause.reason for pause in world.pauses if pause.level == logging.WARNING]
    assert warning.startswith("The copy keeps names that Frame.io gave its versions, such as 'Cut (")


@pytest.mark.parametrize(("name", "warnings"), [("n" * 300 + ".mov", 1), (None, 0)], ids=["too long", "none"])
def test_a_name_that_no_file_may_have_is_no_error(name: str | None, warnings: int) -> None:
    """It is not asked for."""
    world = FilesWorld(3)
    for number in (2, 3):
        world.files[f"v{number}"]["name"] = name
    assert world.run(whole(None)).finished
    assert world.asked("update file") == 0
    assert sum(pause.level == logging.WARNING for pause in world.pauses) == warnings
