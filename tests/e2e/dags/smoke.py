"""A DAG without Frame.io, which shows that the harness's Airflow runs, maps and defers tasks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

try:
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger
    from airflow.sdk import BaseOperator, dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models.baseoperator import BaseOperator
    from airflow.triggers.temporal import DateTimeTrigger


class Nap(BaseOperator):
    """Sleeps in the triggerer."""

    def execute(self, context: Any) -> None:
        moment = datetime.now(timezone.utc) + timedelta(seconds=1)
        self.defer(trigger=DateTimeTrigger(moment), method_name="wake")

    def wake(self, context: Any, event: Any = None) -> str:
        return "awake"


@dag(schedule=None, catchup=False)
def smoke() -> None:
    @task
    def numbers() -> list[int]:
        return [1, 2, 3]

    @task
    def double(number: int) -> int:
        return 2 * number

    doubled = double.expand(number=numbers())
    doubled >> Nap(task_id="nap")


smoke()
