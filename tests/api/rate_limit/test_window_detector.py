"""What a process concludes about a server's way of counting, on a clock that is a plain number: ten calls a minute."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.window_detector import WindowDetector

LIMIT = RateLimit(10, 60.0)


def counting(calls: int, apart: float, *, exactly: bool = True) -> WindowDetector:
    """After so many admitted calls, the last of them at 0."""
    subject = WindowDetector()
    for number in range(1 - calls, 1):
        subject.add(number * apart)
        subject.predicted(number * apart, LIMIT, exactly=exactly)
    return subject


def test_calls_count_for_a_window_and_half_a_slot() -> None:
    """Half a slot for latencies and clocks."""
    subject = counting(5, 1.0)
    assert [subject.count(now, LIMIT) for now in (0.0, 58.9, 59.1, 62.9, 63.1)] == [5, 5, 4, 1, 0]


@pytest.mark.parametrize(("calls", "under_way", "explained"), [(10, 0, True), (9, 1, True), (9, 0, False)])
def test_a_refusal_is_explained_by_as_many_calls_as_the_limit(calls: int, under_way: int, explained: bool) -> None:
    """Those without an answer included; with fewer, others must have spent."""
    subject = counting(calls, 0.0)
    assert subject.refused(6.0, LIMIT, under_way) is explained
    assert subject.by_windows is explained


def test_many_calls_beyond_the_limit_show_a_leaky_bucket() -> None:
    """Ten in a row that went as predicted; no refusal is explained by windows afterwards."""
    assert not counting(19, 6.0).leaks
    subject = counting(20, 6.0)
    assert subject.leaks
    assert not subject.refused(6.0, LIMIT, 0)
    assert not subject.by_windows


def test_calls_that_did_not_go_as_predicted_show_nothing() -> None:
    """Ten are needed in a row."""
    assert not counting(30, 6.0, exactly=False).leaks


def test_a_server_that_counts_by_windows_is_never_taken_for_a_leaky_bucket() -> None:
    """However many calls it admits."""
    subject = counting(10, 0.0)
    subject.refused(6.0, LIMIT, 0)
    for number in range(100):
        subject.add(60.0 + number)
        subject.predicted(60.0 + number, LIMIT, exactly=True)
    assert not subject.leaks
