"""What ``FrameioVersionStackEventTrigger`` remembers beyond its end, and what it tells after a start. Over a socket."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_frameio import _compat
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers import version_stack_events, watermark_store
from airflow_provider_frameio.triggers.folder_watcher import FolderWatcher
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger
from tests.triggers.watching import Inbox, Run, Supervisor

pytestmark = pytest.mark.usefixtures("connection")
if _compat.BaseEventTrigger is _compat.BaseTrigger:
    pytest.skip("Airflow 2 has no event triggers", allow_module_level=True)


@pytest.fixture
def inbox(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(watermark_store, "_HANDED_ON", 0.0)
    monkeypatch.setattr(version_stack_events, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(version_stack_events, "_BETWEEN_EVENTS", 0.0)
    return Inbox(frameio)


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    stores = pytest.importorskip("airflow.sdk.execution_time.context")
    if not hasattr(stores, "AssetStateStoreAccessors"):
        pytest.skip("this Airflow has no asset state store")
    found = Supervisor()
    monkeypatch.setattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", found, raising=False)
    return found


async def watched(inbox: Inbox, trigger: FrameioVersionStackEventTrigger, events: int) -> list[str]:
    """Run a trigger until it has told so much and all is stored; what it told."""
    run = Run(trigger)
    await run.until(lambda: len(run.told) >= events)
    await run.until_looked(inbox, 2)
    await run.stop()
    return run.told


def test_the_first_look_ever_tells_nothing_and_the_next_what_is_new(inbox: Inbox, supervisor: Supervisor) -> None:
    """However lately what is there was made."""
    inbox.stack()

    async def scenario() -> tuple[list[str], list[str]]:
        run = Run(supervisor.serve(inbox.trigger()))
        await run.until_looked(inbox)
        made = [inbox.stack()]
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made


def test_what_changed_while_nobody_watched_is_told_afterwards(inbox: Inbox, supervisor: Supervisor) -> None:
    """Once; what was told before is not told again."""
    known = inbox.known()

    async def scenario() -> tuple[list[list[str]], list[list[str]]]:
        told, made = [], []
        told.append(await watched(inbox, supervisor.serve(inbox.trigger()), 0))
        made.append([])
        for _ in range(3):
            made.append([inbox.stack(), inbox.version(known)])
            told.append(await watched(inbox, supervisor.serve(inbox.trigger()), 2))
        return told, made

    told, made = asyncio.run(scenario())
    assert told == made


def test_an_event_whose_fate_is_unknown_is_told_again(
    inbox: Inbox, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A triggerer may die before Airflow has stored an event: that is known only when it has handed it on."""

    async def scenario() -> tuple[list[str], list[str], list[str]]:
        await watched(inbox, supervisor.serve(inbox.trigger()), 0)
        made = [inbox.stack()]
        monkeypatch.setattr(watermark_store, "_HANDED_ON", 3600.0)
        supervisor.sent.clear()
        run = Run(supervisor.serve(inbox.trigger()))
        await run.until(lambda: run.told and len(supervisor.sent) == 2)
        await run.stop()
        assert not [kind for kind in supervisor.sent if kind.startswith("Set")]
        monkeypatch.setattr(watermark_store, "_HANDED_ON", 0.0)
        return run.told, await watched(inbox, supervisor.serve(inbox.trigger()), 1), made

    first, second, made = asyncio.run(scenario())
    assert first == second == made


