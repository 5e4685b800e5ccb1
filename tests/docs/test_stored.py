"""What the pages show of stored records, deferrals, triggers and events is what the package stores, and reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from tests.docs.kinds import of_kind
from tests.docs.pages import Block

pytest.importorskip("airflow", reason="tasks and triggers are Airflow's")

from airflow_provider_frameio.copying.mirror.folders import FolderRecord
from airflow_provider_frameio.copying.record import CopyRecord
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.copy_job import CopyJob
from airflow_provider_frameio.tasks.options import CopyOptions
from airflow_provider_frameio.tasks.record_store import RecordStore
from airflow_provider_frameio.tasks.row_copies import RowCopies
from airflow_provider_frameio.triggers.events import CopyEvent, SlotEvent
from airflow_provider_frameio.triggers.version_stacks import (
    FrameioBudgetTrigger,
    FrameioFilesTrigger,
    FrameioVersionStackCopyTrigger,
)
from tests.harness.configuration import KEEPS_RECORDS

KINDS = {"stored"}


class Store(dict[str, Any]):
    """Airflow's task state store."""

    def set(self, key: str, value: Any, retention: object) -> None:
        self[key] = value


def task_record(shown: Any) -> Any:
    """What a retry stores that finds this."""
    tries, _, start = shown["clear"].partition(" ")
    run = SimpleNamespace(start_date=datetime.fromtimestamp(float(start), timezone.utc))
    store = Store(frameio_task=shown)
    context: Any = {"ti": SimpleNamespace(max_tries=int(tries)), "dag_run": run, "task_state_store": store}
    RecordStore.begin(FrameioHook(), context, durable=True)
    return store["frameio_task"]


def job(shown: Any) -> Any:
    """What a job stores that went on from this and is deferred again."""
    context: Any = {"ti": SimpleNamespace(max_tries=0), "dag_run": SimpleNamespace(start_date=None)}
    hook = FrameioHook()
    records = RecordStore.resume(hook, context, shown, durable=True)
    rows = [Row.from_json(row) for row in shown["rows"]]
    copies = RowCopies(hook, CopyOptions("an-account-id"), rows, records, last_try=False)
    stored = CopyJob(copies, 3600.0, end_time=shown.get("end_time")).to_json()
    # What this process sent; the page shows what another one did.
    return stored | {name: shown[name] for name in stored.keys() & {"sent_at"}}


# By a field that no other of them has.
STORED: dict[str, Callable[[Any], Any]] = {
    "finished": task_record,
    "snapshot": lambda shown: CopyRecord.from_json(shown).to_json(),
    "items": lambda shown: RestackRecord.from_json(shown).to_json(),
    "rows": job,
    "bucket": lambda shown: FrameioBudgetTrigger(**shown).serialize()[1],
    "file_ids": lambda shown: FrameioFilesTrigger(**shown).serialize()[1],
    "copies": lambda shown: FrameioVersionStackCopyTrigger(**shown).serialize()[1],
    "version_stack_ids": lambda shown: CopyEvent.from_payload(shown).payload(),
    "sent": lambda shown: FolderRecord.from_json(shown).to_json(),
    "status": lambda shown: SlotEvent.from_payload(shown).payload(),
}


def stored_again(shown: Any) -> Any:
    """What the package stores once it has read this."""
    order = ["items", *STORED]  # a restacked copy has ``finished``, too
    return STORED[next(name for name in order if name in shown)](shown)


@pytest.mark.skipif(not KEEPS_RECORDS, reason="Airflow keeps no records before 3.3")
@pytest.mark.parametrize("block", of_kind("stored"), ids=str)
def test_what_is_shown_is_read_and_stored_again(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of its fields, and no others."""
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", '{"conn_type": "frameio", "login": "id", "password": "secret"}')
    shown = json.loads(block.text)
    assert stored_again(shown) == shown


def test_each_kind_is_shown() -> None:
    """Of all that is stored there is an example."""
    shown = [json.loads(block.text) for block in of_kind("stored")]
    assert [name for name in STORED if not any(name in one for one in shown)] == []
