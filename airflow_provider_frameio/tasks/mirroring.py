"""The beginning of a task that mirrors a folder: compares the trees, makes the folders, and says what is to be copied.

It runs anew in each try. What earlier tries sent goes on by its records; all else is told by the lists alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_frameio.copying.exactly_once import WORKERS_CLOCKS
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.compare import MirrorRequest, plan_mirror
from airflow_provider_frameio.copying.mirror.folders import FolderRecord, FolderRequest, ensure_folder
from airflow_provider_frameio.copying.mirror.plan import FolderPlan, Plan
from airflow_provider_frameio.copying.recent_assets import is_new
from airflow_provider_frameio.copying.record import CopyRecord, Search
from airflow_provider_frameio.copying.restack.record import RestackRecord

if TYPE_CHECKING:
    from airflow_provider_frameio.copying.rows import Row
    from airflow_provider_frameio.hooks.frameio import FrameioHook
    from airflow_provider_frameio.tasks.options import CopyOptions
    from airflow_provider_frameio.tasks.record_store import RecordStore


def read_plan(hook: FrameioHook, request: MirrorRequest, memory: TaskMemory) -> Plan:
    """Compare the trees, and change nothing.

    :raises FrameioError: see ``plan_mirror``.
    """
    return hook.run(plan_mirror(request, memory, _policy(hook)))


def begin_mirror(
    hook: FrameioHook,
    options: CopyOptions,
    request: MirrorRequest,
    records: RecordStore,
    announce: Callable[[Plan], None],
) -> list[Row]:
    """Compare the trees and make the folders that are missing.

    :param announce: is called with the plan, before anything is made.
    :returns: what is to be copied.
    :raises FrameioError: the trees cannot be compared, or a folder was not made.
    """
    memory = TaskMemory(options, records)
    plan = read_plan(hook, request, memory)
    announce(plan)
    records.taken = [one for folder in plan.folders for one in _taken(folder, records)]
    for folder, parent in plan.missing:
        _make(hook, folder, parent, memory, records)
    for folder in plan.folders:
        for number, record in (*folder.batches.items(), *folder.new_batches()):
            if record != memory.batch(folder.source_id, folder.target_id, number):
                key = options.request(folder.source_id, folder.target_id, batch=number).key()
                records.save(key, record.to_json())
    return plan.rows()


@dataclass(frozen=True)
class TaskMemory:
    """What the task's earlier tries made, by its records; nothing where there are none."""

    options: CopyOptions
    records: RecordStore | None = None

    def folder(self, source_id: str, parent_id: str) -> FolderRecord | None:
        """How far the counterpart of a folder is; None where nothing is known."""
        key = FolderRequest(self.options.account_id, parent_id, source_id).key()
        try:
            return self.records.load_folder(key) if self.records else None
        except ValueError:
            return None

    def copy(self, source_id: str, parent_id: str, onto: str = "") -> CopyRecord | RestackRecord | None:
        """What is remembered of a stack's copy, or of its newer versions; None where nothing was begun."""
        record = self._load(source_id, parent_id, onto)
        return record if record and (record.done or record.unfinished) else None

    def batches(self, source_id: str, parent_id: str) -> Mapping[int, RestackRecord]:
        """What is remembered of a folder's files that were sent."""
        found: dict[int, RestackRecord] = {}
        number = 1
        while (record := self.batch(source_id, parent_id, number)) is not None:
            if not record.planned_only:
                found[number] = record
            number += 1
        return found

    def batch(self, source_id: str, parent_id: str, number: int) -> RestackRecord | None:
        """What is remembered of some of a folder's files, sent or not."""
        record = self._load(source_id, parent_id, "", number)
        return record if isinstance(record, RestackRecord) else None

    def _load(self, source_id: str, parent_id: str, onto: str, batch: int = 0) -> CopyRecord | RestackRecord | None:
        if not (parent_id and self.records and self.records.may_have_begun):
            return None
        try:
            return self.records.load(self.options.request(source_id, parent_id, onto, batch).key())
        except ValueError:  # whoever needs it searches
            return None


def _taken(folder: FolderPlan, records: RecordStore) -> list[str]:
    """What no search may take for a copy; where records are lost, a search looks at all that was made since."""
    if records.lost is None:
        return folder.taken
    since = records.lost.since - WORKERS_CLOCKS
    return [*folder.taken, *(str(one["id"]) for one in folder.counterparts if is_new(one, since))]


def _make(hook: FrameioHook, folder: FolderPlan, parent: FolderPlan, memory: TaskMemory, records: RecordStore) -> None:
    """Make a folder, or find the one that an earlier try made."""
    request = FolderRequest(memory.options.account_id, parent.target_id, folder.source_id)
    record = memory.folder(folder.source_id, parent.target_id)
    if record is None and records.lost and not parent.made:
        record = FolderRecord(sent=1, search=Search(records.lost.until))
    if record is not None and record.folder_id:  # and it is gone
        record = None
    made = hook.run(ensure_folder(request, folder.name, record, _policy(hook)), partial(records.save, request.key()))
    folder.target_id, folder.made = made.folder_id, True


def _policy(hook: FrameioHook) -> LookupPolicy:
    return LookupPolicy(scale=hook.client.settings.time_scale)
