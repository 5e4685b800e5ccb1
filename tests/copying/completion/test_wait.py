"""Every way in which a wait for copies ends badly, and its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.wait import Terms
from tests.copying.driving import Driver
from tests.copying.waiting import wait_until_complete

COPY = Expectation("s2", 2)
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


def failing(respond: Callable[[Operation[Any]], Any], *copies: Expectation, terms: Terms = TERMS) -> Any:
    """The error that the wait ends with, and the driver."""
    driver = Driver(respond)
    with pytest.raises(errors.FrameioError) as caught:
        driver.run(wait_until_complete("a1", copies or [COPY], terms))
    return caught.value, driver


def test_a_copy_that_is_not_complete_in_time_says_how_far_it_came() -> None:
    """And that it goes on in Frame.io."""
    error, driver = failing(script(page(UP, NEW)))
    assert isinstance(error, errors.CopyTimeout)
    assert str(error).startswith(
        "Not complete in the time allowed: 1 of 2 versions uploaded (others: created), 60 s so far."
    )
    assert "FrameioVersionStackCopySensor" in str(error)
    assert [pause.seconds for pause in driver.pauses] == [15.0] * 4


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


def test_too_many_failures_in_a_row_are_raised() -> None:
    """The last one, as it came; a look that succeeds begins the row anew."""
    error, driver = failing(script(LOST, LOST, page(), LOST, LOST, LOST), terms=Terms(0.0, 9e9, 15.0, 2))
    assert error is LOST
    assert len(driver.calls) == 6


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
