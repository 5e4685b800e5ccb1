"""Copied files that are taken back: those that an answer named, and no others."""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.copying.restack.copy_files import copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.undo import undo
from tests.copying.restack.files_world import REQUEST, RULES, FilesWorld, whole
from tests.copying.world import status_error


def test_what_was_made_is_taken_back() -> None:
    """All that an answer named, whether stacked or not; what is gone is gone."""
    world = FilesWorld(12)
    record = world.run(whole(None))
    world._delete(copy_files("a1", ["x"], "p1"), record.copies[3])
    assert world.run(undo("a1", record)) == []
    assert (world.made(), world.loose()) == ([], [])
    assert RestackRecord.from_json(world.stored[-1]) == record.undone(())
    assert not record.undone(()).unfinished


def test_what_cannot_be_taken_back_is_told() -> None:
    """And stays in the record."""
    world = FilesWorld(2)
    record = world.run(copy_versions(REQUEST, None, RULES))
    world.trouble = lambda operation: status_error(403, operation) if operation.name.endswith("-v2") else None
    (left,) = world.run(undo("a1", record))
    assert left.startswith("'Cut_v2.mov' c2-v2 (https://next.frame.io/c2-v2): ")
    assert RestackRecord.from_json(world.stored[-1]).copies == ["", "c2-v2"]


def test_what_a_search_found_is_never_deleted() -> None:
    """It is ours by all signs, and may be somebody else's all the same."""
    world = FilesWorld(2)
    world.lost = lambda operation: operation.name.startswith("copy files")
    record = world.run(copy_versions(REQUEST, None, RULES))
    left = world.run(undo("a1", record))
    assert [words.split(": ")[-1] for words in left] == ["found by a search"] * 2
    assert world.asked("delete") == 0
    assert RestackRecord.from_json(world.stored[-1]).copies == record.copies
