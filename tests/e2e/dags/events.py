"""DAGs that are started by what happens in a folder, and return the ids of the changes that started them."""

from __future__ import annotations

import os
from typing import Any

from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

try:
    from airflow.sdk import DAG, Asset, AssetWatcher, task
except ImportError:  # Airflow 2 has no watchers
    pass
else:
    inbox = os.environ.get("FRAMEIO_INBOX_FOLDER_ID", "00000000-0000-4000-8000-000000000001")
    watch = FrameioVersionStackEventTrigger(folder_id=inbox, poll_interval=0.5)
    cuts = Asset("cuts", watchers=[AssetWatcher(name="inbox", trigger=watch)])

    approval = FrameioVersionStackEventTrigger(folder_id=inbox, metadata={"Status": "Approved"}, poll_interval=0.5)
    approved = Asset("approved", watchers=[AssetWatcher(name="review", trigger=approval)])

    @task
    def told(triggering_asset_events: Any = None) -> list[str]:
        events = [event for events in triggering_asset_events.values() for event in events]
        return [change["event_id"] for event in events for change in event.extra["payload"]["changes"]]

    with DAG("events", schedule=[cuts], catchup=False, is_paused_upon_creation=True):
        told()

    with DAG("approvals", schedule=[approved], catchup=False, is_paused_upon_creation=True):
        told()
