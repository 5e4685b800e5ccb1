"""The maintenance DAG of a user's tokens, without its schedule, and copies by that user."""

from __future__ import annotations

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.refresh_token import FrameioRefreshTokenOperator
from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator

with DAG("refresh_user", schedule=None, max_active_runs=1):
    FrameioRefreshTokenOperator(task_id="refresh", frameio_conn_id="frameio_user")

for way, deferrable in {"in_place": False, "deferred": True}.items():
    with DAG(f"user_{way}", schedule=None, params={"version_stack_id": "", "parent_id": ""}):
        FrameioCopyVersionStackOperator(
            task_id="copy",
            version_stack_id="{{ params.version_stack_id }}",
            parent_id="{{ params.parent_id }}",
            frameio_conn_id="frameio_user",
            deferrable=deferrable,
            poll_interval=1,
        )
