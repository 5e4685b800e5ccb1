"""Whether and when a failed call is made again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.rate_limit.retry import Attempts, Backoff

ASKED = "show file f1 (GET /v4/x)"
SERVER = errors.ServerError(ASKED, 503)
REFUSED = errors.RateLimited(ASKED, 429)
LOST = errors.NoAnswer(ASKED, "the connection broke", "Try again.")
UNREACHABLE = errors.HostUnreachable(ASKED, "refused", "Check.")


def never() -> bool:
    return False


def waits(
    error: errors.FrameioError,
    times: int = 8,
    *,
    backoff: Backoff | None = None,
    jitter: float = 0.0,
    paced: bool = True,
    renew: Callable[[], bool] = never,
) -> list[float | None]:
    """What follows when the same error comes again and again."""
    attempts = Attempts(backoff or Backoff(), lambda: jitter, paced=paced)
    found: list[float | None] = []
    while len(found) < times and None not in found:
        found.append(attempts.after(error, 0.0, renew))
    return found


@pytest.mark.parametrize(
    ("error", "jitter", "expected"),
    [
        (SERVER, 0.0, [30, 60, 120, None]),
        (SERVER, 1.0, [45, 90, 180, None]),
        (errors.ServerError(ASKED, 408), 0.0, [30, 60, 120, None]),
        (LOST, 0.0, [1, 2, 4, None]),
        (LOST, 1.0, [1.5, 3, 6, None]),
        (UNREACHABLE, 0.0, [1, 2, 4, None]),
        (errors.Conflict(ASKED, 409), 0.0, [1, 2, 4, None]),
        (errors.UnreadableAnswer(ASKED, "no JSON", ""), 0.0, [1, 2, 4, None]),
    ],
)
def test_a_fault_that_passes_is_waited_out(
    error: errors.CallError, jitter: float, expected: list[float | None]
) -> None:
    """Four tries in all; at least 30 s after a 5xx, at most half as much again for the jitter."""
    assert waits(error, jitter=jitter) == expected


@pytest.mark.parametrize(
    "error",
    [
        errors.BadRequest(ASKED, 400),
        errors.Forbidden(ASKED, 403),
        errors.NotFound(ASKED, 404),
        errors.Unprocessable(ASKED, 422),
        errors.ApiError(ASKED, 418),
        errors.TlsFailed(ASKED, "certificate", ""),
        errors.Redirected(ASKED, 302, "/"),
        errors.ImsError(ASKED, "invalid_client", "", ""),
        errors.OutcomeUnknown(ASKED, "no answer"),
        errors.CopyOutcomeUnknown(ASKED, "no answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_fault_that_stays_is_not_repeated(error: errors.CallError) -> None:
    """Neither is a call that was perhaps carried out."""
    assert waits(error) == [None]


def test_no_wait_is_longer_than_the_longest() -> None:
    """Jitter aside."""
    assert waits(SERVER, backoff=Backoff(attempts=6, longest=50.0)) == [30, 50, 50, 50, 50, None]


@pytest.mark.parametrize(("retry_after", "expected"), [(100.0, 100.0), (120.0, 120.0), (5.0, 30.0), (None, 30.0)])
def test_a_wait_is_never_shorter_than_the_server_asks(retry_after: float | None, expected: float) -> None:
    """But longer where ours is."""
    assert waits(errors.ServerError(ASKED, 503, retry_after=retry_after), 1) == [expected]


@pytest.mark.parametrize("error", [errors.ServerError, errors.RateLimited])
@pytest.mark.parametrize("retry_after", [120.1, 86400.0, 1e300])
def test_a_server_that_asks_for_more_than_our_longest_wait_is_not_waited_for(
    error: type[errors.ApiError], retry_after: float
) -> None:
    """The task fails at once with the error that names the time, and Airflow's own retry holds no worker."""
    assert waits(error(ASKED, 503, retry_after=retry_after), 1, paced=False) == [None]


def test_an_emulator_that_runs_faster_shortens_our_waits_and_not_the_servers() -> None:
    """Only what this package prescribes is scaled."""
    assert waits(SERVER, backoff=Backoff(scale=0.01)) == pytest.approx([0.3, 0.6, 1.2, None], abs=1e-9)
    asked = errors.ServerError(ASKED, 503, retry_after=5.0)
    assert waits(asked, 1, backoff=Backoff(scale=0.01)) == [5.0]


def test_refusals_of_a_paced_call_are_borne_for_an_hour_from_the_first_on() -> None:
    """They are no faults: the budget makes each next try wait. However long the call queued before does not count."""
    attempts = Attempts(Backoff(), lambda: 0.0, paced=True)
    assert [attempts.after(REFUSED, now, never) for now in (9000.0, 9001.0, 12599.0, 12600.0)] == [0.0, 0.0, 0.0, None]
    assert Attempts(Backoff(scale=0.01), lambda: 0.0, paced=True).after(REFUSED, 0.0, never) == 0.0


def test_patience_is_scaled_with_the_emulators_time() -> None:
    """An hour there is 36 s here at a hundredfold speed."""
    attempts = Attempts(Backoff(scale=0.01), lambda: 0.0, paced=True)
    assert [attempts.after(REFUSED, now, never) for now in (0.0, 35.9, 36.0)] == [0.0, 0.0, None]


def test_refusals_leave_the_faults_uncounted() -> None:
    """Any number of them, and still four tries for the faults."""
    attempts = Attempts(Backoff(), lambda: 0.0, paced=True)
    found = [attempts.after(error, 0.0, never) for error in (*[REFUSED] * 20, LOST, REFUSED, LOST, LOST, LOST)]
    assert found[20:] == [1, 0, 2, 4, None]


def test_a_refusal_without_a_budget_is_a_fault_like_others() -> None:
    """Adobe IMS tells no limits: wait a second, then double."""
    assert waits(REFUSED, paced=False) == [1, 2, 4, None]


def test_a_refused_token_is_renewed_for_as_long_as_there_are_others() -> None:
    """At once, and not counted as a fault."""
    others = iter([True, True, False])
    assert waits(errors.Unauthorized(ASKED, 401), renew=lambda: next(others)) == [0.0, 0.0, None]


def test_a_server_that_asks_for_more_than_our_patience_is_not_waited_for() -> None:
    """The call gives up at once, with the error that says why, instead of sleeping for a day."""
    attempts = Attempts(Backoff(), lambda: 0.0, paced=True)
    assert attempts.after(errors.RateLimited(ASKED, 429, retry_after=30.0), 0.0, lambda: False) == 0.0
    assert attempts.after(errors.RateLimited(ASKED, 429, retry_after=86400.0), 0.0, lambda: False) is None
