"""What a mirror has to do: rows, batches of files, numbers and the time that they take."""

from __future__ import annotations

import json

import pytest

from airflow_provider_frameio.api.errors import NotMirrored
from airflow_provider_frameio.copying.mirror.plan import FolderPlan, Plan, Problem, summary, without
from airflow_provider_frameio.copying.restack.record import Item, RestackRecord

FILE = Item("11111111-1111-4111-8111-111111111111", "A.png", 1)
WORST = Item(FILE.source_id, "\U0001f3ac" * 255, 2**40)
"""The longest name there is, of characters that JSON writes longest."""


def batch(items: tuple[Item, ...], **more: object) -> RestackRecord:
    return RestackRecord(1.0, "f1", "t1", ("", ""), items, newest_first=True, loose=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("file", "most"), [(FILE, 100), (WORST, 100)])
def test_batches_hold_a_hundred_files_and_fit_what_airflow_stores(file: Item, most: int) -> None:
    folder = FolderPlan("f1", target_id="t1", files=[file] * 250)
    records = [record for _, record in folder.new_batches()]
    assert sum(len(record.items) for record in records) == 250
    assert max(len(record.items) for record in records) <= most
    copied = [record.copied({0: {"id": FILE.source_id}}, answered=True) for record in records]
    assert max(len(json.dumps(record.to_json())) for record in copied) < 65536
    assert (len(records) == 3) == (file is FILE)


def test_new_batches_take_numbers_that_are_free() -> None:
    """What earlier tries sent keeps its own."""
    folder = FolderPlan("f1", target_id="t1", files=[FILE] * 101, batches={1: batch((FILE,)), 3: batch((FILE,))})
    assert [number for number, _ in folder.new_batches()] == [2, 4]


def test_rows_come_folder_by_folder_and_last_what_may_be_waited_for() -> None:
    done = batch((FILE, FILE), finished=True)
    first = FolderPlan("f1", target_id="t1", copies=["s1"], newer=[("s2", "c2")], batches={1: done})
    second = FolderPlan("f2", "A", "A", first, "t2", copies=["s3"], files=[FILE])
    second.problems.append(Problem("file", "x1", NotMirrored("why")))
    rows = Plan("", [first, second]).rows()
    shown = [(row.source_id, row.parent_id, row.batch, row.onto, row.state) for row in rows]
    assert shown == [
        ("f1", "t1", 1, "", "complete"),
        ("s1", "t1", 0, "", "waiting"),
        ("f2", "t2", 1, "", "waiting"),
        ("s3", "t2", 0, "", "waiting"),
        ("s2", "t1", 0, "c2", "waiting"),
        ("x1", "t2", 0, "", "failed"),
    ]
    assert rows[-1].shown() == {"file_id": "x1", "copy_id": "", "state": "failed", "url": "", "message": "why"}
    totals = Plan("", [first, second]).totals()
    assert summary(rows, totals) == {
        "folders": 0,
        "version_stacks": 0,
        "appended": 0,
        "files": 2,
        "there": {},
        "failed": 1,
    }


def test_the_time_is_that_of_the_limits() -> None:
    """Ten stacks at once, then one every six seconds; three folders a second."""
    root = FolderPlan("f1", target_id="t1", copies=["s"] * 20)
    folders = [FolderPlan(f"f{number}", "A", "A", root) for number in range(3)]
    assert Plan("", [root, *folders]).totals()["seconds"] == pytest.approx(61.0)


def test_a_batch_without_what_is_gone_keeps_what_was_sent() -> None:
    items = tuple(Item(f"f{number}", "A.png", 1, copy_id=copy) for number, copy in enumerate(("c0", "c1", "")))
    left = without(batch(items, sending=(2,)), {"c0"})
    assert [item.source_id for item in left.items] == ["f1", "f2"]
    assert left.sending == (1,)
