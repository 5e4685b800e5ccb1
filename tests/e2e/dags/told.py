"""A DAG whose copies are assets, and one that waits for them."""

from __future__ import annotations

from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, Asset, AssetAlias, task
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.decorators import task
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioCopyVersionStackOperator,
)

DELIVERIES = AssetAlias("e2e deliveries")

with DAG("told_copies", schedule=None, params={"version_stack_id": "", "parent_id": ""}):
    copy = FrameioCopyVersionStackOperator(
        task_id="copy",
        version_stack_id="{{ params.version_stack_id }}",
        parent_id="{{ params.parent_id }}",
        deferrable=True,
        poll_interval=1,
        outlets=[DELIVERIES],
    )
    bulk = FrameioBulkCopyVersionStacksOperator(
        task_id="bulk",
        version_stacks=[copy.output],
        parent_id="{{ params.parent_id }}",
        deferrable=True,
        poll_interval=1,
        outlets=[Asset("s3://e2e/archive")],
    )

with DAG("told_of_copies", schedule=[DELIVERIES], start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):

    @task
    def read(triggering_asset_events=None):
        # By the asset and by its alias: the same event.
        return list(
            {event.extra["version_stack_id"] for events in triggering_asset_events.values() for event in events}
        )

    read()
