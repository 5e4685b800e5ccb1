"""A mirror that is carried out without Airflow: against an emulated Frame.io, whose time passes in pauses only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.api.protocol import Now, RecordedFlow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.copying.completion.judge import FilesExpectation
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.exactly_once import Rules, copy_once
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.compare import MirrorRequest, plan_mirror
from airflow_provider_frameio.copying.mirror.folders import FolderRecord, FolderRequest, ensure_folder
from airflow_provider_frameio.copying.mirror.plan import Plan
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest
from airflow_provider_frameio.copying.restack.copy_files import copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from airflow_provider_frameio.copying.rows import Row
from tests.copying.waiting import wait_until_complete


class Killed(Exception):
    """The process ended here."""


@dataclass
class Archive:
    """A folder that is mirrored into another, try by try.

    :ivar restacks: whether stacks are copied file by file.
    :ivar records: what the tries stored, by key.
    :ivar saves: how often they stored something.
    :ivar dies_at: that many; the process then ends.
    """

    client: Client
    request: MirrorRequest
    restacks: bool = False
    records: dict[str, JsonObject] = field(default_factory=dict)
    saves: int = 0
    dies_at: int = -1

    def plan(self) -> Plan:
        """What is missing."""
        plan: Plan = self.client.run(plan_mirror(self.request, self, LookupPolicy()))
        return plan

    def carry_out(self, plan: Plan) -> None:
        """Make all of it, one after another."""
        for folder, parent in plan.missing:
            request = FolderRequest(self.request.account_id, parent.target_id, folder.source_id)
            known = self.folder(folder.source_id, parent.target_id)
            record = known if known and not known.folder_id else None
            made: FolderRecord = self._run(request.key(), ensure_folder(request, folder.name, record, LookupPolicy()))
            folder.target_id = made.folder_id
        for folder in plan.folders:
            for number, record in folder.new_batches():
                self.records[self._request(folder.source_id, folder.target_id, batch=number).key()] = record.to_json()
        for row in plan.rows():
            if row.state == "waiting":
                self._copy(row)

    def mirror(self) -> Plan:
        """One try; returns its plan."""
        plan = self.plan()
        self.carry_out(plan)
        return plan

    def forget(self) -> None:
        """What comes now is another run's first try."""
        self.records.clear()

    def folder(self, source_id: str, parent_id: str) -> FolderRecord | None:
        stored = self.records.get(FolderRequest(self.request.account_id, parent_id, source_id).key())
        return FolderRecord.from_json(stored) if stored else None

    def copy(self, source_id: str, parent_id: str, onto: str = "") -> CopyRecord | RestackRecord | None:
        record = self._load(self._request(source_id, parent_id, onto=onto))
        return record if record and (record.done or record.unfinished) else None

    def batches(self, source_id: str, parent_id: str) -> Mapping[int, RestackRecord]:
        found = {n: self._load(self._request(source_id, parent_id, batch=n)) for n in range(1, 10)}
        return {n: one for n, one in found.items() if isinstance(one, RestackRecord) and not one.planned_only}

    def _request(self, source_id: str, parent_id: str | None, **more: Any) -> CopyRequest:
        comments = "all" if self.restacks else "none"
        return CopyRequest(self.request.account_id, source_id, parent_id, copy_comments=comments, **more)

    def _load(self, request: CopyRequest) -> CopyRecord | RestackRecord | None:
        stored = self.records.get(request.key())
        return _read(stored) if stored else None

    def _copy(self, row: Row) -> None:
        request = self._request(row.source_id, row.parent_id, onto=row.onto, batch=row.batch)
        record, rules = self._load(request), Rules(taken=tuple(self._made_besides(request.key())))
        if self.restacks or row.onto or row.batch:
            assert not isinstance(record, CopyRecord)
            self._run(request.key(), _restacked(request, record, rules))
        else:
            assert not isinstance(record, RestackRecord)
            self._run(request.key(), copy_once(request, record, rules))

    def _made_besides(self, key: str) -> Iterator[str]:
        for other, stored in self.records.items():
            if other != key and stored["kind"] != "folder":
                yield from _read(stored).made_ids

    def _run(self, key: str, flow: RecordedFlow[Any]) -> Any:
        def save(record: JsonObject) -> None:
            self.records[key] = record
            self.saves += 1
            if self.saves == self.dies_at:
                raise Killed

        return self.client.run(flow, save)


def _read(stored: JsonObject) -> CopyRecord | RestackRecord:
    return (RestackRecord if stored["kind"] == "restack" else CopyRecord).from_json(stored)


def _restacked(request: CopyRequest, record: RestackRecord | None, rules: Rules) -> RecordedFlow[RestackRecord]:
    record = yield from copy_versions(request, record, rules)
    now = yield Now()
    files = FilesExpectation(record.folder_id, tuple(record.new_copies))
    yield from wait_until_complete(request.account_id, [files], Terms(now, now + 600.0))
    return (yield from stack_copies(request.account_id, record, rules.policy))
