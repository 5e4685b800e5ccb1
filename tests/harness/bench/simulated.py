"""How long copies take under Frame.io's rate limit, and what is refused or lost, by simulation.

Latencies are random up to 0.3 s each way; numbers are means of runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean

from tests.api.rate_limit.limiters import FixedWindow, LeakyBucket, Server, SlidingWindow
from tests.api.rate_limit.simulation import Client, Repeating, paced, simulate
from tests.harness.bench.report import Cell, Report, Table

RUNS = 5
SDK_ATTEMPTS_PAUSES = [1.0, 2.0]
JITTER_ATTEMPTS, JITTER_FIRST, JITTER_LONGEST = 10, 1.0, 60.0


@dataclass(frozen=True)
class Scenario:
    """Who shares which server.

    :ivar server: makes it, as it is before the first call.
    """

    name: str
    server: Callable[[], Server]
    processes: int = 1


@dataclass(frozen=True)
class Row:
    """Means of the runs of one client in one scenario.

    :ivar ratio: the makespan divided by the least that a leaky bucket demands; None where copies failed.
    :ivar refusals: 429s per copy asked for.
    :ivar failed: copies given up.
    :ivar longest_wait: seconds from a copy's beginning to the call that made it, or to its failure.
    """

    client: str
    scenario: str
    copies: int
    ratio: float | None
    refusals: float
    failed: float
    longest_wait: float


def official_sdk(_: random.Random) -> list[float]:
    """Three attempts."""
    return SDK_ATTEMPTS_PAUSES


def full_jitter(chance: random.Random) -> list[float]:
    """Ten attempts, between them a random part of 1 s, doubled each time up to 60 s."""
    longest = (min(JITTER_LONGEST, JITTER_FIRST * 2.0**attempt) for attempt in range(JITTER_ATTEMPTS - 1))
    return [most * chance.random() for most in longest]


def repeating(pauses: Callable[[random.Random], list[float]]) -> Client:
    """A client that only repeats."""
    return lambda situation, chance: Repeating(situation, lambda: pauses(chance))


CLIENTS: dict[str, Client] = {
    "this provider": paced(),
    "official SDK": repeating(official_sdk),
    "full jitter": repeating(full_jitter),
}
ALONE = Scenario("1 process", lambda: LeakyBucket(10, 60.0))
SCENARIOS = [
    ALONE,
    Scenario("4 processes", lambda: LeakyBucket(10, 60.0), 4),
    Scenario("16 processes", lambda: LeakyBucket(10, 60.0), 16),
    Scenario("fixed window", lambda: FixedWindow(10, 60.0)),
    Scenario("sliding window", lambda: SlidingWindow(10, 60.0)),
    Scenario("refusals are charged", lambda: LeakyBucket(10, 60.0, charges=True)),
]


def measure(client: str, scenario: Scenario, copies: int, runs: int = RUNS) -> Row:
    """Simulate one client in one scenario, with another seed and begun at another part of a window each time."""
    outcomes = []
    for seed in range(runs):
        start = seed * 60.0 / runs
        outcome = simulate(
            scenario.server(), copies, seed, client=CLIENTS[client], processes=scenario.processes, start=start
        )
        outcomes.append(outcome)
    complete = not any(outcome.failed for outcome in outcomes)
    return Row(
        client,
        scenario.name,
        copies,
        mean(outcome.ratio for outcome in outcomes) if complete else None,
        mean(outcome.server.refused for outcome in outcomes) / copies,
        mean(len(outcome.failed) for outcome in outcomes),
        mean(max(outcome.waits + outcome.failed) for outcome in outcomes),
    )


def rows() -> Iterator[Row]:
    """All of them: each scenario with 100 and 1,000 copies, one process alone also with 10,000."""
    for scenario in SCENARIOS:
        for copies in (100, 1_000, 10_000) if scenario is ALONE else (100, 1_000):
            for client in CLIENTS:
                yield measure(client, scenario, copies)


def report() -> Report:
    """The table: a thousand copies, and of one process also ten thousand."""
    lines: list[list[Cell]] = [
        [row.scenario, f"{row.copies:,}", row.client, row.failed, row.refusals, row.ratio or "–", row.longest_wait]
        for row in rows()
        if row.copies > 100
    ]
    caption = (
        f"In simulated time, means of {RUNS} runs. The optimum is that of a leaky bucket, 10 at once, then one every "
        "6 s; waits are from a copy's beginning to the call that made it, in seconds."
    )
    columns = ["scenario", "copies", "client", "failed", "429s per copy", "time ÷ optimum", "longest wait"]
    return Report([Table("simulation", caption, columns, lines)])
