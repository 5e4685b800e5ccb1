"""A DAG whose tasks stack a copy anew, every task on a Frame.io of its own; the end-to-end tests kill them."""

from __future__ import annotations

from datetime import timedelta

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator

TASKS = (
    "planning",
    "copying",
    "copying_in_vain",
    "copying_the_rest",
    "waiting",
    "deferred",
    "stacking",
    "stacking_in_vain",
    "moving",
    "moving_in_vain",
    "verifying",
)

with DAG(
    "restack_killed",
    schedule=None,
    params={f"{what}_{task_id}": "" for what in ("stack", "folder") for task_id in TASKS},
    # The next try must not begin before Airflow has noticed the death of the last one.
    default_args={"retries": 4, "retry_delay": timedelta(seconds=5)},
):
    for task_id in TASKS:
        FrameioCopyVersionStackOperator(
            task_id=task_id,
            version_stack_id=f"{{{{ params.stack_{task_id} }}}}",
            parent_id=f"{{{{ params.folder_{task_id} }}}}",
            copy_metadata=True,
            copy_comments="all",
            frameio_conn_id=f"frameio_{task_id}",
            deferrable=task_id == "deferred",
            poll_interval=0.5,
        )
