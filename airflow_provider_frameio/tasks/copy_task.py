"""Runs a copy job inside one Airflow task: sleeps or defers where the job stops, and tells Airflow what was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import FrameioError, TurnTimeout
from airflow_provider_frameio.assets import create_asset
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.rows import ADVICE, Row, extra_of_many, failure, results
from airflow_provider_frameio.tasks.copy_job import CopiesPending, CopyJob, FilesPending, NoRoom, Stop
from airflow_provider_frameio.tasks.deferral import MOST_FILES, copy_trigger, deferral_timeout, time_allowed
from airflow_provider_frameio.tasks.record_store import RecordStore, is_retry
from airflow_provider_frameio.tasks.row_copies import RowCopies
from airflow_provider_frameio.triggers.events import CopyEvent, SlotEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook
    from airflow_provider_frameio.tasks.options import CopyOptions

MAX_WAIT_SLOTS = 2.0
"""Slots: where one copy is made, a shorter wait for the rate limit is not worth the way through the triggerer."""


@dataclass
class CopyTask:
    """One task that copies.

    :ivar operator: which sleeps or defers; it has ``deferrable`` and ``frameio_conn_id``, and ``copies_made``.
    :ivar event: what the triggerer says; None for a try that begins.
    :ivar asked_at: when this try first asked for the rate limit's room that it waits for, in seconds since the epoch.
    """

    operator: Any
    context: Context
    job: CopyJob
    event: object
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
        tried, most_tries = context["ti"].try_number, context["ti"].max_tries
        copies = RowCopies(hook, options, known, records, last_try=tried > most_tries, try_number=tried - 1)
        if job is None and event is not None and records.store is None:
            _recall(copies, event)
        carried = {name: value for name, value in (job or {}).items() if name in ("end_time", "sent_at", "notes")}
        made = CopyJob(copies, time_allowed(operator) if operator.deferrable else options.timeout, **carried)
        for row in known:
            if row.record is not None and row.state in ("waiting", "files"):
                records.save(copies.request(row).key(), row.record)
        return cls(operator, context, made, event, SYSTEM_CLOCK.epoch())

    def go_on(self, announce: Callable[[], None]) -> None:
        """Go on until every row is complete, or failed.

        XCom ``late_twins`` has copies that turned up after a second one was made.

        :param announce: is called whenever rows may have been copied, before anything is waited for.
        :raises TurnTimeout: the rate limit had no room in the time allowed.
        :raises FrameioError: see ``CopyJob.advance``.
        :raises AirflowFailException: the event is none of ours.
        """
        if isinstance(self.event, dict) and "asked_at" in self.event:
            self._admitted(SlotEvent.from_payload(self.event))
        elif self.event is not None:
            self._waited(CopyEvent.from_payload(self.event))
        elif len(self.job.rows) == 1:
            self._queue_if_far_back()
        while True:
            try:
                stop = self.job.advance()
            finally:
                announce()
            if stop is None:
                break
            if not isinstance(stop, NoRoom):
                self.operator.log.info("%s", stop.progress)
            if self.operator.deferrable and _fits_trigger(stop):
                self._defer(stop)
            self._sleep(stop)
        if duplicates := [one for row in self.job.rows for one in self.job.copies.late_duplicates(row)]:
            self._push("late_twins", duplicates)

    def copy_many(self, advice: str = ADVICE) -> None:
        """Go on as ``go_on`` does, and tell Airflow what was made, also where the task fails.

        XCom ``results`` has a row for each copy.

        :param advice: what a clear does where some copies failed.
        :raises AirflowFailException: some were not made.
        :raises FrameioError: a retry goes on.
        """
        rows, copies, operator = self.job.rows, self.job.copies, self.operator

        def announce() -> None:
            made = [row for row in rows if row.copy_id and not row.batch]  # an asset is a version stack
            operator.copies_made = [row.result(copies.options.account_id) for row in made]

        try:
            self.go_on(announce)
        except (FrameioError, AirflowFailException) as error:
            self._push("results", results(rows))
            more = " ".join(filter(None, [self.job.leftovers(), failure(rows, advice)]))
            if more and (copies.last_try or not getattr(error, "transient", False)):
                raise AirflowFailException(f"{error} {more}") from error
            raise
        self._push("results", results(rows))
        self.report(extra_of_many(operator.copies_made))
        if message := failure(rows, advice):
            raise AirflowFailException(message)

    def report(self, extra: JsonObject) -> None:
        """Report the operator's ``copies_made`` to its outlets.

        The event of an outlet that is an asset has ``extra``. An outlet that is an alias gets, for each copy, an event
        of the copy's own asset, ``assets.version_stack_uri(account_id, copy_id)``. As always in Airflow there are
        events only of tasks that succeed.
        """
        if not self.operator.outlets:
            return
        from airflow_provider_frameio._compat import Asset, AssetAlias, AssetRef

        events: Any = self.context["outlet_events"]
        for outlet in self.operator.outlets:
            if isinstance(outlet, AssetAlias):
                for copy in self.operator.copies_made:
                    asset = create_asset(account_id=copy.account_id, version_stack_id=copy.copy_id)
                    events[outlet].add(asset, extra=copy.extra())
            elif isinstance(outlet, (Asset, AssetRef)):
                events[outlet].extra.update(extra)

    def _push(self, key: str, value: Any) -> None:
        self.context["ti"].xcom_push(key=key, value=value)

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

    def _sleep(self, stop: Stop) -> None:
        if isinstance(stop, NoRoom):
            delay = stop.delay
            if delay >= 1:
                self.operator.log.info("Waiting %.1f s for the rate limit.", delay)
        else:
            delay = max(0.0, min(self.job.copies.options.poll_interval, stop.end_time - SYSTEM_CLOCK.epoch()))
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
            end_time = stop.end_time
            trigger = self._copy_trigger(stop, Terms(now, end_time, self.job.copies.options.poll_interval))
        operator.defer(
            trigger=trigger,
            method_name="execute_complete",
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

            files = {**asdict(stop.files), "version_stack_id": stop.row.source_id}
            return FrameioFilesTrigger(frameio_conn_id=conn_id, account_id=account_id, **files, **asdict(terms))
        folders = {row.folder_id for row in stop.rows}
        expected = [copies.expectation(row) for row in stop.rows]
        return copy_trigger(conn_id, account_id, expected, terms, folders.pop() if len(folders) == 1 else None)


def _fits_trigger(stop: Stop) -> bool:
    """Whether Airflow can store what is waited for; the versions of a longer stack are waited for in the worker."""
    return not isinstance(stop, FilesPending) or len(stop.files.file_ids) <= MOST_FILES


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
