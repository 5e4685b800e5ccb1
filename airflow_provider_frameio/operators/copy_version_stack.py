"""The operator that copies one version stack."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import AirflowFailException, BaseOperator, conf
from airflow_provider_frameio.api.copy_record import CopyRecord, CopyRequest
from airflow_provider_frameio.api.copying import Expectation
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import NoSlot
from airflow_provider_frameio.api.exactly_once import copy_operation, copy_without_record
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.api.parameters import identifier, seconds
from airflow_provider_frameio.api.waiting import Terms, looks_complete, wait_until_complete
from airflow_provider_frameio.deferring import copy_exists, copy_trigger, deferral_timeout, permanent_errors_fail
from airflow_provider_frameio.durable import Records, copy_durably, settle_late_twins
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.operators.options import PATIENCE, check_copy_options
from airflow_provider_frameio.telling import TellsOfCopies
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.turns import Turn

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioCopyVersionStackOperator(TellsOfCopies, BaseOperator):
    """Copy a version stack into a folder and go on only when the copy is really there.

    The copy is complete when it has as many versions as the source had, all of them at ``target_status``. Its id, link
    and record are in XCom before the waiting starts: ``version_stack`` is Frame.io's record of the new stack,
    ``frameio_url`` its page, also behind the task's button "Open in Frame.io".

    The copy is made once, whatever dies. Before it is sent a record is stored with the task (Airflow 3.3+); an answer
    that was lost, or a worker that was killed, leads to a search of the folder, in Frame.io's time and for up to three
    minutes, before anything is sent again. A retry goes on where the last try stopped; clearing the task copies again.
    Airflow below 3.3 stores nothing over a death: there a retry searches for what the first try may have made since the
    DAG run began.

    Not guaranteed where a copy turns up only more than three minutes after its answer was lost (``on_late_twin``),
    where somebody renames or moves it meanwhile, or where the same user makes identical copies into the same folder at
    the same time: several candidates fail the task and ask (``on_ambiguous``).

    What is told of the copy besides, to ``outlets`` and to OpenLineage, see ``TellsOfCopies``.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/

    :param version_stack_id: the stack to copy (templated).
    :param parent_id: the folder to copy into (templated); default: the source's own folder.
    :param account_id: the account of both (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values.
    :param copy_comments: only ``none`` here: Frame.io copies the comments of files, not of stacks.
    :param strategy: ``native``, Frame.io's own copy, which it refuses between projects on Adobe storage;
        ``auto`` is the same for now.
    :param wait_for_completion: whether to wait; False returns as soon as Frame.io accepted the copy.
    :param target_status: ``uploaded`` (or better), or ``transcoded``, which types that Frame.io does not transcode
        never reach.
    :param poll_interval: seconds between two looks at the copy.
    :param timeout: seconds to wait for completion, from the copy on. In the triggerer ``execution_timeout`` counts too.
    :param deferrable: whether to wait in the triggerer, which holds no worker slot: for completion, and for the rate
        limit after a refusal or where the wait would be longer than two slots. Mapped tasks beyond the limit's burst
        queue there from the start. Otherwise the task waits in its worker; then a pool of one or two slots is kinder.
    :param durable: False keeps no record and searches nothing: a lost answer fails the task without a retry, and a
        worker that dies leaves a copy of which the next try knows nothing. Saves three calls a copy.
    :param on_ambiguous: when several stacks may be the copy whose answer was lost: ``fail`` and ask (default),
        ``adopt_oldest``, or ``copy_again``, once.
    :param on_late_twin: when a second copy had to be made and the first turns up after all: ``report`` both (default),
        or ``delete`` the surplus by deleting its files; not where others make identical copies.
    :param frameio_conn_id: the connection (templated).
    :returns: the new stack's id.
    """

    template_fields: Sequence[str] = ("version_stack_id", "parent_id", "account_id", "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_id: str,
        parent_id: str | None = None,
        account_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        strategy: str = "auto",
        wait_for_completion: bool = True,
        target_status: str = "uploaded",
        poll_interval: float = 15.0,
        timeout: float = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        durable: bool = True,
        on_ambiguous: str = "fail",
        on_late_twin: str = "report",
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_copy_options(
            strategy=strategy,
            copy_comments=copy_comments,
            on_ambiguous=on_ambiguous,
            on_late_twin=on_late_twin,
            target_status=target_status,
        )
        self.version_stack_id = version_stack_id
        self.parent_id = parent_id
        self.account_id = account_id
        self.copy_metadata = copy_metadata
        self.copy_comments = copy_comments
        self.strategy = strategy
        self.wait_for_completion = wait_for_completion
        self.target_status = target_status
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.timeout = seconds("timeout", timeout)
        self.deferrable = deferrable
        self.durable = durable
        self.on_ambiguous = on_ambiguous
        self.on_late_twin = on_late_twin
        self.frameio_conn_id = frameio_conn_id
        self._into_own_folder = parent_id is None

    def execute(self, context: Context) -> str:
        """Copy, announce the copy, and wait for it."""
        with permanent_errors_fail():
            self._check()
        return self._go(context, Turn.new())

    def execute_in_turn(self, context: Context, event: object, record: JsonObject | None = None) -> str:
        """Go on after the triggerer's wait for the rate limit.

        :param record: the copy's record, where one was sent before whose outcome is unknown.
        """
        return self._go(context, Turn.of(event), record)

    def _go(self, context: Context, turn: Turn, known: JsonObject | None = None) -> str:
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            request = self._request(hook)
            if self.deferrable and turn.is_far_back(context):
                slot = COPY_LIMIT.slot * hook.client.settings.time_scale
                self._wait_for_turn(request, turn, slot, slot)
            record = self._copy(hook, request, context, turn, known)
        made = record.told(request)
        context["ti"].xcom_push(key="version_stack", value=record.copy)
        FrameioLink.push(context, made.url)
        self.log.info("Version stack %s was copied to %s: %s", self.version_stack_id, made.copy_id, made.url)
        self._tell(context, [made])
        if self.wait_for_completion:
            with copy_exists(made.copy_id, self.durable):
                self._wait(hook, request, record, made)
            self.log.info("The copy %s is complete.", made.copy_id)
        self._settle(hook, request, record, context)
        return made.copy_id

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

    def _told(self, copy_id: str, made: JsonObject | None) -> CopyMade:
        """What to tell of the copy; ``dag.test`` of some Airflow versions forgets it."""
        if made is not None:
            return CopyMade.from_json(made)
        return CopyMade(FrameioHook(self.frameio_conn_id).account_id(self.account_id), self.version_stack_id, copy_id)

    def _settle(self, hook: FrameioHook, request: CopyRequest, record: CopyRecord, context: Context) -> None:
        if twins := settle_late_twins(hook, request, record, self.on_late_twin):
            context["ti"].xcom_push(key="late_twins", value=twins)

    def _check(self) -> None:
        identifier("version_stack_id", self.version_stack_id)
        if not self._into_own_folder:
            # A template that rendered to nothing must not copy into the source's own folder.
            identifier("parent_id", self.parent_id)

    def _request(self, hook: FrameioHook) -> CopyRequest:
        return CopyRequest(hook.account_id(self.account_id), self.version_stack_id, self.parent_id, self.copy_metadata)

    def _copy(
        self, hook: FrameioHook, request: CopyRequest, context: Context, turn: Turn, known: JsonObject | None
    ) -> CopyRecord:
        patience = PATIENCE if self.deferrable else math.inf
        records = Records(request.key(), context.get("task_state_store"), known)
        try:
            if not self.durable:
                return hook.run(copy_without_record(request), patience=patience)
            return copy_durably(
                hook,
                request,
                context,
                records,
                on_ambiguous=self.on_ambiguous,
                patience=patience,
                resumed=turn.called,
            )
        except NoSlot as busy:
            last = records.last if records.last and records.last["sent"] else None
            self._wait_for_turn(request, turn, busy.wait, busy.slot, record=last)

    def _wait_for_turn(self, request: CopyRequest, turn: Turn, wait: float, slot: float, **kwargs: Any) -> NoReturn:
        bucket = copy_operation(request).bucket
        turn.defer(self, self.frameio_conn_id, bucket, wait=wait, slot=slot, **kwargs)

    def _wait(self, hook: FrameioHook, request: CopyRequest, record: CopyRecord, made: CopyMade) -> None:
        expected = Expectation(made.copy_id, record.snapshot.versions, self.target_status)
        folder_id = (record.copy or {}).get("parent_id")
        now = time.time()
        if not self.deferrable:
            terms = Terms(now, now + self.timeout, self.poll_interval)
            hook.run(wait_until_complete(request.account_id, [expected], terms))
            return
        if hook.run(looks_complete(request.account_id, expected)):
            return
        limit = self.timeout
        if self.execution_timeout is not None:  # Airflow does not enforce it while a task is deferred
            limit = min(limit, self.execution_timeout.total_seconds())
        terms = Terms(now, now + limit, self.poll_interval)
        self.defer(
            trigger=copy_trigger(self.frameio_conn_id, request.account_id, [expected], terms, folder_id),
            method_name="execute_complete",
            kwargs={"made": made.to_json(), "record": record.to_json() if record.sent > 1 else None},
            timeout=deferral_timeout(terms.end_time, now),
        )
