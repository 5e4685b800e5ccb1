"""Copied files that are taken back: those that an answer named, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.api.protocol import Warn
from airflow_provider_frameio.copying.restack.copy_files import copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from airflow_provider_frameio.copying.restack.undo import undo
from tests.copying.restack.files_world import REQUEST, RULES, FilesWorld, Killed, whole
from tests.copying.world import status_error


def test_what_was_made_is_taken_back() -> None:
    """All that an answer named, whether stacked or not; what is gone is gone."""
    world = FilesWorld(12)
    record = world.run(whole(None))
    world._delete(copy_files("a1", ["x"], "p1"), record.copies[3])
    assert world.run(undo("a1", record)) == []
    assert (world.made(), world.loose()) == ([], [])
    emptied = RestackRecord.from_json(world.stored[-1])
    assert emptied == replace(record.discard(), discarded=())
    assert not emptied.unfinished


def test_what_cannot_be_taken_back_is_told() -> None:
    """And the next try deletes it first. It uses it no more: the deletion may only be late."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    world.trouble = lambda operation: status_error(403, operation) if operation.name.endswith("-v2") else None
    (left,) = world.run(undo("a1", record))
    assert left.startswith("'Cut_v2.mov' c1-v2 (https://next.frame.io/c1-v2): ")
    record = RestackRecord.from_json(world.stored[-1])
    assert (record.copies, record.discarded) == (["", ""], ("c1-v2",))
    still = world.run(copy_versions(REQUEST, record, RULES))
    assert still.discarded == ("c1-v2",)
    told = [pause.reason for pause in world.pauses if isinstance(pause, Warn)]
    assert told == ["Copied files of an earlier try could not be deleted: c1-v2."]
    world.trouble = lambda operation: None
    again = world.run(copy_versions(REQUEST, still.discard(), RULES))
    assert (again.copies, again.discarded) == (["c6-v1", "c5-v2"], ())
    assert sorted(world.loose()) == ["c5-v2", "c6-v1"]


def test_what_could_not_be_deleted_at_first_is_deleted_in_the_end() -> None:
    """Once the next copy is there: nothing is left beside it."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    refuses = True
    world.trouble = lambda operation: (
        status_error(401, operation) if refuses and operation.name.startswith("delete file") else None
    )
    world.run(undo("a1", record))
    left = world.run(copy_versions(REQUEST, RestackRecord.from_json(world.stored[-1]), RULES))
    assert left.discarded == ("c2-v1", "c1-v2")
    refuses = False
    finished = world.run(stack_copies("a1", left, RULES.policy))
    assert (finished.finished, finished.discarded, world.loose()) == (True, (), [])


def test_a_stack_that_cannot_be_taken_back_whole_has_no_gap() -> None:
    """What is older than a version that stays, stays as well."""
    world = FilesWorld(3)
    record = world.run(whole(None))
    world.trouble = lambda operation: (
        status_error(403, operation) if operation.name.endswith(record.copies[1]) else None
    )
    left = world.run(undo("a1", record))
    assert len(left) == 2
    assert left[1].endswith("a newer version is not deleted")


def test_what_was_put_on_an_older_stack_leaves_no_gap() -> None:
    """What was there before is not spoken of; what is older than a copy that a search found stays with it."""
    world = FilesWorld(5)
    record = world.run(whole(None))
    answered = (False, False, True, False, True)
    items = tuple(replace(item, answered=one) for item, one in zip(record.items, answered, strict=True))
    stack = record.stack or {}
    record = replace(record, items=items, onto=stack["id"], kept=2)
    left = world.run(undo("a1", record))
    assert [words.split(": ")[-1] for words in left] == ["a newer version is not deleted", "found by a search"]
    assert world.asked("delete") == 1


@pytest.mark.parametrize("kill_at", range(4))
@pytest.mark.parametrize("acted", [False, True])
def test_a_copy_that_is_being_deleted_is_never_used_again(kill_at: int, *, acted: bool) -> None:
    """The worker dies at any step of taking back: the next try makes all copies anew, and deletes the old ones."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    world.kill_at, world.acted = world.steps + kill_at, acted
    with pytest.raises(Killed):
        world.run(undo("a1", record))
    stored = RestackRecord.from_json(world.stored[-1])
    again = world.run(copy_versions(REQUEST, stored, RULES))
    deleted = world.asked("delete") > 0
    assert again.copies == (["c4-v1", "c3-v2"] if deleted or stored != record else record.copies)
    assert sorted(world.loose()) == sorted(again.copies)


def test_what_a_search_found_is_never_deleted() -> None:
    """It is ours by all signs, and may be somebody else's all the same."""
    world = FilesWorld(2)
    world.lost = lambda operation: operation.name.startswith("copy files")
    record = world.run(copy_versions(REQUEST, None, RULES))
    left = world.run(undo("a1", record))
    assert [words.split(": ")[-1] for words in left] == ["found by a search"] * 2
    assert world.asked("delete") == 0
    assert RestackRecord.from_json(world.stored[-1]).copies == record.copies
