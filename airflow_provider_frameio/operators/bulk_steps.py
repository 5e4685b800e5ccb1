"""What the bulk operator does one after another: copies all, stacks what was copied as files, waits, and tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.rows import extra_of_many, failure, results
from airflow_provider_frameio.operators.telling import TellingOperator
from airflow_provider_frameio.tasks.bulk_copying import BulkCopy, OutOfRoom
from airflow_provider_frameio.tasks.deferral import copy_trigger, deferral_timeout, files_trigger, permanent_errors_fail
from airflow_provider_frameio.tasks.rate_limit_wait import Turn


class BulkSteps(TellingOperator):
    """An operator that makes many copies, and has these parameters."""

    deferrable: bool
    frameio_conn_id: str
    on_late_twin: str
    poll_interval: float
    timeout: float

    def _copy(
        self, bulk: BulkCopy, turn: Turn, sent_at: Sequence[float] = (), end_time: float | None = None
    ) -> list[str]:
        try:
            with self._results_kept(bulk):
                bulk.copy_all(sent_at)
        except OutOfRoom as busy:
            self._wait_for_room(bulk, busy, Turn.new() if busy.progressed else turn)
        return self._wait(bulk, SYSTEM_CLOCK.epoch() + self.timeout if end_time is None else end_time)

    def _wait_for_room(self, bulk: BulkCopy, busy: OutOfRoom, turn: Turn) -> NoReturn:
        turn.defer(
            self,
            self.frameio_conn_id,
            busy.bucket,
            wait=busy.wait,
            slot=busy.slot,
            slots=busy.slots,
            sent_at=busy.sent_at,
            **bulk.to_json(),
        )

    def _wait(self, bulk: BulkCopy, end_time: float) -> list[str]:
        with self._results_kept(bulk):
            self._stack(bulk, end_time)
            if not self.deferrable:
                bulk.looks.wait_for_all(end_time, self.poll_interval)
            left = bulk.looks.look_at_all(end_time)
            if left:
                now = SYSTEM_CLOCK.epoch()
                terms = Terms(now, end_time, self.poll_interval)
                copies = [bulk.looks.expectation(row) for row in left]
                self.defer(
                    trigger=copy_trigger(self.frameio_conn_id, bulk.account_id, copies, terms),
                    method_name="execute_complete",
                    kwargs={"end_time": end_time, **bulk.to_json()},
                    timeout=deferral_timeout(end_time, now),
                )
            twins = bulk.settle(self.on_late_twin)
        instance = bulk.context["ti"]
        if twins:
            instance.xcom_push(key="late_twins", value=twins)
        instance.xcom_push(key="results", value=results(bulk.rows))
        made = bulk.made()
        self._tell(bulk.context, made, extra_of_many(made))
        if words := failure(bulk.rows):
            raise AirflowFailException(words)
        bulk.finish()
        return [row.copy_id for row in bulk.rows]

    def _stack(self, bulk: BulkCopy, end_time: float) -> None:
        try:
            late = bulk.stack_all(end_time, self.poll_interval)
        except OutOfRoom as busy:
            self._wait_for_room(bulk, busy, Turn.new())
        if late is not None:
            now = SYSTEM_CLOCK.epoch()
            folder_id, file_ids = bulk.restacking.files_of(late)
            self.defer(
                trigger=files_trigger(
                    self.frameio_conn_id,
                    bulk.account_id,
                    folder_id,
                    file_ids,
                    late.version_stack_id,
                    Terms(now, end_time, self.poll_interval),
                ),
                method_name="execute_complete",
                kwargs={"end_time": end_time, **bulk.to_json()},
                timeout=deferral_timeout(end_time, now),
            )

    @contextmanager
    def _results_kept(self, bulk: BulkCopy) -> Iterator[None]:
        """Show what was made, also when the task fails before its end."""
        try:
            with permanent_errors_fail():
                yield
        except (FrameioError, AirflowFailException):
            bulk.context["ti"].xcom_push(key="results", value=results(bulk.rows))
            raise
