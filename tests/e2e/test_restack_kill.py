"""A stack made anew, whatever dies: SIGKILL between its steps, under a real scheduler that retries the task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from tests.e2e.restack_kills import CASES, SLOW, Case
from tests.harness.emulator import RunningEmulator
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.whole]


@dataclass(frozen=True)
class Frameio:
    """A Frame.io with one stack to copy."""

    process: RunningEmulator
    stack: str
    folder: str


def _seeded(process: RunningEmulator, case: Case) -> Frameio:
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
def seeded(frameios: dict[str, RunningEmulator]) -> dict[str, Frameio]:
    """A Frame.io for each case."""
    return {name: _seeded(frameios[name], case) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def run(airflow: AirflowStack, seeded: dict[str, Frameio]) -> DagRun:
    """A run that has ended, in which every task was killed once."""
    order = {f"stack_{name}": frameio.stack for name, frameio in seeded.items()}
    order |= {f"folder_{name}": frameio.folder for name, frameio in seeded.items()}
    run = airflow.trigger("restack_killed", order)
    for name, case in CASES.items():
        poll_until(
            lambda name=name, case=case: (
                sum(call["route"] == case.route for call in seeded[name].process.requests()) >= case.calls
            ),
            what=f"{case.calls} calls of {case.route} by {name}",
        )
        if name == "deferred":
            airflow.services["triggerer"].kill()
            airflow.services["triggerer"].start()
        else:
            (pid,) = [found.pid for found in airflow.task_instances(run) if found.task_id == name]
            psutil.Process(pid).kill()
    airflow.wait(run)
    return run


@pytest.mark.parametrize("name", CASES)
def test_one_stack_is_made_whatever_dies(
    airflow: AirflowStack, seeded: dict[str, Frameio], run: DagRun, name: str
) -> None:
    """The task ends by itself with one stack: order, comments and metadata intact, no file left over or made twice."""
    (instance,) = [found for found in airflow.task_instances(run) if found.task_id == name]
    assert instance.state == "success", airflow.logs(run, name)
    assert instance.try_number >= (1 if name == "deferred" else 2)
    _, stack, *versions = seeded[name].process.tree(seeded[name].folder)
    assert (stack["type"], stack["id"]) == ("version_stack", airflow.xcom(run, name))
    assert [(one["depth"], one["file_size"], one["comments"], one["metadata"]) for one in versions] == [
        (2, 1000 + number, 1 + number % 3, {"Take": f"{number}"}) for number in range(CASES[name].versions)
    ]
    made = [call for call in seeded[name].process.requests() if call["route"] == "copy_files" and call["acted"]]
    assert sum(len(call["body"]["data"]["file_ids"]) for call in made) == CASES[name].versions
