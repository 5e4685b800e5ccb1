"""A budget against servers that count in their own way: nobody is refused who need not be, and no time is wasted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_frameio.api.budget import Budget
from airflow_provider_frameio.api.protocol import RateLimit
from tests.api.simulation import Callers, FixedWindow, LeakyBucket, Server, SlidingWindow

TEN_A_MINUTE = RateLimit(10, 60.0)
LIMITS = [RateLimit(10, 60.0), RateLimit(3, 1.0), RateLimit(5, 1.0), RateLimit(7, 60.0), RateLimit(100, 60.0)]
property_test = settings(max_examples=60, deadline=None, derandomize=True)


def optimum(server: Server, calls: int) -> float:
    """Seconds until a server that admits a burst at once has admitted the last call."""
    return (calls - server.calls) * server.window / 1e6 / server.calls


def simulate(
    server: Server,
    calls: int,
    seed: int = 0,
    *,
    documented: RateLimit = TEN_A_MINUTE,
    latency: tuple[float, float] = (0.3, 0.3),
    workers: int = 1,
    start: float = 0.0,
) -> float:
    """Seconds until the last call was sent; latencies are random up to those given, there and back."""
    chance = random.Random(seed)
    callers = Callers(
        server,
        Budget(documented, chance.random),
        calls,
        lambda: (chance.random() * latency[0], chance.random() * latency[1]),
        workers,
        start,
    )
    return callers.run() - start


@given(limit=st.sampled_from(LIMITS), seed=st.integers(0, 1000), there=st.floats(0, 2), back=st.floats(0, 2))
@property_test
def test_one_caller_alone_is_never_refused(limit: RateLimit, seed: int, there: float, back: float) -> None:
    """Whatever the latencies; they are given in slots of the limit."""
    server = LeakyBucket(limit.calls, limit.window)
    slot = limit.window / limit.calls
    simulate(server, 3 * limit.calls, seed, documented=limit, latency=(there * slot, back * slot))
    assert server.refused == 0


@given(seed=st.integers(0, 1000), there=st.floats(0, 0.5), back=st.floats(0, 0.5))
@property_test
def test_one_caller_alone_loses_no_time(seed: int, there: float, back: float) -> None:
    """30 copies of a caller that answers within a second take at most 2 % longer than the limit demands."""
    server = LeakyBucket(10, 60.0)
    assert simulate(server, 30, seed, latency=(there, back)) <= 1.02 * optimum(server, 30)


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
    simulate(server, 3 * limit.calls, seed, documented=limit, latency=latency, workers=workers)
    assert server.refused == 0


@pytest.mark.parametrize("seed", range(5))
def test_many_callers_of_one_budget_lose_no_time(seed: int) -> None:
    """Sixteen callers whose answers take up to five slots."""
    server = LeakyBucket(10, 60.0)
    assert simulate(server, 100, seed, latency=(5.0, 25.0), workers=16) <= 1.02 * optimum(server, 100)


@given(filled=st.floats(0, 10), seed=st.integers(0, 1000))
@property_test
def test_a_cold_start_against_a_partly_filled_bucket_is_refused_once_at_most(filled: float, seed: int) -> None:
    """Only the first call can be; its header, or its refusal, says enough for all that follow."""
    server = LeakyBucket(10, 60.0)
    server.fill(filled, 0.0)
    took = simulate(server, 30, seed)
    assert server.refused <= (1 if filled > 9 else 0)
    assert took <= 6.0 * (filled + 20 + 2)


@given(real=st.sampled_from([RateLimit(4, 30.0), RateLimit(20, 60.0), RateLimit(10, 600.0)]), seed=st.integers(0, 1000))
@property_test
def test_a_server_with_another_limit_is_learnt_from_its_first_answer(real: RateLimit, seed: int) -> None:
    """One caller is never refused, and is as fast as the real limit allows."""
    server = LeakyBucket(real.calls, real.window)
    took = simulate(server, 4 * real.calls, seed, latency=(0.05, 0.05))
    assert server.refused == 0
    assert took <= 1.02 * optimum(server, 4 * real.calls)


def test_a_smaller_real_limit_costs_many_callers_one_burst() -> None:
    """Ten were sent by the documented limit before any header came; afterwards nobody is refused."""
    server = LeakyBucket(4, 60.0)
    took = simulate(server, 30, workers=16)
    assert server.refused == 6
    assert took <= 1.05 * optimum(server, 30)


@pytest.mark.parametrize(
    ("make", "bound", "refusals"), [(FixedWindow, 1.10, 5), (SlidingWindow, 1.23, 9)], ids=["fixed", "sliding"]
)
def test_a_server_that_counts_by_windows_is_converged_upon(
    make: Callable[[int, float], Server], bound: float, refusals: float
) -> None:
    """100 calls, begun anywhere in a window: mean of twenty runs. Most of the loss is the first minute's search."""
    times, refused = [], []
    for seed in range(20):
        server = make(10, 60.0)
        times.append(simulate(server, 100, seed, start=seed * 3.0) / optimum(server, 100))
        refused.append(server.refused)
        assert server.admitted == 100
    assert sum(times) / 20 <= bound
    assert sum(refused) / 20 <= refusals


@pytest.mark.parametrize("make", [FixedWindow, SlidingWindow])
def test_many_callers_converge_on_windows_too(make: Callable[[int, float], Server]) -> None:
    """No copy is lost and none starves."""
    server = make(10, 60.0)
    assert simulate(server, 100, workers=16) <= 1.25 * optimum(server, 100)
    assert server.admitted == 100


def test_two_budgets_of_one_bucket_both_get_through() -> None:
    """Two processes that do not know each other: refused now and then, but never for long."""
    server = LeakyBucket(10, 60.0)
    chance = random.Random(1)
    both = [Callers(server, Budget(TEN_A_MINUTE, chance.random), 50, lambda: (0.1, 0.1)) for _ in range(2)]
    ended = _interleave(both)
    assert server.admitted == 100
    assert ended <= 1.1 * optimum(server, 100)


def _interleave(all_callers: list[Callers]) -> float:
    """Run several callers on one clock."""
    for callers in all_callers:
        callers.start()
    running: list[Any] = list(all_callers)
    while running := [callers for callers in running if callers.next_at() is not None]:
        min(running, key=lambda callers: callers.next_at()).step()
    return max(callers.sent_at[-1] for callers in all_callers)
