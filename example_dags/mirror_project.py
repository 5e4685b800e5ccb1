"""Every week, make the archive hold what a project holds: its folders, version stacks and files.

Set the two folders' ids below under ``params``, then unpause the DAG. The connection is ``frameio_default``. A
project's ``root_folder_id`` is the folder that holds all of it.

Each run copies only what the archive lacks. Where a stack has newer versions, only those are copied.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import dag
except ImportError:  # Airflow 2
    from airflow.decorators import dag

from airflow_provider_frameio.operators.version_stacks import FrameioMirrorFolderOperator


@dag(
    schedule="0 4 * * 6",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,  # two runs at once might copy the same
    is_paused_upon_creation=True,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={"project_folder_id": "", "archive_folder_id": ""},
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def mirror_project() -> None:
    FrameioMirrorFolderOperator(
        task_id="mirror",
        folder_id="{{ params.project_folder_id }}",
        parent_id="{{ params.archive_folder_id }}",
        copy_metadata=True,
        deferrable=True,
        poll_interval=10,
    )


mirror_project()
