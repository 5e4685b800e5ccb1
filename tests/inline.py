"""Runs DAG files in this process with Airflow's own ``dag.test()``: real task instances, XComs and deferrals.

For what needs no scheduler; ``tests/harness`` starts real ones.
"""

from __future__ import annotations

import functools
import itertools
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.settings import Session
from airflow.utils.db import initdb

from airflow_provider_frameio.client.clock import Clock
from tests.harness.configuration import IS_AIRFLOW_2, IS_AIRFLOW_30

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # before Airflow 3.2
    from airflow.models.dagbag import DagBag
try:
    from airflow.models.asset import AssetEvent
    from airflow.models.xcom import XComModel
except ImportError:  # Airflow 2
    from airflow.models.dataset import DatasetEvent as AssetEvent
    from airflow.models.xcom import XCom as XComModel

_HEADER = """
import datetime
try:
    from airflow.sdk import DAG, Asset, AssetAlias, task
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset, DatasetAlias as AssetAlias
    from airflow.decorators import task
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.version_stacks import *
from airflow_provider_frameio.sensors.version_stacks import *

with DAG({dag_id!r}, schedule=None, start_date=datetime.datetime(2024, 1, 1), **{options!r}) as dag:
"""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Outcome:
    """What a DAG run left behind.

    :ivar states: by (task_id, map_index).
    :ivar xcoms: by (task_id, map_index, key).
    :ivar events: the URIs and extras of the events of its assets, in the order of their making.
    :ivar log: everything that was printed and logged.
    """

    state: str
    states: dict[tuple[str, int], str]
    xcoms: dict[tuple[str, int, str], Any]
    events: list[tuple[str, dict[str, Any]]]
    log: str

    def task(self, task_id: str, map_index: int = -1) -> str:
        """A task instance's state."""
        return self.states[task_id, map_index]

    def xcom(self, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """An XCom's value, or None."""
        return self.xcoms.get((task_id, map_index, key))


class InlineAirflow:
    """One Airflow home for all tests of a session; each run is a DAG of its own."""

    def __init__(
        self, dags: Path, clock: Clock, printed: pytest.CaptureFixture[str], logged: pytest.LogCaptureFixture
    ) -> None:
        self._dags = dags
        self._clock = clock
        self._printed = printed
        self._logged = logged
        _create_database()
        if not IS_AIRFLOW_2:
            _keep_api_server()
        if IS_AIRFLOW_30:
            _tell_of_errors()
            _trace_plainly()

    def run(self, tasks: str, *, options: dict[str, Any] | None = None, **values: Any) -> Outcome:
        """Run a DAG.

        :param tasks: Python that makes the tasks; the operators and sensors are imported.
        :param options: further arguments of the DAG.
        :param values: constants that ``tasks`` may name.
        :raises ValueError: the file could not be imported, with Airflow's own words.
        """
        dag_id = f"inline_{next(_numbers)}"
        constants = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        header = _HEADER.format(dag_id=dag_id, options=options or {})
        return self.run_file(constants + header + textwrap.indent(textwrap.dedent(tasks), "    "), dag_id)

    def run_file(self, text: str, dag_id: str, conf: dict[str, Any] | None = None, **arguments: Any) -> Outcome:
        """Run a DAG of a whole file.

        :param conf: the run's configuration.
        :param arguments: further ones of ``dag.test()``.
        :raises ValueError: the file could not be imported, with Airflow's own words.
        """
        for other in self._dags.glob("*.py"):  # Airflow looks at the whole folder at each run
            other.unlink()
        file = self._dags / f"{dag_id}.py"
        file.write_text(text)
        bag = DagBag(str(file))
        if bag.import_errors:
            raise ValueError("\n".join(bag.import_errors.values()))
        if IS_AIRFLOW_2:  # whose dag.test() knows no datasets but those of a DAG in the database
            bag.sync_to_db()
        elif IS_AIRFLOW_30:  # no assets either
            from airflow.dag_processing.bundles.manager import DagBundlesManager

            DagBundlesManager().sync_bundles_to_db()
            bag.sync_to_db("dags-folder", None)
        self._printed.readouterr()
        self._logged.clear()
        with self._logged.at_level("INFO"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "sleep", self._clock.sleep)  # of sensors, and of dag.test() before it tries again
            run = bag.dags[dag_id].test(run_conf=conf, **arguments)
        printed = self._printed.readouterr()
        lines = (printed.out + printed.err + self._logged.text).splitlines()
        # In dag.test() Airflow 3.0 shows what a task tells its supervisor to mask.
        return _outcome(run, "\n".join(line for line in lines if "[debug " not in line))


def _outcome(run: Any, log: str) -> Outcome:
    instances = run.get_task_instances()
    session = Session()
    try:
        rows = session.query(XComModel).filter(XComModel.run_id == run.run_id, XComModel.dag_id == run.dag_id).all()
        xcoms = {(row.task_id, row.map_index, row.key): row.value for row in rows}
        made = session.query(AssetEvent).filter(AssetEvent.source_run_id == run.run_id).order_by(AssetEvent.id)
        events = [(event.uri, event.extra) for event in made.filter(AssetEvent.source_dag_id == run.dag_id)]
    finally:
        session.close()
    return Outcome(
        state=str(run.state),
        states={(instance.task_id, instance.map_index): str(instance.state) for instance in instances},
        xcoms=xcoms,
        events=events,
        log=log,
    )


@functools.cache
def _create_database() -> None:
    initdb()


@functools.cache
def _keep_api_server() -> None:
    """``dag.test()`` makes an API server for each task, which can take seconds: one is enough."""
    from airflow.sdk.execution_time import supervisor

    supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)


@functools.cache
def _tell_of_errors() -> None:
    """``dag.test()`` of Airflow 3.0 keeps to itself why a task failed: print it."""
    from airflow.sdk.execution_time import task_runner

    original = task_runner.run

    def run(*args: Any, **kwargs: Any) -> Any:
        state, message, error = original(*args, **kwargs)
        print(*filter(None, [error]))
        return state, message, error

    task_runner.run = run


@functools.cache
def _trace_plainly() -> None:
    """Airflow 3.0 draws each traceback with its frames' code and variables, which takes seconds: as 3.1 does it."""
    from structlog import dev

    dev.RichTracebackFormatter.__call__ = lambda self, stream, raised: dev.plain_traceback(stream, raised)
