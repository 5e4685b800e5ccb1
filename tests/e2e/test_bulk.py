"""Many copies in one task, through a real scheduler and triggerer."""

from __future__ import annotations

import psutil
import pytest

from tests.harness.emulator import RunningEmulator
from tests.harness.folders import differences, stacks
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

COPY = "copy_version_stack"


@pytest.fixture
def folder(frameio: RunningEmulator, target_folder_id: str) -> dict[str, str]:
    return {"folder_id": frameio.description["folders"]["source"], "parent_id": target_folder_id}


def assert_all_copied_once(
    airflow: AirflowStack, frameio: RunningEmulator, run: DagRun, folder: dict[str, str]
) -> None:
    copies = stacks(frameio.tree(folder["parent_id"]))
    assert differences(stacks(frameio.tree(folder["folder_id"])), copies) == []
    assert sorted(airflow.xcom(run, "copy")) == sorted(copy.id for copy in copies)
    assert {row["state"] for row in airflow.xcom(run, "copy", "results")} == {"complete"}


def test_a_deferred_task_copies_a_folder_and_is_never_refused(
    airflow: AirflowStack, unhurried: RunningEmulator
) -> None:
    """It leaves its worker when the burst is spent, and goes on in another process that knows what was spent."""
    folders = unhurried.description["folders"]
    folder, frameio = {"folder_id": folders["source"], "parent_id": folders["target"]}, unhurried
    run = airflow.trigger("bulk_deferred", folder)
    assert airflow.wait(run) == "success", airflow.explain(run)
    assert_all_copied_once(airflow, frameio, run, folder)
    calls = frameio.calls()
    assert (calls[COPY, 200], calls[COPY, 429]) == (12, 0)
    assert "Waiting in the triggerer for the rate limit" in airflow.logs(run, "copy")


def test_a_task_that_is_killed_goes_on_where_it_was(
    airflow: AirflowStack, frameio: RunningEmulator, folder: dict[str, str]
) -> None:
    """Its retry makes the rest, and nothing twice."""
    frameio.control("POST", "faults", {"kind": "hang", "route": COPY, "when": "after", "skip": 4})
    run = airflow.trigger("bulk_in_place", folder)
    poll_until(lambda: frameio.calls()[COPY, None] == 1, what="the fifth copy")
    (instance,) = airflow.task_instances(run)
    assert instance.pid is not None
    psutil.Process(instance.pid).kill()
    assert airflow.wait(run) == "success", airflow.explain(run)
    assert_all_copied_once(airflow, frameio, run, folder)
    assert airflow.task_instances(run)[0].try_number == 2
