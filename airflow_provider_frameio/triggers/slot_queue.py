"""A triggerer's queues at its rate limits: one for each event loop, connection and bucket. A wait costs a timer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from weakref import WeakKeyDictionary

from airflow_provider_frameio.api.rate_limit.slot_queue import SlotQueue, Ticket
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK

_LONGEST_REST = 3600.0  # seconds; two clocks may drift apart


class _SlotQueue:
    """A queue, and a way to wake each who waits in it."""

    def __init__(self) -> None:
        self.tickets = SlotQueue()
        self.wake_ups: dict[Ticket, asyncio.Event] = {}


_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, defaultdict[tuple[str, str], _SlotQueue]] = WeakKeyDictionary()


async def wait_for_slot(
    key: tuple[str, str], *, asked_at: float, slot: float, slots: int, ready_at: float, end_time: float, refused: bool
) -> bool:
    """Wait for one's turn; False when ``end_time`` came first. Times in seconds since the epoch, ``slot`` in seconds.

    :param key: connection and bucket.
    """
    queue = _QUEUES.setdefault(asyncio.get_running_loop(), defaultdict(_SlotQueue))[key]
    tickets = queue.tickets
    ticket = tickets.join(asked_at, SYSTEM_CLOCK.epoch(), slots=slots, ready_at=ready_at, refused=refused)
    woken = queue.wake_ups[ticket] = asyncio.Event()
    try:
        while (now := SYSTEM_CLOCK.epoch()) < end_time:
            delay = tickets.delay(ticket, now, slot)
            if delay == 0:
                tickets.go(ticket, now, slot)
                return True
            rest = min(end_time - now, _LONGEST_REST, _LONGEST_REST if delay is None else delay)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(woken.wait(), rest)
            woken.clear()
        return False
    finally:
        tickets.leave(ticket)
        del queue.wake_ups[ticket]
        # Only the first may have something to do; whoever it passed before finds that out at its own timer.
        if first := tickets.first:
            queue.wake_ups[first].set()
