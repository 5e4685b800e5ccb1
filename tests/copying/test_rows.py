"""Many copies as one task: its rows, and its words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyNeedsHelp, CopyUnseen
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.copying.record import CopyRecord, Snapshot
from airflow_provider_frameio.copying.rows import (
    Row,
    concerns_all,
    extra_of_many,
    failure,
    progress,
    read_rows,
    results,
    rows_of,
)


def record(sent: int = 1) -> CopyRecord:
    copy = {"id": "c1", "view_url": "https://next.frame.io/c1"}
    return CopyRecord(Snapshot(0.0, "p1", "Cut.mov", 3, (), ("u1", "")), generation=0, sent=sent, copy=copy)


def rows(count: int, **more: Any) -> list[Row]:
    return [Row(f"s{number}", **more) for number in range(count)]


def test_items_are_ids_or_pairs() -> None:
    """A pair's own folder comes before the one for all; one that says None means the source's own."""
    items = ("a", {"version_stack_id": "b"}, {"version_stack_id": "b", "parent_id": "q"}, {"version_stack_id": "c"})
    assert [(row.version_stack_id, row.parent_id) for row in rows_of(items, "p")] == [
        ("a", "p"),
        ("b", "p"),
        ("b", "q"),
        ("c", "p"),
    ]
    assert rows_of([{"version_stack_id": "a", "parent_id": None}], "p")[0].parent_id is None
    assert rows_of((item for item in ()), None) == []


@pytest.mark.parametrize(("complete", "state"), [(True, "complete"), (False, "copied")])
def test_a_row_whose_versions_are_stacked_anew(complete: bool, state: str) -> None:
    """It waits for their files first."""
    row = Row("a")
    row.files_copied()
    assert row.state == "files"
    row.stacked({"id": "k", "view_url": "https://next.frame.io/k"}, 2, complete=complete)
    assert row.result() == {
        "version_stack_id": "a",
        "copy_id": "k",
        "state": state,
        "url": "https://next.frame.io/k",
        "message": "",
    }


@pytest.mark.parametrize("items", ["abc", {"version_stack_id": "a"}, 5, [5], [{"version_stack_id": "a", "to": "p"}]])
def test_other_items_are_refused(items: object) -> None:
    """With the place of the bad one."""
    with pytest.raises(errors.InvalidParameter, match="version_stacks"):
        rows_of(items, None)


def test_a_stack_is_copied_once_into_each_folder() -> None:
    """Whoever names it twice means something else."""
    with pytest.raises(errors.InvalidParameter, match="twice with the same target"):
        rows_of(["s1", {"version_stack_id": "s1", "parent_id": "p1"}], "p1")
    assert len(rows_of(["s1", {"version_stack_id": "s1", "parent_id": "p2"}], "p1")) == 2


def test_a_row_survives_the_database() -> None:
    """As JSON, and with what a later version of this package may have added."""
    done, doubtful, waiting = Row("a", "p"), Row("b"), Row("c")
    done.copied(record())
    doubtful.copied(record(sent=2))
    stored = json.loads(json.dumps([{**row.to_json(), "later": 1} for row in (done, doubtful, waiting)]))
    assert read_rows(stored) == [done, doubtful, waiting]
    assert (done.copy_id, done.versions, done.record) == ("c1", 3, None)
    assert CopyRecord.from_json(doubtful.record) == record(sent=2)
    assert waiting.to_json() == {"version_stack_id": "c"}


@pytest.mark.parametrize("stored", [[{"copy_id": "c"}], ["a"]])
def test_rows_that_cannot_be_read_are_an_error_that_a_retry_mends(stored: Any) -> None:
    """It begins with the records."""
    with pytest.raises(CopyUnseen, match="cannot be read") as caught:
        read_rows(stored)
    assert caught.value.transient


@pytest.mark.parametrize(
    ("error", "all_of_them"),
    [
        (errors.NotFound("copy", 404), False),
        (errors.Forbidden("copy", 403), False),
        (errors.Conflict("copy", 409), False),
        (CopyNeedsHelp("several"), False),
        (errors.CopyOutcomeUnknown("copy", "lost"), False),
        (errors.ServerError("copy", 503), True),
        (errors.Unauthorized("copy", 401), True),
        (errors.HostUnreachable("copy", "no such host", ""), True),
        (errors.TlsFailed("copy", "bad certificate", ""), True),
    ],
)
def test_what_the_next_copy_would_meet_as_well_ends_the_try(error: errors.FrameioError, all_of_them: bool) -> None:
    """An outage must not fail a thousand copies one by one; a wrong id fails only its own."""
    assert concerns_all(error) is all_of_them


def test_progress_tells_how_long_it_will_take() -> None:
    """At the limit's pace."""
    many = [*rows(30, state="complete"), *rows(5, state="failed"), *rows(65)]
    words = "30 of 100 copied, 30 complete, 5 failed; the last copy in about 6 min (6.0 s each)"
    assert progress(many, 6.0) == words
    assert progress(rows(2, state="copied"), 6.0) == "2 of 2 copied, 0 complete, 0 failed; the last copy in about 0 min"


def test_results_keep_to_the_measure_of_an_xcom() -> None:
    """Of more than a thousand copies only those are shown that somebody has to look at."""
    assert results(rows(1000, state="complete"))[0] == {
        "version_stack_id": "s0",
        "copy_id": "",
        "state": "complete",
        "url": "",
        "message": "",
    }
    many = [*rows(1000, state="complete"), *rows(2, state="failed"), *rows(1)]
    assert [row["state"] for row in results(many)] == ["failed", "failed", "waiting"]


def test_the_event_of_an_asset_keeps_to_a_measure() -> None:
    """The number of copies, and the first thousand of them."""
    made = [CopyMade("a1", f"s{number}", f"c{number}", versions=2) for number in range(1001)]
    extra = extra_of_many(made)
    assert extra["copied"] == 1001
    assert extra["copies"] == [copy.extra() for copy in made[:1000]]
    assert extra_of_many([]) == {"copied": 0, "copies": []}


def test_a_failure_names_the_first_twenty() -> None:
    """And says how many more there are, and what to do."""
    many = rows(25)
    for row in many[:22]:
        row.failed(ValueError("no such thing"))
    words = failure(many)
    assert words.startswith("22 of 25 copies failed (0 were made, 3 were not tried):\n  s0: no such thing\n")
    assert "… and 2 more" in words
    assert "s20" not in words
    assert failure(rows(3, state="complete")) == ""
