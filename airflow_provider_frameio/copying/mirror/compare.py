"""Compares two trees of folders by their lists: what the target lacks, and what differs there. Performs no I/O.

A list for each folder of source and target, and one for the versions of each stack that may have a counterpart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_frameio.api.aliases import own_id
from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.errors import InvalidParameter, NotFound, NotMirrored
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import page_url, text, uploaded
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import LookupPolicy, describe
from airflow_provider_frameio.copying.mirror.counterparts import Counterparts
from airflow_provider_frameio.copying.mirror.folders import FolderRecord, list_folder
from airflow_provider_frameio.copying.mirror.plan import FolderPlan, Plan, without
from airflow_provider_frameio.copying.recent_assets import is_new
from airflow_provider_frameio.copying.record import CopyRecord, bare_name
from airflow_provider_frameio.copying.restack.plan import is_settled, versions_of
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.versions import fits, name_of

_TYPES = ("folder", "version_stack", "file")


class Memory(Protocol):
    """What this task has made in earlier tries."""

    def folder(self, source_id: str, parent_id: str) -> FolderRecord | None:
        """How far the counterpart of a folder is; None where nothing is known."""

    def copy(self, source_id: str, parent_id: str, onto: str = "") -> CopyRecord | RestackRecord | None:
        """What is remembered of a stack's copy, or of its newer versions; None where nothing was begun."""

    def batches(self, source_id: str, parent_id: str) -> Mapping[int, RestackRecord]:
        """What is remembered of a folder's files that were sent."""


@dataclass(frozen=True)
class MirrorRequest:
    """The contents of ``folder_id`` are mirrored into ``parent_id``."""

    account_id: str
    folder_id: str
    parent_id: str
    include_files: bool = True


def plan_mirror(request: MirrorRequest, memory: Memory, policy: LookupPolicy) -> Flow[Plan]:
    """Compare both trees.

    :raises InvalidParameter: the target is the source, or lies in it.
    :raises CallError: a part of the trees cannot be read, so what is missing cannot be told.
    """
    source_id = yield from own_id(get_folder, request.account_id, request.folder_id)
    target = yield get_folder(request.account_id, request.parent_id)
    plan = Plan(page_url(target))
    todo = [FolderPlan(source_id, target_id=str(target["id"]))]
    while todo:
        plan.folders.append(todo.pop())
        sources = {folder.source_id for folder in plan.folders}
        if not sources.isdisjoint(folder.target_id for folder in plan.folders):
            raise InvalidParameter("parent_id", request.parent_id, "it is the folder that is mirrored, or lies in it.")
        todo += reversed((yield from _compare(request, plan.folders[-1], memory, policy)))
    return plan


def _compare(
    request: MirrorRequest, folder: FolderPlan, memory: Memory, policy: LookupPolicy
) -> Flow[list[FolderPlan]]:
    """Say what the folder needs; returns the folders in it."""
    ours, now = yield from list_folder(request.account_id, folder.source_id)
    theirs = (yield from list_folder(request.account_id, folder.target_id))[0] if folder.target_id else []
    left = Counterparts(folder, _of(theirs, "version_stack"), _of(theirs, "file"), now, policy)
    comparison = _Comparison(request.account_id, folder, memory, left)
    stacks = yield from comparison.go_on(_of(ours, "version_stack"))
    yield from comparison.recall_batches(theirs)
    stacks = yield from comparison.match_stacks(stacks)
    recorded = {item.source_id for record in folder.batches.values() for item in record.items}
    files = uploaded(_of(ours, "file")) if request.include_files else []
    left.match_files([one for one in files if one["id"] not in recorded])
    stacks = yield from comparison.match_renamed(stacks, equal=False)
    folder.copies += [str(stack["id"]) for stack in stacks]
    for one in ours:
        if one.get("type") not in _TYPES:
            what = f"'{foreign(text(one, 'name'))}' is a {foreign(text(one, 'type'), 50)}"
            folder.refuse("file", one, NotMirrored(f"{what}: only folders, version stacks and files are mirrored."))
    return (yield from comparison.folders(_of(ours, "folder"), _of(theirs, "folder")))


