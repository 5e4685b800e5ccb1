"""One real Airflow and its emulated Frame.ios for all end-to-end tests of a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
from cryptography.fernet import Fernet

from airflow_provider_frameio.emulator.settings import Settings
from tests.e2e import kills, restack_kills
from tests.harness.emulator import RunningEmulator, emulated
from tests.harness.processes import kill_marked
from tests.harness.stack import AirflowStack

ROOT = Path(__file__).parents[2]
WRONG_SECRET = "p8e-wrong-secret-of-the-e2e-tests"


@pytest.fixture(scope="session")
def frameio_of_all() -> Iterator[RunningEmulator]:
    with emulated(speed=20, seed="demo") as frameio:
        yield frameio


@pytest.fixture(scope="session")
def unhurried() -> Iterator[RunningEmulator]:
    """A Frame.io whose rate limits are not over before a busy machine has met them."""
    with emulated(speed=2, seed="demo") as frameio:
        yield frameio


@pytest.fixture(scope="session")
def frameio_of_user() -> Iterator[RunningEmulator]:
    """The one that a user's connection leads to."""
    with emulated(speed=20, seed="demo") as frameio:
        yield frameio


@pytest.fixture(scope="session")
def frameios() -> Iterator[dict[str, RunningEmulator]]:
    """A Frame.io for each task that is killed, by the task's name; all with the same ids in them."""
    with ExitStack() as opened:
        yield {
            name: opened.enter_context(emulated(speed=kills.SPEED, seed="demo"))
            for name in (*kills.CASES, *restack_kills.CASES)
        }


@pytest.fixture
def frameio(frameio_of_all: RunningEmulator) -> RunningEmulator:
    """The emulator as it was at first, with an empty request log; what was copied before is still there."""
    frameio_of_all.control("DELETE", "requests")
    frameio_of_all.control("DELETE", "faults")
    frameio_of_all.control("POST", "settings", asdict(Settings()))
    return frameio_of_all


@pytest.fixture(scope="session")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where OpenLineage writes its events, one a line, if it is installed."""
    return tmp_path_factory.mktemp("lineage") / "lineage.jsonl"


@pytest.fixture(scope="session")
def airflow(
    frameio_of_all: RunningEmulator,
    unhurried: RunningEmulator,
    frameio_of_user: RunningEmulator,
    frameios: dict[str, RunningEmulator],
    lineage: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AirflowStack]:
    """Airflow with the example DAGs and those beside this file; neither process nor file of it is left afterwards."""
    dags = tmp_path_factory.mktemp("dags")
    (dags / "examples").symlink_to(ROOT / "example_dags")
    (dags / "e2e").symlink_to(ROOT / "tests/e2e/dags")
    right = frameio_of_all.connection
    connections = {
        "frameio_default": right,
        "frameio_wrong": {**right, "password": WRONG_SECRET},
        "frameio_unhurried": unhurried.connection,
        "frameio_user": _of_the_user(frameio_of_user),
        **{f"frameio_{name}": frameio.connection for name, frameio in frameios.items()},
    }
    env = {
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(lineage), "append": True}),
    }
    with AirflowStack(dags, connections=connections, env=env) as stack:
        yield stack
        pids = [service.pid for service in stack.services.values()]
    assert not any(map(psutil.pid_exists, pids))
    assert kill_marked("AIRFLOW_HOME", str(stack.home)) == []
    assert not stack.home.exists()


def _of_the_user(frameio: RunningEmulator) -> dict[str, object]:
    """The connection of the user's Web App."""
    client = {"login": "web_app_client_id", "password": "web_app_client_secret"}
    fields = {field: frameio.description[name] for field, name in client.items()}
    return {**frameio.connection, **fields, "extra": {**frameio.connection["extra"], "auth_type": "user"}}


@pytest.fixture
def target_folder_id(frameio: RunningEmulator) -> str:
    """A new, empty folder."""
    return delivery(frameio)


@pytest.fixture
def order(frameio: RunningEmulator, target_folder_id: str) -> dict[str, str]:
    """What to copy and where to, as the DAGs in this folder want to be told."""
    return {"version_stack_id": frameio.description["version_stacks"][0], "parent_id": target_folder_id}


def delivery(frameio: RunningEmulator) -> str:
    """The id of a new, empty folder."""
    parent_id = frameio.description["folders"]["target"]
    return str(frameio.control("POST", "seed", {"kind": "folder", "parent_id": parent_id, "name": "Delivery"})["id"])
