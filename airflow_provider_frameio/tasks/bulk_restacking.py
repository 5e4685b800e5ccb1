"""Those of a task's many copies that are made by stacking anew: first all their files, then their stacks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_frameio.api.errors import ApiError, CopyNeedsHelp, CopyTimeout, FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.adobe_storage import (
    find_adobe_storage,
    may_mean_adobe_storage,
    shows_adobe_storage,
)
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.restack.record import KIND, RestackRecord, RestackRequest
from airflow_provider_frameio.copying.restack.wait import files_behind
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.tasks.record_store import Records, Whole
from airflow_provider_frameio.tasks.restacking import Restack

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)


@dataclass
class BulkRestack:
    """How the rows of one task are stacked anew.

    :ivar strategy: ``native``, ``restack`` or ``auto``.
    :ivar target_status: which the versions must reach; None: nothing is waited for but the files' bytes.
    :ivar patience: how long to wait for the rate limit, in slots.
    :ivar whole: what all rows are a part of.
    """

    hook: FrameioHook
    context: Context
    account_id: str
    copy_metadata: bool
    copy_comments: str
    strategy: str
    target_status: str | None
    durable: bool
    on_ambiguous: str
    patience: float
    whole: Callable[[], Whole]

    def concerns(self, row: Row) -> bool:
        """Whether this row is to be stacked anew, as far as can be told without a call."""
        if self.strategy == "restack" or self.copy_comments != "none":
            return True
        begun = bool(row.record) and (row.record or {}).get("kind") == KIND
        adobe = shows_adobe_storage({"id": row.version_stack_id}, row.parent_id)
        return self.strategy == "auto" and (begun or adobe or self._store_knows(row))

    def helps(self, row: Row, refusal: ApiError | CopyNeedsHelp) -> bool:
        """Whether Frame.io refused its own copy since this is Adobe storage."""
        if self.strategy != "auto" or not may_mean_adobe_storage(refusal):
            return False
        return self.hook.run(find_adobe_storage(self.account_id, row.version_stack_id, row.parent_id))

    def copy_files(self, row: Row) -> None:
        """Copy the row's versions as files.

        :raises NoSlot: they would have to wait longer.
        :raises FrameioError: a version was not copied.
        """
        restack = self._of(row)
        try:
            record = restack.copy_versions()
        finally:
            self._carry(row, restack)
        if record.finished:
            self._finish(row, record)
        else:
            row.files_copied()

    def are_there(self, row: Row, end_time: float) -> bool:
        """Look whether the row's files are there.

        :raises CopyTimeout: they are not, and it is too late; they are taken back.
        """
        restack = self._of(row)
        record = self._record(restack)
        if record.stack or record.stackings:
            return True
        behind = self.hook.run(files_behind(self.account_id, record.folder_id, record.copies, self._target(record)))
        if behind and SYSTEM_CLOCK.epoch() >= end_time:
            late = CopyTimeout("The copied files were not there in the time allowed.")
            restack.take_back(late)
            raise late
        return not behind

    def wait(self, row: Row, terms: Terms) -> None:
        """Wait in this process for the row's files."""
        restack = self._of(row)
        record = self._record(restack)
        if not (record.stack or record.stackings):
            restack.wait(record, self._target(record), terms)

    def files_of(self, row: Row) -> tuple[str, list[str]]:
        """The folder and the ids of the row's files."""
        record = self._record(self._of(row))
        return record.folder_id, record.copies

    def stack(self, row: Row) -> None:
        """Make the row's stack of files that are there.

        :raises NoSlot: it would have to wait longer.
        :raises FrameioError: it was not made.
        """
        restack = self._of(row)
        try:
            record = restack.stack(self._record(restack))
        finally:
            self._carry(row, restack)
        self._finish(row, record)

    def _finish(self, row: Row, record: RestackRecord) -> None:
        there = self.target_status == "uploaded" or (self.target_status is not None and len(record.items) == 1)
        row.stacked(record.stack or {}, len(record.items), complete=there)

    def _of(self, row: Row) -> Restack:
        whole = self.whole()
        return Restack(
            self.hook,
            self.context,
            self._request(row),
            Records(self._request(row).key(), self._store, row.record),
            self.on_ambiguous,
            self.patience,
            resumed=row.record is not None,
            durable=self.durable,
            generation=whole.generation,
            looking_since=whole.looking_since,
        )

    def _record(self, restack: Restack) -> RestackRecord:
        record = RestackRecord.from_json(restack.records.load())
        if record is None:
            raise CopyNeedsHelp(f"What was copied of {restack.request.version_stack_id} is no longer known.")
        return record

    def _carry(self, row: Row, restack: Restack) -> None:
        """Where no record can be kept, the row keeps it."""
        row.record = restack.records.last if self._store is None else None

    def _target(self, record: RestackRecord) -> str:
        return self.target_status or "uploaded" if len(record.items) == 1 else "uploaded"

    def _store_knows(self, row: Row) -> bool:
        return Records(self._request(row).key(), self._store).load() is not None

    def _request(self, row: Row) -> RestackRequest:
        return RestackRequest(
            self.account_id, row.version_stack_id, row.parent_id, self.copy_metadata, self.copy_comments
        )

    @cached_property
    def _store(self) -> object:
        return self.context.get("task_state_store") if self.durable else None


def failed_row(row: Row, error: FrameioError) -> None:
    """Note that a row's copy was not made."""
    log.warning("%s was not copied: %s", row.version_stack_id, error)
    row.failed(error)
