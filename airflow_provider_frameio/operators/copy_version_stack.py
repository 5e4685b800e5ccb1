"""The operator that copies one version stack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import AirflowFailException, BaseOperator, conf
from airflow_provider_frameio.api.errors import CopyFailed, FrameioError
from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.api.parameters import identifier, seconds
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.lineage import lineage_of
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.tasks.copy_task import MAX_WAIT_SLOTS, CopyTask
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.options import NOT_GIVEN, RENDERED, check_copy_options, copy_options, given

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioCopyVersionStackOperator(BaseOperator):
    """Copy a version stack into a folder and go on only when the copy is really there.

    The copy is complete when it has as many versions as the source had uploaded, all of them at ``target_status``. What
    the source had not uploaded is named in a warning. Id, link and record of the copy are in XCom before the waiting
    starts: ``version_stack`` is Frame.io's record of the new stack, ``frameio_url`` its page, also behind the task's
    button "Open in Frame.io".

    The copy is made once, whatever dies. Before it is sent a record is stored with the task (Airflow 3.3+); an answer
    that was lost, or a worker that was killed, leads to a search of the folder, in Frame.io's time and for up to three
    minutes, before anything is sent again. A retry goes on where the last try stopped. So does a user's clear of a
    task that failed; a clear of one that succeeded copies again. Airflow below 3.3 stores nothing over a death: there a
    retry searches for what the first try may have made since the DAG run began, and every clear copies again.

    Not guaranteed where a copy turns up only more than three minutes after its answer was lost, where somebody renames
    or moves it meanwhile, or where the same user makes identical copies into the same folder at the same time: several
    candidates fail the task and ask (``on_ambiguous``). Both copies are reported where the first turns up after a
    second was made.

    The event of an outlet that is an asset has in its ``extra`` ``source_version_stack_id``, ``version_stack_id`` (the
    copy), ``url`` and ``versions`` (how many the source had); see ``CopyTask.report``. OpenLineage is told of the
    source stack and its first 50 versions as inputs, and of the copy as output.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/

    :param version_stack_id: the stack to copy (templated).
    :param parent_id: the folder to copy into (templated); left out: the source's own folder. None is refused: it is
        what a template or a mapping that came to nothing gives.
    :param account_id: the account of both (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values (templated).
    :param copy_comments: ``none`` (default), ``internal``, ``public`` or ``all`` (templated). Frame.io copies the
        comments of files, not of stacks, so anything but ``none`` restacks.
    :param strategy: ``native``, Frame.io's own copy, which it refuses on Adobe storage; ``restack``: the versions are
        copied as files, waited for, and stacked anew in their order; ``auto`` (default): ``native``, unless Adobe
        storage is seen.
    :param wait_for_completion: whether to wait; False returns as soon as Frame.io accepted the copy.
    :param target_status: ``uploaded`` (or better), or ``transcoded``, which types that Frame.io does not transcode
        never reach (templated).
    :param poll_interval: seconds, or a timedelta, between two looks at the copy.
    :param timeout: seconds, or a timedelta, to wait for completion, from the copy on. In the triggerer
        ``execution_timeout`` counts too.
    :param deferrable: whether to wait in the triggerer, which holds no worker slot: for completion, and for the rate
        limit after a refusal or where the wait would be longer than two slots. Mapped tasks beyond the limit's burst
        queue there from the start. Otherwise the task waits in its worker; then a pool of one or two slots is kinder.
    :param durable: False keeps no record and searches nothing: a lost answer fails the task without a retry, and a
        worker that dies leaves a copy of which the next try knows nothing. Saves up to three calls a copy.
    :param on_ambiguous: when several stacks may be the copy whose answer was lost: ``fail`` and ask (default),
        ``adopt_oldest``, or ``copy_again``, once.
    :param frameio_conn_id: the connection (templated).
    :returns: the new stack's id, at the task's own end. A task that is marked as success while it waits has no result;
        its ``version_stack`` has the id.
    """

    template_fields: Sequence[str] = ("version_stack_id", "parent_id", "account_id", *RENDERED, "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_id: str,
        parent_id: str | None = NOT_GIVEN,
        account_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        strategy: str = "auto",
        wait_for_completion: bool = True,
        target_status: str = "uploaded",
        poll_interval: float | timedelta = 15.0,
        timeout: float | timedelta = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        durable: bool = True,
        on_ambiguous: str = "fail",
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.version_stack_id = version_stack_id
        self.parent_id = given(parent_id)
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
        self.frameio_conn_id = frameio_conn_id
        self._into_own_folder = parent_id is NOT_GIVEN
        check_copy_options(self)

    copies_made: Sequence[CopyResult] = ()

    def execute(self, context: Context) -> str:
        """Copy, announce the copy, and wait for it."""
        return self.execute_complete(context, None)

    def execute_complete(self, context: Context, event: object, job: JsonObject | None = None) -> str:
        """Go on after a wait in the triggerer, which ended with ``event``; ``job`` says how far the task was."""
        with permanent_errors_fail():
            source_id = identifier("version_stack_id", self.version_stack_id)
            # A template that rendered to nothing must not copy into the source's own folder.
            parent_id = None if self._into_own_folder else identifier("parent_id", self.parent_id)
            hook = FrameioHook(self.frameio_conn_id)
            options = copy_options(self, hook, max_wait_slots=MAX_WAIT_SLOTS if self.deferrable else 0.0)
            rows = [Row(source_id, parent_id)]
            task = CopyTask.of(self, context, hook, options, lambda records: rows, event, job)
            row = task.job.rows[0]
            # What is known already was announced before the task was deferred.
            self.copies_made = [row.result(options.account_id)] if row.copy_id else []
            try:
                task.go_on(lambda: self._announce(context, task, row))
                if row.state == "failed":
                    raise task.job.errors[-1]
            except FrameioError as error:
                if advice := self._advice(row, error):
                    raise AirflowFailException(f"{error} {advice}") from error
                raise
            (made,) = self.copies_made = [row.result(options.account_id)]
            task.report(made.extra())
            task.job.copies.records.finish()
        return row.copy_id

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was copied, also where the task failed afterwards; None without OpenLineage."""
        return lineage_of(self.copies_made)

    def _announce(self, context: Context, task: CopyTask, row: Row) -> None:
        """Tell of the copy before anything is waited for."""
        if not row.copy_id or self.copies_made:
            return
        self.copies_made = [row.result(task.job.copies.options.account_id)]
        instance = context["ti"]
        instance.xcom_push(key="version_stack", value=task.job.copies.asset(row))
        if self.do_xcom_push:  # for the day when somebody marks the task as success while it waits
            instance.xcom_push(key="return_value", value=row.copy_id)
        FrameioLink.push(context, row.url)

    def _advice(self, row: Row, error: FrameioError) -> str:
        """What to do about an error where the copy exists and no retry goes on with it."""
        if not row.copy_id or isinstance(error, CopyFailed) or (error.transient and self.durable):
            return ""
        return (
            f"The copy exists: {row.copy_id}. Clear this task to go on with it (from Airflow 3.3 on, with the task's "
            "state kept; else it copies again), or wait for it with FrameioVersionStackCopySensor."
        )
