"""Stacks a copy anew for one task, over all its tries, and takes back what was made where that fails for good."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_frameio.api.errors import CopyFailed, CopyNeedsHelp, FrameioError, NoSlot
from airflow_provider_frameio.api.foreign import listed
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.look_up import Patience
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord, RestackRequest
from airflow_provider_frameio.copying.restack.stack import stack_copies
from airflow_provider_frameio.copying.restack.wait import undo, wait_for_files
from airflow_provider_frameio.tasks.record_store import Records, is_retry

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.protocol import RecordedFlow
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.copying.completion.wait import Terms
    from airflow_provider_frameio.hooks.frameio import FrameioHook

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass
class Restack:
    """One task's copy by stacking anew.

    :ivar records: where its record is kept; with what the triggerer handed back, if anything.
    :ivar resumed: whether this try has been here before, so that what ``records`` tell is all there is to know.
    :ivar durable: whether an earlier try may have left something where no record can be kept.
    :ivar patience: how long to wait for the rate limit, in slots.
    :ivar generation: see ``Rules``; default: rises when a user clears the task.
    :ivar looking_since: see ``Rules``.
    """

    hook: FrameioHook
    context: Context
    request: RestackRequest
    records: Records
    on_ambiguous: str
    patience: float
    resumed: bool = False
    durable: bool = True
    generation: int | None = None
    looking_since: float | None = None

    def copy_versions(self, source: JsonObject | None = None) -> RestackRecord:
        """Copy what is not copied yet.

        :param source: the source's record, where it is known.
        :raises NoSlot: what is left would have to wait longer; ``records.last`` tells how far it is.
        :raises FrameioError: a version was not copied.
        """
        return self._run(copy_versions(self.request, self._known(), self._rules, source))

    def wait(self, record: RestackRecord, target_status: str, terms: Terms) -> None:
        """Wait in this process until all copied files are there."""
        files = wait_for_files(self.request.account_id, record.folder_id, record.copies, target_status, terms)
        self._run(files)

    def stack(self, record: RestackRecord) -> RestackRecord:
        """Make the new stack of the copied files, which are there.

        :raises NoSlot: it would have to wait longer.
        :raises FrameioError: see ``stack_copies``.
        """
        return self._run(stack_copies(self.request.account_id, record, self._rules))

    def take_back(self, error: FrameioError) -> None:
        """Delete what was made, unless another try will go on with it, or somebody has to look at it first.

        :raises CopyFailed: not all of it could be deleted; instead of ``error``.
        """
        instance: Any = self.context["ti"]
        goes_on = error.transient and instance.try_number <= instance.max_tries
        record = RestackRecord.from_json(self.records.last)
        if goes_on or isinstance(error, CopyNeedsHelp) or record is None or record.finished or not any(record.copies):
            return
        log.warning("Deleting the copied files, since the copy failed: %s", error)
        left = self.hook.run(undo(self.request.account_id, record), self.records.save)
        if left:
            raise CopyFailed(f"{error} These copied files could not be deleted again: {listed(left)}") from error

    @property
    def _rules(self) -> Rules:
        instance: Any = self.context["ti"]
        patience = Patience(scale=self.hook.client.settings.time_scale)
        kept = self.records.store is not None
        generation = instance.max_tries if self.generation is None else self.generation
        return Rules(generation, self.on_ambiguous, kept=kept, looking_since=self.looking_since, patience=patience)

    def _run(self, flow: RecordedFlow[T]) -> T:
        try:
            return self.hook.run(flow, self.records.save, self.patience)
        except NoSlot:
            raise
        except FrameioError as error:
            self.take_back(error)
            raise

    def _known(self) -> RestackRecord | None:
        """How far an earlier try was, as far as that can be known."""
        certain = True
        try:
            record = RestackRecord.from_json(self.records.load())
        except ValueError as error:
            log.warning("The stored record of this copy cannot be used, so something may have been copied: %s", error)
            record, certain = None, False
        instance: Any = self.context["ti"]
        unkept = self.records.store is None and self.durable and not self.resumed and is_retry(instance)
        if not certain or (unkept and record is None):
            began = self.context["dag_run"].start_date or instance.start_date
            return self.hook.run(assume_begun(self.request, began.timestamp(), self._rules))
        if record is not None and record.begun:
            made = sum(map(bool, record.copies))
            log.info("Going on with what was begun: %s of %s versions copied.", made, len(record.items))
        return record
