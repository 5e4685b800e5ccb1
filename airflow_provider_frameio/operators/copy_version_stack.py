"""The operator that copies one version stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import conf
from airflow_provider_frameio.api.errors import ApiError, CopyNeedsHelp
from airflow_provider_frameio.api.parameters import identifier, seconds
from airflow_provider_frameio.copying.adobe_storage import (
    find_adobe_storage,
    may_mean_adobe_storage,
    shows_adobe_storage,
)
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.operators.native import NativelyCopyingOperator
from airflow_provider_frameio.operators.options import check_copy_options
from airflow_provider_frameio.operators.restacking import RestackingOperator
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.rate_limit_wait import Turn

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioCopyVersionStackOperator(NativelyCopyingOperator, RestackingOperator):
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

    What is told of the copy besides, to ``outlets`` and to OpenLineage, see ``TellingOperator``.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/

    :param version_stack_id: the stack to copy (templated).
    :param parent_id: the folder to copy into (templated); default: the source's own folder.
    :param account_id: the account of both (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values.
    :param copy_comments: ``none`` (default), ``internal``, ``public`` or ``all``. Frame.io copies the comments of
        files, not of stacks, so anything but ``none`` restacks.
    :param strategy: ``native``, Frame.io's own copy, which it refuses on Adobe storage; ``restack``: the versions are
        copied as files, waited for, and stacked anew in their order; ``auto`` (default): ``native``, unless Adobe
        storage is seen.
    :param wait_for_completion: whether to wait; False returns as soon as Frame.io accepted the copy.
    :param target_status: ``uploaded`` (or better), or ``transcoded``, which types that Frame.io does not transcode
        never reach.
    :param poll_interval: seconds between two looks at the copy.
    :param timeout: seconds to wait for completion, from the copy on. In the triggerer ``execution_timeout`` counts too.
    :param deferrable: whether to wait in the triggerer, which holds no worker slot: for completion, and for the rate
        limit after a refusal or where the wait would be longer than two slots. Mapped tasks beyond the limit's burst
        queue there from the start. Otherwise the task waits in its worker; then a pool of one or two slots is kinder.
    :param durable: False keeps no record and searches nothing: a lost answer fails the task without a retry, and a
        worker that dies leaves a copy of which the next try knows nothing. Saves up to three calls a copy.
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
        """Copy in the way that was begun, or that is asked for."""
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            if self._must_restack or (self.strategy == "auto" and self._has_begun_restacking(hook, context, known)):
                restack = self._restack_of(hook, context, known, resumed=turn.called)
                return self._restack(restack, turn)
            self._queue_if_far_back(hook, context, turn)
            if self.strategy == "native":
                return self._copy_natively(hook, context, turn, known)
            return self._copy_somehow(hook, context, turn, known)

    def _copy_somehow(self, hook: FrameioHook, context: Context, turn: Turn, known: JsonObject | None) -> str:
        """By Frame.io's own copy, unless Adobe storage is seen, before or after a refusal."""
        account_id, source = hook.account_id(self.account_id), None
        if known is None and not self._has_begun(hook, context):
            source = hook.get_version_stack(self.version_stack_id, account_id=account_id)
            if shows_adobe_storage(source, self.parent_id):
                self.log.info("Frame.io does not copy version stacks on Adobe storage: stacking the files anew.")
                return self._restack(self._restack_of(hook, context, None, resumed=False), turn, source)
        try:
            return self._copy_natively(hook, context, turn, known, source)
        except (ApiError, CopyNeedsHelp) as refusal:
            if not may_mean_adobe_storage(refusal) or not hook.run(
                find_adobe_storage(account_id, self.version_stack_id, self.parent_id)
            ):
                raise
            self.log.warning("%s This is Adobe storage: stacking the files anew.", refusal)
        return self._restack(self._restack_of(hook, context, None, resumed=False), turn)

    def _check(self) -> None:
        identifier("version_stack_id", self.version_stack_id)
        if not self._into_own_folder:
            # A template that rendered to nothing must not copy into the source's own folder.
            identifier("parent_id", self.parent_id)
