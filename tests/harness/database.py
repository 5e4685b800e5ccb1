"""Reads what Airflow has recorded about its runs straight from its sqlite file; writes nothing, imports no Airflow."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.harness.patience import PATIENCE


@dataclass(frozen=True)
class TaskInstance:
    """One task of one run, as it stands now; ``map_index`` is -1 for a task that is not mapped."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    start_date: datetime | None
    end_date: datetime | None
    pid: int | None


class MetadataDatabase:
    """Airflow's own records.

    :param file: the sqlite file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def use_write_ahead_log(self) -> None:
        """Let readers and one writer work at the same time; Airflow's processes are many."""
        with closing(sqlite3.connect(self._file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the answer to a query."""
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            return connection.execute(query, values).fetchall()

    def running_jobs(self) -> set[str]:
        """Return the kinds of long-running jobs that have reported for work, such as ``SchedulerJob``."""
        return {kind for (kind,) in self.rows("SELECT job_type FROM job WHERE state = 'running'")}

    def has_dag(self, dag_id: str) -> bool:
        """Tell whether a DAG file was parsed and its DAG can be run."""
        return bool(self.rows("SELECT 1 FROM serialized_dag WHERE dag_id = ?", dag_id))

    def import_errors(self) -> list[str]:
        """Return the tracebacks of DAG files that could not be parsed."""
        return [text for (text,) in self.rows("SELECT stacktrace FROM import_error")]

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return queued, running, success or failed; None for an unknown run."""
        found = self.rows("SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?", dag_id, run_id)
        return found[0][0] if found else None

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the run's task instances, ordered by their start, those not started yet last."""
        rows = self.rows(
            "SELECT task_id, map_index, state, try_number, start_date, end_date, pid FROM task_instance"
            " WHERE dag_id = ? AND run_id = ? ORDER BY start_date IS NULL, start_date, task_id, map_index",
            dag_id,
            run_id,
        )
        return [
            TaskInstance(task_id, map_index, state, tries, _moment(start), _moment(end), pid)
            for task_id, map_index, state, tries, start, end, pid in rows
        ]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int) -> Any:
        """Return what a task pushed.

        :raises KeyError: it pushed nothing under this key.
        """
        found = self.rows(  # the cast: sqlite keeps a JSON number as a number
            "SELECT CAST(value AS TEXT) FROM xcom"
            " WHERE dag_id = ? AND run_id = ? AND task_id = ? AND key = ? AND map_index = ?",
            *(dag_id, run_id, task_id, key, map_index),
        )
        if not found:
            raise KeyError(f"{task_id}[{map_index}] pushed no XCom {key!r}")
        return json.loads(found[0][0])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
