"""The gates of a triggerer: one for each event loop, connection and bucket, in which waits cost nothing but a timer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from weakref import WeakKeyDictionary

from airflow_provider_frameio.api.rate_limit.slot_queue import SlotQueue
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK


class _Entrance:
    """A gate, and the word that something changed at it."""

    def __init__(self) -> None:
        self.gate = SlotQueue()
        self.changed = asyncio.Condition()


_ENTRANCES: WeakKeyDictionary[asyncio.AbstractEventLoop, defaultdict[tuple[str, str], _Entrance]] = WeakKeyDictionary()


async def wait_for_slot(
    key: tuple[str, str], *, asked_at: float, slot: float, slots: int, ready_at: float, end_time: float, refused: bool
) -> bool:
    """Wait for one's turn; False when ``end_time`` came first. Times in seconds since the epoch, ``slot`` in seconds.

    :param key: connection and bucket.
    """
    entrance = _ENTRANCES.setdefault(asyncio.get_running_loop(), defaultdict(_Entrance))[key]
    gate, changed = entrance.gate, entrance.changed
    async with changed:
        ticket = gate.join(asked_at, SYSTEM_CLOCK.epoch(), slots=slots, ready_at=ready_at, refused=refused)
        changed.notify_all()
        try:
            while (now := SYSTEM_CLOCK.epoch()) < end_time:
                wait = gate.delay(ticket, now, slot)
                if wait == 0:
                    gate.go(ticket, now, slot)
                    return True
                rest = end_time - now
                await _either(changed, rest if wait is None else min(wait, rest))
            return False
        finally:
            gate.leave(ticket)
            changed.notify_all()


async def _either(changed: asyncio.Condition, seconds: float) -> None:
    """Until something changed, or the time is over."""
    try:
        await asyncio.wait_for(changed.wait(), min(seconds, 3600.0))
    except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
        return
