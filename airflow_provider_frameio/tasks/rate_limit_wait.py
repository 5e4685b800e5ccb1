"""Waiting for a rate limit in the triggerer, instead of holding a worker slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from airflow_provider_frameio.triggers.version_stacks import FrameioBudgetTrigger


@dataclass(frozen=True)
class NoRoom:
    """The rate limit has no room.

    :ivar bucket: whose limit it is.
    :ivar delay: seconds until there may be room for a call, with a call a ``slot``.
    :ivar slots: how many calls to wait for.
    :ivar progressed: whether any copy was made since the job was last begun or woken.
    """

    bucket: str
    delay: float
    slot: float
    slots: int = 1
    progressed: bool = False


def budget_trigger(
    frameio_conn_id: str, stop: NoRoom, asked_at: float, end_time: float | None, *, refused: bool
) -> FrameioBudgetTrigger:
    """The trigger that wakes a task when it is its turn.

    :param asked_at: when the task first asked; see ``FrameioBudgetTrigger``.
    :param end_time: when to give up, in seconds since the epoch; None: never.
    :param refused: whether the task was woken before and met a full budget.
    """
    # Not while a DAG file is parsed: it imports the HTTP stack.
    from airflow_provider_frameio.triggers.version_stacks import FrameioBudgetTrigger

    return FrameioBudgetTrigger(
        frameio_conn_id=frameio_conn_id,
        bucket=stop.bucket,
        asked_at=asked_at,
        ready_at=SYSTEM_CLOCK.epoch() + stop.delay,
        slot=stop.slot,
        slots=stop.slots,
        refused=refused,
        end_time=end_time,
    )
