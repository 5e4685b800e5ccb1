"""A mirror through a real scheduler and triggerer: killed, with lost answers, cleared, and run again."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import psutil
import pytest

from tests.harness.configuration import KEEPS_RECORDS
from tests.harness.emulator import RunningEmulator
from tests.harness.mirrors import Tree, added, contents, seed_tree
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

COPY, FILES, FOLDER, STACK = "copy_version_stack", "copy_files", "create_folder", "create_version_stack"
MAKING = {COPY, FILES, FOLDER, STACK, "copy_file", "move_file", "delete_file", "update_file"}
SILENT = {"kind": "hang", "when": "after"}
"""The call is carried out, and no answer comes: the task is killed while it waits for one."""


def made(frameio: RunningEmulator) -> Counter[str]:
    """How often each route that makes or changes something was carried out."""
    return Counter(call["route"] for call in frameio.requests() if call["route"] in MAKING and call["acted"])


def kill_in(airflow: AirflowStack, frameio: RunningEmulator, run: DagRun, route: str) -> None:
    """Kill the task once it waits for an answer that does not come."""
    poll_until(lambda: frameio.calls()[route, None] >= 1, what=f"a call of {route} that hangs")
    (instance,) = airflow.task_instances(run)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(instance.pid or 0).kill()


def mirror(airflow: AirflowStack, tree: Tree, way: str) -> DagRun:
    """One more run, which ends well."""
    run = airflow.trigger(f"mirror_{way}", {"folder_id": tree.source, "parent_id": tree.target})
    assert airflow.wait(run) == "success", airflow.explain(run)
    return run


@pytest.mark.parametrize("way", ["in_place", "deferred"])
def test_trees_are_equal_whatever_dies(airflow: AirflowStack, frameio: RunningEmulator, way: str) -> None:
    """Each thing once, and no version in another order; a clear and another run copy nothing; then only what is new."""
    restacked = way == "deferred"
    tree = seed_tree(frameio)
    frameio.control("POST", "faults", {**SILENT, "route": FILES, "skip": 2})
    frameio.control("POST", "faults", {"kind": "drop", "when": "after", "route": FOLDER, "skip": 1})
    if not restacked:
        frameio.control("POST", "faults", {"kind": "drop", "when": "after", "route": COPY, "skip": 3})
        frameio.control("POST", "faults", {**SILENT, "route": COPY, "skip": 15})
    run = airflow.trigger(f"mirror_{way}", {"folder_id": tree.source, "parent_id": tree.target})
    kill_in(airflow, frameio, run, FILES)
    if not restacked:
        kill_in(airflow, frameio, run, COPY)
    assert airflow.wait(run) == "success", airflow.explain(run)
    assert contents(frameio, tree.target, restacked=restacked) == contents(frameio, tree.source, restacked=restacked)
    if not restacked:
        assert made(frameio) == {COPY: 40, FILES: 5, FOLDER: 5}
    before = made(frameio)
    if KEEPS_RECORDS:
        airflow.cli("tasks", "clear", run.dag_id, "--task-regex", "mirror", "--yes")
        assert airflow.wait(run) == "success", airflow.explain(run)
    mirror(airflow, tree, way)
    assert made(frameio) == before
    frameio.control("POST", "advance", {"seconds": 3600})
    added(frameio, tree)
    before = made(frameio)
    third = mirror(airflow, tree, way)
    assert contents(frameio, tree.target, restacked=restacked) == contents(frameio, tree.source, restacked=restacked)
    numbers = airflow.xcom(third, "mirror")
    assert (numbers["version_stacks"], numbers["appended"], numbers["files"]) == (2, 3, 5)