def test_without_an_answer_of_the_store_nothing_is_taken_for_known(
    inbox: Inbox, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise all that changed meanwhile would be."""

    async def scenario() -> tuple[list[str], list[str]]:
        await watched(inbox, supervisor.serve(inbox.trigger()), 0)
        looks = inbox.looks()
        made = [inbox.stack()]
        supervisor.refuses = "Get"
        run = Run(supervisor.serve(inbox.trigger()))
        await run.until(lambda: "did not answer" in caplog.text)
        assert inbox.looks() == looks
        supervisor.refuses = "nothing"
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made


def test_what_could_not_be_stored_is_stored_at_the_next_look(
    inbox: Inbox, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    """Though that shows nothing new."""

    async def scenario() -> list[str]:
        supervisor.refuses = "Set"
        run = Run(supervisor.serve(inbox.trigger()))
        await run.until(lambda: "did not answer" in caplog.text)
        supervisor.refuses = "nothing"
        await run.until(lambda: supervisor.kept)
        await run.stop()
        return run.told

    assert asyncio.run(scenario()) == []


def test_a_watermark_is_stored_only_when_it_changes(inbox: Inbox, supervisor: Supervisor) -> None:
    """Most looks show nothing new, and cost Airflow's database nothing."""

    async def scenario() -> list[str]:
        run = Run(supervisor.serve(inbox.trigger()))
        await run.until_looked(inbox, 5)
        await run.stop()
        return supervisor.sent

    assert asyncio.run(scenario()) == ["GetAssetStateStoreByName", "SetAssetStateStoreByName"]


def test_each_asset_that_is_served_remembers_for_all(inbox: Inbox, supervisor: Supervisor) -> None:
    """Two DAGs that watch alike have one trigger: when one of them goes, the other still knows what was told."""

    async def scenario() -> tuple[list[str], list[str]]:
        await watched(inbox, supervisor.serve(inbox.trigger(), "cuts", "copies"), 0)
        made = [inbox.stack()]
        await watched(inbox, supervisor.serve(inbox.trigger(), "copies", "cuts"), 1)
        made += [inbox.stack()]
        return await watched(inbox, supervisor.serve(inbox.trigger(), "copies", "a third"), 1), made

    told, made = asyncio.run(scenario())
    assert told == made[1:]
    assert {asset for asset, _ in supervisor.kept} == {"cuts", "copies", "a third"}


def test_the_latest_of_several_memories_counts(inbox: Inbox, supervisor: Supervisor) -> None:
    """A store that was not written for a while is behind, and what it knows is no less true."""

    async def scenario() -> list[str]:
        await watched(inbox, supervisor.serve(inbox.trigger(), "cuts"), 0)
        ((_, key),) = supervisor.kept
        supervisor.kept["behind", key] = supervisor.kept["cuts", key]
        made = inbox.stack()
        assert await watched(inbox, supervisor.serve(inbox.trigger(), "cuts"), 1) == [made]
        return await watched(inbox, supervisor.serve(inbox.trigger(), "behind", "cuts"), 0)

    assert asyncio.run(scenario()) == []


class OldStore:
    """Airflow's accessors before 3.3.2: none can be awaited."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AssertionError("called in the event loop, which it would block")
        return self.kept.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.get(key)
        self.kept[key] = json.loads(json.dumps(value))


def test_stores_that_cannot_be_awaited_are_used_from_a_thread(inbox: Inbox) -> None:
    """As Airflow 3.3.0 and 3.3.1 have them."""
    store = OldStore()

    def serve(trigger: FrameioVersionStackEventTrigger) -> FrameioVersionStackEventTrigger:
        trigger.asset_state_store = store  # type: ignore[assignment]
        return trigger

    async def scenario() -> tuple[list[str], list[str]]:
        await watched(inbox, serve(inbox.trigger()), 0)
        made = [inbox.stack()]
        return await watched(inbox, serve(inbox.trigger()), 1), made

    told, made = asyncio.run(scenario())
    assert told == made


@pytest.mark.parametrize("stored", ["of a later version", "none"])
def test_without_a_memory_a_start_tells_what_changed_lately(
    inbox: Inbox, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Before Airflow 3.3 nothing is remembered: a restart loses nothing, and the same event has the same id."""
    inbox.known()
    store = OldStore()
    kept = {"format": 2} if stored == "of a later version" else None

    def serve(trigger: FrameioVersionStackEventTrigger) -> FrameioVersionStackEventTrigger:
        store.get = lambda key, default=None: kept  # type: ignore[method-assign]
        trigger.asset_state_store = store if kept else None  # type: ignore[assignment]
        return trigger

    async def scenario() -> tuple[list[str], list[str], list[str]]:
        made = [inbox.stack(age=1800.0)]
        first = await watched(inbox, serve(inbox.trigger()), 1)
        made += [inbox.version(made[0])]
        return first, await watched(inbox, serve(inbox.trigger()), 1), made

    first, second, made = asyncio.run(scenario())
    assert first == made[:1]
    assert second == made[1:]
    assert ("cannot be read: not a watermark of format 1" in caplog.text) == bool(kept)


def test_a_lookback_of_nothing_tells_only_what_changes_from_then_on(inbox: Inbox) -> None:
    """For whoever would rather miss a change than hear of one twice."""

    async def scenario() -> tuple[list[str], list[str]]:
        inbox.stack(age=600.0)
        run = Run(inbox.trigger(lookback=0))
        await run.until_looked(inbox)
        made = [inbox.stack()]
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made


def test_an_outage_at_the_start_hides_nothing(inbox: Inbox) -> None:
    """What counts is when the trigger started, not when it could look for the first time."""
    inbox.frameio.fault(kind="status", status=503, times=3)

    async def scenario() -> tuple[list[str], list[str]]:
        run = Run(inbox.trigger(lookback=0))
        await run.until(lambda: len(inbox.frameio.requests) > 1)
        made = [inbox.stack()]
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made


def test_nothing_is_left_of_triggers_that_are_stopped(inbox: Inbox) -> None:
    """No task and no look-out; one that goes on is not disturbed before."""

    async def scenario() -> tuple[list[str], int, int]:
        runs = [Run(inbox.trigger(poll_interval=interval)) for interval in (0.02, 0.03, 60.0)]
        await runs[0].until_looked(inbox)
        for run in runs[:2]:
            await run.stop()
        await runs[2].until(lambda: True)
        again = Run(inbox.trigger())
        await again.until_looked(inbox)
        made = inbox.stack()
        await runs[2].until(lambda: runs[2].told)
        assert runs[2].told == [made]
        for run in (again, runs[2]):
            await run.stop()
        del run, again
        runs.clear()
        for _ in range(100):  # turns of the loop, in which what was cancelled ends
            await asyncio.sleep(0)
        gc.collect()
        watchers = sum(type(one) is FolderWatcher for one in gc.get_objects())  # as in waiting.pollers
        return [made], len(asyncio.all_tasks()), watchers

    assert asyncio.run(scenario())[1:] == (1, 0)
