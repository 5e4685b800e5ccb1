"""Copy every version stack of a folder into another one and go on when all versions have really arrived.

Trigger it with ``{"source_folder_id": "…", "target_folder_id": "…"}``. The connection is ``frameio_default``.
"""

from __future__ import annotations

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator
from airflow_provider_frameio.sensors.version_stacks import FrameioVersionStackCopySensor


@dag(
    schedule=None,
    catchup=False,
    default_args={"retries": 2},  # safe: a retry never copies again what was copied
    params={"source_folder_id": "", "target_folder_id": ""},
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def copy_version_stacks() -> None:
    @task
    def list_version_stacks(folder_id: str) -> list[str]:
        return [stack["id"] for stack in FrameioHook().list_version_stacks(folder_id)]

    sources = list_version_stacks("{{ params.source_folder_id }}")

    # One task for each stack. Frame.io admits ten copies a minute: the tasks beyond that wait for their turn.
    copy = FrameioCopyVersionStackOperator.partial(
        task_id="copy",
        parent_id="{{ params.target_folder_id }}",
        wait_for_completion=False,
    ).expand(version_stack_id=sources)

    # A single wait for all of them. It is deferred: while the versions arrive no worker is occupied.
    wait = FrameioVersionStackCopySensor(
        task_id="wait",
        version_stack_id=copy.output,
        source_version_stack_id=sources,
        deferrable=True,
        poke_interval=10,
        timeout=3600,
    )

    @task
    def report(version_stack_ids: list[str]) -> list[str]:
        hook = FrameioHook()
        copies = [hook.get_version_stack(version_stack_id) for version_stack_id in version_stack_ids]
        lines = [f"{copy['name']}  {copy['view_url']}" for copy in copies]
        print(*lines, sep="\n")
        return lines

    wait >> report(copy.output)


copy_version_stacks()
