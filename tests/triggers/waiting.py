"""Copies in the emulator, triggers that wait for them, and how they end."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.triggers.poller import Poller
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger

CHILDREN, LIST, SHOW = "list_version_stack_children", "list_version_stacks", "show_version_stack"


def make_copy(frameio: Emulator, **settings: float) -> str:
    """A fresh copy of the demo's first stack, which has five versions; ``settings`` say how long it takes."""
    frameio.configure(**settings)
    description = frameio.description()
    source, target = description["version_stacks"][0], description["folders"]["target"]
    return str(FrameioHook().copy_version_stack(source, parent_id=target)["id"])


def trigger(frameio: Emulator, *copies: str, **changes: Any) -> FrameioVersionStackCopyTrigger:
    now = SYSTEM_CLOCK.epoch()
    kwargs: dict[str, Any] = {
        "frameio_conn_id": "frameio_default",
        "account_id": frameio.account_id,
        "copies": [{"version_stack_id": copy, "versions": 5} for copy in copies],
        "started_at": now,
        "end_time": now + 600,
        "poll_interval": 0.02,
    }
    return FrameioVersionStackCopyTrigger(**(kwargs | changes))


async def only_event(waiting: FrameioVersionStackCopyTrigger) -> CopyEvent:
    events = [event async for event in waiting.run()]
    assert len(events) == 1
    return CopyEvent.from_payload(json.loads(json.dumps(events[0].payload)))


async def until(condition: Callable[[], object], waiting: asyncio.Future[CopyEvent]) -> None:
    """Let time pass while the trigger goes on waiting."""
    while not condition():
        assert not waiting.done(), waiting.result()
        await asyncio.sleep(0.005)


async def none_left(patience: float = 1.0) -> None:
    """Wait until no poller is left, and no task but this one: a call that is under way on its thread ends first."""
    now = asyncio.get_running_loop().time
    deadline = now() + patience
    while pollers() or len(asyncio.all_tasks()) > 1:
        assert now() < deadline, (pollers(), asyncio.all_tasks())
        await asyncio.sleep(0.005)


def pollers() -> int:
    """How many there are in this process."""
    gc.collect()
    return sum(type(one) is Poller for one in gc.get_objects())  # isinstance would wake up lazy objects of Airflow
