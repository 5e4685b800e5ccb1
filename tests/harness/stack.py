"""A real Airflow in a throwaway home: scheduler, triggerer and what else it needs; gone when the block ends."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.configuration import IS_AIRFLOW_2, environment
from tests.harness.database import MetadataDatabase, TaskInstance
from tests.harness.patience import PATIENCE
from tests.harness.processes import Process, ProcessDied, kill_marked, poll_until, stop_all, uninterrupted

# Straight to this machine, whatever proxy the environment names.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
_AIRFLOW = str(Path(sys.executable).with_name("airflow"))
_SERVICES = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
_SERVICES_3 = {"api-server": ["api-server"], "dag-processor": ["dag-processor"]}
_JOBS = {"SchedulerJob", "TriggererJob"}
_JOBS_3 = {"DagProcessorJob"}


@dataclass(frozen=True)
class DagRun:
    """A run that was triggered."""

    dag_id: str
    run_id: str


class AirflowStack:
    """The Airflow of the environment that runs this Python, as a context manager.

    :param dags_folder: the DAG files; only read.
    :param connections: by connection id: conn_type, host, login, password, extra.
    :param env: more environment variables for every Airflow process; wins over the harness's own.
    :param ui: start Airflow 2's web server too. Airflow 3's is always there, its tasks talk to it.
    """

    def __init__(
        self,
        dags_folder: Path,
        *,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        env: Mapping[str, str] | None = None,
        ui: bool = False,
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="airflow-home-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**environment(self.home, dags_folder.resolve(), self.port, connections or {}), **(env or {})}
        self.database = MetadataDatabase(self.home / "airflow.db")
        commands = _SERVICES if IS_AIRFLOW_2 else {**_SERVICES_3, **_SERVICES}
        if ui and IS_AIRFLOW_2:
            commands = {**commands, "webserver": ["webserver"]}
        self.services = {name: self.service(name, arguments) for name, arguments in commands.items()}

    def __enter__(self) -> AirflowStack:
        try:
            self._create_database()
            for service in self.services.values():
                service.start()
            self._wait_until_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove the home."""
        with uninterrupted():
            stop_all(self.services.values())
            kill_marked("AIRFLOW_HOME", str(self.home))
            shutil.rmtree(self.home, ignore_errors=True)

    def service(self, name: str, arguments: Sequence[str], **env: str) -> Process:
        """Return a process of this Airflow that runs an ``airflow`` command; it is not started.

        :param env: environment variables of this process alone.
        """
        return Process(name, [_AIRFLOW, *arguments], env={**self.env, **env}, log_folder=self.home)

    def cli(self, *arguments: str) -> str:
        """Run an ``airflow`` command in this home and return what it printed.

        :raises ProcessDied: it failed.
        """
        command = [_AIRFLOW, *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            output = done.stdout + done.stderr
            raise ProcessDied(f"airflow {' '.join(arguments)} ended with {done.returncode}:\n{output}")
        return done.stdout

    def api(self, path: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """Ask Airflow 3's public API and return its answer.

        :param path: below ``/api/v2/``.
        :param body: makes it a POST.
        """
        with _open(f"{self.url}/auth/token", timeout=PATIENCE) as answer:  # everybody is an administrator here
            token = json.load(answer)["access_token"]
        url = f"{self.url}/api/v2/{path}?{urllib.parse.urlencode(query)}"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with _open(urllib.request.Request(url, data, headers), timeout=PATIENCE) as answer:
            return json.load(answer)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Start a run, as soon as the DAG is known."""
        self._wait_for_dag(dag_id)
        run = DagRun(dag_id, f"harness__{time.time_ns()}")
        if IS_AIRFLOW_2:
            self.cli("dags", "trigger", dag_id, "--run-id", run.run_id, "--conf", json.dumps(conf or {}))
        else:  # its commands take some seconds to start
            self.api(
                f"dags/{dag_id}/dagRuns", {"dag_run_id": run.run_id, "logical_date": None, "conf": dict(conf or {})}
            )
        return run

    def state(self, run: DagRun) -> str | None:
        """Return the run's state: queued, running, success or failed."""
        return self.database.run_state(run.dag_id, run.run_id)

    def wait(self, run: DagRun) -> str:
        """Wait until the run has ended; return success or failed."""
        poll_until(
            lambda: self.state(run) in {"success", "failed"},
            what=f"{run.dag_id} to end; tasks: {self.task_instances(run)}",
            needs=self.services.values(),
        )
        return str(self.state(run))

    def wait_for_task(self, run: DagRun, task_id: str, state: str, *, map_index: int = -1) -> None:
        """Wait until a task instance is in the given state."""
        poll_until(
            lambda: any(
                (found.task_id, found.map_index, found.state) == (task_id, map_index, state)
                for found in self.task_instances(run)
            ),
            what=f"{task_id}[{map_index}] to be {state}",
        )

    def task_instances(self, run: DagRun) -> list[TaskInstance]:
        """Return the run's task instances, in the order of their start."""
        return self.database.task_instances(run.dag_id, run.run_id)

    def xcom(self, run: DagRun, task_id: str, key: str = "return_value", *, map_index: int = -1) -> Any:
        """Return what a task pushed.

        :raises KeyError: nothing under this key.
        """
        return self.database.xcom(run.dag_id, run.run_id, task_id, key, map_index)

    def logs(self, run: DagRun, task_id: str = "*") -> str:
        """Return the task logs of all tries, of the triggerer too, one after the other.

        :param task_id: default: those of every task.
        """
        folder = self.home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"
        files = sorted(file for file in folder.glob(f"task_id={task_id}/**/*") if file.is_file())
        return "\n".join(f"--- {file.relative_to(folder)}\n{file.read_text(errors='replace')}" for file in files)

    def explain(self, run: DagRun) -> str:
        """Return the state of each task instance and the end of the log of those that failed, for messages."""
        instances = self.task_instances(run)
        states = [f"{found.task_id}[{found.map_index}] {found.state}" for found in instances]
        failed = sorted({found.task_id for found in instances if found.state in {"failed", "up_for_retry"}})
        return "\n".join(["", *states, *(self.logs(run, task_id)[-8000:] for task_id in failed)])

    def _create_database(self) -> None:
        if IS_AIRFLOW_2:
            (self.home / "webserver_config.py").write_text("AUTH_ROLE_PUBLIC = 'Admin'\nWTF_CSRF_ENABLED = False\n")
        self.cli("db", "migrate")
        self.database.use_write_ahead_log()

    def _wait_until_up(self) -> None:
        jobs = _JOBS if IS_AIRFLOW_2 else _JOBS | _JOBS_3
        listens = bool(self.services.keys() & {"api-server", "webserver"})
        poll_until(
            lambda: self.database.running_jobs() >= jobs and (not listens or answers(self.port)),
            what="Airflow to start",
            needs=self.services.values(),
        )

    def _wait_for_dag(self, dag_id: str) -> None:
        def known() -> bool:
            if errors := self.database.import_errors():
                raise ProcessDied("A DAG file cannot be imported:\n" + "\n".join(errors))
            return self.database.has_dag(dag_id)

        poll_until(known, what=f"the DAG {dag_id} to be parsed", needs=self.services.values())


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
