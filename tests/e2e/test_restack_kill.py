"""A stack made anew, whatever dies: SIGKILL between its steps, under a real scheduler that retries the task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.harness.emulator import EmulatorProcess
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = pytest.mark.e2e

SPEED = 20
SLOW = {"copy_upload_seconds": 20.0 * SPEED}  # on the wall clock 20 seconds: long enough to be killed in them


@dataclass(frozen=True)
class Case:
    """A stack of so many versions, and when its task is killed: when ``route`` was called this often.

    :ivar fault: what holds the task at that call.
    """

    versions: int
    route: str
    calls: int
    fault: dict[str, Any] | None = None
    slow: bool = False


def held(versions: int, route: str, nth: int = 1, when: str = "before") -> Case:
    """Killed at a call, the nth of its route, that was carried out (``after``) or not."""
    return Case(versions, route, nth, {"kind": "hang", "route": route, "when": when, "skip": nth - 1})


CASES = {
    "waiting": Case(10, "list_files", 4, slow=True),
    "deferred": Case(10, "list_files", 4, slow=True),
    "planning": held(3, "list_files"),
    "copying": held(3, "copy_files", when="after"),
    "copying_in_vain": held(3, "copy_files"),
    "copying_the_rest": held(120, "copy_files", nth=2, when="after"),
    "stacking": held(11, "create_version_stack", when="after"),
    "stacking_in_vain": held(11, "create_version_stack"),
    "moving": held(11, "move_file", when="after"),
    "moving_in_vain": held(120, "move_file", nth=51),
    "verifying": held(10, "list_version_stack_children", nth=2),
}


@dataclass(frozen=True)
class Frameio:
    """A Frame.io with one stack to copy."""

    process: EmulatorProcess
    stack: str
    folder: str


def _seeded(process: EmulatorProcess, case: Case) -> Frameio:
    def seed(kind: str, **properties: Any) -> dict[str, Any]:
        return dict(process.control("POST", "seed", {"kind": kind, **properties}))

    root = seed("project", name="Restack", adobe=True)["root_folder_id"]
    versions = [
        {
            "file_size": 1000 + number,
            "comments": {"internal": 1, "public": number % 3},
            "metadata": {"Take": f"{number}"},
        }
        for number in range(case.versions)
    ]
    stack = seed("version_stack", parent_id=root, name="Épisode 3.mov", versions=versions)["id"]
    folder = seed("folder", parent_id=root, name="Client")["id"]
    process.control("POST", "settings", SLOW if case.slow else {})
    if case.fault:
        process.control("POST", "faults", case.fault)
    return Frameio(process, stack, folder)


@pytest.fixture(scope="module")
def frameios() -> Iterator[dict[str, Frameio]]:
    """A Frame.io for each case."""
    with ExitStack() as opened:
        yield {name: _seeded(opened.enter_context(EmulatorProcess(speed=SPEED)), case) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def airflow(frameios: dict[str, Frameio], tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    dags = tmp_path_factory.mktemp("dags")
    (dags / "restack_kills.py").symlink_to(Path(__file__).parent / "dags/restack_kills.py")
    connections = {f"frameio_{name}": frameio.process.connection for name, frameio in frameios.items()}
    with AirflowStack(dags, connections=connections) as stack:
        yield stack


@pytest.fixture(scope="module")
def run(airflow: AirflowStack, frameios: dict[str, Frameio]) -> DagRun:
    """A run that has ended, in which every task was killed once."""
    order = {f"stack_{name}": frameio.stack for name, frameio in frameios.items()}
    order |= {f"folder_{name}": frameio.folder for name, frameio in frameios.items()}
    run = airflow.trigger("restack_killed", order)
    for name, case in CASES.items():
        poll_until(
            lambda name=name, case=case: (
                sum(call["route"] == case.route for call in frameios[name].process.requests()) >= case.calls
            ),
            what=f"{case.calls} calls of {case.route} by {name}",
            timeout=90,
        )
        if name == "deferred":
            airflow.services["triggerer"].kill()
            airflow.services["triggerer"].start()
        else:
            (pid,) = [found.pid for found in airflow.task_instances(run) if found.task_id == name]
            psutil.Process(pid).kill()
    airflow.wait(run, timeout=180)
    return run


@pytest.mark.parametrize("name", CASES)
def test_one_stack_is_made_whatever_dies(
    airflow: AirflowStack, frameios: dict[str, Frameio], run: DagRun, name: str
) -> None:
    """The task ends by itself with one stack: order, comments and metadata intact, no file left over or made twice."""
    (instance,) = [found for found in airflow.task_instances(run) if found.task_id == name]
    assert (instance.state, instance.try_number) == ("success", 1 if name == "deferred" else 2), airflow.logs(run, name)
    _, stack, *versions = frameios[name].process.tree(frameios[name].folder)
    assert (stack["type"], stack["id"]) == ("version_stack", airflow.xcom(run, name))
    assert [(one["depth"], one["file_size"], one["comments"], one["metadata"]) for one in versions] == [
        (2, 1000 + number, 1 + number % 3, {"Take": f"{number}"}) for number in range(CASES[name].versions)
    ]
    made = [call for call in frameios[name].process.requests() if call["route"] == "copy_files" and call["acted"]]
    assert sum(len(call["body"]["data"]["file_ids"]) for call in made) == CASES[name].versions
