"""A DAG whose tasks copy one stack each, every task on a Frame.io of its own; the end-to-end tests kill them."""

from __future__ import annotations

from datetime import timedelta

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator

TASKS = (
    "while_waiting",
    "while_deferred",
    "in_the_gate",
    "before_sent",
    "before_the_server_acts",
    "after_the_server_acted",
    "during_the_answer",
    "after_the_answer",
    "after_the_server_acted_and_while_looking",
    "failing_while_waiting",
)

BRIEF = ("while_deferred", "before_the_server_acts", "after_the_server_acted")

for dag_id, tasks in {"killed": TASKS, "killed_briefly": BRIEF}.items():
    with DAG(
        dag_id,
        schedule=None,
        params={"version_stack_id": "", "parent_id": ""},
        default_args={"retries": 4, "retry_delay": timedelta(seconds=1)},
    ):
        for task_id in tasks:
            FrameioCopyVersionStackOperator(
                task_id=task_id,
                version_stack_id="{{ params.version_stack_id }}",
                parent_id="{{ params.parent_id }}",
                frameio_conn_id=f"frameio_{task_id}",
                deferrable=task_id in ("while_deferred", "in_the_gate"),
                poll_interval=0.5,
            )