@dataclass
class _Comparison:
    """The comparison of one folder with its counterpart; ``left`` is what in that belongs to nothing yet."""

    account_id: str
    folder: FolderPlan
    memory: Memory
    left: Counterparts

    def go_on(self, stacks: Sequence[JsonObject]) -> Flow[list[JsonObject]]:
        """Copies that earlier tries began go on by their records, or are compared once they are old; returns others."""
        found = [(one, self.memory.copy(str(one["id"]), self.folder.target_id)) for one in stacks]
        begun = [(stack, record) for stack, record in found if record]
        theirs = {str(one["id"]): one for one in (*self.left.stacks, *self.left.files)}
        for _, record in begun:
            self.left.reserve(record.made_ids)
        for stack, record in begun:
            made = theirs.get(str((record.copy or {}).get("id")))
            if made and is_settled(made, self.left.now, self.left.policy):
                yield from self._read(stack, made)
                self.left.settle(stack, made)
                self.folder.taken += record.made_ids
            else:
                _reserve_sent(stack, record, self.left)
                self.folder.copies.append(str(stack["id"]))
        return [stack for stack, record in found if not record]

    def recall_batches(self, theirs: Sequence[JsonObject]) -> Flow[None]:
        """Files that earlier tries sent go on by their records, but for those whose copies are gone."""
        seen = {str(one["id"]) for one in theirs}
        for number, record in self.memory.batches(self.folder.source_id, self.folder.target_id).items():
            gone = set()
            for copy_id in (one for one in record.copies if one and one not in seen):
                try:
                    yield get_file(self.account_id, copy_id)
                except NotFound:
                    gone.add(copy_id)
            rest = without(record, gone)
            self.left.reserve(rest.made_ids)
            _reserve_sent({}, rest, self.left)
            if rest.items:
                self.folder.batches[number] = rest

    def match_stacks(self, stacks: Sequence[JsonObject]) -> Flow[list[JsonObject]]:
        """Find the counterparts of stacks by their names, but first those that are equal; returns those without."""
        theirs = _by_name(self.left.stacks)
        unequal: list[JsonObject] = []
        for name, ours in _by_name(stacks).items():
            if name in theirs:
                yield from self._read(*ours, *theirs[name])
            unequal += self.left.match_equal(ours, theirs[name]) if name in theirs else ours
        unequal = yield from self.match_renamed(unequal, equal=True)
        unmatched: list[JsonObject] = []
        for name, ours in _by_name(unequal).items():
            unmatched += self.left.match_others(ours, theirs.get(name, ()))
        for source_id, onto in self.folder.newer:
            if record := self.memory.copy(source_id, self.folder.target_id, onto):
                self.left.reserve(record.made_ids)
                _reserve_sent({}, record, self.left)
        return unmatched

    def match_renamed(self, stacks: Sequence[JsonObject], *, equal: bool) -> Flow[list[JsonObject]]:
        """Find the counterparts of stacks under other names; returns those that have none."""
        unmatched: list[JsonObject] = []
        for stack in stacks:
            if self.left.stacks or self.left.files:
                yield from self._read(stack, *self.left.stacks)
                if self.left.match_renamed(stack, equal=equal):
                    continue
            unmatched.append(stack)
        return unmatched

    def _read(self, *stacks: JsonObject) -> Flow[None]:
        """Read the versions of those that were not read yet."""
        for one in stacks:
            if one["id"] not in self.left.versions and one.get("type") == "version_stack":
                self.left.versions[one["id"]] = yield from versions_of(self.account_id, one)

    def folders(self, ours: Sequence[JsonObject], theirs: Sequence[JsonObject]) -> Flow[list[FolderPlan]]:
        """The plans of the folders in this one."""
        plans = []
        for one in ours:
            name = name_of(one)
            mine, found = ([each for each in several if name_of(each) == name] for several in (ours, theirs))
            if len(mine) > 1 or len(found) > 1:
                where, several = ("source", mine) if len(mine) > 1 else ("target", found)
                why = NotMirrored(
                    f"In the {where} several folders have the name '{foreign(name)}', so which is which cannot be "
                    f"told: {listed(map(describe, several))}. Give them different names."
                )
                self.folder.refuse("folder", one, why)
                continue
            path = "/".join(filter(None, [self.folder.path, name]))
            target_id = str(found[0]["id"]) if found else (yield from self._made(str(one["id"])))
            plans.append(FolderPlan(str(one["id"]), name, path, self.folder, target_id))
        return plans

    def _made(self, source_id: str) -> Flow[str]:
        """The folder that an earlier try made, although it is not listed yet; "" for none."""
        record = self.memory.folder(source_id, self.folder.target_id) if self.folder.target_id else None
        if record is None or not record.folder_id:
            return ""
        try:
            yield get_folder(self.account_id, record.folder_id)
        except NotFound:
            return ""
        return record.folder_id


def _of(assets: Sequence[JsonObject], kind: str) -> list[JsonObject]:
    return [one for one in assets if one.get("type") == kind]


def _by_name(stacks: Sequence[JsonObject]) -> dict[str, list[JsonObject]]:
    found = defaultdict(list)
    for stack in stacks:
        found[bare_name(stack.get("name"))].append(stack)
    return found


def _reserve_sent(source: JsonObject, record: CopyRecord | RestackRecord, left: Counterparts) -> None:
    """Leave what may be the copies whose answers were lost to the search for them."""
    if isinstance(record, CopyRecord):
        name, sent = bare_name(source.get("name")), record.snapshot
        mine = [one for one in left.stacks if bare_name(one.get("name")) == name and is_new(one, sent.at)]
        left.reserve([str(one["id"]) for one in mine if record.unresolved and one["id"] not in sent.existing])
        return
    for item in (record.items[position] for position in record.sending):
        sought = {"name": item.name, "file_size": item.size}
        found = (one for one in left.files if fits(one, sought) and is_new(one, record.at))
        left.reserve([*(str(one["id"]) for one in found if one["id"] not in record.existing)][:1])
