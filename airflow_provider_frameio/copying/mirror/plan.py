"""What a mirror has to do, folder by folder, and how long it will take at the rate limits. Performs no I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_frameio.api.endpoints.build import PER_MINUTE_60, PER_SECOND_3
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.restack.plan import FILES_OF_A_BATCH
from airflow_provider_frameio.copying.restack.record import Item, RestackRecord
from airflow_provider_frameio.copying.rows import Row

_MOST_NAMED = 1000
_LONGEST_NAMES = 30_000
"""Characters in JSON: a record with the ids besides stays within the 64 KiB that Airflow stores without complaint."""


@dataclass(frozen=True)
class Problem:
    """What cannot be mirrored: a ``folder``, ``version_stack`` or ``file``, and why."""

    what: str
    source_id: str
    why: FrameioError


@dataclass
class FolderPlan:
    """What one folder of the source needs.

    :ivar path: its name, after those of the folders that it is in; "" for the one that is mirrored.
    :ivar parent: the plan of the folder that it is in; None for the one that is mirrored.
    :ivar target_id: its counterpart; "" while that is to be made.
    :ivar made: whether this task made it.
    :ivar copies: ids of version stacks to be copied.
    :ivar newer: ids of version stacks whose newer versions are to be copied, and of the stacks or files they go onto.
    :ivar files: to be copied.
    :ivar existing: ids of files in the target that look like one of ``files``, and are the copies of others.
    :ivar batches: files that this task has sent in earlier tries, by number.
    :ivar there: how many are there already, by type.
    :ivar taken: ids of what earlier tries of this task copied here, and nothing is left to do about.
    :ivar counterparts: the stacks and files in the target that are a stack's.
    """

    source_id: str
    name: str = ""
    path: str = ""
    parent: FolderPlan | None = None
    target_id: str = ""
    made: bool = False
    copies: list[str] = field(default_factory=list)
    newer: list[tuple[str, str]] = field(default_factory=list)
    files: list[Item] = field(default_factory=list)
    existing: tuple[str, ...] = ()
    batches: dict[int, RestackRecord] = field(default_factory=dict)
    there: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    counterparts: list[JsonObject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, what: str, source: JsonObject, why: FrameioError) -> None:
        """This cannot be mirrored."""
        self.problems.append(Problem(what, str(source["id"]), why))

    def new_batches(self) -> Iterator[tuple[int, RestackRecord]]:
        """The files to be copied, up to a hundred together, by numbers that are free."""
        free = (number for number in range(1, len(self.batches) + len(self.files) + 1) if number not in self.batches)
        for items in _batches(self.files):
            record = RestackRecord(
                at=0.0,  # when it is sent, the world is seen
                source_id=self.source_id,
                folder_id=self.target_id,
                me=("", ""),
                items=items,
                newest_first=True,
                existing=self.existing,
                loose=True,
            )
            yield next(free), record


@dataclass
class Plan:
    """All that a mirror has to do.

    :ivar url: the page of the folder that is to hold all of it, or "".
    :ivar folders: each after the one that it is in.
    """

    url: str = ""
    folders: list[FolderPlan] = field(default_factory=list)

    @property
    def missing(self) -> list[tuple[FolderPlan, FolderPlan]]:
        """Folders that are to be made, each with the one that it is in."""
        return [(one, one.parent) for one in self.folders if one.parent and not one.target_id]

    def rows(self) -> list[Row]:
        """The copies, once all folders are there: folder by folder; last what may have to be waited for."""
        rows = [row for folder in self.folders for row in _rows(folder)]
        for folder in self.folders:
            rows += [Row(source_id, folder.target_id, onto=onto) for source_id, onto in folder.newer]
        return [*rows, *(_failed(folder, one) for folder in self.folders for one in folder.problems)]

    def totals(self) -> JsonObject:
        """What is to be done, in numbers: ``seconds`` is about how long that takes at the rate limits."""
        numbers = {kind: len(items) for kind, items in self._listed().items()}
        copies = numbers["version_stacks"] + numbers["appended"]
        batches = sum(1 for folder in self.folders for _ in folder.new_batches())
        return {
            **numbers,
            "there": dict(sum((folder.there for folder in self.folders), Counter())),
            "seconds": max(
                max(0, copies - COPY_LIMIT.calls) * COPY_LIMIT.slot,
                max(0, batches - PER_MINUTE_60.calls) * PER_MINUTE_60.slot,
            )
            + numbers["folders"] * PER_SECOND_3.slot,
        }

    def to_json(self) -> JsonObject:
        """The totals, and of each kind what it is about; at most a thousand of each."""
        return {"totals": self.totals(), **{kind: items[:_MOST_NAMED] for kind, items in self._listed().items()}}

    def _listed(self) -> Mapping[str, list[JsonObject]]:
        listed: dict[str, list[JsonObject]] = {
            "folders": [{"path": folder.path} for folder, _ in self.missing],
            "version_stacks": [],
            "appended": [],
            "files": [],
            "failed": [],
        }
        for folder in self.folders:
            path = {"path": folder.path}
            listed["version_stacks"] += [{"version_stack_id": one, **path} for one in folder.copies]
            listed["appended"] += [{"version_stack_id": one, "onto": onto, **path} for one, onto in folder.newer]
            listed["files"] += [{"file_id": one.source_id, "name": one.name, **path} for one in folder.files]
            listed["failed"] += [
                {f"{one.what}_id": one.source_id, "message": str(one.why), **path} for one in folder.problems
            ]
        return listed


def describe_totals(totals: Mapping[str, Any]) -> str:
    """The plan in words."""
    there = totals["there"]
    return (
        f"To be made: {totals['folders']} folders, {totals['version_stacks']} version stacks, {totals['files']} files, "
        f"and newer versions of {totals['appended']} stacks. There already: {there.get('version_stacks', 0)} version "
        f"stacks, {there.get('files', 0)} files. Cannot be mirrored: {totals['failed']}. At the rate limits this takes "
        f"about {totals['seconds'] / 60:.0f} min."
    )


def summary(rows: Sequence[Row], totals: JsonObject) -> JsonObject:
    """What became of it, in numbers; ``totals`` are the plan's."""
    made = [row for row in rows if row.state in ("copied", "complete")]
    return {
        "folders": totals.get("folders", 0),
        "version_stacks": sum(not (row.batch or row.onto) for row in made),
        "appended": sum(bool(row.onto) for row in made),
        "files": sum(row.versions for row in made if row.batch),
        "there": totals.get("there", {}),
        "failed": sum(row.state == "failed" for row in rows),
    }


