"""The same copies in the ways that ``make bench-airflow`` compares, a DAG for each."""

from __future__ import annotations

from typing import Any

try:
    from airflow.sdk import DAG, BaseHook, task
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioCopyVersionStackOperator,
)
from tests.harness.bench.contenders import generic

PARAMS = {"version_stack_ids": [], "parent_id": ""}


@task
def sources(params: dict[str, Any] | None = None) -> list[str]:
    return list((params or {})["version_stack_ids"])


with DAG("bench_provider", schedule=None, params=PARAMS):
    FrameioCopyVersionStackOperator.partial(
        task_id="copy",
        parent_id="{{ params.parent_id }}",
        frameio_conn_id="bench_provider",
        wait_for_completion=False,
        deferrable=True,
    ).expand(version_stack_id=sources())

with DAG("bench_bulk", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    FrameioBulkCopyVersionStacksOperator(
        task_id="copy",
        version_stacks="{{ params.version_stack_ids }}",
        parent_id="{{ params.parent_id }}",
        frameio_conn_id="bench_bulk",
        wait_for_completion=False,
        deferrable=True,
    )

with DAG("bench_generic", schedule=None, params=PARAMS):

    @task(task_id="copy")
    def copy(version_stack_id: str, params: dict[str, Any] | None = None) -> str:
        connection = BaseHook.get_connection("bench_generic")
        url = f"{connection.host}/v4/accounts/{connection.extra_dejson['account_id']}"
        return generic.copy(url, str(connection.password), version_stack_id, (params or {})["parent_id"])

    copy.expand(version_stack_id=sources())
