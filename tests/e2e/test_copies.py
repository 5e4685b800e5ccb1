"""Copies through a real scheduler and triggerer."""

from __future__ import annotations

import pytest

from tests.harness.emulator import RunningEmulator
from tests.harness.folders import differences, stacks
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

COPY = "copy_version_stack"
SLOW = {"copy_upload_seconds": 300.0}  # 15 seconds on the wall clock: long enough to disturb the wait


def test_the_example_dag_copies_a_folder_complete_and_once(
    airflow: AirflowStack, frameio: RunningEmulator, target_folder_id: str
) -> None:
    """Every stack of the source folder is in the target folder, once, with all versions, and the report links them."""
    source_folder_id = frameio.description["folders"]["source"]
    run = airflow.trigger(
        "copy_version_stacks", {"source_folder_id": source_folder_id, "target_folder_id": target_folder_id}
    )
    assert airflow.wait(run) == "success", airflow.explain(run)
    source, target = stacks(frameio.tree(source_folder_id)), stacks(frameio.tree(target_folder_id))
    assert differences(source, target) == []
    report = airflow.xcom(run, "report")
    assert len(report) == len(source)
    assert all("http" in line for line in report)


def test_a_copy_in_place_leaves_id_record_and_link_in_xcom(
    airflow: AirflowStack, frameio: RunningEmulator, order: dict[str, str]
) -> None:
    """A copy that waits in its worker ends with a complete stack and says where it is."""
    run = airflow.trigger("copy_in_place", order)
    assert airflow.wait(run) == "success", airflow.explain(run)
    _assert_one_complete_copy(frameio, order)
    copy_id = airflow.xcom(run, "copy")
    assert airflow.xcom(run, "copy", "version_stack")["id"] == copy_id
    assert airflow.xcom(run, "copy", "frameio_url") == airflow.xcom(run, "copy", "version_stack")["view_url"]


def test_the_sensor_waits_in_every_mode(airflow: AirflowStack, frameio: RunningEmulator, order: dict[str, str]) -> None:
    """Poking, rescheduled and deferred sensors all see the copy complete and hand its id on."""
    # On the wall clock 20 seconds. Not sooner: a task that is woken before its scheduler has read the executor's report
    # of its first half fails, in any Airflow, and on sqlite a scheduler may stand still for some seconds.
    frameio.control("POST", "settings", {"copy_upload_seconds": 400.0})
    run = airflow.trigger("wait_in_every_mode", order)
    assert airflow.wait(run) == "success", airflow.explain(run)
    copy_id = airflow.xcom(run, "copy")
    assert {mode: airflow.xcom(run, mode) for mode in ("poke", "reschedule", "deferred")} == {
        "poke": copy_id,
        "reschedule": copy_id,
        "deferred": copy_id,
    }


def test_a_deferred_copy_survives_the_death_of_the_triggerer(
    airflow: AirflowStack, frameio: RunningEmulator, order: dict[str, str]
) -> None:
    """A triggerer that is killed and started again finishes the wait; nothing is copied again."""
    frameio.control("POST", "settings", SLOW)
    run = airflow.trigger("copy_deferred", order)
    _wait_for_polls(airflow, frameio, run)
    assert airflow.xcom(run, "copy") == airflow.xcom(run, "copy", "version_stack")["id"], "the id, while it waits"
    airflow.services["triggerer"].kill()
    airflow.services["triggerer"].start()
    assert airflow.wait(run) == "success", airflow.explain(run)
    _assert_one_complete_copy(frameio, order)


def test_a_deferred_copy_tolerates_a_passing_outage(
    airflow: AirflowStack, frameio: RunningEmulator, order: dict[str, str]
) -> None:
    """While deferred, refused and dropped calls are borne; the task succeeds when Frame.io is back."""
    frameio.control("POST", "settings", SLOW)
    run = airflow.trigger("copy_deferred", order)
    _wait_for_polls(airflow, frameio, run)
    for kind in ("status", "drop"):
        frameio.control("POST", "faults", {"kind": kind, "route": "*", "times": 2})
    assert airflow.wait(run) == "success", airflow.explain(run)
    _assert_one_complete_copy(frameio, order)
    assert sum(count for (_, status), count in frameio.calls().items() if status in {500, None}) == 4


def _wait_for_polls(airflow: AirflowStack, frameio: RunningEmulator, run: DagRun) -> None:
    """Return when the triggerer has begun to ask for the copy."""
    airflow.wait_for_task(run, "copy", "deferred")
    seen = len(frameio.requests())
    poll_until(lambda: len(frameio.requests()) > seen, what="the triggerer to look")


def _assert_one_complete_copy(frameio: RunningEmulator, order: dict[str, str]) -> None:
    assert frameio.calls()[COPY, 200] == 1
    cuts = stacks(frameio.tree(frameio.description["folders"]["source"]))
    source = [stack for stack in cuts if stack.id == order["version_stack_id"]]
    assert differences(source, stacks(frameio.tree(order["parent_id"]))) == []
