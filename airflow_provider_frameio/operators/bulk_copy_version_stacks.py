"""The operator that copies many version stacks at the limit's pace."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import AirflowFailException, conf
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import identifier, seconds
from airflow_provider_frameio.copying.rows import Row, read_rows, rows_of
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.bulk_steps import BulkSteps
from airflow_provider_frameio.operators.options import check_copy_options
from airflow_provider_frameio.tasks.bulk_copying import BulkCopy
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.rate_limit_wait import Turn
from airflow_provider_frameio.tasks.record_store import Whole
from airflow_provider_frameio.triggers.events import CopyEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioBulkCopyVersionStacksOperator(BulkSteps):
    """Copy many version stacks in one task, as fast as the rate limit allows, each of them once.

    The fastest way to copy many: one task keeps to the limit (ten copies a minute) exactly, where a task for each copy
    would compete. Each copy is as safe as ``FrameioCopyVersionStackOperator``'s: a retry goes on where the last try
    stopped. A copy that fails does not keep the others from being made; in the end the task fails with the list.

    A user's clear of a task that failed goes on with what is missing; of one that succeeded it copies all again. That
    rests on the record of each copy, which Airflow keeps from 3.3 on. Below, a retry looks for what the try before it
    made since the DAG run began, and a clear copies all again.

    XCom ``results`` has a row for each copy, also when the task fails: ``version_stack_id``, ``copy_id``, ``state``
    (``complete``, ``copied``, ``failed`` or ``waiting``), ``url``, ``message``; of more than 1,000 copies only those
    that failed or were not tried. A deferred task stores about 300 bytes a copy in Airflow's database: beyond some
    thousands, map this operator over parts. What ``outlets`` and OpenLineage are told, see ``TellingOperator``.

    :param version_stacks: ids, or ``{"version_stack_id": …, "parent_id": …}`` (templated); give this or ``folder_id``.
    :param folder_id: copy every version stack that is in this folder when the task starts, not those of its subfolders
        (templated); a retry looks again.
    :param parent_id: the folder to copy into, for all that name none (templated); default: each source's own.
    :param account_id: the account of all (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values.
    :param copy_comments: see ``FrameioCopyVersionStackOperator``; all files are copied first, then stacked.
    :param strategy: see there; ``auto`` sees Adobe storage by the form of the ids, or by a refusal.
    :param wait_for_completion: whether to wait until all copies are complete.
    :param target_status: ``uploaded`` (or better), or ``transcoded``.
    :param max_failures: stop when so many copies failed; 0 (default) goes on to the end. The task fails in either case.
    :param poll_interval: seconds between two rounds of looks at what is not complete yet.
    :param timeout: seconds to wait for completion, from the last copy on.
    :param deferrable: whether to wait for the rate limit in the triggerer, in parts of half a burst.
    :param durable: see ``FrameioCopyVersionStackOperator``.
    :param on_ambiguous: see there; ``fail`` fails that copy.
    :param on_late_twin: see there.
    :param frameio_conn_id: the connection (templated).
    :returns: the new stacks' ids, in the order of the sources.
    """

    template_fields: Sequence[str] = ("version_stacks", "folder_id", "parent_id", "account_id", "frameio_conn_id")
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stacks: Iterable[str | Mapping[str, str]] | None = None,
        folder_id: str | None = None,
        parent_id: str | None = None,
        account_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        strategy: str = "auto",
        wait_for_completion: bool = True,
        target_status: str = "uploaded",
        max_failures: int = 0,
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
        if (version_stacks is None) == (folder_id is None):
            raise InvalidParameter("version_stacks", version_stacks, "give either this or folder_id.")
        if isinstance(max_failures, bool) or not isinstance(max_failures, int) or max_failures < 0:
            raise InvalidParameter("max_failures", max_failures, "give a whole number, 0 for no limit.")
        self.version_stacks = version_stacks
        self.folder_id = folder_id
        self.parent_id = parent_id
        self.account_id = account_id
        self.copy_metadata = copy_metadata
        self.copy_comments = copy_comments
        self.strategy = strategy
        self.wait_for_completion = wait_for_completion
        self.target_status = target_status
        self.max_failures = max_failures
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.timeout = seconds("timeout", timeout)
        self.deferrable = deferrable
        self.durable = durable
        self.on_ambiguous = on_ambiguous
        self.on_late_twin = on_late_twin
        self.frameio_conn_id = frameio_conn_id
        self._into_own_folder = parent_id is None

    def execute(self, context: Context) -> list[str]:
        """Copy all, and wait for them."""
        return self._copy(self._bulk(context), Turn.new())

    def execute_in_turn(
        self, context: Context, event: object, sent_at: Sequence[float] = (), **deferred: Any
    ) -> list[str]:
        """Go on after the triggerer's wait for the rate limit.

        :param sent_at: when the latest copies were sent, in seconds since the epoch.
        :param deferred: how far it was.
        """
        turn = Turn.of(event)
        return self._copy(self._resumed(context, deferred), turn, sent_at)

    def execute_complete(self, context: Context, event: object, end_time: float = 0.0, **deferred: Any) -> list[str]:
        """Go on after the triggerer's wait for the copies: it ended for all of them, or for the first that failed.

        :param end_time: when to give up, in seconds since the epoch.
        """
        try:
            outcome = CopyEvent.from_payload(event)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        bulk = self._resumed(context, deferred)
        if deferred:
            return self._wait(bulk, end_time)
        return self._copy(bulk, Turn.new(), end_time=0.0 if outcome.status == "timeout" else None)

    def _resumed(self, context: Context, deferred: Mapping[str, Any]) -> BulkCopy:
        """Where it was; ``dag.test`` of some Airflow versions forgets that, and then the records must tell."""
        if not deferred and context.get("task_state_store") is None:
            raise AirflowFailException(
                "What was copied before the task was deferred is not known, so nothing more is copied. "
                "In dag.test() use deferrable=False."
            )
        return self._bulk(context, **deferred)

    def _bulk(
        self, context: Context, rows: Sequence[JsonObject] | None = None, whole: JsonObject | None = None
    ) -> BulkCopy:
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            return BulkCopy(
                hook=hook,
                context=context,
                rows=self._rows(hook) if rows is None else read_rows(rows),
                account_id=hook.account_id(self.account_id),
                copy_metadata=self.copy_metadata,
                copy_comments=self.copy_comments,
                strategy=self.strategy,
                target_status=self.target_status if self.wait_for_completion else None,
                durable=self.durable,
                on_ambiguous=self.on_ambiguous,
                max_failures=self.max_failures,
                patience=0.0 if self.deferrable else math.inf,
                known=Whole(**whole) if whole else None,
            )

    def _rows(self, hook: FrameioHook) -> list[Row]:
        if not self._into_own_folder:
            # A template that rendered to nothing must not copy into the sources' own folders.
            identifier("parent_id", self.parent_id)
        if self.folder_id is None:
            return rows_of(self.version_stacks, self.parent_id)
        if self._into_own_folder or self.parent_id == identifier("folder_id", self.folder_id):
            raise InvalidParameter("parent_id", self.parent_id, "give another folder than folder_id for the copies.")
        stacks = hook.list_version_stacks(self.folder_id, account_id=self.account_id)
        return rows_of([stack["id"] for stack in stacks], self.parent_id)
