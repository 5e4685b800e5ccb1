"""One real Airflow and one emulated Frame.io for all end-to-end tests of a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from airflow_provider_frameio.emulator.settings import Settings
from tests.harness.emulator import EmulatorProcess
from tests.harness.stack import AirflowStack

ROOT = Path(__file__).parents[2]
WRONG_SECRET = "p8e-wrong-secret-of-the-e2e-tests"


@pytest.fixture(scope="session")
def frameio_process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(speed=20, seed="demo") as frameio:
        yield frameio


@pytest.fixture(scope="session")
def unhurried() -> Iterator[EmulatorProcess]:
    """A Frame.io whose rate limits are not over before a busy machine has met them."""
    with EmulatorProcess(speed=2, seed="demo") as frameio:
        yield frameio


@pytest.fixture
def frameio(frameio_process: EmulatorProcess) -> EmulatorProcess:
    """The emulator as it was at first, with an empty request log; what was copied before is still there."""
    frameio_process.control("DELETE", "requests")
    frameio_process.control("DELETE", "faults")
    frameio_process.control("POST", "settings", asdict(Settings()))
    return frameio_process


@pytest.fixture(scope="session")
def airflow(
    frameio_process: EmulatorProcess, unhurried: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStack]:
    """Airflow with the example DAGs and those beside this file."""
    dags = tmp_path_factory.mktemp("dags")
    (dags / "examples").symlink_to(ROOT / "example_dags")
    (dags / "e2e").symlink_to(ROOT / "tests/e2e/dags")
    right = frameio_process.connection
    connections = {
        "frameio_default": right,
        "frameio_wrong": {**right, "password": WRONG_SECRET},
        "frameio_unhurried": unhurried.connection,
    }
    with AirflowStack(dags, connections=connections) as stack:
        yield stack


@pytest.fixture
def target_folder_id(frameio: EmulatorProcess) -> str:
    """A new, empty folder."""
    parent_id = frameio.description["folders"]["target"]
    return str(frameio.control("POST", "seed", {"kind": "folder", "parent_id": parent_id, "name": "Delivery"})["id"])


@pytest.fixture
def order(frameio: EmulatorProcess, target_folder_id: str) -> dict[str, str]:
    """What to copy and where to, as the DAGs in this folder want to be told."""
    return {"version_stack_id": frameio.description["version_stacks"][0], "parent_id": target_folder_id}
