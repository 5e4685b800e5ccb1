"""The first copy, when it turns up beside the second: found, and deleted only where it is surely ours and whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.duplicates import delete_late_twin, find_late_twins
from airflow_provider_frameio.copying.record import CopyRecord, Snapshot, digests
from tests.copying.world import NOW, REQUEST, VERSIONS, World, stack, status_error, version

SNAPSHOT = Snapshot(NOW, "p1", "Cut.mov", 2, digests(VERSIONS), ("u1", "ada@studio.test"))
COPY = stack("second", NOW + 200)
TWIN = stack("first", NOW + 250)
RECORD = CopyRecord(SNAPSHOT, 0, sent=2, copy=COPY)


def deleted(world: World) -> list[str]:
    return [call.name.split()[-1] for call in world.calls if call.name.startswith("delete file")]


@pytest.mark.parametrize("record", [replace(RECORD, sent=0), replace(RECORD, sent=1), replace(RECORD, copy=None)])
def test_where_one_copy_was_sent_no_twin_is_asked_for(record: CopyRecord) -> None:
    """Not a single call; nor where there is none yet to be the twin of."""
    world = World(stacks=[COPY, TWIN])
    assert world.run(find_late_twins(REQUEST, record)) == []
    assert world.calls == []


def test_a_twin_is_what_may_be_the_copy_but_is_not() -> None:
    """Since the first was sent; a colleague's is none."""
    theirs = stack("theirs", NOW + 9, creator={"id": "u2"})
    world = World(stacks=[COPY, TWIN, theirs, stack("old", NOW - 99)])
    assert world.run(find_late_twins(REQUEST, RECORD)) == [TWIN]
    assert World(stacks=[COPY]).run(find_late_twins(REQUEST, RECORD)) == []


def test_a_twin_is_deleted_file_by_file() -> None:
    """A version stack itself cannot be."""
    world = World(stacks=[COPY, TWIN])
    assert world.run(delete_late_twin(REQUEST, RECORD, TWIN)) is True
    assert deleted(world) == [one["id"] for one in VERSIONS]


MORE = version("Extra.mov", 7)


@pytest.mark.parametrize(
    ("record", "children"),
    [
        (RECORD, (*VERSIONS, MORE)),
        (RECORD, (VERSIONS[0], MORE)),
        (RECORD, (VERSIONS[0], version("Cut_v1.mov", 11))),
        (RECORD, (VERSIONS[0], version("Cut_v1.mov", None, status="created"))),
        (RECORD, VERSIONS[:1]),
        (RECORD, ()),
        (replace(RECORD, assumed=True), VERSIONS),
        (replace(RECORD, snapshot=replace(SNAPSHOT, digests=())), VERSIONS),
    ],
    ids=["one more", "another", "another size", "no size yet", "not whole yet", "empty yet", "a guess", "too many"],
)
def test_what_is_not_surely_a_whole_twin_is_left_alone(record: CopyRecord, children: Sequence[JsonObject]) -> None:
    """Not one of its files is deleted."""
    world = World(stacks=[TWIN], children={"first": children})
    assert world.run(delete_late_twin(REQUEST, record, TWIN)) is False
    assert deleted(world) == []


def test_a_file_that_is_gone_already_is_deleted() -> None:
    """The answer to the first try was lost, or somebody else was faster; the rest follows."""
    world = World(stacks=[TWIN])
    world.trouble = lambda asked: status_error(404, asked) if asked.name == "delete file f-Cut_v2.mov" else None
    assert world.run(delete_late_twin(REQUEST, RECORD, TWIN)) is True
    assert deleted(world) == [one["id"] for one in VERSIONS]


@pytest.mark.parametrize(("at", "status"), [("delete file", 403), ("delete file", 500), ("list version", 500)])
def test_any_other_error_while_deleting_is_an_error(at: str, status: int) -> None:
    """It must not be said that all are gone."""

    def refuse(asked: Operation[Any]) -> errors.FrameioError | None:
        return status_error(status, asked) if asked.name.startswith(at) else None

    with pytest.raises(errors.ApiError):
        World(stacks=[TWIN], trouble=refuse).run(delete_late_twin(REQUEST, RECORD, TWIN))
