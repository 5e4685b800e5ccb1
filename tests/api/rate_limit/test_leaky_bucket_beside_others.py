"""Budgets of several processes that spend one limit without knowing of each other: means of a few simulated runs."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

import pytest

from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget, Quota
from tests.api.rate_limit.limiters import LeakyBucket
from tests.api.rate_limit.simulation import TEN_A_MINUTE, simulate
from tests.copying.outcome import Outcome


def outcomes(copies: int, processes: int, *, workers: int = 1, stagger: float = 0.0) -> list[Outcome]:
    return [
        simulate(LeakyBucket(10, 60.0), copies, seed, processes=processes, workers=workers, stagger=stagger)
        for seed in range(12)
    ]


def average(measure: Callable[[Outcome], float], of: list[Outcome]) -> float:
    return mean(measure(outcome) for outcome in of)


def longest_to_mean(outcome: Outcome) -> float:
    return max(outcome.waits) / mean(outcome.waits)


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize(("copies", "bound"), [(100, 1.02), (1000, 1.005)])
def test_a_process_alone_is_not_refused_and_loses_no_time(copies: int, bound: float, workers: int) -> None:
    """What it keeps free for others is a slot and a half in all, saved little by little."""
    runs = outcomes(copies, 1, workers=workers)
    assert {run.server.refused for run in runs} == {0}
    assert average(lambda run: run.ratio, runs) <= bound


@pytest.mark.parametrize(
    ("processes", "copies", "ratio", "refusals"),
    [(4, 100, 1.08, 0.02), (4, 1000, 1.01, 0.01), (16, 100, 1.12, 1.2), (16, 1000, 1.01, 0.8)],
)
def test_processes_beside_each_other_lose_little(processes: int, copies: int, ratio: float, refusals: float) -> None:
    """They use the limit fully, and few calls are refused."""
    runs = outcomes(copies, processes)
    assert average(lambda run: run.ratio, runs) <= ratio
    assert average(lambda run: run.refusals, runs) <= refusals
    assert {len(run.made) for run in runs} == {copies}


@pytest.mark.parametrize(("processes", "copies"), [(4, 100), (4, 1000), (16, 100), (16, 1000)])
def test_no_copy_waits_for_much_longer_than_the_others(processes: int, copies: int) -> None:
    """None longer than four times the mean."""
    assert average(longest_to_mean, outcomes(copies, processes)) <= 4


@pytest.mark.parametrize(("processes", "copies", "fairness"), [(4, 100, 0.95), (4, 1000, 0.99), (16, 1000, 0.97)])
def test_processes_get_equal_shares(processes: int, copies: int, fairness: float) -> None:
    """Jain's index of what each had made when half of all was made."""
    assert average(lambda run: run.fairness, outcomes(copies, processes)) >= fairness


@pytest.mark.parametrize(("processes", "copies"), [(4, 100), (4, 1000), (16, 100), (16, 1000)])
def test_nobody_starves(processes: int, copies: int) -> None:
    """Also where each makes six copies only, all have waited about as long for each of them."""
    assert average(lambda run: run.fairness_of_waits, outcomes(copies, processes)) >= 0.95


def test_a_process_that_begins_later_gets_its_share() -> None:
    """Those that have the limit for themselves by then have left room to be noticed in."""
    runs = outcomes(1000, 4, stagger=400.0)
    assert average(lambda run: run.ratio, runs) <= 1.01
    assert average(longest_to_mean, runs) <= 5


def test_a_single_call_of_another_process_is_noticed() -> None:
    """By one that has had the limit for itself for a while: it gives way at its next call."""
    server, budget, now = LeakyBucket(10, 60.0), Budget(TEN_A_MINUTE, lambda: 0.5), 0.0
    for _ in range(150):
        now += budget.delay(now)
        budget.answered(budget.spend(now), now, Quota.from_headers(server.call(now)[1]))
        if server.admitted == 149:
            assert budget.delay(now) == pytest.approx(6.0, rel=0.02)
            server.fill(1.0)
    assert budget.delay(now) >= 18.0


def test_threads_of_several_processes_share_as_well() -> None:
    """Four of sixteen threads: all begin with a burst, most of which is refused, and find their shares."""
    runs = outcomes(1000, 4, workers=16)
    assert average(lambda run: run.ratio, runs) <= 1.02
    assert average(lambda run: run.refusals, runs) <= 0.06
    assert average(lambda run: run.fairness, runs) >= 0.97
