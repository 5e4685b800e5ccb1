"""Runs a copy job inside one Airflow task: sleeps or defers where the job stops, and tells Airflow what was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import TurnTimeout
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.tasks.copy_job import CopiesPending, CopyJob, FilesPending, NoRoom, Stop
from airflow_provider_frameio.tasks.deferral import MOST_FILES, copy_trigger, deferral_timeout
from airflow_provider_frameio.tasks.record_store import RecordStore, is_retry
from airflow_provider_frameio.tasks.row_copies import RowCopies
from airflow_provider_frameio.triggers.events import CopyEvent, SlotEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook
    from airflow_provider_frameio.tasks.options import CopyOptions

RESUME = "execute_complete"
"""The method in which a deferred task goes on; it is given ``event``, and as ``job`` what ``CopyJob.to_json`` made."""
MAX_WAIT_SLOTS = 2.0
"""Slots: where one copy is made, a shorter wait for the rate limit is not worth the way through the triggerer."""


@dataclass
class CopyTask:
    """One task that copies.

    :ivar operator: which sleeps or defers; it has ``deferrable`` and ``frameio_conn_id``.
    :ivar asked_at: when this try first asked for the rate limit's room that it waits for, in seconds since the epoch.
    """

    operator: Any
    context: Context
    job: CopyJob
    asked_at: float
    refused: bool = False

    @classmethod
    def of(
        cls,
        operator: Any,
        context: Context,
        hook: FrameioHook,
        options: CopyOptions,
        rows: Callable[[RecordStore], list[Row]],
        event: object,
        job: JsonObject | None,
    ) -> CopyTask:
        """A try that begins, or goes on after a deferral.

        :param rows: what is to be copied; asked once, when the try begins.
        :param event: None for a try that begins.
        :param job: what ``CopyJob.to_json`` made when the try was deferred.
        :raises CopyUnseen: ``job`` cannot be read.
        :raises AirflowFailException: ``job`` is lost, and nothing else tells what was copied.
        """
        if job is not None:
            known = [Row.from_json(row) for row in job["rows"]]
            records = RecordStore.resume(hook, context, job, durable=options.durable)
        else:
            records = RecordStore.begin(hook, context, durable=options.durable)
            known = rows(records)
        instance: Any = context["ti"]
        copies = RowCopies(
            hook, options, known, records, instance.try_number > instance.max_tries, instance.try_number - 1
        )
        if job is None and event is not None and records.store is None:
            _recall(copies, event)
        carried = {name: value for name, value in (job or {}).items() if name in ("end_time", "sent_at", "notes")}
        made = CopyJob(copies, _timeout(operator, options), **carried)
        for row in known:
            if row.record is not None and row.state in ("waiting", "files"):
                records.carry(copies.request(row).key(), row.record)
        return cls(operator, context, made, SYSTEM_CLOCK.epoch())

    def go_on(self, event: object, announce: Callable[[], None]) -> None:
        """Go on until every row is complete, or failed.

        :param event: what the triggerer says; None for a try that begins.
        :param announce: is called whenever rows may have been copied, before anything is waited for.
        :raises TurnTimeout: the rate limit had no room in the time allowed.
        :raises FrameioError: see ``CopyJob.advance``.
        :raises AirflowFailException: the event is none of ours.
        """
        if event is not None:
            self._wake(event)
        elif len(self.job.rows) == 1:
            self._queue_if_far_back()
        while True:
            try:
                stop = self.job.advance()
            finally:
                announce()
            if stop is None:
                return
            if self.operator.deferrable and self._fits_trigger(stop):
                self._defer(stop)
            self._sleep(stop)

    def _wake(self, event: object) -> None:
        if isinstance(event, dict) and "asked_at" in event:
            self._admitted(SlotEvent.from_payload(event))
        else:
            self._waited(CopyEvent.from_payload(event))

    def _queue_if_far_back(self) -> None:
        """Queue in the triggerer from the start where the mapped siblings that begin at once take the limit's burst."""
        instance: Any = self.context["ti"]
        copies, row = self.job.copies, self.job.rows[0]
        first = instance.map_index >= COPY_LIMIT.calls and not is_retry(instance)
        if self.operator.deferrable and first and not copies.restacks(row):
            slot = COPY_LIMIT.slot * copies.hook.client.settings.time_scale
            self._defer(NoRoom(copies.operation(row).bucket, slot, slot))

    def _admitted(self, slot: SlotEvent) -> None:
        if slot.status == "timeout":
            raise TurnTimeout(
                "The rate limit had no room within the task's execution_timeout, and nothing was sent. "
                "Give it longer, or start fewer tasks at once."
            )
        self.asked_at, self.refused = slot.asked_at, True

    def _waited(self, outcome: CopyEvent) -> None:
        self.job.timed_out = outcome.status == "timeout"
        pending = [row for row in self.job.rows if row.state == "copied"]
        if outcome.status == "complete":
            for row in pending:
                if row.copy_id in outcome.version_stack_ids:
                    row.state = "complete"
        elif len(self.job.rows) == 1 and pending:
            outcome.raise_unless_complete()

    def _fits_trigger(self, stop: Stop) -> bool:
        """Whether Airflow can store what is waited for; the versions of a longer stack are waited for in the worker."""
        return not isinstance(stop, FilesPending) or len(self._files(stop).file_ids) <= MOST_FILES

    def _files(self, stop: FilesPending) -> FilesExpectation:
        return self.job.copies.expected_files(stop.row)

    def _sleep(self, stop: Stop) -> None:
        if isinstance(stop, NoRoom):
            delay = stop.delay
            if delay >= 1:
                self.operator.log.info("Waiting %.1f s for the rate limit.", delay)
        else:
            self.operator.log.info("%s", stop.progress)
            left = (self.job.end_time or 0.0) - SYSTEM_CLOCK.epoch()
            delay = max(0.0, min(self.job.copies.options.poll_interval, left))
        SYSTEM_CLOCK.sleep(delay)

    def _defer(self, stop: Stop) -> NoReturn:
        now, operator = SYSTEM_CLOCK.epoch(), self.operator
        limit = operator.execution_timeout  # which Airflow does not enforce while a task is deferred
        if isinstance(stop, NoRoom):
            if stop.progressed:
                self.asked_at, self.refused = now, False
            end_time = None if limit is None else self.asked_at + limit.total_seconds()
            operator.log.info("Waiting in the triggerer for the rate limit: one call every %.1f s.", stop.slot)
            trigger = self._budget_trigger(stop, now, end_time)
        else:
            operator.log.info("%s", stop.progress)
            end_time = self.job.end_time
            trigger = self._copy_trigger(stop, Terms(now, end_time or now, self.job.copies.options.poll_interval))
        operator.defer(
            trigger=trigger,
            method_name=RESUME,
            kwargs={"job": self.job.to_json()},
            timeout=None if end_time is None else deferral_timeout(end_time, now),
        )
        raise AssertionError("Airflow's defer returned")

    def _budget_trigger(self, stop: NoRoom, now: float, end_time: float | None) -> Any:
        from airflow_provider_frameio.triggers.version_stacks import FrameioBudgetTrigger  # not for a DAG file

        return FrameioBudgetTrigger(
            frameio_conn_id=self.operator.frameio_conn_id,
            bucket=stop.bucket,
            asked_at=self.asked_at,
            ready_at=now + stop.delay,
            slot=stop.slot,
            slots=stop.slots,
            refused=self.refused,
            end_time=end_time,
        )

    def _copy_trigger(self, stop: FilesPending | CopiesPending, terms: Terms) -> Any:
        copies, conn_id = self.job.copies, self.operator.frameio_conn_id
        account_id = copies.options.account_id
        if isinstance(stop, FilesPending):
            from airflow_provider_frameio.triggers.version_stacks import FrameioFilesTrigger  # as above

            files = {**asdict(self._files(stop)), "version_stack_id": stop.row.source_id}
            return FrameioFilesTrigger(frameio_conn_id=conn_id, account_id=account_id, **files, **asdict(terms))
        folders = {row.folder_id for row in stop.rows}
        expected = [copies.expectation(row) for row in stop.rows]
        return copy_trigger(conn_id, account_id, expected, terms, folders.pop() if len(folders) == 1 else None)


def _timeout(operator: Any, options: CopyOptions) -> float:
    """Seconds to wait for copies: Airflow does not enforce ``execution_timeout`` while a task is deferred."""
    limit = operator.execution_timeout
    return options.timeout if limit is None or not operator.deferrable else min(options.timeout, limit.total_seconds())


def _recall(copies: RowCopies, event: Any) -> None:
    """What the event alone tells: ``dag.test()`` of some Airflow versions forgets what a deferred task stored.

    A copy that waited for the rate limit may have been sent before, so it is searched for; where the task is not
    durable none was, or the task had failed.

    :raises AirflowFailException: it does not tell what was copied.
    """
    known = event if isinstance(event, dict) else {}
    row = copies.rows[0] if len(copies.rows) == 1 else None
    named = known.get("version_stack_ids")
    if row and "asked_at" in known and (copies.options.durable or not copies.restacks(row)):
        copies.records.lost = copies.records.lost_past() if copies.options.durable else None
    elif row and named and named != [row.source_id]:
        row.state, row.copy_id = "copied", str(named[0])
    else:
        raise AirflowFailException(
            "What was copied before the task was deferred is not known, so nothing more is copied. "
            "In dag.test() use deferrable=False."
        )
