"""A throwaway Airflow home for every process that runs tests, and ``--whole``, without which campaigns are brief.

Airflow reads and writes its home as soon as it is imported.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from airflow_provider_frameio.client.credentials import PROCESS_TOKENS
from airflow_provider_frameio.client.pacer import PROCESS_PACING
from airflow_provider_frameio.emulator.server import Emulator
from tests.fakes import FakeClock
from tests.virtual_time import virtual_time

if TYPE_CHECKING:
    from tests.inline import InlineAirflow

# A busy machine is no fault of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_HOME = tempfile.TemporaryDirectory(prefix="frameio-tests-")
_DAGS = Path(_HOME.name) / "dags"
_DAGS.mkdir()

os.environ.update(
    AIRFLOW_HOME=_HOME.name,
    AIRFLOW__CORE__DAGS_FOLDER=str(_DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the tests marked so too: campaigns at full length")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``whole``, unless all of it is asked for."""
    if config.getoption("--whole"):
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("whole")])
    items[:] = [item for item in items if not item.get_closest_marker("whole")]


# A shell starts what it puts into the background with Ctrl-C ignored, and so would be what tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
