"""A task's turn under a rate limit: deferred to the triggerer until it has come, instead of holding a worker slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import TurnTimeout
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.tasks.deferral import deferral_timeout
from airflow_provider_frameio.tasks.record_store import is_retry
from airflow_provider_frameio.triggers.events import SlotEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import BaseOperator, Context

RESUME = "execute_in_turn"
"""The method in which a task goes on; it is given ``event``, and what ``Turn.defer`` was given."""


@dataclass(frozen=True)
class Turn:
    """A task's place among those that ask for a rate limit.

    :ivar asked_at: when this try of the task first asked, in seconds since the epoch.
    :ivar called: whether it waited for its turn, and has it now.
    """

    asked_at: float
    called: bool = False

    @classmethod
    def new(cls) -> Turn:
        """The turn of a task that begins."""
        return cls(SYSTEM_CLOCK.epoch())

    @classmethod
    def of(cls, event: object) -> Turn:
        """The turn of a task that the triggerer woke.

        :raises TurnTimeout: it did not come in the time allowed.
        :raises AirflowFailException: the event is none of ours.
        """
        try:
            slot = SlotEvent.from_payload(event)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        if slot.status == "timeout":
            raise TurnTimeout(
                "The rate limit had no room within the task's execution_timeout, and nothing was sent. "
                "Give it longer, or start fewer tasks at once."
            )
        return cls(slot.asked_at, called=True)

    def is_far_back(self, context: Context) -> bool:
        """Whether so many mapped siblings begin at the same time that they take the limit's burst."""
        instance: Any = context["ti"]
        return not self.called and not is_retry(instance) and instance.map_index >= COPY_LIMIT.calls

    def defer(
        self,
        operator: BaseOperator,
        conn_id: str,
        bucket: str,
        *,
        wait: float,
        slot: float,
        slots: int = 1,
        **kwargs: Any,
    ) -> NoReturn:
        """Leave the worker; the task goes on in ``execute_in_turn``.

        :param bucket: whose limit it is.
        :param wait: seconds until there may be room.
        :param slot: seconds between two calls at the limit's pace.
        :param slots: how many calls there shall be room for.
        :param kwargs: what that method is given besides; JSON only.
        """
        # Not while a DAG file is parsed: it imports the HTTP stack.
        from airflow_provider_frameio.triggers.version_stacks import FrameioBudgetTrigger

        now = SYSTEM_CLOCK.epoch()
        limit = operator.execution_timeout  # which Airflow does not enforce while a task is deferred
        end_time = None if limit is None else self.asked_at + limit.total_seconds()
        operator.log.info("Waiting in the triggerer for the rate limit: one call every %.1f s.", slot)
        operator.defer(
            trigger=FrameioBudgetTrigger(
                frameio_conn_id=conn_id,
                bucket=bucket,
                asked_at=self.asked_at,
                ready_at=now + wait,
                slot=slot,
                slots=slots,
                refused=self.called,
                end_time=end_time,
            ),
            method_name=RESUME,
            kwargs=kwargs,
            timeout=None if end_time is None else deferral_timeout(end_time, now),
        )
