"""The operator that copies many version stacks at the limit's pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator, conf
from airflow_provider_frameio.api.aliases import own_id
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.api.parameters import identifier, items, seconds
from airflow_provider_frameio.copying.rows import Row, refuse_same_copies, rows_of
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.lineage import lineage_of
from airflow_provider_frameio.tasks.copy_task import CopyTask
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.options import (
    NOT_GIVEN,
    RENDERED,
    check_copy_options,
    copy_options,
    given,
    rendered_later,
)

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioBulkCopyVersionStacksOperator(BaseOperator):
    """Copy many version stacks in one task, as fast as the rate limit allows, each of them once.

    The fastest way to copy many: one task keeps to the limit (ten copies a minute) exactly, where a task for each copy
    would compete. Each copy is as safe as ``FrameioCopyVersionStackOperator``'s, and a retry or a clear means the same:
    see there. A copy that fails does not keep the others from being made; in the end the task fails with the list.

    XCom ``results`` has a row for each copy, also when the task fails: ``version_stack_id``, ``copy_id``, ``state``
    (``complete``, ``copied``, ``files``, ``failed`` or ``waiting``, see ``copying.rows``), ``url``, ``message``. Of
    more than 1,000 copies it has only those that are not made. A deferred task stores about 300 bytes a copy in
    Airflow's database: beyond some thousands, map this operator over parts. The event of an outlet that is an asset has
    in its ``extra`` ``copied`` (how many) and ``copies``: for the first 1,000 what ``FrameioCopyVersionStackOperator``
    tells of one.

    :param version_stacks: a list of ids, or of ``{"version_stack_id": …, "parent_id": …}``, or another task's output of
        such (templated); give this or ``folder_id``.
    :param folder_id: copy every version stack that is in this folder when the task starts, not those of its subfolders
        (templated); a retry looks again.
    :param parent_id: the folder to copy into, for all that name none (templated); left out: each source's own. None is
        refused, here and in ``version_stacks``: it is what a template or a mapping that came to nothing gives.
    :param account_id: the account of all (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values (templated).
    :param copy_comments: see ``FrameioCopyVersionStackOperator`` (templated); all files are copied first, then stacked.
    :param strategy: see there; ``auto`` sees Adobe storage by the form of the ids, or by a refusal.
    :param wait_for_completion: whether to wait until all copies are complete.
    :param target_status: ``uploaded`` (or better), or ``transcoded`` (templated).
    :param max_failures: stop when so many copies failed; 0 (default) goes on to the end. The task fails in either case.
    :param poll_interval: seconds, or a timedelta, between two rounds of looks at what is not complete yet.
    :param timeout: seconds, or a timedelta, to wait for completion, from the last copy on.
    :param deferrable: whether to wait for the rate limit in the triggerer, in parts of half a burst.
    :param durable: see ``FrameioCopyVersionStackOperator``.
    :param on_ambiguous: see there; ``fail`` fails that copy.
    :param frameio_conn_id: the connection (templated).
    :returns: the new stacks' ids, in the order of the sources.
    """

    template_fields: Sequence[str] = (
        *("version_stacks", "folder_id", "parent_id", "account_id"),
        *RENDERED,
        "frameio_conn_id",
    )
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stacks: Sequence[str | Mapping[str, str]] | None = None,
        folder_id: str | None = None,
        parent_id: str | None = NOT_GIVEN,
        account_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        strategy: str = "auto",
        wait_for_completion: bool = True,
        target_status: str = "uploaded",
        max_failures: int = 0,
        poll_interval: float | timedelta = 15.0,
        timeout: float | timedelta = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        durable: bool = True,
        on_ambiguous: str = "fail",
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (version_stacks is None) == (folder_id is None):
            raise InvalidParameter("version_stacks", version_stacks, "give either this or folder_id.")
        if not isinstance(version_stacks, str | None) and not rendered_later(version_stacks):
            items("version_stacks", version_stacks)
        self.version_stacks = version_stacks
        self.folder_id = folder_id
        self.parent_id = given(parent_id)
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
        self.frameio_conn_id = frameio_conn_id
        self._into_own_folder = parent_id is NOT_GIVEN
        check_copy_options(self)

    copies_made: Sequence[CopyResult] = ()

    def execute(self, context: Context) -> list[str]:
        """Copy all, and wait for them."""
        return self.execute_complete(context, None)

    def execute_complete(self, context: Context, event: object, job: JsonObject | None = None) -> list[str]:
        """Go on after a wait in the triggerer, which ended with ``event``; ``job`` says how far the task was."""
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            options = copy_options(self, hook)
            task = CopyTask.of(self, context, hook, options, lambda records: self._rows(hook), event, job)
            task.copy_many()
            task.job.copies.records.finish()
        return [row.copy_id for row in task.job.rows]

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was copied, also where the task failed afterwards; None without OpenLineage."""
        return lineage_of(self.copies_made)

    def _rows(self, hook: FrameioHook) -> list[Row]:
        # A template that rendered to nothing must not copy into the sources' own folders.
        parent_id = None if self._into_own_folder else identifier("parent_id", self.parent_id)
        account_id = hook.account_id(self.account_id)
        if self.folder_id is None:
            rows = rows_of(self.version_stacks, parent_id)
            hook.run(refuse_same_copies(account_id, rows))
            return rows
        folder_id = hook.run(own_id(get_folder, account_id, identifier("folder_id", self.folder_id)))
        if parent_id is None or folder_id == hook.run(own_id(get_folder, account_id, parent_id)):
            raise InvalidParameter("parent_id", self.parent_id, "give another folder than folder_id for the copies.")
        stacks = hook.list_version_stacks(folder_id, account_id=account_id)
        return rows_of([stack["id"] for stack in stacks], parent_id)
