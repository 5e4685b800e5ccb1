"""A DAG that copies each version stack of a folder in a mapped task that waits in the triggerer."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_frameio.operators.version_stacks import (
    FrameioCopyVersionStackOperator,
    FrameioListVersionStacksOperator,
)

with DAG(
    "mapped",
    schedule=None,
    params={"folder_id": "", "parent_id": ""},
    default_args={"retries": 3, "retry_delay": timedelta(seconds=1)},
):
    stacks = FrameioListVersionStacksOperator(task_id="list", folder_id="{{ params.folder_id }}")
    FrameioCopyVersionStackOperator.partial(
        task_id="copy", parent_id="{{ params.parent_id }}", deferrable=True, poll_interval=2
    ).expand(version_stack_id=stacks.output)
