"""Many copies as one task: its rows, and its words."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyNeedsHelp, CopyUnseen
from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.rows import (
    Row,
    concerns_all,
    describe_made,
    describe_rows,
    extra_of_many,
    failure,
    may_share_folder,
    refuse_same_copies,
    results,
    rows_of,
)
from tests.copying.driving import Driver


def rows(count: int, **more: Any) -> list[Row]:
    return [Row(f"s{number}", **more) for number in range(count)]


def test_items_are_ids_or_pairs() -> None:
    """A pair's own folder comes before the one for all."""
    items = ("a", {"version_stack_id": "b"}, {"version_stack_id": "b", "parent_id": "q"}, {"version_stack_id": "c"})
    assert [(row.source_id, row.parent_id) for row in rows_of(items, "p")] == [
        ("a", "p"),
        ("b", "p"),
        ("b", "q"),
        ("c", "p"),
    ]
    assert rows_of([], None) == []


@pytest.mark.parametrize("parent_id", [None, "", "None", ["p"]])
@pytest.mark.parametrize("for_all", [None, "p"])
def test_a_pair_whose_folder_came_to_nothing_is_refused(parent_id: object, for_all: str | None) -> None:
    """It must not be copied into the source's own folder, nor into that for all."""
    with pytest.raises(errors.InvalidParameter, match=r"^version_stacks\[0\]\.parent_id="):
        rows_of([{"version_stack_id": "a", "parent_id": parent_id}], for_all)


@pytest.mark.parametrize(
    "items",
    ["abc", {"version_stack_id": "a"}, 5, [5], [{"version_stack_id": "a", "to": "p"}], {"a"}, iter(["a"])],
)
def test_other_items_are_refused(items: object) -> None:
    """With the place of the bad one."""
    with pytest.raises(errors.InvalidParameter, match="version_stacks"):
        rows_of(items, None)


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [("p", "p", True), ("p", "q", False), (None, "p", True), (None, None, True), ("adobe:x", "p", True)],
)
def test_which_copies_may_meet_in_one_folder(one: str | None, other: str | None, may: bool) -> None:
    """Unless both folders are known, and differ."""
    assert may_share_folder(Row("a", one), Row("b", other)) is may


def test_a_stack_is_copied_once_into_each_folder() -> None:
    """Whoever names it twice means something else."""
    with pytest.raises(errors.InvalidParameter, match="twice with the same target"):
        rows_of(["s1", {"version_stack_id": "s1", "parent_id": "p1"}], "p1")
    assert len(rows_of(["s1", {"version_stack_id": "s1", "parent_id": "p2"}], "p1")) == 2


@pytest.mark.parametrize(
    ("copies", "asked", "twice"),
    [
        ([("s1", "p1"), ("s2", "p1")], 0, False),
        ([("adobe:s1", "p1"), ("s1", "p1")], 1, True),
        ([("s1", "p1"), ("s1", "adobe:p1")], 1, True),
        ([("adobe:s1", "adobe:p1"), ("s1", "p1")], 2, True),
        ([("adobe:s1", "p2"), ("s1", "p1")], 1, False),
        ([("adobe:s1", "p1"), ("adobe:s2", "p1")], 0, False),
        ([("adobe:gone", "p1"), ("s1", "p1")], 1, False),
    ],
)
def test_the_same_copy_under_two_names_is_refused(copies: list[Any], asked: int, twice: bool) -> None:
    """Own ids are asked for only where both kinds of names are given; what is gone the copy itself will meet."""

    def respond(operation: Operation[Any]) -> Any:
        name = operation.name.rsplit(" ", 1)[1]
        return errors.NotFound(operation.asked, 404) if "gone" in name else {"id": name.removeprefix("adobe:")}

    driver = Driver(respond)
    with pytest.raises(errors.InvalidParameter, match="twice") if twice else nullcontext():
        driver.run(refuse_same_copies("a1", [Row(*copy) for copy in copies]))
    assert len(driver.calls) == asked


