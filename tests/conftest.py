"""A throwaway Airflow home for every test: Airflow reads and writes its home as soon as it is imported."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_frameio.auth import PROCESS_TOKENS
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.pacing import PROCESS_PACING
from tests.fakes import FakeClock
from tests.virtual_time import virtual_time

if TYPE_CHECKING:
    from tests.inline import InlineAirflow

_HOME = tempfile.TemporaryDirectory(prefix="frameio-tests-")
_DAGS = Path(_HOME.name) / "dags"
_DAGS.mkdir()

os.environ.update(
    AIRFLOW_HOME=_HOME.name,
    AIRFLOW__CORE__DAGS_FOLDER=str(_DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The time of this process: it passes when somebody sleeps."""
    return virtual_time(monkeypatch)


@pytest.fixture
def frameio(clock: FakeClock) -> Iterator[Emulator]:
    """An emulated Frame.io with the demo's projects, a hundred times as fast as the time in which it lives."""
    # What an earlier test's emulator granted under this address, when the system hands its port out once more.
    PROCESS_TOKENS.forget()
    PROCESS_PACING.forget()
    with Emulator(seed="demo", speed=100, clock=clock.monotonic) as emulator:
        yield emulator


@pytest.fixture
def airflow(
    frameio: Emulator,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> InlineAirflow:
    """Runs DAGs in this process, with ``frameio_default`` leading to the emulator."""
    from tests.inline import InlineAirflow  # only now: most tests run without Airflow

    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
    return InlineAirflow(_DAGS, clock, capfd, caplog)
