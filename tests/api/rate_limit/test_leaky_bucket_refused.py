"""What a budget does after a refusal, step by step: how long it pauses, and what it concludes."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget, Quota

TEN_A_MINUTE = RateLimit(10, 60.0)
FULL = Quota(TEN_A_MINUTE, 10)  # what a 429 claims to remain


def budget(limit: RateLimit = TEN_A_MINUTE, jitter: float = 0.0) -> Budget:
    return Budget(limit, lambda: jitter)


def burst(subject: Budget, now: float, most: int = 100) -> int:
    """How many calls fit at once, each answered at once without headers."""
    for sent in range(most):
        if subject.delay(now) > 0:
            return sent
        subject.answered(subject.spend(now), now, None)
    return most


def refuse(subject: Budget, now: float, quota: Quota | None = FULL, retry_after: float | None = None) -> float:
    """A call that is refused at once; the pause that follows."""
    subject.refused(subject.spend(now), now, quota, retry_after)
    return subject.delay(now)


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, [6, 12, 24, 30, 30]), (1.0, [12, 24, 48, 60, 60])])
def test_refusals_nobody_expected_are_followed_by_longer_and_longer_pauses(jitter: float, pauses: list[float]) -> None:
    """One to two slots, doubled each time, up to half a window or a whole one."""
    subject = budget(jitter=jitter)
    now, found = 0.0, []
    for _ in pauses:
        found.append(refuse(subject, now))
        now += found[-1]
    assert found == pytest.approx(pauses)


def test_an_answer_ends_the_row_of_refusals() -> None:
    """The next refusal is a first one again."""
    subject = budget()
    refuse(subject, 0.0)
    refuse(subject, 100.0)
    subject.answered(subject.spend(200.0), 200.0, None)
    assert refuse(subject, 300.0) == pytest.approx(6.0)


def test_an_answer_to_a_call_from_before_the_refusal_ends_nothing() -> None:
    """It was admitted before, which says nothing about now."""
    subject = budget()
    earlier = subject.spend(0.0)
    refuse(subject, 0.0)
    subject.answered(earlier, 0.0, None)
    assert refuse(subject, 100.0) == pytest.approx(12.0)


def test_calls_sent_before_the_first_refusal_was_known_are_no_news() -> None:
    """Nine refusals of one burst are one: the pauses are those of a single one."""
    subject = budget()
    calls = [subject.spend(0.0) for _ in range(9)]
    for call in calls:
        subject.refused(call, 0.0, FULL, None)
    assert subject.delay(0.0) == pytest.approx(6.0)
    assert refuse(subject, 6.0) == pytest.approx(12.0)


def refused_after_its_burst() -> Budget:
    """Ten calls are admitted at once, and the eleventh is refused though a leaky bucket would have admitted it."""
    subject = budget()
    burst(subject, 0.0)
    refuse(subject, 6.0)
    return subject


def test_a_refusal_after_as_many_calls_as_the_limit_shows_a_server_that_counts_by_windows() -> None:
    """From then on a window holds no more than ten calls, the refused one included: it may have been charged."""
    subject = refused_after_its_burst()
    assert subject.delay(12.0) == pytest.approx(48.0)
    assert burst(subject, 60.0) == 9
    assert subject.delay(60.0) == pytest.approx(6.0)


def test_a_server_that_counts_by_windows_gets_a_burst_a_window() -> None:
    """That is as many calls as one a slot, and no refusal."""
    subject = refused_after_its_burst()
    assert burst(subject, 1000.0) == 10
    assert subject.delay(1000.0) == pytest.approx(60.0)
    assert subject.delay(1059.0) == pytest.approx(1.0)
    assert burst(subject, 1060.0) == 10


def test_a_call_under_way_counts_for_a_window_from_its_answer() -> None:
    """It may arrive at the server only then."""
    subject = refused_after_its_burst()
    slow = [subject.spend(100.0) for _ in range(10)]
    assert subject.delay(190.0) > 0
    for call in slow:
        subject.answered(call, 200.0, None)
    assert subject.delay(200.0) == pytest.approx(60.0)


def test_a_lost_answer_may_be_one_of_a_windows_calls() -> None:
    """Nine calls and a lost one explain a refusal as ten do."""
    subject = budget()
    subject.lost(subject.spend(0.0))
    burst(subject, 0.0)
    assert refuse(subject, 6.0) == pytest.approx(54.0)


def test_a_refusal_after_fewer_calls_is_the_work_of_others() -> None:
    """Bursts are kept, but two slots or more are left between two calls."""
    subject = budget()
    subject.answered(subject.spend(0.0), 0.0, Quota(TEN_A_MINUTE, 9))
    refuse(subject, 100.0)
    subject.answered(subject.spend(200.0), 200.0, None)
    assert subject.delay(200.0) == pytest.approx(2 * 6.0 * 0.9)


def test_what_remains_is_not_believed_on_a_refusal() -> None:
    """It equals the limit there; the bucket is full."""
    subject = budget()
    refuse(subject, 0.0)
    assert burst(subject, 6.0) == 1


def test_retry_after_makes_a_pause_longer_and_never_shorter() -> None:
    """With headers and without."""
    assert refuse(budget(), 0.0, retry_after=30.0) == pytest.approx(30.0)
    assert refuse(budget(), 0.0, retry_after=1.0) == pytest.approx(6.0)
    assert refuse(budget(), 0.0, quota=None, retry_after=30.0) == pytest.approx(30.0)
    assert refuse(budget(), 0.0, retry_after=86400.0) == pytest.approx(3600.0)


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, [1, 2, 4, 8, 16, 30, 30]), (1.0, [2, 4, 8, 16, 32, 60, 60])])
def test_a_refusal_without_headers_is_backed_off_exponentially(jitter: float, pauses: list[float]) -> None:
    """Somebody else's limit: from 1 s up to 60 s."""
    subject = budget(jitter=jitter)
    now, found = 0.0, []
    for _ in pauses:
        found.append(refuse(subject, now, quota=None))
        now += found[-1]
    assert found == pytest.approx(pauses)


def test_a_refusal_without_headers_leaves_the_bucket_as_it_was() -> None:
    """Neither a slot nor a burst is lost; and an answer makes the next pause short again."""
    subject = budget(jitter=1.0)
    refuse(subject, 0.0, quota=None)
    refuse(subject, 10.0, quota=None)
    assert burst(subject, 20.0) == 10
    assert refuse(subject, 100.0, quota=None) == pytest.approx(2.0)


def test_a_gateway_that_refuses_for_days_breaks_nothing() -> None:
    """The exponent stays within what a number holds."""
    subject = budget(jitter=1.0)
    for number in range(1100):
        refuse(subject, number * 60.0, quota=None)
    assert subject.delay(1099 * 60.0) == pytest.approx(60.0)


def test_several_foreign_refusals_of_one_burst_are_one() -> None:
    """They do not add up to the longest pause."""
    subject = budget(jitter=1.0)
    for call in [subject.spend(0.0) for _ in range(9)]:
        subject.refused(call, 0.0, None, None)
    assert subject.delay(0.0) == pytest.approx(2.0)