def test_a_row_survives_the_database() -> None:
    """As JSON, and with what a later version of this package may have added."""
    done = Row("a", "p", "copied", "c1", "https://next.frame.io/c1", 3, ("f1", "f2"), "p1")
    doubtful, waiting = Row("b", record={"sent": 2}), Row("c")
    stored = json.loads(json.dumps([{**row.to_json(), "later": 1} for row in (done, doubtful, waiting)]))
    assert [Row.from_json(one) for one in stored] == [done, doubtful, waiting]
    assert waiting.to_json() == {"source_id": "c"}


@pytest.mark.parametrize("stored", [{"copy_id": "c"}, "a", None])
def test_a_row_that_cannot_be_read_is_an_error_that_a_retry_mends(stored: Any) -> None:
    """It begins with the records."""
    with pytest.raises(CopyUnseen, match="cannot be read") as caught:
        Row.from_json(stored)
    assert caught.value.transient


def test_what_is_told_of_a_row() -> None:
    """The task's user sees how far it is, Airflow the copy; that its versions are not known is said so."""
    row = Row("a", "p", "complete", "k", "https://next.frame.io/k", 2, ("f1", "f2"), "p1")
    assert row.shown() == {
        "version_stack_id": "a",
        "copy_id": "k",
        "state": "complete",
        "url": "https://next.frame.io/k",
        "message": "",
    }
    assert row.result("a1") == CopyResult("a1", "a", "k", "https://next.frame.io/k", 2, ("f1", "f2"))
    assert Row("a", copy_id="k").result("a1") == CopyResult("a1", "a", "k")


@pytest.mark.parametrize(
    ("source_id", "row", "words"),
    [
        ("s1", Row("s1"), "Version stack s1 was copied to k: https://f.io/k"),
        ("s1", Row("adobe:s1"), "Version stack adobe:s1 was copied to k: https://f.io/k"),
        ("s1", Row("s1", onto="k"), "Newer versions of s1 were put on k: https://f.io/k"),
        ("f1", Row("f1", batch=2), "2 files of the folder f1 were copied into k."),
    ],
)
def test_a_row_that_was_copied(source_id: str, row: Row, words: str) -> None:
    """It tells of its copy, by the source's own id, and no more of what went wrong before."""
    row.message = "a 503"
    row.made(CopyResult("a1", source_id, "k", "https://f.io/k", 2), "p1")
    assert (row.copy_id, row.url, row.folder_id, row.message) == ("k", "https://f.io/k", "p1", "")
    assert row.result("a1").source_id == source_id
    assert describe_made(row) == words


@pytest.mark.parametrize(
    ("error", "all_of_them"),
    [
        (errors.NotFound("copy", 404), False),
        (errors.Forbidden("copy", 403), False),
        (errors.Conflict("copy", 409), False),
        (CopyNeedsHelp("several"), False),
        (errors.CopyOutcomeUnknown("copy", "lost"), False),
        (errors.ServerError("copy", 503), False),
        (errors.Unauthorized("copy", 401), True),
        (errors.HostUnreachable("copy", "no such host", ""), False),
        (errors.TlsFailed("copy", "bad certificate", ""), True),
    ],
)
def test_what_the_next_copy_would_meet_as_well_ends_the_try(error: errors.FrameioError, all_of_them: bool) -> None:
    """A connection that does not work; a wrong id, or one source that always answers 5xx, fails only its own."""
    assert concerns_all(error) is all_of_them


def test_progress_tells_how_long_it_will_take() -> None:
    """At the limit's pace."""
    many = [*rows(30, state="complete"), *rows(5, state="failed"), *rows(65)]
    words = "30 of 100 copied, 30 complete, 5 failed; the last copy in about 6 min (6.0 s each)"
    assert describe_rows(many, 6.0) == words
    assert describe_rows([*rows(2, state="files"), *rows(1)], 0.0).startswith(
        "2 copied as files, 0 of 3 copied, 0 complete"
    )
    assert (
        describe_rows(rows(2, state="copied"), 6.0)
        == "2 of 2 copied, 0 complete, 0 failed; the last copy in about 0 min"
    )


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
    made = [CopyResult("a1", f"s{number}", f"c{number}", versions=2) for number in range(1001)]
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
