"""Copies by this provider's bulk operator in one task, to the end: every copy is complete when it returns."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import Any

from tests.harness.configuration import IS_AIRFLOW_2


class _Store(dict[str, Any]):
    """As Airflow's task state store."""

    def set(self, key: str, value: Any, retention: object = None) -> None:
        self[key] = json.loads(json.dumps(value))


def main() -> None:
    """As ``lap.run``, with one wait for all copies."""
    task = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as home:
        os.environ.update(
            AIRFLOW_HOME=home,
            AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
            AIRFLOW_CONN_BENCH=json.dumps(task["airflow_connection"]),
        )
        # Not before AIRFLOW_HOME is set: Airflow writes to it as soon as it is imported.
        from airflow_provider_frameio.operators.version_stacks import FrameioBulkCopyVersionStacksOperator

        operator = FrameioBulkCopyVersionStacksOperator(
            task_id="copy",
            version_stacks=task["version_stacks"],
            parent_id=task["target"],
            frameio_conn_id="bench",
            deferrable=False,
        )
        instance = SimpleNamespace(
            try_number=1, max_tries=0, map_index=-1, start_date=None, task=operator, xcom_push=lambda **pushed: None
        )
        context: Any = {"ti": instance, "dag_run": SimpleNamespace(start_date=None)}
        if not IS_AIRFLOW_2:  # which has none
            context["task_state_store"] = _Store()
        print("ready", flush=True)
        sys.stdin.readline()
        begin, processor = time.monotonic(), time.process_time()
        made = operator.execute(context)
        cpu_seconds, seconds = time.process_time() - processor, time.monotonic() - begin
    failed = len(task["version_stacks"]) - len(made)
    print(json.dumps({"waits": [seconds], "failed": failed, "cpu_seconds": cpu_seconds}))


if __name__ == "__main__":
    main()
