"""The maintenance DAG of a user's tokens, without its schedule."""

from __future__ import annotations

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.refresh_token import FrameioRefreshTokenOperator

with DAG("refresh_user", schedule=None, max_active_runs=1):
    FrameioRefreshTokenOperator(task_id="refresh")
