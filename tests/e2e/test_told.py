"""What a real Airflow was told of copies: events of assets, read back from its API, and lineage, from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.assets import version_stack_uri
from tests.harness.configuration import IS_AIRFLOW_2
from tests.harness.emulator import RunningEmulator
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.whole,
    pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2's API has another form; tests/operators reads its database"),
]


def events(airflow: AirflowStack, run: DagRun, task_id: str) -> list[tuple[str, dict[str, Any]]]:
    """URI and extra of the events that a task made."""
    answer = airflow.api("assets/events", source_dag_id=run.dag_id, source_run_id=run.run_id, source_task_id=task_id)
    return [(event["uri"], event["extra"]) for event in answer["asset_events"]]


def written(lineage: Path, run: DagRun, task_id: str) -> tuple[list[str], list[str]]:
    """Inputs and outputs of a task, as OpenLineage wrote them when it was done."""
    lines = map(json.loads, lineage.read_text().splitlines())
    name = f"{run.dag_id}.{task_id}"
    (done,) = [line for line in lines if line["job"]["name"] == name and line["eventType"] == "COMPLETE"]
    inputs, outputs = ([f"{one['namespace']}/{one['name']}" for one in done[side]] for side in ("inputs", "outputs"))
    return inputs, outputs


def test_copies_are_events_of_assets_and_lineage(
    airflow: AirflowStack, frameio: RunningEmulator, lineage: Path, order: dict[str, str]
) -> None:
    """Told after a deferral as well; a DAG that waits for the alias runs, and reads from the event which copy it is."""
    # Long: Airflow fails a task that comes back from its trigger before the scheduler has read that it was deferred.
    frameio.control("POST", "settings", {"copy_upload_seconds": 300})
    run = airflow.trigger("told_copies", order)
    assert airflow.wait(run) == "success", airflow.explain(run)
    account = frameio.description["account_id"]
    source, copy, (copy_of_copy,) = order["version_stack_id"], airflow.xcom(run, "copy"), airflow.xcom(run, "bulk")
    uris = {stack: version_stack_uri(account, stack) for stack in (source, copy, copy_of_copy)}
    extra = {
        "source_version_stack_id": source,
        "version_stack_id": copy,
        "url": airflow.xcom(run, "copy", "frameio_url"),
        "versions": 5,
    }
    assert "Pausing task as DEFERRED" in airflow.logs(run, "copy")
    assert events(airflow, run, "copy") == [(uris[copy], extra)]
    ((archive, told),) = events(airflow, run, "bulk")
    assert (archive, told["copied"]) == ("s3://e2e/archive", 1)
    assert told["copies"][0] | {"url": ""} == {
        "source_version_stack_id": copy,
        "version_stack_id": copy_of_copy,
        "url": "",
        "versions": 5,
    }

    inputs, outputs = written(lineage, run, "copy")
    assert (inputs[0], len(inputs), outputs) == (uris[source], 1 + 5, [uris[copy]])
    inputs, outputs = written(lineage, run, "bulk")  # of one: a task with one copy names its versions
    assert (inputs[0], len(inputs), outputs) == (uris[copy], 1 + 5, [uris[copy_of_copy]])

    def waiting() -> list[DagRun]:
        runs = airflow.api("dags/told_of_copies/dagRuns")["dag_runs"]
        return [DagRun(one["dag_id"], one["dag_run_id"]) for one in runs]

    poll_until(lambda: bool(waiting()), what="the DAG that waits for the alias to run")
    (told_run,) = waiting()
    assert airflow.wait(told_run) == "success", airflow.explain(told_run)
    assert airflow.xcom(told_run, "read") == [copy]
