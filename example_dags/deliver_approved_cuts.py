"""When a reviewer approves a cut in the inbox, copy it with its comments to the client, and mark it as delivered.

Tell the two folders in the environment of Airflow, ``FRAMEIO_INBOX_FOLDER_ID`` and ``FRAMEIO_CLIENT_FOLDER_ID``, and
unpause the DAG: from then on it starts when the field *Status* of a version stack becomes *Approved*. The account needs
a toggle field *Delivered*. The connection is ``frameio_default``. Needs Airflow 3; on Airflow 2 this file holds no DAG.
"""

from __future__ import annotations

import os
from typing import Any

from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioUpdateMetadataOperator,
)
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

INBOX = os.environ.get("FRAMEIO_INBOX_FOLDER_ID", "00000000-0000-4000-8000-000000000001")
CLIENT = os.environ.get("FRAMEIO_CLIENT_FOLDER_ID", "00000000-0000-4000-8000-000000000002")

try:
    from airflow.sdk import Asset, AssetWatcher, dag, task
except ImportError:
    pass
else:
    approval = FrameioVersionStackEventTrigger(folder_id=INBOX, metadata={"Status": "Approved"})
    approved_cuts = Asset("frameio_approved_cuts", watchers=[AssetWatcher(name="inbox", trigger=approval)])

    @dag(
        schedule=[approved_cuts],
        catchup=False,
        is_paused_upon_creation=True,
        doc_md=__doc__,
        tags=["frameio", "example"],
    )
    def deliver_approved_cuts() -> None:
        @task
        def approved_stacks(triggering_asset_events: Any = None) -> list[str]:
            # What was approved within a minute is one event, and several events may start one run.
            payloads = [event.extra["payload"] for events in triggering_asset_events.values() for event in events]
            return sorted({stack_id for payload in payloads for stack_id in payload["version_stack_ids"]})

        approved = approved_stacks()
        deliver = FrameioBulkCopyVersionStacksOperator(
            task_id="deliver", version_stacks=approved, parent_id=CLIENT, copy_comments="public", deferrable=True
        )
        # Not before all copies are complete. It marks the cuts in the inbox, for their editors to see.
        deliver >> FrameioUpdateMetadataOperator(
            task_id="mark", version_stack_ids=approved, metadata={"Delivered": "Yes"}
        )

    deliver_approved_cuts()
