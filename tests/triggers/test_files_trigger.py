"""``FrameioFilesTrigger``: what it stores, how it waits for copied files, how it ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.triggers.version_stacks import FrameioFilesTrigger


def trigger(frameio: Emulator, **changes: Any) -> FrameioFilesTrigger:
    """Waits for copies of the first two versions of the demo's first stack."""
    hook, told = FrameioHook(), frameio.description()
    stack, target = told["version_stacks"][0], told["folders"]["target"]
    versions = [child["id"] for child in hook.list_version_stack_children(stack)[:2]]
    now = SYSTEM_CLOCK.epoch()
    kwargs = {
        "frameio_conn_id": "frameio_default",
        "account_id": frameio.account_id,
        "folder_id": target,
        "file_ids": [pair["file"]["id"] for pair in hook.copy_files(versions, target)],
        "version_stack_id": stack,
        "started_at": now,
        "end_time": now + 600,
        "poll_interval": 0.02,
    }
    return FrameioFilesTrigger(**(kwargs | changes))


def together(*waiting: FrameioFilesTrigger) -> list[CopyEvent]:
    """How triggers of one event loop end."""

    async def run(one: FrameioFilesTrigger) -> CopyEvent:
        (event,) = [event async for event in one.run()]
        return CopyEvent.from_payload(json.loads(json.dumps(event.payload)))

    async def scenario() -> list[CopyEvent]:
        return await asyncio.gather(*map(run, waiting))

    return asyncio.run(scenario())


def only_event(waiting: FrameioFilesTrigger) -> CopyEvent:
    (event,) = together(waiting)
    return event


def test_it_survives_the_database_and_sees_the_files_arrive(frameio: Emulator, connection: None) -> None:
    """What it serializes to is JSON without a secret; what is made of that again waits for the same."""
    path, kwargs = trigger(frameio).serialize()
    stored = json.dumps(kwargs)
    assert path == "airflow_provider_frameio.triggers.version_stacks.FrameioFilesTrigger"
    assert frameio.client_secret not in stored
    again = FrameioFilesTrigger(**json.loads(stored))
    assert again.serialize() == (path, kwargs)
    assert only_event(again) == CopyEvent("complete", (again.version_stack_id,))


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"end_time": 1.0}, "timeout", "0 of 2 files uploaded"),
        ({"file_ids": ["0a1b2c3d-0000-4000-8000-000000000000"]}, "failed", "is not there (any more)"),
        ({"frameio_conn_id": "no_such_connection"}, "unseen", "no_such_connection"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_how_it_ended(
    frameio: Emulator, connection: None, changes: dict[str, Any], status: str, words: str
) -> None:
    """In one event, whatever Frame.io says. What is no error of ours ends the trigger: Airflow then fails the task."""
    frameio.configure(copy_upload_seconds=1e6)
    event = only_event(trigger(frameio, **changes))
    assert event.status == status
    assert words in event.message


def test_triggers_for_files_in_one_folder_share_its_list(frameio: Emulator, connection: None) -> None:
    """However many wait; no file is asked for by itself."""
    frameio.configure(copy_upload_seconds=30.0)
    waiting = [trigger(frameio, poll_interval=60.0) for _ in range(10)]
    frameio.clear_requests()
    assert {event.status for event in together(*waiting)} == {"complete"}
    routes = [request.route for request in frameio.requests]
    assert set(routes) == {"list_files"}
    assert len(routes) <= 8