def without(record: RestackRecord, gone: set[str]) -> RestackRecord:
    """A batch without the files whose copies are gone."""
    kept = [number for number, item in enumerate(record.items) if item.copy_id not in gone]
    items, sending = (record.items[one] for one in kept), (kept.index(one) for one in record.sending)
    return replace(record, items=tuple(items), sending=tuple(sending))


def _batches(files: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Files that one call copies, and one record names."""
    batch: list[Item] = []
    for file in files:
        length = sum(len(json.dumps(one.name)) for one in (*batch, file))
        if len(batch) == FILES_OF_A_BATCH or (batch and length > _LONGEST_NAMES):
            yield tuple(batch)
            batch = []
        batch.append(file)
    if batch:
        yield tuple(batch)


def _rows(folder: FolderPlan) -> Iterator[Row]:
    for number, record in (*folder.batches.items(), *folder.new_batches()):
        row = Row(folder.source_id, folder.target_id, batch=number, what="folder")
        if record.finished:
            row.state, row.copy_id, row.versions = "complete", folder.target_id, len(record.items)
        yield row
    yield from (Row(source_id, folder.target_id) for source_id in folder.copies)


def _failed(folder: FolderPlan, problem: Problem) -> Row:
    row = Row(problem.source_id, folder.target_id or None, what=problem.what)
    row.failed(problem.why)
    return row
