"""DAGs that mirror a folder, in place and deferred."""

from __future__ import annotations

from datetime import timedelta

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import FrameioMirrorFolderOperator

for way, deferrable in {"in_place": False, "deferred": True}.items():
    with DAG(
        f"mirror_{way}",
        schedule=None,
        max_active_runs=1,
        params={"folder_id": "", "parent_id": ""},
        default_args={"retries": 6, "retry_delay": timedelta(seconds=1)},
    ):
        FrameioMirrorFolderOperator(
            task_id="mirror",
            folder_id="{{ params.folder_id }}",
            parent_id="{{ params.parent_id }}",
            deferrable=deferrable,
            copy_comments="all" if deferrable else "none",
            poll_interval=1,
        )
