"""For each kind of authorization a DAG that copies one version stack, with the connection of that kind."""

from __future__ import annotations

import datetime

from airflow_provider_frameio.api.auth.settings import AUTH_TYPES
from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

for auth_type in AUTH_TYPES:
    with DAG(
        f"deliver_with_{auth_type}",
        start_date=datetime.datetime(2026, 1, 1),
        schedule=None,
        catchup=False,
        params={"version_stack_id": "", "client_folder_id": ""},
        # Airflow fails a task that comes back from its trigger before the scheduler has read that it was deferred.
        default_args={"retries": 3, "retry_delay": datetime.timedelta(seconds=1)},
    ):
        FrameioCopyVersionStackOperator(
            task_id="copy",
            version_stack_id="{{ params.version_stack_id }}",
            parent_id="{{ params.client_folder_id }}",
            frameio_conn_id="frameio_default" if auth_type == "server_to_server" else f"frameio_{auth_type}",
            deferrable=True,
        )
