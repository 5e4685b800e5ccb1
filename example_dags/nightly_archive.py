"""Every night, copy what came into a folder of finished work since the last night into the archive.

Set the two folders' ids below under ``params``, then unpause the DAG. The connection is ``frameio_default``.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import Asset, dag
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag

from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioListVersionStacksOperator,
)


@dag(
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    params={"finished_folder_id": "", "archive_folder_id": ""},
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def nightly_archive() -> None:
    # Since the last run that succeeded, so that a night that failed is made up for; at first all there is.
    finished = FrameioListVersionStacksOperator(
        task_id="list",
        folder_id="{{ params.finished_folder_id }}",
        updated_since="{{ prev_start_date_success or '2000-01-01T00:00:00+00:00' }}",
    )

    # One task for all, however many: it keeps to Frame.io's limit, and waits for it in the triggerer.
    FrameioBulkCopyVersionStacksOperator(
        task_id="archive",
        version_stacks=finished.output,
        parent_id="{{ params.archive_folder_id }}",
        deferrable=True,
        # Other DAGs may be scheduled by this; the event lists the copies.
        outlets=[Asset("frameio-archive")],
    )


nightly_archive()
