"""The first copy, when it turns up beside the second: found, and left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_frameio.copying.duplicates import find_late_duplicates
from airflow_provider_frameio.copying.record import CopyRecord, Snapshot
from tests.copying.world import NOW, REQUEST, VERSIONS, World, stack

SNAPSHOT = Snapshot(NOW, "s1", "p1", ("Cut.mov",), ("u1", "ada@studio.test")).of(VERSIONS)
COPY = stack("second", NOW + 200)
LATE = stack("first", NOW + 250)
RECORD = CopyRecord(SNAPSHOT, sent=2, copy=COPY)


@pytest.mark.parametrize("record", [replace(RECORD, sent=0), replace(RECORD, sent=1), replace(RECORD, copy=None)])
def test_where_one_copy_was_sent_no_duplicate_is_asked_for(record: CopyRecord) -> None:
    """Not a single call; nor where there is none yet to be the duplicate of."""
    world = World(stacks=[COPY, LATE])
    assert world.run(find_late_duplicates(REQUEST, record)) == []
    assert world.calls == []


def test_a_duplicate_is_what_may_be_the_copy_but_is_not() -> None:
    """Since the first was sent; a colleague's is none, and nothing but a look is taken."""
    theirs = stack("theirs", NOW + 9, creator={"id": "u2"})
    world = World(stacks=[COPY, LATE, theirs, stack("old", NOW - 99)])
    assert world.run(find_late_duplicates(REQUEST, RECORD)) == [LATE]
    assert {call.request.method for call in world.calls} == {"GET"}
    assert World(stacks=[COPY]).run(find_late_duplicates(REQUEST, RECORD)) == []


def test_what_this_task_made_besides_is_no_duplicate() -> None:
    """Another of its sources may have equal content."""
    world = World(stacks=[COPY, LATE, stack("sibling", NOW + 260)])
    assert world.run(find_late_duplicates(REQUEST, RECORD, {"sibling"})) == [LATE]
