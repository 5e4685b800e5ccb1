"""Triggers that wait together: what they share, what they do not, and what remains of them. Over a real socket."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger
from tests.triggers.waiting import CHILDREN, LIST, SHOW, make_copy, none_left, only_event, trigger, until

pytestmark = pytest.mark.usefixtures("connection")

NOWHERE = "0a1b2c3d-0000-4000-8000-000000000000"


def folder(frameio: Emulator) -> str:
    """The demo's target folder, where ``make_copy`` copies to."""
    return str(frameio.description()["folders"]["target"])


def waiting(frameio: Emulator, *copies: str, folder_id: str | None = None) -> FrameioVersionStackCopyTrigger:
    """A trigger for copies in one folder, which looks no more often than it must."""
    described = [{"version_stack_id": copy, "versions": 5, "folder_id": folder_id} for copy in copies]
    return trigger(frameio, copies=described, poll_interval=60.0)


def started(awaited: FrameioVersionStackCopyTrigger) -> asyncio.Future[CopyEvent]:
    return asyncio.ensure_future(only_event(awaited))


def routes(frameio: Emulator) -> list[str]:
    return [request.route for request in frameio.requests]


def seeded(frameio: Emulator, number: int, **properties: str) -> list[str]:
    """Version stacks in the target folder that look like copies."""
    return [
        str(frameio.seed_version_stack(folder(frameio), f"copy {n}.mov", 5, **properties)["id"]) for n in range(number)
    ]


def test_triggers_in_one_folder_share_its_list(frameio: Emulator) -> None:
    """However many wait, it is listed no more often than every two and a half seconds, and each finds its copy."""
    copies = seeded(frameio, 20, status="uploaded")
    late = make_copy(frameio, copy_upload_seconds=30.0)

    async def scenario() -> list[CopyEvent]:
        return await asyncio.gather(
            *(only_event(waiting(frameio, copy, folder_id=folder(frameio))) for copy in [*copies, late])
        )

    frameio.clear_requests()
    assert {event.status for event in asyncio.run(scenario())} == {"complete"}
    lists = [request for request in frameio.requests if request.route == LIST]
    assert len(lists) > 1
    assert min(after.at - before.at for before, after in pairwise(lists)) >= 2.5
    assert {request.query["page_size"] for request in lists} == {"100"}
    assert routes(frameio).count(CHILDREN) == 21
    assert SHOW not in routes(frameio)


def test_nothing_is_left_of_triggers_that_are_cancelled(frameio: Emulator) -> None:
    """No task and no poller; a trigger that goes on is not disturbed before."""
    slow = make_copy(frameio, copy_upload_seconds=1e6)
    quick = make_copy(frameio, copy_upload_seconds=100.0)

    async def cancelled() -> str:
        doomed = [started(waiting(frameio, slow, folder_id=folder(frameio))) for _ in range(3)]
        going_on = started(waiting(frameio, quick, folder_id=folder(frameio)))
        await until(lambda: LIST in routes(frameio), going_on)
        for one in doomed[:2]:
            one.cancel()
        event = await going_on
        doomed[2].cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        return event.status

    async def scenario() -> str:
        status = await cancelled()  # apart: the tracebacks of what was cancelled hold on to everything
        await none_left()
        return status

    assert asyncio.run(scenario()) == "complete"


def test_an_error_reaches_only_the_trigger_it_concerns(frameio: Emulator) -> None:
    """Its neighbour in the same folder finds its copy."""
    copy = make_copy(frameio)

    async def scenario() -> list[CopyEvent]:
        both = (waiting(frameio, one, folder_id=folder(frameio)) for one in (copy, NOWHERE))
        return await asyncio.gather(*map(only_event, both))

    good, bad = asyncio.run(scenario())
    assert (good.status, bad.status) == ("complete", "failed")
    assert NOWHERE in bad.message


def test_a_copy_that_vanishes_ends_its_trigger_at_once(frameio: Emulator) -> None:
    """Its first look finds that it is gone; nothing was to be looked at yet."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)
    elsewhere = str(frameio.seed_folder(folder(frameio), "elsewhere")["id"])

    async def scenario() -> CopyEvent:
        one = started(waiting(frameio, copy, folder_id=folder(frameio)))
        await until(lambda: LIST in routes(frameio), one)
        frameio.fault(route=CHILDREN, kind="status", status=404, times=None)
        await asyncio.to_thread(FrameioHook().move_version_stack, copy, elsewhere)
        return await one

    event = asyncio.run(scenario())
    assert event.status == "failed"
    assert f"The copy {copy} is not there (any more)" in event.message
    assert routes(frameio).count(CHILDREN) == 1


def test_a_folder_that_cannot_be_listed_hides_no_copy(frameio: Emulator) -> None:
    """The list is asked for once; the copy itself tells."""
    frameio.fault(route=LIST, kind="status", status=403, times=None)
    copy = make_copy(frameio, copy_upload_seconds=30.0)
    event = asyncio.run(only_event(waiting(frameio, copy, folder_id=folder(frameio))))
    assert event == CopyEvent("complete", (copy,))
    assert routes(frameio).count(LIST) == 1


def test_a_copy_that_is_moved_is_found(frameio: Emulator) -> None:
    """Wherever it is, it is the copy that was waited for."""
    copy = make_copy(frameio, copy_upload_seconds=60.0)
    elsewhere = str(frameio.seed_folder(folder(frameio), "elsewhere")["id"])

    async def scenario() -> CopyEvent:
        one = started(waiting(frameio, copy, folder_id=folder(frameio)))
        await until(lambda: LIST in routes(frameio), one)
        await asyncio.to_thread(FrameioHook().move_version_stack, copy, elsewhere)
        return await one

    assert asyncio.run(scenario()) == CopyEvent("complete", (copy,))


def test_a_row_without_a_folder_learns_it_once(frameio: Emulator) -> None:
    """As an older version stored it; the folder is then listed as if it had been given."""
    copies = seeded(frameio, 2, status="uploaded")
    late = make_copy(frameio, copy_upload_seconds=30.0)
    frameio.clear_requests()
    old = trigger(frameio, *copies, late, poll_interval=60.0)
    assert all("folder_id" not in copy for copy in old.copies)
    assert asyncio.run(only_event(old)).status == "complete"
    assert routes(frameio).count(SHOW) == 1
    assert LIST in routes(frameio)


def test_a_lagging_list_hides_no_copy(frameio: Emulator) -> None:
    """One that it does not show yet is looked at by itself."""
    frameio.configure(list_lag=1e6)
    copy = make_copy(frameio, copy_upload_seconds=20.0)
    event = asyncio.run(only_event(waiting(frameio, copy, folder_id=folder(frameio))))
    assert event == CopyEvent("complete", (copy,))


def test_a_folder_is_stored_with_each_copy(frameio: Emulator) -> None:
    """So that a restarted triggerer need not ask for it."""
    stored = waiting(frameio, NOWHERE, folder_id="f1").serialize()[1]
    assert json.loads(json.dumps(stored))["copies"] == [{"version_stack_id": NOWHERE, "versions": 5, "folder_id": "f1"}]
