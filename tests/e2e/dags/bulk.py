"""DAGs that copy a whole folder in one task, in place and deferred."""

from __future__ import annotations

from datetime import timedelta

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import FrameioBulkCopyVersionStacksOperator

for way, deferrable in {"in_place": False, "deferred": True}.items():
    with DAG(
        f"bulk_{way}",
        schedule=None,
        params={"folder_id": "", "parent_id": ""},
        default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
    ):
        FrameioBulkCopyVersionStacksOperator(
            task_id="copy",
            folder_id="{{ params.folder_id }}",
            parent_id="{{ params.parent_id }}",
            deferrable=deferrable,
            frameio_conn_id="frameio_unhurried" if deferrable else "frameio_default",
            poll_interval=1,
        )
