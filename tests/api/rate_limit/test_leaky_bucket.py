"""The prediction of one rate limit, step by step, on a clock that is a plain number."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget, Quota

TEN_A_MINUTE = RateLimit(10, 60.0)


def budget(limit: RateLimit = TEN_A_MINUTE, jitter: float = 0.0) -> Budget:
    return Budget(limit, lambda: jitter)


def burst(subject: Budget, now: float, most: int = 100) -> int:
    """How many calls fit at once, each answered at once without headers."""
    for sent in range(most):
        if subject.delay(now) > 0:
            return sent
        subject.answered(subject.spend(now), now, None)
    return most


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (("10", "9", "60000"), Quota(TEN_A_MINUTE, 9)),
        (("5", "0", "1000"), Quota(RateLimit(5, 1.0), 0)),
        (("10", "10", "600"), Quota(RateLimit(10, 0.6), 10)),
        (("0", "0", "60000"), None),
        (("-10", "3", "60000"), None),
        (("10", "-1", "60000"), None),
        (("10", "11", "60000"), None),
        (("10", "3", "0"), None),
        (("10", "3", "-5"), None),
        (("-10", "-3", "-60000"), None),
        (("ten", "3", "60000"), None),
        (("10", "", "60000"), None),
        (("10", "3", "60.5"), None),
        (("1" + "0" * 400, "3", "60000"), None),
        (("10", "3", "1" + "0" * 400), None),
        (("10", "3", "3600000"), Quota(RateLimit(10, 3600.0), 3)),
        (("10", "3", "3600001"), None),
        (("10", "3", "60000000"), None),
        (("1" + "0" * 300, "3", "60000"), Quota(RateLimit(10**300, 60.0), 3)),
    ],
)
def test_headers_tell_a_quota_or_nothing(headers: tuple[str, str, str], quota: Quota | None) -> None:
    """The window is in milliseconds; headers that make no sense are some other limiter's."""
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-window")
    assert Quota.from_headers(dict(zip(names, headers, strict=True))) == quota


