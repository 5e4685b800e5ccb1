"""Every night, copy what came into a folder of finished work since the last night into the archive.

Set the two folders' ids below under ``params``, then unpause the DAG. The connection is ``frameio_default``.

The Airflow Variable ``frameio_archived_until_<the folder's id>`` keeps when the last run that succeeded looked into the
folder. That holds for runs by hand and by assets, too, which may have no logical date. Delete the Variable, and the
next run archives all there is.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import Asset, Variable, dag, task
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task
    from airflow.models import Variable

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
    @task
    def now() -> str:
        return datetime.now(timezone.utc).isoformat()

    @task
    def remember(time: str, params: dict[str, str] | None = None) -> None:
        Variable.set(f"frameio_archived_until_{(params or {})['finished_folder_id']}", time)

    # Since the last run that succeeded, so that a night that failed is made up for; at first all there is.
    began = now()
    finished = FrameioListVersionStacksOperator(
        task_id="list",
        folder_id="{{ params.finished_folder_id }}",
        updated_since="{{ var.value.get('frameio_archived_until_' ~ params.finished_folder_id, '2000-01-01T00:00Z') }}",
    )

    # One task for all, however many: it keeps to Frame.io's limit, and waits for it in the triggerer.
    archive = FrameioBulkCopyVersionStacksOperator(
        task_id="archive",
        version_stacks=finished.output,
        parent_id="{{ params.archive_folder_id }}",
        deferrable=True,
        # Other DAGs may be scheduled by this; the event lists the copies.
        outlets=[Asset("frameio-archive")],
    )
    began >> finished
    archive >> remember(began)


nightly_archive()
