"""The copying operator's other way: the versions are copied one by one and stacked anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import FrameioError, NoSlot
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.restack.record import KIND, RestackRecord, RestackRequest
from airflow_provider_frameio.copying.restack.wait import files_behind
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.completing import CompletingOperator
from airflow_provider_frameio.operators.options import PATIENCE
from airflow_provider_frameio.tasks.deferral import copy_exists, deferral_timeout, files_trigger, permanent_errors_fail
from airflow_provider_frameio.tasks.rate_limit_wait import Turn
from airflow_provider_frameio.tasks.record_store import Records
from airflow_provider_frameio.tasks.restacking import Restack
from airflow_provider_frameio.triggers.events import CopyEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class RestackingOperator(CompletingOperator):
    """An operator that can copy so, and has these parameters."""

    copy_metadata: bool
    copy_comments: str
    strategy: str
    durable: bool
    on_ambiguous: str

    @property
    def _must_restack(self) -> bool:
        """Whether there is no other way."""
        return self.strategy == "restack" or self.copy_comments != "none"

    def execute_stacking(self, context: Context, event: object, record: JsonObject | None = None) -> str:
        """Go on after the triggerer's wait for the copied files.

        :param record: how far it was.
        """
        with permanent_errors_fail():
            restack = self._restack_of(FrameioHook(self.frameio_conn_id), context, record, resumed=True)
            try:
                outcome = CopyEvent.from_payload(event)
                outcome.raise_unless_complete()
            except ValueError as error:
                raise AirflowFailException(str(error)) from error
            except FrameioError as error:
                restack.records.load()
                restack.take_back(error)
                raise
            return self._restack(restack, Turn.new(), there=True)

    def _restack(self, restack: Restack, turn: Turn, source: JsonObject | None = None, *, there: bool = False) -> str:
        """Copy, wait, stack, and wait again where more than the files' bytes are wanted.

        :param there: whether the copied files have been waited for.
        """
        try:
            record = restack.copy_versions(source)
            if not (there or record.stack):
                self._wait_for_files(restack, record)
            record = restack.stack(record)
        except NoSlot as busy:
            last = restack.records.last
            turn.defer(self, self.frameio_conn_id, busy.bucket, wait=busy.wait, slot=busy.slot, record=last)
        made = record.told(restack.request)
        copy = self._announce(restack.context, record.stack or {}, made)
        if len(record.items) == 1:
            self.log.warning(
                "The source has one version, and Frame.io makes no stack of less than two files: "
                "the result is a copy of the file."
            )
        elif self.wait_for_completion and self.target_status != "uploaded":
            expected = Expectation(copy.id, len(record.items), self.target_status)
            with copy_exists(copy.id, self.durable):
                self._wait(restack.hook, expected, record.folder_id, {"made": made.to_json()})
        return copy.id

    def _restack_of(self, hook: FrameioHook, context: Context, known: JsonObject | None, *, resumed: bool) -> Restack:
        request = RestackRequest(
            hook.account_id(self.account_id),
            self.version_stack_id,
            self.parent_id,
            self.copy_metadata,
            self.copy_comments,
        )
        records = Records(request.key(), context.get("task_state_store") if self.durable else None, known)
        if resumed and self._must_restack and known is None and records.load() is None:
            raise AirflowFailException(
                "What was copied before the task was deferred is not known, so nothing more is copied. "
                "In dag.test() use deferrable=False."
            )
        patience = PATIENCE if self.deferrable else math.inf
        return Restack(hook, context, request, records, self.on_ambiguous, patience, resumed, self.durable)

    def _has_begun_restacking(self, hook: FrameioHook, context: Context, known: JsonObject | None) -> bool:
        """Whether this task copies by restacking already."""
        if known is not None:
            return known.get("kind") == KIND
        return self._restack_of(hook, context, None, resumed=False).records.load() is not None

    def _wait_for_files(self, restack: Restack, record: RestackRecord) -> None:
        """Until they are there: whether files without bytes can be stacked is not known."""
        target = self.target_status if self.wait_for_completion and len(record.items) == 1 else "uploaded"
        terms = self._terms()
        if not self.deferrable:
            restack.wait(record, target, terms)
        elif self._files_behind(restack, record, target):
            self._wait_in_triggerer(restack, record, target)

    def _files_behind(self, restack: Restack, record: RestackRecord, target: str) -> bool:
        """One look spares short waits the way through the triggerer."""
        try:
            flow = files_behind(restack.request.account_id, record.folder_id, record.copies, target)
            return bool(restack.hook.run(flow))
        except FrameioError as error:
            if not error.transient:
                restack.take_back(error)
                raise
            self.log.warning("Could not look at the copied files yet: %s", error)
            return True

    def _wait_in_triggerer(self, restack: Restack, record: RestackRecord, target: str) -> NoReturn:
        terms = self._terms()
        kwargs: dict[str, Any] = {"record": record.to_json()} if restack.records.store is None else {}
        account_id = restack.request.account_id
        self.defer(
            trigger=files_trigger(
                self.frameio_conn_id,
                account_id,
                record.folder_id,
                record.copies,
                self.version_stack_id,
                terms,
                target,
            ),
            method_name="execute_stacking",
            kwargs=kwargs,
            timeout=deferral_timeout(terms.end_time, terms.started_at),
        )
