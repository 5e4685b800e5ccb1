"""Copy one version stack into the folders of several clients, and collect the links for them.

Trigger it with ``{"version_stack_id": "…", "folder_ids": ["…", "…"]}``. The connection is ``frameio_default``.
"""

from __future__ import annotations

try:
    from airflow.sdk import Param, dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models.param import Param

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator


@dag(
    schedule=None,
    catchup=False,
    params={
        "version_stack_id": "",
        "folder_ids": Param([], type="array", items={"type": "string"}),  # noqa: AIR311 - its address in Airflow 2
    },
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def one_stack_for_many_clients() -> None:
    @task
    def list_folders(params: dict[str, list[str]] | None = None) -> list[str]:
        return list((params or {})["folder_ids"])

    # One task for each folder; one that fails, such as for a folder that is gone, keeps no other back.
    deliver = FrameioCopyVersionStackOperator.partial(
        task_id="deliver",
        version_stack_id="{{ params.version_stack_id }}",
        deferrable=True,
        poll_interval=10,
    ).expand(parent_id=list_folders())

    @task(trigger_rule="all_done")
    def report(links: list[str]) -> list[str]:
        there = [link for link in links if link]  # a copy that failed has none
        print(*there, sep="\n")
        return there

    # Each copy's link is in XCom under this key.
    report(deliver.output["frameio_url"])


one_stack_for_many_clients()
