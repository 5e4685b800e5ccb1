"""Deliver a cut to a client with its public comments and its metadata, wherever the projects are stored.

Trigger it with ``{"version_stack_id": "…", "client_folder_id": "…"}``. The connection is ``frameio_default``.
"""

from __future__ import annotations

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator


@dag(
    schedule=None,
    catchup=False,
    params={"version_stack_id": "", "client_folder_id": ""},
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def deliver_with_comments() -> None:
    # Frame.io's own copy leaves comments behind, so the versions are copied as files and stacked anew.
    deliver = FrameioCopyVersionStackOperator(
        task_id="deliver",
        version_stack_id="{{ params.version_stack_id }}",
        parent_id="{{ params.client_folder_id }}",
        copy_comments="public",
        copy_metadata=True,
        deferrable=True,
        poll_interval=10,
    )

    @task
    def tell(version_stack: dict[str, str]) -> str:
        print(f"{version_stack['name']} is ready for review: {version_stack['view_url']}")
        return version_stack["view_url"]

    # The record of the new stack is in XCom under this key; the task's result is its id.
    deliver >> tell(deliver.output["version_stack"])


deliver_with_comments()
