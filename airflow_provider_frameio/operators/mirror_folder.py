"""The operator that makes a folder hold what another one holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator, conf
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.api.parameters import flag, identifier, seconds
from airflow_provider_frameio.copying.mirror.compare import MirrorRequest
from airflow_provider_frameio.copying.mirror.plan import Plan, describe_totals, summary
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.lineage import lineage_of
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.tasks.copy_task import CopyTask
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.mirroring import TaskMemory, begin_mirror, read_plan
from airflow_provider_frameio.tasks.options import RENDERED, check_copy_options, copy_options

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.tasks.options import CopyOptions
    from airflow_provider_frameio.tasks.record_store import RecordStore


class FrameioMirrorFolderOperator(BaseOperator):
    """Make a folder hold every folder, version stack and file that another one holds, at any depth.

    The task compares both trees by their lists, makes the folders that are missing, and copies what is missing: stacks
    as ``FrameioBulkCopyVersionStacksOperator`` does, files up to 100 in one call. So it may run again at any time, with
    or without a record: it then copies only what is missing. Where the source of a stack has newer versions, only those
    are copied and put on top. Nothing is ever renamed; nothing is deleted but what this task has copied itself and
    could not finish.

    A stack in the target counts as the copy if its name fits and its versions, oldest first, are the source's by name
    and size; a file if its name and size are. What differs otherwise fails, with a word on how, and is left alone. It
    keeps nothing else from being mirrored.

    Not guaranteed where two runs mirror into one folder at the same time: each may copy what the other has sent and
    Frame.io does not list yet. Give the DAG ``max_active_runs=1``. What a source has not uploaded is left out; a later
    run brings it.

    The task's button "Open in Frame.io" leads to the target. XCom ``plan`` says before the first copy what is to be
    done, and about how many seconds that takes at the rate limits: ``totals``, and lists of at most 1,000. XCom
    ``results`` has a row for each copy, also when the task fails: see ``FrameioBulkCopyVersionStacksOperator``; a row
    with ``folder_id`` is of up to 100 of a folder's files.

    :param folder_id: the folder whose contents are mirrored (templated). A project's ``root_folder_id`` mirrors all of
        it.
    :param parent_id: the folder that is to hold them (templated); neither ``folder_id`` nor a folder in it.
    :param include_files: whether to mirror files that are in no stack, too.
    :param dry_run: True ends the task with the plan; nothing is changed.
    :param account_id: the account of both (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values (templated).
    :param copy_comments: ``none`` (default), ``internal``, ``public`` or ``all`` (templated); anything but ``none``
        restacks. Comments are copied with their versions, and never looked at again.
    :param strategy: see ``FrameioCopyVersionStackOperator``.
    :param wait_for_completion: whether to wait until all copies are complete.
    :param target_status: ``uploaded`` (or better), or ``transcoded`` (templated).
    :param max_failures: stop when so many copies failed; 0 (default) goes on to the end. The task fails in either case.
    :param poll_interval: seconds, or a timedelta, between two rounds of looks at what is not complete yet.
    :param timeout: seconds, or a timedelta, to wait for completion, from the last copy on.
    :param deferrable: whether to wait for the rate limit and for completion in the triggerer.
    :param durable: see ``FrameioCopyVersionStackOperator``.
    :param on_ambiguous: see there; ``fail`` fails that copy.
    :param frameio_conn_id: the connection (templated).
    :returns: ``{"folders", "version_stacks", "appended", "files", "there", "failed"}``: how many were made, copied, got
        newer versions, were there already (by type) or failed; with ``dry_run`` the plan.
    """

    template_fields: Sequence[str] = ("folder_id", "parent_id", "account_id", *RENDERED, "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        folder_id: str,
        parent_id: str,
        include_files: bool = True,
        dry_run: bool = False,
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
        flag("include_files", include_files)
        flag("dry_run", dry_run)
        self.folder_id = folder_id
        self.parent_id = parent_id
        self.include_files = include_files
        self.plan_only = dry_run  # Airflow's operators have a method of that name
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
        check_copy_options(self)

    copies_made: Sequence[CopyResult] = ()

    def execute(self, context: Context) -> JsonObject:
        """Compare, make the folders, copy all that is missing, and wait for it."""
        return self.execute_complete(context, None)

    def execute_complete(self, context: Context, event: object, job: JsonObject | None = None) -> JsonObject:
        """Go on after a wait in the triggerer, which ended with ``event``; ``job`` says how far the task was."""
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            options = copy_options(self, hook)
            request = self._request(options)
            if self.plan_only:
                return self._announce(context, read_plan(hook, request, TaskMemory(options)))
            notes: JsonObject = {}

            def rows(records: RecordStore) -> list[Row]:
                return begin_mirror(
                    *(hook, options, request, records),
                    announce=lambda plan: notes.update(self._announce(context, plan)),
                )

            task = CopyTask.of(self, context, hook, options, rows, event, job)
            task.job.notes = task.job.notes or notes.get("totals", {})
            task.copy_many("it copies only what is missing. So does another run.")
        made = summary(task.job.rows, task.job.notes)
        self.log.info("Mirrored: %s.", made)
        return made

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was copied, also where the task failed afterwards; None without OpenLineage."""
        return lineage_of(self.copies_made)

    def _request(self, options: CopyOptions) -> MirrorRequest:
        folder_id, parent_id = identifier("folder_id", self.folder_id), identifier("parent_id", self.parent_id)
        if folder_id == parent_id:
            raise InvalidParameter("parent_id", parent_id, "give another folder than folder_id for the copies.")
        return MirrorRequest(options.account_id, folder_id, parent_id, self.include_files)

    def _announce(self, context: Context, plan: Plan) -> JsonObject:
        """Tell the plan before anything is made."""
        shown = plan.to_json()
        self.log.info("%s", describe_totals(shown["totals"]))
        for problem in shown["failed"]:
            self.log.warning("Cannot be mirrored: %s", problem["message"])
        context["ti"].xcom_push(key="plan", value=shown)
        FrameioLink.push(context, plan.url)
        return shown
