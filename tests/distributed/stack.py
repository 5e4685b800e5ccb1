"""An Airflow of several machines: CeleryExecutor with two workers, two triggerers, PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.distributed.database import PostgresDatabase
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

WORKERS = ("worker-1", "worker-2")
TRIGGERERS = ("triggerer-1", "triggerer-2")


class DistributedStack(AirflowStack):
    """Each worker and triggerer takes itself for a machine of its own, which it is named after.

    :param database_url: an empty PostgreSQL's.
    :param broker_url: an empty Redis's.
    """

    def __init__(
        self, dags_folder: Path, connections: Mapping[str, Mapping[str, Any]], *, database_url: str, broker_url: str
    ) -> None:
        options = {
            "CORE__EXECUTOR": "CeleryExecutor",
            # What Airflow calls a machine: the process's LOGNAME.
            "CORE__HOSTNAME_CALLABLE": "getpass.getuser",
            "DATABASE__SQL_ALCHEMY_CONN": database_url,
            "CELERY__BROKER_URL": broker_url,
            "CELERY__RESULT_BACKEND": f"db+{database_url.replace('+psycopg2', '')}",
            "CELERY__WORKER_CONCURRENCY": "4",
            "CELERY__OPERATION_TIMEOUT": "30",
            # What a dead worker had taken and not begun is sent to another one.
            "SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
            "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
        }
        env = {f"AIRFLOW__{option}": value for option, value in options.items()}
        super().__init__(dags_folder, connections=connections, env=env)
        self.database = PostgresDatabase(database_url)
        self.services.pop("triggerer")
        for name in TRIGGERERS:
            self._add(name, ["triggerer", "--skip-serve-logs"])
        for name in WORKERS:
            pid_file = str(self.home / f"{name}.pid")
            self._add(name, ["celery", "worker", "-H", name, "--skip-serve-logs", "--pid", pid_file])

    def _add(self, name: str, arguments: list[str]) -> None:
        self.services[name] = self.service(name, arguments, LOGNAME=name)

    def kill(self, name: str) -> None:
        """SIGKILL a service with all that it has started, as if its machine lost power; it is not replaced."""
        service = self.services.pop(name)
        tasks = psutil.Process(service.pid).children(recursive=True)
        service.kill()
        for task in tasks:
            with suppress(psutil.NoSuchProcess):
                task.kill()

    def held(self) -> dict[str, int]:
        """Return how many waits each triggerer holds."""
        rows = self.database.rows(
            "SELECT job.hostname, count(trigger.id) FROM job LEFT JOIN trigger ON trigger.triggerer_id = job.id"
            " WHERE job.job_type = 'TriggererJob' GROUP BY job.hostname"
        )
        return dict(rows)

    def worker_of(self, run: DagRun, task_id: str, map_index: int) -> str:
        """Return the name of the worker that runs a task, or ran it last."""
        ((name,),) = self.database.rows(
            "SELECT hostname FROM task_instance WHERE dag_id = ? AND run_id = ? AND task_id = ? AND map_index = ?",
            *(run.dag_id, run.run_id, task_id, map_index),
        )
        return str(name)

    def _wait_until_up(self) -> None:
        super()._wait_until_up()
        poll_until(
            lambda: (
                self.held().keys() == set(TRIGGERERS)
                and all(f"{name} ready." in self.services[name].tail(100) for name in WORKERS)
            ),
            what="all workers and triggerers to start",
            needs=self.services.values(),
        )
