"""Many waits at one scheduler, in virtual time: whom an error concerns, and what goes on in spite of it."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.copying.completion.judge import Done
from tests.copying.completion.watched import Copy, Watched

LOST = errors.NoAnswer("list", "the connection broke", "Try again.")


def failing(*kinds: str, error: errors.FrameioError = LOST, asked: str | None = None) -> Watched:
    """A Frame.io where calls of these kinds fail."""

    def fault(kind: str, asked_id: str) -> None:
        if kind in kinds and asked in (None, asked_id):
            raise error

    return Watched(fault=fault)


def test_lists_that_always_fail_for_a_passing_reason_hide_nothing() -> None:
    """Looks at the copy answer, so Frame.io is there: the lists' failures do not end the wait."""
    frameio = failing("list")
    frameio.watch(Copy("c1", head_at=500.0), tolerated=1)
    frameio.until(600)
    assert frameio.outcome("c1") == Done(2)


def test_a_list_that_fails_is_a_failed_look_for_those_that_were_due() -> None:
    """So an outage that outlasts a wait's patience ends it, with the error that came."""
    frameio = Watched(now=1000.0)
    frameio.watch(Copy("not due", created_at=0.0), tolerated=0)
    frameio.until(1020)
    frameio.fault = failing("list").fault
    frameio.watch(Copy("due", created_at=1020.0), tolerated=0)
    frameio.until(1030)
    assert frameio.ended.keys() == {"due"}
    assert frameio.outcome("due") is LOST


def test_nobody_pays_for_an_outage_before_its_time() -> None:
    """A wait that begins while Frame.io is away has all of its patience."""
    frameio = failing("list", "look", "show")
    frameio.watch(Copy("c1"), tolerated=100)
    frameio.until(300)
    frameio.watch(Copy("late", created_at=300.0), tolerated=3)
    lists, looks = len(frameio.made("list")), len(frameio.made("look", "late"))
    frameio.until(303)
    assert "late" not in frameio.ended
    frameio.until(1500)
    assert frameio.outcome("late") is LOST
    assert len(frameio.made("list")) - lists > 3 or len(frameio.made("look", "late")) - looks > 3


@pytest.mark.parametrize(
    "error", [errors.Forbidden("x", 403), errors.NotFound("x", 404), errors.Unprocessable("x", 422)]
)
def test_a_folder_that_cannot_be_listed_is_done_without(error: errors.ApiError) -> None:
    """Its copies are looked at one by one; the list is tried again after ten minutes."""
    frameio = failing("list", error=error)
    frameio.watch(Copy("c1", head_at=60.0))
    frameio.watch(Copy("c2", head_at=900.0))
    frameio.until(1000)
    assert (frameio.outcome("c1"), frameio.outcome("c2")) == (Done(2), Done(2))
    assert frameio.ended["c1"][1] <= 75
    assert len(frameio.made("list")) == 2


def test_a_folder_that_cannot_be_asked_for_is_asked_for_again() -> None:
    """A failure that passes is one failed look; one too many ends the wait."""
    frameio = failing("show")
    frameio.watch(Copy("c1"), folder_id="", tolerated=3)
    frameio.until(300)
    assert frameio.outcome("c1") is LOST
    assert len(frameio.made("show")) == 4


def test_failed_looks_count_for_their_copy_only() -> None:
    """A neighbour in the same folder waits on, and is found."""
    frameio = failing("look", asked="bad")
    frameio.watch(Copy("bad", head_at=10.0), tolerated=2)
    frameio.watch(Copy("good", head_at=100.0), tolerated=0)
    frameio.until(200)
    assert frameio.outcome("bad") is LOST
    assert len(frameio.made("look", "bad")) == 3
    assert frameio.outcome("good") == Done(2)


def test_an_error_that_does_not_pass_ends_its_wait_at_once() -> None:
    """Waiting would not help."""
    forbidden = errors.Forbidden("x", 403)
    frameio = failing("look", error=forbidden, asked="bad")
    frameio.watch(Copy("bad", head_at=10.0))
    frameio.watch(Copy("good", head_at=10.0))
    frameio.until(100)
    assert frameio.outcome("bad") is forbidden
    assert frameio.outcome("good") == Done(2)


def test_credentials_that_are_refused_end_all_waits() -> None:
    """None of them can be looked at."""
    refused = errors.Unauthorized("x", 401)
    frameio = failing("list", error=refused)
    frameio.watch(Copy("c1"))
    frameio.watch(Copy("c2"), folder_id="")
    frameio.until(100)
    assert [frameio.outcome("c1"), frameio.outcome("c2")] == [refused, refused]
