"""Random runs of mirrors: whatever dies, the target holds each thing once; and later runs need no record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airflow_provider_frameio.copying.mirror import counterparts
from airflow_provider_frameio.tasks import mirroring
from tests.model.mirrors import run
from tests.model.process import border

RUNS = 300
PART = 100
_FEWEST_SUCCESSES = 0.5  # of the runs; the others ran out of tries, or cannot be told


@pytest.fixture(scope="module", autouse=True)
def _virtual() -> Iterator[None]:
    with border():
        yield


@pytest.mark.parametrize("begin", range(0, RUNS, PART))
def test_a_mirror_makes_each_thing_once_and_harms_nothing(begin: int) -> None:
    """Within the limits of the guarantees no run has any violation, and most succeed."""
    verdicts = [(seed, run(seed)) for seed in range(begin, begin + PART)]
    wrong = [
        f"python -m tests.model.mirrors --seed {seed} -v   # {verdict.kind}: {kind}: {words}"
        for seed, verdict in verdicts
        if not verdict.limits
        for kind, words in verdict.violations
    ]
    assert not wrong, "\n".join(["", *wrong])
    assert sum(verdict.state == "success" for _, verdict in verdicts) >= _FEWEST_SUCCESSES * PART


def _remembers_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mirroring.TaskMemory, "_load", lambda *arguments: None)


def _takes_files_for_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(counterparts, "fits", lambda *arguments: True)


@pytest.mark.parametrize(
    ("careless", "kinds"),
    [
        (_remembers_nothing, {"doubled"}),
        (_takes_files_for_others, {"lost"}),
    ],
)
def test_the_model_sees(
    monkeypatch: pytest.MonkeyPatch, careless: Callable[[pytest.MonkeyPatch], None], kinds: set[str]
) -> None:
    """A careless mirror is found out within some hundred runs."""
    careless(monkeypatch)
    runs = (run(seed) for seed in range(400))
    assert any(kind in kinds for verdict in runs if not verdict.limits for kind, _ in verdict.violations)
