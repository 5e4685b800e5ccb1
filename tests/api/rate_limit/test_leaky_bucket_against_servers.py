"""A budget against servers that count in their own way: nobody is refused who need not be, and no time is wasted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_frameio.api.protocol import RateLimit
from tests.api.rate_limit.limiters import FixedWindow, LeakyBucket, Server, SlidingWindow
from tests.api.rate_limit.simulation import paced, simulate

LIMITS = [RateLimit(10, 60.0), RateLimit(3, 1.0), RateLimit(5, 1.0), RateLimit(7, 60.0), RateLimit(100, 60.0)]
property_test = settings(max_examples=60, derandomize=True)


@given(limit=st.sampled_from(LIMITS), seed=st.integers(0, 1000), there=st.floats(0, 2), back=st.floats(0, 2))
@property_test
def test_one_caller_alone_is_never_refused(limit: RateLimit, seed: int, there: float, back: float) -> None:
    """Whatever the latencies; they are given in slots of the limit."""
    server = LeakyBucket(limit.calls, limit.window)
    slot = limit.window / limit.calls
    simulate(server, 3 * limit.calls, seed, client=paced(limit), latency=(there * slot, back * slot))
    assert server.refused == 0


@given(seed=st.integers(0, 1000), there=st.floats(0, 0.5), back=st.floats(0, 0.5))
@property_test
def test_one_caller_alone_loses_no_time(seed: int, there: float, back: float) -> None:
    """30 copies of a caller that answers within a second take at most 2 % longer than the limit demands."""
    server = LeakyBucket(10, 60.0)
    assert simulate(server, 30, seed, latency=(there, back)).ratio <= 1.02


@given(
    limit=st.sampled_from(LIMITS),
    seed=st.integers(0, 1000),
    workers=st.integers(2, 20),
    there=st.floats(0, 3),
    back=st.floats(0, 10),
)
@property_test
def test_many_callers_of_one_budget_are_never_refused(
    limit: RateLimit, seed: int, workers: int, there: float, back: float
) -> None:
    """Also where calls overtake each other and answers come in any order; latencies are given in slots."""
    server = LeakyBucket(limit.calls, limit.window)
    slot = limit.window / limit.calls
    latency = (there * slot, back * slot)
    simulate(server, 3 * limit.calls, seed, client=paced(limit), latency=latency, workers=workers)
    assert server.refused == 0


@pytest.mark.parametrize("seed", range(5))
def test_many_callers_of_one_budget_lose_no_time(seed: int) -> None:
    """Sixteen callers whose answers take up to five slots; half of the loss is room kept for another process."""
    server = LeakyBucket(10, 60.0)
    assert simulate(server, 100, seed, latency=(5.0, 25.0), workers=16).ratio <= 1.03


@given(filled=st.floats(0, 10), seed=st.integers(0, 1000))
@property_test
def test_a_cold_start_against_a_partly_filled_bucket_is_refused_once_at_most(filled: float, seed: int) -> None:
    """By then a header, or the refusal, has said enough for all that follow."""
    server = LeakyBucket(10, 60.0)
    server.fill(filled)
    outcome = simulate(server, 30, seed)
    assert server.refused <= 1
    assert outcome.makespan <= 6.0 * (filled + 20 + 2)


@given(real=st.sampled_from([RateLimit(4, 30.0), RateLimit(20, 60.0), RateLimit(10, 600.0)]), seed=st.integers(0, 1000))
@property_test
def test_a_server_with_another_limit_is_learnt_from_its_first_answer(real: RateLimit, seed: int) -> None:
    """One caller is never refused, and is as fast as the real limit allows."""
    server = LeakyBucket(real.calls, real.window)
    outcome = simulate(server, 4 * real.calls, seed, latency=(0.05, 0.05))
    assert server.refused == 0
    assert outcome.ratio <= 1.02


def test_a_smaller_real_limit_costs_many_callers_one_burst() -> None:
    """Ten were sent by the documented limit before any header came; afterwards nobody is refused."""
    server = LeakyBucket(4, 60.0)
    outcome = simulate(server, 30, workers=16)
    assert server.refused == 6
    assert outcome.ratio <= 1.05


@pytest.mark.parametrize("copies", [100, 1000])
@pytest.mark.parametrize(
    ("make", "charges", "bound"),
    [
        pytest.param(FixedWindow, False, 1.05, id="fixed"),
        pytest.param(FixedWindow, True, 1.05, id="fixed, refusals charged"),
        pytest.param(SlidingWindow, False, 1.10, id="sliding"),
        pytest.param(SlidingWindow, True, 1.10, id="sliding, refusals charged"),
    ],
)
def test_a_server_that_counts_by_windows_is_known_after_one_refusal(
    make: type[Server], charges: bool, bound: float, copies: int
) -> None:
    """Begun anywhere in a window: mean of twenty runs."""
    outcomes = [simulate(make(10, 60.0, charges=charges), copies, seed, start=seed * 3.0) for seed in range(20)]
    assert {outcome.server.refused for outcome in outcomes} <= {0, 1}
    assert {len(outcome.made) for outcome in outcomes} == {copies}
    assert sum(outcome.ratio for outcome in outcomes) / 20 <= bound


@pytest.mark.parametrize("make", [FixedWindow, SlidingWindow])
def test_many_callers_converge_on_windows_too(make: type[Server]) -> None:
    """No copy is lost and none starves."""
    outcome = simulate(make(10, 60.0), 100, workers=16)
    assert outcome.ratio <= 1.10
    assert len(outcome.made) == 100
    assert max(outcome.waits) <= 180


@pytest.mark.parametrize(("filled", "bound"), [(0.0, 1.02), (9.5, 1.10)], ids=["empty", "filled by another client"])
def test_a_server_that_charges_for_refusals_costs_little_more(filled: float, bound: float) -> None:
    """Pauses grow until what was refused has drained as well: mean of ten runs of 100 copies."""
    makespans = []
    for seed in range(10):
        server = LeakyBucket(10, 60.0, charges=True)
        server.fill(filled)
        makespans.append(simulate(server, 100, seed).makespan)
    assert sum(makespans) / 10 <= bound * 6.0 * (90 + filled)
