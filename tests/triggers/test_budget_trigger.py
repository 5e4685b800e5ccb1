"""``FrameioBudgetTrigger``: what it stores, and who goes when in one event loop."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.triggers import slot_queue
from airflow_provider_frameio.triggers.events import SlotEvent
from airflow_provider_frameio.triggers.version_stacks import FrameioBudgetTrigger

pytestmark = pytest.mark.usefixtures("clock")

SLOT = 6.0


def trigger(asked_at: float, **changes: Any) -> FrameioBudgetTrigger:
    kwargs: dict[str, Any] = {
        "frameio_conn_id": "frameio_default",
        "bucket": "POST /copy",
        "asked_at": asked_at,
        "ready_at": SYSTEM_CLOCK.epoch() + SLOT,
        "slot": SLOT,
    }
    return FrameioBudgetTrigger(**(kwargs | changes))


async def only_event(waiting: FrameioBudgetTrigger) -> SlotEvent:
    events = [event async for event in waiting.run()]
    assert len(events) == 1
    return SlotEvent.from_payload(json.loads(json.dumps(events[0].payload)))


async def order(*waiting: FrameioBudgetTrigger) -> list[float]:
    """When those asked who went, in the order in which they went."""
    ended = [await event for event in asyncio.as_completed([only_event(one) for one in waiting])]
    assert {event.status for event in ended} == {"open"}
    return [event.asked_at for event in ended]


def test_it_survives_the_database() -> None:
    """What it serializes to is JSON, and what is made of that again waits for the same."""
    path, kwargs = trigger(5.0, slots=3, refused=True, end_time=7.0).serialize()
    assert path == "airflow_provider_frameio.triggers.version_stacks.FrameioBudgetTrigger"
    again = FrameioBudgetTrigger(**json.loads(json.dumps(kwargs)))
    assert again.serialize() == (path, kwargs)


def test_a_hundred_of_one_triggerer_stand_in_one_queue() -> None:
    """They go one after another, whoever asked first."""
    asked = [float(number * 37 % 100) for number in range(100)]
    assert asyncio.run(order(*(trigger(one, slot=SLOT) for one in asked))) == sorted(asked)


def test_another_connection_or_bucket_is_another_queue() -> None:
    """It has a budget of its own, so nobody waits for it."""
    far = SYSTEM_CLOCK.epoch() + 3600

    async def scenario() -> list[float]:
        blocked = asyncio.ensure_future(only_event(trigger(1.0, ready_at=far)))
        await asyncio.sleep(0)
        went = await order(trigger(2.0, bucket="POST /move"), trigger(3.0, frameio_conn_id="frameio_other"))
        assert not blocked.done()
        blocked.cancel()
        return went

    assert sorted(asyncio.run(scenario())) == [2.0, 3.0]


def test_a_newcomer_wakes_nobody_but_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand who wait have nothing to do before their turn."""
    woken: list[float] = []
    queue_type = slot_queue.SlotQueue
    delay = queue_type.delay

    def noting(queue: Any, ticket: Any, now: float, slot: float) -> float | None:
        woken.append(ticket.asked_at)
        return delay(queue, ticket, now, slot)

    monkeypatch.setattr(queue_type, "delay", noting)

    async def scenario() -> None:
        far = SYSTEM_CLOCK.epoch() + 3600
        waiting = [asyncio.ensure_future(only_event(trigger(float(n), ready_at=far))) for n in range(1000)]
        await asyncio.sleep(0.1)
        woken.clear()
        waiting.append(asyncio.ensure_future(only_event(trigger(2000.0, ready_at=far))))
        await asyncio.sleep(0.1)
        assert set(woken) <= {0.0, 2000.0}
        woken.clear()
        waiting[0].cancel()
        await asyncio.sleep(0.1)
        assert set(woken) == {1.0}
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(scenario())


def test_its_end_time_ends_it() -> None:
    """The task is told that its turn did not come; whoever stands behind goes on."""

    async def scenario() -> SlotEvent:
        return await only_event(trigger(1.0, ready_at=SYSTEM_CLOCK.epoch() + 3600, end_time=SYSTEM_CLOCK.epoch() - 1))

    assert asyncio.run(scenario()) == SlotEvent("timeout", 1.0)


def test_a_wait_that_is_cancelled_leaves_no_trace() -> None:
    """A task that was cleared: the next one has its place."""

    async def scenario() -> list[float]:
        first = asyncio.ensure_future(only_event(trigger(1.0, ready_at=SYSTEM_CLOCK.epoch() + 3600)))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first})
        (queue,) = slot_queue._QUEUES[asyncio.get_running_loop()].values()
        assert queue.tickets.first is None
        assert queue.wake_ups == {}
        second = trigger(2.0, ready_at=0.0, bucket="POST /other")
        return await order(second)

    assert asyncio.run(scenario()) == [2.0]


def test_each_event_loop_has_gates_of_its_own() -> None:
    """A triggerer that starts anew knows nothing of the last one's queue, and a loop that ended is forgotten."""
    asyncio.run(order(trigger(1.0)))
    asyncio.run(order(trigger(2.0)))
    assert all(loop.is_closed() for loop in slot_queue._QUEUES)


@pytest.mark.parametrize(
    "payload", [None, "open", {}, {"status": "open"}, {"status": "closed", "asked_at": 1.0}, {"asked_at": 1.0}]
)
def test_an_event_of_unknown_form_is_never_a_turn(payload: object) -> None:
    """It passed through a database and may come from another version: it fails loudly."""
    with pytest.raises(AirflowFailException, match="Clear the task to go on"):
        SlotEvent.from_payload(payload)