@pytest.mark.parametrize("absent", ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-window"])
def test_headers_tell_nothing_when_one_is_absent(absent: str) -> None:
    """All three are needed."""
    headers = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-window": "60000"}
    assert Quota.from_headers({name: value for name, value in headers.items() if name != absent}) is None


def test_an_untouched_budget_admits_a_burst_and_then_one_call_a_slot() -> None:
    """10 in 60 s: ten at once, then one every 6 s, then a little more: room is saved for others."""
    subject = budget()
    assert burst(subject, 1000.0) == 10
    assert subject.delay(1000.0) == pytest.approx(6.0)
    assert subject.delay(1005.0) == pytest.approx(1.0)
    assert burst(subject, 1006.0) == 1
    assert burst(subject, 1018.2) == 2


def test_room_for_another_process_is_saved_little_by_little() -> None:
    """Each call beyond the burst leaves 1.5 % of a slot more free, up to one and a half, until the bucket drains."""
    subject, now = budget(), 0.0
    burst(subject, now)
    waits = []
    for _ in range(120):
        waits.append(subject.delay(now))
        now += waits[-1]
        subject.answered(subject.spend(now), now, None)
    assert waits[:3] == pytest.approx([6.0, 6.09, 6.09])
    assert sum(waits) == pytest.approx(120 * 6.0 + 9.0, abs=0.1)
    assert burst(subject, now + 1000.0) == 10


def test_a_budget_never_saves_up_more_than_a_burst() -> None:
    """However long nobody calls."""
    subject = budget()
    assert burst(subject, 0.0) == 10
    assert burst(subject, 1e7) == 10


def test_a_clock_that_steps_back_drains_nothing() -> None:
    """Nor does the same second drain twice."""
    subject = budget()
    burst(subject, 100.0)
    assert subject.delay(90.0) == pytest.approx(6.0)
    assert subject.delay(106.0) == 0.0


def test_a_call_without_an_answer_does_not_drain() -> None:
    """It may reach the server only now: ten calls under way fill the bucket until the first is answered."""
    subject = budget()
    first, *_ = [subject.spend(0.0) for _ in range(10)]
    assert subject.delay(50.0) == pytest.approx(6.0)
    subject.answered(first, 50.0, None)
    assert subject.delay(50.0) == pytest.approx(6.0)
    assert subject.delay(56.0) == 0.0


def test_a_slow_answer_costs_one_slot_and_no_more() -> None:
    """A call that took longer than the window leaves nine of ten."""
    subject = budget()
    subject.answered(subject.spend(0.0), 200.0, None)
    assert burst(subject, 200.0) == 9


def test_a_call_that_was_not_sent_costs_nothing() -> None:
    """Its slot is given back, whatever was sent in the meantime."""
    subject = budget()
    unsent, other = subject.spend(0.0), subject.spend(0.0)
    subject.unsent(unsent)
    subject.answered(other, 0.0, None)
    assert burst(subject, 0.0) == 9
    late = budget()
    unsent = late.spend(0.0)
    late.answered(late.spend(20.0), 20.0, None)
    late.unsent(unsent)
    assert burst(late, 20.0) == 9


def test_a_call_whose_answer_was_lost_counts() -> None:
    """The server has probably charged it."""
    subject = budget()
    subject.lost(subject.spend(0.0))
    assert burst(subject, 0.0) == 9


def test_headers_that_agree_change_nothing() -> None:
    """A whole number of slots says less than the prediction: the fraction is kept."""
    subject = budget()
    subject.answered(subject.spend(0.0), 0.0, Quota(TEN_A_MINUTE, 9))
    subject.answered(subject.spend(3.0), 3.0, Quota(TEN_A_MINUTE, 8))
    assert burst(subject, 3.0) == 8
    assert subject.delay(3.0) == pytest.approx(3.0)


def test_a_bucket_that_others_filled_is_taken_for_as_full_as_it_may_be() -> None:
    """0 remaining means less than one slot: how much less is unknown, so the bucket counts as full."""
    subject = budget()
    subject.answered(subject.spend(0.0), 0.0, Quota(TEN_A_MINUTE, 0))
    assert subject.spend(27.0).level == pytest.approx(60.0 - 27.0)


def test_whoever_spent_before_is_given_way_from_the_first_answer_on() -> None:
    """By about four slots, which is no loss: a full bucket does not run empty in them."""
    for jitter, wait in ((0.0, 21.6), (1.0, 26.4)):
        subject = budget(jitter=jitter)
        subject.answered(subject.spend(0.0), 0.0, Quota(TEN_A_MINUTE, 0))
        assert subject.delay(0.0) == pytest.approx(wait)


def test_what_others_spent_is_counted_once() -> None:
    """Two calls under way both bring the news."""
    subject = budget()
    first, second = subject.spend(0.0), subject.spend(0.0)
    subject.answered(first, 0.0, Quota(TEN_A_MINUTE, 5))
    subject.answered(second, 0.0, Quota(TEN_A_MINUTE, 4))
    assert subject.spend(12.0).level == pytest.approx(36.0 - 12.0)


def test_answers_out_of_order_are_no_news() -> None:
    """Three calls counted in the reverse order of sending, answered in either."""
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        subject = budget()
        calls = [subject.spend(0.0) for _ in range(3)]
        for index in order:
            subject.answered(calls[index], 0.0, Quota(TEN_A_MINUTE, 7 + index))
        assert burst(subject, 0.0) == 7


def test_a_prediction_that_was_too_high_is_lowered_once() -> None:
    """Eight lost calls never reached the server, as two answers under way at once both show."""
    subject = budget()
    for _ in range(8):
        subject.lost(subject.spend(0.0))
    first, second = subject.spend(0.0), subject.spend(0.0)
    subject.answered(first, 0.0, Quota(TEN_A_MINUTE, 9))
    subject.answered(second, 0.0, Quota(TEN_A_MINUTE, 8))
    assert burst(subject, 0.0) == 8


def test_a_millisecond_is_no_news() -> None:
    """A server that rounds its times must not cost a slot each time."""
    subject = budget()
    subject.answered(subject.spend(0.0), 0.0, Quota(TEN_A_MINUTE, 9))
    # It counted no time between the two, so it says more than 12.000 s, where 11.999 s were predicted.
    subject.answered(subject.spend(0.001), 0.001, Quota(TEN_A_MINUTE, 7))
    assert burst(subject, 0.001) == 8


def test_the_limit_of_the_headers_replaces_the_documented_one() -> None:
    """Also for calls under way that were predicted with the old one."""
    subject = budget()
    calls = [subject.spend(0.0) for _ in range(10)]
    for index, call in enumerate(calls):
        subject.answered(call, 0.05, Quota(RateLimit(10, 0.6), 9 - index))
    assert subject.slot == pytest.approx(0.06)
    assert subject.delay(0.05) == pytest.approx(0.06)


def test_a_limit_that_grows_or_shrinks_changes_the_burst() -> None:
    """As many slots as were taken stay taken."""
    subject = budget()
    subject.answered(subject.spend(0.0), 0.0, Quota(RateLimit(100, 60.0), 99))
    assert burst(subject, 0.0, most=200) == 99
    shrunk = budget()
    shrunk.answered(shrunk.spend(0.0), 0.0, Quota(RateLimit(4, 60.0), 3))
    assert burst(shrunk, 0.0) == 3
