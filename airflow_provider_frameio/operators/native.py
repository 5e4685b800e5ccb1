"""The copying operator's usual way: Frame.io's own copy of a version stack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import NoSlot
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.exactly_once import copy_operation, copy_without_record
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.completing import CompletingOperator
from airflow_provider_frameio.operators.options import PATIENCE
from airflow_provider_frameio.tasks.deferral import copy_exists
from airflow_provider_frameio.tasks.rate_limit_wait import Turn
from airflow_provider_frameio.tasks.record_store import Records, copy_durably, settle_late_twins
from airflow_provider_frameio.triggers.events import CopyEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class NativelyCopyingOperator(CompletingOperator):
    """An operator that can copy so, and has these parameters."""

    copy_metadata: bool
    durable: bool
    on_ambiguous: str
    on_late_twin: str

    def execute_complete(
        self, context: Context, event: object, record: JsonObject | None = None, made: JsonObject | None = None
    ) -> str:
        """Go on after the triggerer's wait.

        :param record: the copy's record, where two copies were sent.
        :param made: what to tell of the copy.
        """
        try:
            outcome = CopyEvent.from_payload(event)
            known = CopyRecord.from_json(record)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        (copy_id,) = outcome.version_stack_ids
        self._tell(context, [self._told(copy_id, made)])
        with copy_exists(copy_id, self.durable):
            outcome.raise_unless_complete()
        self.log.info("The copy %s is complete.", copy_id)
        if known is not None:
            hook = FrameioHook(self.frameio_conn_id)
            self._settle(hook, self._request(hook), known, context)
        return copy_id

    def _copy_natively(
        self,
        hook: FrameioHook,
        context: Context,
        turn: Turn,
        known: JsonObject | None,
        source: JsonObject | None = None,
    ) -> str:
        request = self._request(hook)
        record = self._copy(hook, request, context, turn, known, source)
        made = record.told(request)
        copy = self._announce(context, record.copy or {}, made)
        if self.wait_for_completion:
            expected = Expectation(copy.id, record.snapshot.versions, self.target_status)
            with copy_exists(copy.id, self.durable):
                kwargs = {"made": made.to_json(), "record": record.to_json() if record.sent > 1 else None}
                self._wait(hook, expected, (record.copy or {}).get("parent_id"), kwargs)
            self.log.info("The copy %s is complete.", copy.id)
        self._settle(hook, request, record, context)
        return copy.id

    def _told(self, copy_id: str, made: JsonObject | None) -> CopyMade:
        """What to tell of the copy; ``dag.test`` forgets it, and versions of this before it did not know it."""
        if made is not None:
            return CopyMade.from_json(made)
        return CopyMade(FrameioHook(self.frameio_conn_id).account_id(self.account_id), self.version_stack_id, copy_id)

    def _settle(self, hook: FrameioHook, request: CopyRequest, record: CopyRecord, context: Context) -> None:
        if twins := settle_late_twins(hook, request, record, self.on_late_twin):
            context["ti"].xcom_push(key="late_twins", value=twins)

    def _has_begun(self, hook: FrameioHook, context: Context) -> bool:
        """Whether an earlier try left a record of Frame.io's own copy."""
        return Records(self._request(hook).key(), context.get("task_state_store")).load() is not None

    def _request(self, hook: FrameioHook) -> CopyRequest:
        return CopyRequest(hook.account_id(self.account_id), self.version_stack_id, self.parent_id, self.copy_metadata)

    def _copy(
        self,
        hook: FrameioHook,
        request: CopyRequest,
        context: Context,
        turn: Turn,
        known: JsonObject | None,
        source: JsonObject | None,
    ) -> CopyRecord:
        patience = PATIENCE if self.deferrable else math.inf
        records = Records(request.key(), context.get("task_state_store"), known)
        try:
            if not self.durable:
                return hook.run(copy_without_record(request), max_wait_slots=patience)
            return copy_durably(
                hook,
                request,
                context,
                records,
                on_ambiguous=self.on_ambiguous,
                patience=patience,
                resumed=turn.called,
                source=source,
            )
        except NoSlot as busy:
            last = records.last if records.last and records.last["sent"] else None
            self._wait_for_turn(request, turn, busy.wait, busy.slot, record=last)

    def _queue_if_far_back(self, hook: FrameioHook, context: Context, turn: Turn) -> None:
        if self.deferrable and turn.is_far_back(context):
            slot = COPY_LIMIT.slot * hook.client.settings.time_scale
            self._wait_for_turn(self._request(hook), turn, slot, slot)

    def _wait_for_turn(self, request: CopyRequest, turn: Turn, wait: float, slot: float, **kwargs: Any) -> NoReturn:
        bucket = copy_operation(request).bucket
        turn.defer(self, self.frameio_conn_id, bucket, wait=wait, slot=slot, **kwargs)
