"""The one judge of whether a copy is complete."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.models import Version, VersionStack
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.completion.judge import (
    Done,
    Expectation,
    Failed,
    Pending,
    Verdict,
    judge,
    list_versions,
    with_count,
)
from tests.copying.driving import Driver

UP, TRANS, NEW, BAD = "uploaded", "transcoded", "created", "upload_failed"
TABLE: dict[str, tuple[int | None, str, list[str], Verdict]] = {
    "all there": (3, UP, [UP, UP, UP], Done(3)),
    "better is as good": (2, UP, [TRANS, UP], Done(2)),
    "one without bytes": (3, UP, [UP, NEW, TRANS], Pending("2 of 3 versions uploaded (others: created)")),
    "one not listed yet": (3, UP, [UP, UP], Pending("2 of 3 versions uploaded")),
    "none listed yet": (3, UP, [], Pending("0 of 3 versions uploaded")),
    "transcoding": (2, TRANS, [UP, TRANS], Pending("1 of 2 versions transcoded (others: uploaded)")),
    "transcoded": (2, TRANS, [TRANS, TRANS], Done(2)),
    "more than expected": (2, UP, [UP, UP, UP], Done(3)),
    "more than expected, one not ready": (2, UP, [UP, UP, NEW], Done(3)),
    "more than expected, too few ready": (2, UP, [UP, NEW, NEW], Pending("1 of 2 versions uploaded (others: created)")),
    "a status nobody knows": (2, UP, [UP, "frozen"], Pending("1 of 2 versions uploaded (others: frozen)")),
    "a status nobody knows, and none": (2, UP, ["", "x"], Pending("0 of 2 versions uploaded (others: no status, x)")),
    "number unknown, none listed": (None, UP, [], Pending("0 of 1 versions uploaded")),
    "number unknown, one of two": (None, UP, [UP, NEW], Pending("1 of 2 versions uploaded (others: created)")),
    "number unknown, all there": (None, UP, [UP, UP], Done(2)),
    "one failed": (2, UP, [UP, BAD], Failed("'v1.mov' f1 has the status upload_failed")),
    "one failed, others to come": (3, UP, [BAD, NEW], Failed("'v0.mov' f0 has the status upload_failed")),
    "one failed, enough ready": (1, UP, [UP, BAD], Done(2)),
    "one failed, enough left": (
        2,
        UP,
        [UP, NEW, BAD],
        Pending("1 of 2 versions uploaded (others: created, upload_failed)"),
    ),
    "number unknown, one failed": (None, UP, [UP, BAD], Failed("'v1.mov' f1 has the status upload_failed")),
}


def versions(statuses: list[str]) -> list[Version]:
    return [Version(f"f{number}", f"v{number}.mov", status) for number, status in enumerate(statuses)]


@pytest.mark.parametrize(("expected", "target", "statuses", "verdict"), TABLE.values(), ids=TABLE)
def test_a_copy_is_complete_when_as_many_versions_as_the_source_has_are_ready(
    expected: int | None, target: str, statuses: list[str], verdict: Verdict
) -> None:
    """Counted by status; an unknown status is never ready, and is shown."""
    assert judge(Expectation("s2", expected, target), versions(statuses)) == verdict


def test_a_copy_that_holds_something_else_than_files_has_failed() -> None:
    """Whatever else is ready; it is called by its name, or else by its id."""
    stray = Version("d1", "Dailies", "", "folder")
    assert judge(Expectation("s2", 1), [*versions([UP]), stray]) == Failed(
        "'Dailies' in the copy is a folder, not a file"
    )
    nameless = judge(Expectation("s2"), [Version("s9", "", "", "version_stack")])
    assert nameless == Failed("'s9' in the copy is a version_stack, not a file")


@pytest.mark.parametrize("target", ["created", "", "done", None])
def test_a_target_status_that_cannot_be_waited_for_is_refused(target: Any) -> None:
    """Every version is at least ``created``: that would be no wait."""
    with pytest.raises(errors.InvalidParameter, match=r"^target_status=.*give one of uploaded, transcoded\."):
        Expectation("s2", 1, target)


@pytest.mark.parametrize("number", [0, -1, True, "3", 2.0])
def test_a_number_of_versions_that_cannot_be_is_refused(number: Any) -> None:
    """By the name it has in the sensor."""
    with pytest.raises(errors.InvalidParameter, match=r"^expected_versions="):
        Expectation("s2", number)


def page(*records: dict[str, Any], after: str | None = None) -> Page:
    return Page(records, after)


def test_a_look_judges_the_versions_of_all_pages() -> None:
    """One call for each page of 100."""

    def respond(operation: Operation[Any]) -> Page:
        if "after" in operation.request.params:
            return page({"id": "f2", "status": "created", "type": "file"})
        return page({"id": "f1", "status": "uploaded", "type": "file"}, after="x")

    driver = Driver(respond)
    verdict = driver.run(Expectation("s2", 2).look("a1"))
    assert verdict == Pending("1 of 2 versions uploaded (others: created)")
    assert [call.request.path for call in driver.calls] == ["/v4/accounts/a1/version_stacks/s2/children"] * 2
    assert driver.calls[0].request.params == {"page_size": "100", "include_total_count": "true"}


def test_versions_are_listed_as_frame_io_lists_them() -> None:
    """What a decision depends on is read; what is absent or no text is empty."""
    records = (
        {"id": "f1", "name": "a.mov", "status": "uploaded", "type": "file"},
        {"id": "f2", "name": None, "status": 3},
    )
    found = Driver(lambda operation: page(*records)).run(list_versions("a1", "s1"))
    assert found == [Version("f1", "a.mov", "uploaded"), Version("f2", "", "", "file")]


def test_a_version_stack_is_read_from_its_record() -> None:
    """A stack at the top has no parent."""
    record = {"id": "s1", "name": "a", "parent_id": None, "view_url": "https://next.frame.io/x", "more": 1}
    assert VersionStack.from_record(record) == VersionStack("s1", "a", "", "https://next.frame.io/x")


def test_the_source_is_asked_where_the_number_of_versions_is_unknown() -> None:
    """At each look. What it has uploaded counts; where that is nothing, one version is waited for."""
    pages = {"s1": [UP, NEW, BAD, "odd"], "s2": [UP], "s3": [NEW]}

    def respond(operation: Operation[Any]) -> Page:
        statuses = pages[operation.request.path.split("/")[-2]]
        return Page(tuple({"id": f"f{n}", "status": one, "type": "file"} for n, one in enumerate(statuses)), None)

    expected = Expectation("s2", source_id="s1")
    assert Driver(respond).run(expected.look("a1")) == Pending("1 of 2 versions uploaded")
    pages["s2"].append(UP)
    assert Driver(respond).run(expected.look("a1")) == Done(2)
    for source_id, count in (("s1", 2), ("s3", 1)):
        counted = Driver(respond).run(with_count("a1", Expectation("s2", source_id=source_id)))
        assert counted == Expectation("s2", count, source_id=source_id)


def test_a_source_is_not_its_own_copy() -> None:
    """Whichever of its names it is called by."""
    answers = {"adobe:s1": {"id": "s1"}, "s1": {"id": "s1"}}
    for copy_id, source_id in (("s1", "s1"), ("s1", "adobe:s1"), ("adobe:s1", "s1")):
        driver = Driver(lambda operation: answers[operation.name.rsplit(" ", 1)[1]])
        with pytest.raises(errors.InvalidParameter, match="version_stack_id='s1' cannot be used: this is the source"):
            driver.run(with_count("a1", Expectation(copy_id, source_id=source_id)))


def test_a_number_that_is_known_is_not_asked_for() -> None:
    """Nor one of a source that nobody named."""
    for known in (Expectation("s2", 3, source_id="s1"), Expectation("s2")):
        driver = Driver(lambda operation: pytest.fail("asked"))
        assert driver.run(with_count("a1", known)) is known
