"""Who shares a poller with whom, how long it lives, and a thousand triggers at one. Over a real socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger
from tests.fakes import FakeClock
from tests.triggers.waiting import CHILDREN, LIST, make_copy, none_left, only_event, pollers, trigger, until

pytestmark = pytest.mark.usefixtures("connection")

TRIGGER: ContextVar[str] = ContextVar("trigger")


def waiting(frameio: Emulator, copy_id: str, **changes: Any) -> FrameioVersionStackCopyTrigger:
    copy = {"version_stack_id": copy_id, "versions": 5, "folder_id": frameio.description()["folders"]["target"]}
    return trigger(frameio, copies=[copy], poll_interval=60.0, **changes)


def lists(frameio: Emulator, status: int = 200) -> int:
    return sum(request.route == LIST and request.status == status for request in frameio.requests)


def connect(frameio: Emulator, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Let the connection hold a static token from now on."""
    stored = frameio.description()["airflow_connection"]
    held = {**stored, **changes, "extra": {**stored["extra"], "auth_type": "token"}}
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(held))


@contextmanager
def loop_of_its_own() -> Iterator[asyncio.AbstractEventLoop]:
    """A running event loop in another thread, which ends without cancelling anything."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_thousand_triggers_find_their_copies(clock: FakeClock) -> None:
    """All at once, in one event loop: no call is refused, and each copy is looked at once."""
    with Emulator(clock=clock.monotonic) as frameio, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
        folder = frameio.seed_project("Many")["root_folder_id"]
        stacks = [frameio.seed_version_stack(folder, f"{n}.mov", 1)["id"] for n in range(1000)]

        async def scenario() -> list[CopyEvent]:
            copies = [{"version_stack_id": stack, "versions": 1, "folder_id": folder} for stack in stacks]
            triggers = [trigger(frameio, copies=[copy], poll_interval=60.0) for copy in copies]
            return await asyncio.gather(*map(only_event, triggers))

        events = asyncio.run(scenario())
        statuses = [(request.route, request.status) for request in frameio.requests]
    assert events == [CopyEvent("complete", (stack,)) for stack in stacks]
    assert statuses.count((CHILDREN, 200)) == 1000
    assert {status for _, status in statuses} == {200}


def test_credentials_that_were_changed_for_the_worse_harm_only_those_who_read_them(
    frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger that began with good ones goes on with them; one that begins later is told what is wrong."""
    copy = make_copy(frameio, copy_upload_seconds=100.0)

    async def scenario() -> tuple[CopyEvent, CopyEvent]:
        connect(frameio, monkeypatch, password=frameio.token)
        good = asyncio.ensure_future(only_event(waiting(frameio, copy)))
        await until(lambda: lists(frameio), good)
        connect(frameio, monkeypatch, password="mistyped")
        return await only_event(waiting(frameio, copy)), await good

    bad, good = asyncio.run(scenario())
    assert (bad.status, good.status) == ("unseen", "complete")
    assert "answered 401" in bad.message


def test_a_connection_that_is_gone_when_it_is_read_anew_is_said(
    frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trigger does not wait for ever for what nobody can look at."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)

    async def scenario() -> CopyEvent:
        connect(frameio, monkeypatch, password=frameio.token)
        one = asyncio.ensure_future(only_event(waiting(frameio, copy)))
        await until(lambda: lists(frameio), one)
        monkeypatch.delenv("AIRFLOW_CONN_FRAMEIO_DEFAULT")
        frameio.expire_tokens()
        return await one

    event = asyncio.run(scenario())
    assert event.status == "unseen"
    assert "frameio_default" in event.message


def test_event_loops_share_nothing(frameio: Emulator) -> None:
    """Each has a poller of its own; that the other's loop stands still does not matter."""
    slow = make_copy(frameio, copy_upload_seconds=1e6)
    quick = make_copy(frameio, copy_upload_seconds=30.0)
    go_on = threading.Event()
    with loop_of_its_own() as other:
        elsewhere = asyncio.run_coroutine_threadsafe(only_event(waiting(frameio, slow)), other)
        asyncio.run(until(lambda: lists(frameio), elsewhere))
        other.call_soon_threadsafe(go_on.wait)
        try:
            event = asyncio.run(only_event(waiting(frameio, quick)))
        finally:
            go_on.set()
    assert event == CopyEvent("complete", (quick,))


def test_a_loop_that_ends_without_a_word_leaves_nothing(frameio: Emulator) -> None:
    """What waited in it is gone with it, and so is its poller."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)
    with loop_of_its_own() as loop:
        one = asyncio.run_coroutine_threadsafe(only_event(waiting(frameio, copy)), loop)
        asyncio.run(until(lambda: lists(frameio), one))
        assert pollers() == 1
    del loop, one
    asyncio.run(none_left())


def test_what_the_poller_does_is_no_triggers_doing(frameio: Emulator) -> None:
    """Airflow sorts what is logged by the context of the task that logs: the poller's is nobody's."""
    copy = make_copy(frameio, copy_upload_seconds=20.0)
    made: list[tuple[str, str | None]] = []

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
        made.append((coroutine.__qualname__, TRIGGER.get(None)))
        return asyncio.Task(coroutine, loop=loop, **options)

    async def scenario() -> CopyEvent:
        asyncio.get_running_loop().set_task_factory(factory)
        TRIGGER.set("first")
        return await asyncio.create_task(only_event(waiting(frameio, copy)))

    assert asyncio.run(scenario()).status == "complete"
    assert ("only_event", "first") in made
    assert {trigger for name, trigger in made if name in ("Poller._dispatch", "drive")} == {None}
