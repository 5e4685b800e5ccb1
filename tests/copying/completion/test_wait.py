"""Waiting for copies, driven by hand: when it looks, how long it pauses, and every way it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.wait import Terms, wait_until_complete
from tests.copying.driving import Driver

COPY, OTHER = Expectation("s2", 2), Expectation("s3", 1)
TERMS = Terms(started_at=1000.0, end_time=1060.0, poll_interval=15.0, tolerated_failures=2)
UP, NEW = {"status": "uploaded", "type": "file"}, {"status": "created", "type": "file"}
LOST = errors.NoAnswer("list version stack children s2", "the connection broke", "Try again.")
GONE = errors.NotFound("list version stack children s2", 404)


def page(*versions: dict[str, str]) -> Page:
    return Page(tuple({"id": f"f{number}", **version} for number, version in enumerate(versions)), None)


def script(*answers: Any) -> Callable[[Operation[Any]], Any]:
    """One answer for each look, the last one for ever."""
    left = list(answers)
    return lambda operation: left.pop(0) if len(left) > 1 else left[0]


def by_copy(**answers: Callable[[Operation[Any]], Any]) -> Callable[[Operation[Any]], Any]:
    """A script for each copy."""
    return lambda operation: answers[operation.request.path.split("/")[-2]](operation)


def wait(respond: Callable[[Operation[Any]], Any], *copies: Expectation, terms: Terms = TERMS) -> Driver:
    driver = Driver(respond)
    assert driver.run(wait_until_complete("a1", copies or [COPY], terms)) is None
    return driver


def failing(respond: Callable[[Operation[Any]], Any], *copies: Expectation, terms: Terms = TERMS) -> Any:
    """The error that the wait ends with, and the driver."""
    driver = Driver(respond)
    with pytest.raises(errors.FrameioError) as caught:
        driver.run(wait_until_complete("a1", copies or [COPY], terms))
    return caught.value, driver


def test_a_copy_that_is_complete_is_not_waited_for() -> None:
    """One look, no pause."""
    driver = wait(script(page(UP, UP)))
    assert (len(driver.calls), driver.pauses) == (1, [])


def test_progress_is_told_at_every_pause() -> None:
    """In words, with the time so far."""
    driver = wait(script(page(), page(UP, NEW), page(UP, UP)))
    assert [(pause.seconds, pause.reason) for pause in driver.pauses] == [
        (15.0, "0 of 2 versions uploaded, 0 s so far"),
        (15.0, "1 of 2 versions uploaded (others: created), 15 s so far"),
    ]


def test_a_wait_that_goes_on_elsewhere_counts_from_its_beginning() -> None:
    """After a deferral; and a clock that is behind shows no negative time."""
    driver = wait(script(page(), page(UP, UP)), terms=Terms(started_at=700.0, end_time=2000.0))
    assert driver.pauses[0].reason.endswith("300 s so far")
    behind = wait(script(page(), page(UP, UP)), terms=Terms(started_at=1010.0, end_time=2000.0))
    assert behind.pauses[0].reason.endswith(", 0 s so far")


def test_each_copy_is_looked_at_until_it_is_complete() -> None:
    """One that is complete is left alone; those that are not are named."""
    driver = wait(by_copy(s2=script(page(NEW), page(UP, UP)), s3=script(page(UP))), COPY, OTHER)
    assert [call.request.path.split("/")[-2] for call in driver.calls] == ["s2", "s3", "s2"]
    assert driver.pauses[0].reason == "s2: 0 of 2 versions uploaded (others: created), 0 s so far"


def test_no_copies_are_complete() -> None:
    """And the same copy twice is one."""
    driver = Driver(script(page()))
    driver.run(wait_until_complete("a1", [], TERMS))
    assert driver.calls == []
    assert len(wait(script(page(UP, UP)), COPY, COPY).calls) == 1


def test_the_time_allowed_ends_with_a_last_look() -> None:
    """The last pause is cut so that it is taken just then."""
    driver = wait(script(page(), page(), page(UP, UP)), terms=Terms(1000.0, 1020.0, poll_interval=15.0))
    assert [pause.seconds for pause in driver.pauses] == [15.0, 5.0]
    assert driver.now == 1020.0


def test_a_copy_that_is_not_complete_in_time_says_how_far_it_came() -> None:
    """And that it goes on in Frame.io."""
    error, driver = failing(script(page(UP, NEW)))
    assert isinstance(error, errors.CopyTimeout)
    assert str(error).startswith(
        "Not complete in the time allowed: 1 of 2 versions uploaded (others: created), 60 s so far."
    )
    assert "FrameioVersionStackCopySensor" in str(error)
    assert [pause.seconds for pause in driver.pauses] == [15.0] * 4


def test_a_time_that_is_over_still_allows_one_look() -> None:
    """A triggerer that was down finds a copy that was complete long ago."""
    late = Terms(started_at=0.0, end_time=500.0)
    assert wait(script(page(UP, UP)), terms=late).pauses == []
    assert isinstance(failing(script(page()), terms=late)[0], errors.CopyTimeout)


def test_a_copy_that_is_gone_has_failed() -> None:
    """At once; the cause is kept."""
    error, driver = failing(script(GONE))
    assert isinstance(error, errors.CopyFailed)
    assert str(error).startswith("The copy s2 is not there (any more). list version stack children s2: ")
    assert error.__cause__ is GONE
    assert len(driver.calls) == 1


def test_a_copy_that_will_never_be_complete_has_failed() -> None:
    """The reason is the judge's."""
    error, _ = failing(script(page({"name": "x", "type": "folder"})))
    assert isinstance(error, errors.CopyFailed)
    assert str(error) == "The copy s2 will never be complete: 'x' in the copy is a folder, not a file."


def test_a_look_that_fails_for_a_passing_reason_is_taken_again() -> None:
    """The reason stands in the log."""
    driver = wait(script(LOST, LOST, page(UP, UP)))
    assert [pause.reason.split(":")[0] for pause in driver.pauses] == [
        "could not look (1 in a row)",
        "could not look (2 in a row)",
    ]


def test_too_many_failures_in_a_row_are_raised() -> None:
    """The last one, as it came; a look that succeeds begins the row anew."""
    error, driver = failing(script(LOST, LOST, page(), LOST, LOST, LOST), terms=Terms(0.0, 9e9, 15.0, 2))
    assert error is LOST
    assert len(driver.calls) == 6


def test_an_outage_of_one_moment_is_one_failure_of_each_copy() -> None:
    """However many are waited for."""
    copies = [Expectation(f"s{number}", 1) for number in range(20)]
    scripts = {copy.version_stack_id: script(LOST, page(UP)) for copy in copies}
    assert len(wait(by_copy(**scripts), *copies).calls) == 40


@pytest.mark.parametrize("error", [errors.Forbidden("x", 403), errors.Unauthorized("x", 401)])
def test_a_failure_that_does_not_pass_is_raised_at_once(error: errors.ApiError) -> None:
    """Waiting would not help."""
    found, driver = failing(script(error))
    assert found is error
    assert len(driver.calls) == 1


def test_an_outage_at_the_end_is_a_timeout_that_says_so() -> None:
    """Nobody knows whether the copy is complete."""
    error, _ = failing(script(LOST), terms=Terms(1000.0, 1015.0, 15.0, 10))
    assert isinstance(error, errors.CopyTimeout)
    assert "could not look (2 in a row): list version stack children s2: the connection broke" in str(error)
