"""``make bench-airflow``: mapped copy tasks of a real Airflow at Frame.io's real pace, one way after the other.

Each way has an emulated Frame.io of its own, whose log tells when the copies were made, and the same Airflow, whose
database tells how many task instances held a worker slot meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.bench.figures import Outcome, copy_calls, integral
from tests.harness.bench.race import GENERIC, OURS, ROOT
from tests.harness.bench.report import Cell, Report, Table
from tests.harness.bench.sockets import losses
from tests.harness.configuration import AIRFLOW_VERSION
from tests.harness.emulator import EmulatorProcess
from tests.harness.processes import NotInTime
from tests.harness.stack import AirflowStack, DagRun

COPIES, SLOTS = 40, 16
_LOOK_EVERY, _PATIENCE = 0.1, 3600.0
_DAGS = Path(__file__).parent / "dags"


@dataclass(frozen=True)
class Way:
    """A way to make the copies: a DAG, which is also the name of its connection; its tasks named ``copy`` make them."""

    name: str
    dag_id: str


WAYS = (
    Way(f"{OURS.name}, mapped", "bench_provider"),
    Way(f"{OURS.name}, one bulk task", "bench_bulk"),
    Way(f"{GENERIC.name}, mapped", "bench_generic"),
)


@dataclass(frozen=True)
class Occupied:
    """What a way did, and the worker-seconds that it took: one task instance running for one second is one."""

    outcome: Outcome
    worker_seconds: float


def measure() -> Report:
    """Run every way in one Airflow."""
    with ExitStack() as stack:
        emulators = {way.dag_id: stack.enter_context(EmulatorProcess(seed="demo")) for way in WAYS}
        connections = {name: _connection(name, frameio) for name, frameio in emulators.items()}
        airflow = stack.enter_context(AirflowStack(_DAGS, connections=connections, env=_environment()))
        found = [_run(airflow, way, emulators[way.dag_id]) for way in WAYS]
    return Report([table(found)], [line for one in found[:2] for line in losses(one.outcome)])


def table(found: Sequence[Occupied]) -> Table:
    """A row for each way."""
    rows: list[list[Cell]] = [
        [
            one.outcome.name,
            one.outcome.asked,
            one.outcome.failed,
            one.outcome.refusals_per_copy,
            one.outcome.slowness,
            one.worker_seconds,
            one.worker_seconds / max(1, one.outcome.made),
        ]
        for one in found
    ]
    caption = (
        f"Tasks of a real Airflow {AIRFLOW_VERSION}, {SLOTS} worker slots, in real time; mapped: one for each copy."
        " A task that runs for a second takes a worker-second."
    )
    columns = ["tasks", "asked", "failed", "429s per copy", "time ÷ optimum", "worker-seconds", "… per copy"]
    return Table("real Airflow", caption, columns, rows)


def _environment() -> dict[str, str]:
    """So many slots, and a way from the DAG file to the contenders."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    slots = ("AIRFLOW__CORE__PARALLELISM", "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG")
    return {"PYTHONPATH": path, **dict.fromkeys(slots, str(SLOTS))}


def _connection(name: str, frameio: EmulatorProcess) -> Mapping[str, Any]:
    if name != "bench_generic":
        return frameio.connection
    told = frameio.description
    extra = {"account_id": told["account_id"]}
    return {"conn_type": "http", "host": told["base_url"], "password": told["token"], "extra": extra}


def _run(airflow: AirflowStack, way: Way, frameio: EmulatorProcess) -> Occupied:
    target = frameio.description["folders"]["target"]
    run = airflow.trigger(way.dag_id, {"version_stack_ids": frameio.stacks(COPIES), "parent_id": target})
    samples = _watch(airflow, run)
    failed = sum(found.task_id == "copy" and found.state != "success" for found in airflow.task_instances(run))
    calls = copy_calls(frameio.requests())
    return Occupied(Outcome(way.name, COPIES, failed, calls), integral(samples))


def _watch(airflow: AirflowStack, run: DagRun) -> list[tuple[float, float]]:
    """How many copy tasks were running, at each look until the run has ended."""
    samples: list[tuple[float, float]] = []
    deadline = time.monotonic() + _PATIENCE
    while airflow.state(run) not in {"success", "failed"}:
        running = sum(found.task_id == "copy" and found.state == "running" for found in airflow.task_instances(run))
        samples.append((time.monotonic(), float(running)))
        if samples[-1][0] > deadline:
            raise NotInTime(f"{_PATIENCE:.0f} seconds were not enough for {run.dag_id}: {airflow.explain(run)}")
        time.sleep(_LOOK_EVERY)
    return samples
