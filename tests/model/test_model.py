"""Random schedules of everything that goes wrong: the copying operators make each copy once, and harm nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.model.judge import VIOLATIONS, Verdict
from tests.model.naive import CARELESS, Omniscient, careless
from tests.model.process import border
from tests.model.run import run
from tests.model.schedules import LIMITS

RUNS = 1500
PART = 250
_NEVER = frozenset({"raw", "hang"})  # whatever limit a run goes beyond
_FEWEST_SUCCESSES = 0.6  # of the runs within the limits
_MOST_ASKED = 0.2  # of the runs within the limits: more often a task may not leave the answer to people


@pytest.fixture(scope="module", autouse=True)
def _virtual() -> Iterator[None]:
    with border():
        yield


@pytest.mark.parametrize("begin", range(0, RUNS, PART))
def test_each_copy_is_made_once_and_nothing_else_is_harmed(begin: int) -> None:
    """Within the limits of the guarantees no run has any violation, few ask, and most succeed."""
    verdicts = [(seed, run(seed)) for seed in range(begin, begin + PART)]
    wrong = [line for seed, verdict in verdicts for line in _told(seed, verdict)]
    assert not wrong, "\n".join(["", *wrong])
    within = [verdict for _, verdict in verdicts if not verdict.limits]
    assert sum(verdict.asked for verdict in within) <= _MOST_ASKED * len(within)
    assert sum(verdict.state == "success" for verdict in within) >= _FEWEST_SUCCESSES * len(within)


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_is_one(limit: str) -> None:
    """Beyond each limit that the guarantees name there is a run that shows why it is one."""
    beyond = (run(seed, limit=limit) for seed in range(500))
    assert any(verdict.violations for verdict in beyond if verdict.limits == (limit,))


@pytest.mark.parametrize("kind", VIOLATIONS)
def test_the_model_sees(kind: str) -> None:
    """A careless copier is found out within some hundred runs."""
    make = careless(CARELESS[kind])
    runs = (run(seed, make=make, limit="") for seed in range(1500))
    assert any(kind == found for verdict in runs if not verdict.limits for found, _ in verdict.violations)


def test_the_model_finds_no_fault_where_there_is_none() -> None:
    """A copier that sees what no task can see does all that is asked of it; on Adobe storage it copies nothing."""
    verdicts = [(seed, run(seed, make=Omniscient().make, limit="")) for seed in range(400)]
    within = [(seed, one) for seed, one in verdicts if not one.limits and "adobe" not in one.kind]
    assert [(seed, verdict.violations) for seed, verdict in within if verdict.violations] == []
    assert sum(verdict.state == "success" for _, verdict in within) > len(within) / 2


def test_a_seed_tells_the_same_story_again() -> None:
    """A reproduction reproduces."""
    stories: list[list[str]] = [[], []]
    verdicts = [run(7, story.append) for story in stories]
    assert stories[0] == stories[1]
    assert verdicts[0] == verdicts[1]


def _told(seed: int, verdict: Verdict) -> Iterator[str]:
    for kind, words in verdict.violations:
        if kind in _NEVER or not verdict.limits:
            yield f"python -m tests.model --seed {seed} -v   # {verdict.kind}: {kind}: {words}"
