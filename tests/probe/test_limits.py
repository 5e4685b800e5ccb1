"""How budget comes back is told rightly over a network that takes its time, and whenever the probe begins."""

from __future__ import annotations

import random
from typing import Any

import pytest

from airflow_provider_frameio.client.client import NO_JOURNAL, Client, Journal
from airflow_provider_frameio.probe.findings import LIMITS, Verdict
from tests.probe.conftest import Ground


def slow(ground: Ground, latency: float, chance: random.Random) -> Any:
    """A client whose calls take about so many seconds there and back."""

    class Slow(Client):
        def call(self, operation: Any, journal: Journal = NO_JOURNAL, max_wait_slots: float = float("inf")) -> Any:
            ground.clock.sleep(latency * chance.uniform(0.2, 0.8))
            try:
                return super().call(operation, journal, max_wait_slots)
            finally:
                ground.clock.sleep(latency * chance.uniform(0.2, 0.8))

    return Slow


@pytest.mark.parametrize("rate", [5.0, 9.0])
def test_another_client_is_suspected(ground: Ground, rate: float) -> None:
    """It spends the same budget, so that no way of counting explains what is left of it."""
    ground.emulator.configure(rival={"copy_version_stack": rate})
    probe = ground.probe()
    probe.run("x", "2026-01-05")
    assert set(probe.findings.differing()) == {"limit_mode"}
    assert "unless another client copied as this user meanwhile" in probe.findings.of("limit_mode").seen
    assert probe.findings.of("refused_calls").verdict is Verdict.NOT_SEEN


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("latency", [0.15, 0.6, 2.0])
@pytest.mark.parametrize("charged", [False, True])
@pytest.mark.parametrize("mode", ["leaky", "fixed", "sliding"])
def test_it_is_told_rightly(ground: Ground, mode: str, charged: bool, latency: float, seed: int) -> None:
    """Nothing wrong is claimed; whether refused calls are charged makes no difference to fixed windows."""
    chance = random.Random(seed)
    ground.client_class = slow(ground, latency, chance)
    ground.emulator.configure(limit_mode=mode, charge_refused=charged)
    ground.clock.sleep(chance.uniform(0, 60))

    probe = ground.probe()
    probe.run("x", "2026-01-05")

    differing = set(probe.findings.differing()) & set(LIMITS)
    told = {key: probe.findings.of(key) for key in ("limit_mode", "refused_calls")}
    assert told["limit_mode"].verdict is (Verdict.AS_ASSUMED if mode == "leaky" else Verdict.DIFFERS), told
    assert differing <= {"limit_mode", "refused_calls"}
    right = Verdict.DIFFERS if charged else Verdict.AS_ASSUMED
    untold = mode == "fixed" or (mode == "sliding" and not charged)
    assert told["refused_calls"].verdict in ({right, Verdict.NOT_SEEN} if untold else {right}), told
