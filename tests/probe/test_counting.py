"""Which ways of counting explain what was admitted and refused, from the calls alone."""

from __future__ import annotations

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.probe.counting import Call, Way, explaining

LIMIT = RateLimit(4, 60.0)  # a slot is 15 s
LEAKING = {charged: Way("call by call", True, charged) for charged in (False, True)}
SLIDING = {charged: Way("each call a window after it was made", False, charged) for charged in (False, True)}
FIXED = Way("all at once, at fixed moments", False, None)


def calls(admitted: list[float], refused: list[float], doubt: float = 0.0) -> list[Call]:
    """Without headers."""
    both = sorted([*((at, True) for at in admitted), *((at, False) for at in refused)])
    return [Call(at - doubt, at + doubt, fits) for at, fits in both]


def test_one_a_slot_is_a_leaking_bucket() -> None:
    """Which does not charge for refused calls, if the next one is admitted after a slot all the same."""
    assert explaining(calls([0, 1, 2, 3, 17], [4, 5, 6, 18]), LIMIT) == [LEAKING[False]]


def test_refused_calls_that_are_charged_put_the_next_off() -> None:
    """By a slot each."""
    assert explaining(calls([0, 1, 2, 3, 95], [4, 5, 6, 18, 33, 96]), LIMIT) == [LEAKING[True]]


def test_a_window_after_each_call_is_a_sliding_window() -> None:
    """Here the first two come back, and only then the others."""
    assert explaining(calls([0, 1, 20, 21, 61, 61.5], [22, 50, 62]), LIMIT) == [SLIDING[False]]


def test_all_at_once_is_a_fixed_window() -> None:
    """In less than a window."""
    assert explaining(calls([0, 1, 2, 3, 30, 31, 32, 33], [4, 20, 34]), LIMIT) == [FIXED]


def test_what_nothing_explains_is_left_unexplained() -> None:
    """Such as a rival who takes all that comes back."""
    assert explaining(calls([0, 1], [2, 10, 20, 70, 130]), LIMIT) == []


def test_a_refusal_while_a_call_fits_is_unexplained() -> None:
    """Somebody else has taken the last one."""
    assert explaining(calls([0, 1, 2], [3]), LIMIT) == []


def test_several_ways_may_remain() -> None:
    """Then none of them is claimed."""
    assert explaining(calls([0, 1, 2, 3, 64, 65, 66, 67], [4, 30, 68]), LIMIT) == [SLIDING[False], FIXED]


def test_headers_exclude_what_calls_alone_do_not() -> None:
    """After a window four fit; where only two are left, two refused calls were charged."""
    told = [*calls([0, 1, 2, 3], [40, 50]), Call(64.0, 64.0, True, remaining=1)]
    assert explaining(told, LIMIT) == [SLIDING[True]]


def test_the_time_that_calls_take_is_allowed_for() -> None:
    """A call that is refused a little late, or early, excludes nothing."""
    early = [0.0, 1.0, 2.0, 3.0, 14.0]
    assert explaining(calls(early, [4.0, 5.0, 15.0]), LIMIT) == []
    assert LEAKING[False] in explaining(calls(early, [4.0, 5.0, 15.0], doubt=1.0), LIMIT)
