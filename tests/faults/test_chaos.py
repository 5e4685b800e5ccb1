"""``make chaos`` in small: many lost answers and deaths in little time, and a client that does not bear them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.harness.chaos import BLIND, OURS, STATELESS, table
from tests.harness.chaos_campaign import Client, Weather, run
from tests.harness.chaos_truth import Result, Tally, Task, tally

STORM = Weather(copies=24, unknown=0.3, deaths=0.2, failed_looks=0.05, speed=100.0)


@pytest.mark.parametrize(
    "client", [OURS, pytest.param(STATELESS, marks=pytest.mark.whole)], ids=lambda client: client.name
)
def test_every_copy_is_made_once_whatever_dies(client: Client) -> None:
    """Processes are killed, answers get lost, lists lag, tokens expire: what Frame.io holds is what was asked for."""
    outcome = run(client, STORM, drivers=8)

    assert outcome.tally.clean, table([outcome])
    assert outcome.tally.made + outcome.tally.helped >= outcome.tally.asked == 24
    assert outcome.killed > 0
    assert outcome.tally.adopted > 0


def test_a_blind_retry_makes_duplicates() -> None:
    """In the same weather; so the weather is bad, and a duplicate is seen."""
    outcome = run(BLIND, STORM, drivers=8)

    assert outcome.tally.duplicates > 0
    assert not outcome.tally.clean


@pytest.mark.whole
def test_twins_make_no_silent_duplicate() -> None:
    """Identical copies by the same user at the same time: a doubt is asked about, never answered with another copy."""
    outcome = run(OURS, replace(STORM, copies=12, identical=0.5), drivers=8)

    assert outcome.tally.asked > 12
    assert outcome.tally.duplicates == 0


TASKS = [Task(0, "a", "x"), Task(1, "b", "x"), Task(2, "c", "x"), Task(3, "c", "x")]
GOOD = {0: Result("made", "1"), 1: Result("adopted", "2"), 2: Result("made", "3"), 3: Result("made", "4")}
HELD = {"1": ("a", "x"), "2": ("b", "x"), "3": ("c", "x"), "4": ("c", "x")}
CLEAN = Tally(asked=4, made=4, adopted=1, helped=0, failed=0, duplicates=0, lost=0, wrong=0, shared=0)


@pytest.mark.parametrize(
    ("results", "held", "difference"),
    [
        ({}, {}, {}),
        ({}, {"5": ("a", "x")}, {"made": 5, "duplicates": 1}),
        ({0: Result("made", "1", told=True)}, {"5": ("a", "x")}, {"made": 5}),
        ({0: Result("help")}, {"5": ("a", "x")}, {"made": 5, "helped": 1}),
        ({}, {"1": None}, {"made": 3, "lost": 1, "wrong": 1}),
        ({0: Result("failed")}, {"1": None}, {"made": 3, "failed": 1, "lost": 1}),
        ({0: Result("help")}, {"1": None}, {"made": 3, "helped": 1}),
        ({0: Result("adopted", "2")}, {}, {"adopted": 2, "wrong": 1}),
        ({3: Result("adopted", "3")}, {"4": None}, {"made": 3, "adopted": 2, "shared": 1}),
        ({}, {"5": ("c", "x")}, {"made": 5, "duplicates": 1}),
    ],
)
def test_a_tally_tells_what_went_wrong(
    results: dict[int, Result], held: dict[str, tuple[str, str] | None], difference: dict[str, int]
) -> None:
    """A surplus, a loss, another task's copy; what was told or asked about is neither."""
    there = {copy: pair for copy, pair in {**HELD, **held}.items() if pair is not None}

    assert tally(TASKS, {**GOOD, **results}, there) == replace(CLEAN, **difference)
