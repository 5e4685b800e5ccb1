"""The share of a limit that a process takes beside others, look by look, with slots of one second."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api.rate_limit.fair_share import FairShare, Observation

MIDDLE = 0.5  # jitter that leaves intervals as they are


def observe(share: FairShare, at: float, surprise: float, free: float, others: bool = True) -> float:
    """A call that is answered at once; how long the next one is to wait."""
    share.sent(at)
    share.answered(Observation(at, at, 1.0, surprise, free, others))
    return share.delay(at, 1.0)


def share(jitter: float = MIDDLE) -> FairShare:
    """One that has looked once, and met nobody."""
    subject = FairShare(lambda: jitter)
    observe(subject, 0.0, 0.0, 1.0)
    return subject


def settled(free: float, surprise: float, rounds: int = 60) -> float:
    """The interval in the end where each look shows the same."""
    subject, now = share(), 0.0
    for _ in range(rounds):
        now += 4.0
        wait = observe(subject, now, surprise, free)
    return wait


def test_alone_nothing_is_waited_for() -> None:
    """However full the bucket is."""
    subject = share()
    assert [observe(subject, at, 0.0, 0.0) for at in (1.0, 2.0, 3.0)] == [0.0, 0.0, 0.0]


def test_a_surprise_that_ones_own_calls_explain_is_nobody() -> None:
    """So it is with a server that counts by windows."""
    assert observe(share(), 1.0, 2.0, 0.0, others=False) == 0.0


def test_others_are_given_way_as_soon_as_they_are_seen() -> None:
    """By four slots at the most: one header is not believed in full; by one where much is free."""
    assert observe(share(), 1.0, 1.0, 0.0) == pytest.approx(4.0)
    assert observe(share(), 1.0, 1.0, 0.4) == pytest.approx(1.0)


def test_the_fuller_the_bucket_the_longer_the_interval() -> None:
    """With three calls of others in four slots: the same for every process that reads the same level."""
    assert settled(0.4, 3.0) == pytest.approx(1.0)
    assert settled(0.2, 3.0) == pytest.approx(32**0.5, rel=0.01)
    assert settled(0.0, 3.0) == pytest.approx(32.0, rel=0.01)


def test_intervals_vary_by_a_tenth() -> None:
    """So that processes do not keep step."""
    for jitter, wait in ((0.0, 3.6), (1.0, 4.4)):
        assert observe(share(jitter), 1.0, 1.0, 0.0) == pytest.approx(wait)


def test_a_refusal_lengthens_the_interval_and_leaves_the_repetition_alone() -> None:
    """To two slots, then by half each time."""
    subject = share()
    found = []
    for at in (10.0, 20.0, 30.0):
        subject.refused(at)
        assert subject.delay(at, 1.0) <= 0
        subject.sent(at)
        found.append(subject.delay(at, 1.0))
    assert found == pytest.approx([2.0, 3.0, 4.5])


def test_a_refused_first_call_says_nothing_of_now() -> None:
    """Others may have come and gone."""
    subject = FairShare(lambda: MIDDLE)
    subject.refused(0.0)
    assert observe(subject, 1.0, 0.0, 0.0) == 0.0


def test_answers_to_calls_from_before_the_last_look_wait_for_the_next() -> None:
    """Ten answers of one burst are one look."""
    subject = share()
    for _ in range(3):
        subject.sent(1.0)
    for at in (1.1, 1.2, 1.3):
        subject.answered(Observation(1.0, at, 1.0, 1.0, 0.0, True))
    assert subject.delay(1.0, 1.0) == pytest.approx(4.0)


def test_the_limit_is_taken_back_when_others_are_gone() -> None:
    """Once much is free and nothing was spent by others for a while."""
    subject = share()
    observe(subject, 1.0, 2.0, 0.0)
    waits = [observe(subject, 10.0 + 2 * number, 0.0, 1.0) for number in range(20)]
    assert waits[0] > 0
    assert waits[-1] == 0.0


def test_a_clock_that_steps_back_makes_no_interval_longer() -> None:
    """Nor does it where there is none."""
    subject = share()
    assert subject.delay(-50.0, 1.0) == 0.0
    observe(subject, 1.0, 1.0, 0.0)
    assert subject.delay(-50.0, 1.0) == pytest.approx(4.0)
