"""When an editor stacks a new cut in the inbox, copy it into the client's folder.

Tell the two folders in the environment of Airflow, ``FRAMEIO_INBOX_FOLDER_ID`` and ``FRAMEIO_CLIENT_FOLDER_ID``, and
unpause the DAG: from then on each new version stack, and each new version of one, starts it. The connection is
``frameio_default``. Needs Airflow 3; on Airflow 2 this file holds no DAG.
"""

from __future__ import annotations

import os
from typing import Any

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

INBOX = os.environ.get("FRAMEIO_INBOX_FOLDER_ID", "00000000-0000-4000-8000-000000000001")
CLIENT = os.environ.get("FRAMEIO_CLIENT_FOLDER_ID", "00000000-0000-4000-8000-000000000002")

try:
    from airflow.sdk import Asset, AssetWatcher, dag, task
except ImportError:
    pass
else:
    new_cuts = Asset(
        "frameio_new_cuts",
        watchers=[AssetWatcher(name="inbox", trigger=FrameioVersionStackEventTrigger(folder_id=INBOX))],
    )

    @dag(schedule=[new_cuts], catchup=False, is_paused_upon_creation=True, doc_md=__doc__, tags=["frameio", "example"])
    def copy_new_cuts() -> None:
        @task
        def changed_stacks(triggering_asset_events: Any = None) -> list[str]:
            # What changed within a minute is one event, and several events may start one run.
            payloads = [event.extra["payload"] for events in triggering_asset_events.values() for event in events]
            return sorted({stack_id for payload in payloads for stack_id in payload["version_stack_ids"]})

        FrameioCopyVersionStackOperator.partial(task_id="copy", parent_id=CLIENT, deferrable=True).expand(
            version_stack_id=changed_stacks()
        )

    copy_new_cuts()
