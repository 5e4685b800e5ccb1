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
from airflow_provider_frameio.copying.mirror.counterparts import Counterparts, read_versions
from airflow_provider_frameio.copying.mirror.folders import list_folder
from airflow_provider_frameio.copying.mirror.plan import FolderPlan, Plan, Problem, without
from airflow_provider_frameio.copying.record import CopyRecord, bare_name
from airflow_provider_frameio.copying.restack.newer import is_settled
from airflow_provider_frameio.copying.restack.plan import is_new
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.versions import fits, name_of

_TYPES = ("folder", "version_stack", "file")


class Memory(Protocol):
    """What this task has made in earlier tries."""

    def folder(self, source_id: str, parent_id: str) -> str:
        """The counterpart of a folder; "" for none."""

    def copy(self, source_id: str, parent_id: str, onto: str = "") -> CopyRecord | RestackRecord | None:
        """What is remembered of a stack's copy, or of its newer versions; None where nothing was begun."""

    def batches(self, source_id: str, parent_id: str) -> Mapping[int, RestackRecord]:
        """What is remembered of a folder's files that were sent."""


@dataclass(frozen=True)
class MirrorRequest:
    """What is mirrored where.

    :ivar folder_id: the folder whose contents are mirrored.
    :ivar parent_id: the folder that is to hold them.
    """

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
        todo += reversed((yield from _Comparison(request, plan.folders[-1], memory, policy).compare()))
    return plan


@dataclass
class _Comparison:
    """The comparison of one folder with its counterpart."""

    request: MirrorRequest
    folder: FolderPlan
    memory: Memory
    policy: LookupPolicy

    def compare(self) -> Flow[list[FolderPlan]]:
        """Say what the folder needs; returns the folders in it."""
        folder, account_id = self.folder, self.request.account_id
        ours, now = yield from list_folder(account_id, folder.source_id)
        theirs = (yield from list_folder(account_id, folder.target_id))[0] if folder.target_id else []
        files = uploaded(_of(ours, "file")) if self.request.include_files else []
        left = Counterparts(folder, _of(theirs, "version_stack"), _of(theirs, "file"), now, self.policy)
        begun = yield from self._go_on(_of(ours, "version_stack"), left)
        yield from self._recall_batches(theirs, left)
        recorded = {item.source_id for record in folder.batches.values() for item in record.items}
        unmatched = yield from self._match_stacks(
            [one for one in _of(ours, "version_stack") if one["id"] not in begun], left
        )
        left.match_files([one for one in files if one["id"] not in recorded])
        unmatched = yield from self._match_renamed(unmatched, left, equal=False)
        self.folder.copies += [str(stack["id"]) for stack in unmatched]
        self._refuse_strangers(ours)
        return (yield from self._folders(_of(ours, "folder"), _of(theirs, "folder")))

    def _go_on(self, stacks: Sequence[JsonObject], left: Counterparts) -> Flow[set[str]]:
        """Copies that earlier tries began go on by their records, or are compared once they are old.

        :returns: the sources' ids.
        """
        found = {str(one["id"]): self.memory.copy(str(one["id"]), self.folder.target_id) for one in stacks}
        begun = {source_id: record for source_id, record in found.items() if record}
        theirs = {str(one["id"]): one for one in (*left.stacks, *left.files)}
        for record in begun.values():
            left.reserve(record.made_ids)
        for stack in (one for one in stacks if one["id"] in begun):
            record = begun[stack["id"]]
            made = theirs.get(str((record.copy or {}).get("id")))
            if made and is_settled(made, left.now, self.policy):
                yield from self._read(left, stack, made)
                left.settle(stack, made)
                self.folder.taken += record.made_ids
            else:
                _reserve_sent(stack, record, left)
                self.folder.copies.append(str(stack["id"]))
        return set(begun)

    def _recall_batches(self, theirs: Sequence[JsonObject], left: Counterparts) -> Flow[None]:
        """Files that earlier tries sent go on by their records, but for those whose copies are gone."""
        seen = {str(one["id"]) for one in theirs}
        for number, record in self.memory.batches(self.folder.source_id, self.folder.target_id).items():
            gone = set()
            for copy_id in (one for one in record.copies if one and one not in seen):
                try:
                    yield get_file(self.request.account_id, copy_id)
                except NotFound:
                    gone.add(copy_id)
            rest = without(record, gone)
            left.reserve(rest.made_ids)
            _reserve_sent({}, rest, left)
            if rest.items:
                self.folder.batches[number] = rest

    def _match_stacks(self, stacks: Sequence[JsonObject], left: Counterparts) -> Flow[list[JsonObject]]:
        """Find the counterparts of stacks by their names, but first those that are equal; returns those without."""
        theirs = _by_name(left.stacks)
        unequal: list[JsonObject] = []
        for name, ours in _by_name(stacks).items():
            if name in theirs:
                yield from self._read(left, *ours, *theirs[name])
            unequal += left.match_equal(ours, theirs[name]) if name in theirs else ours
        unequal = yield from self._match_renamed(unequal, left, equal=True)
        unmatched: list[JsonObject] = []
        for name, ours in _by_name(unequal).items():
            unmatched += left.match_others(ours, theirs.get(name, ()))
        for source_id, onto in self.folder.newer:
            if record := self.memory.copy(source_id, self.folder.target_id, onto):
                left.reserve(record.made_ids)
                _reserve_sent({}, record, left)
        return unmatched

    def _match_renamed(
        self, stacks: Sequence[JsonObject], left: Counterparts, *, equal: bool
    ) -> Flow[list[JsonObject]]:
        """Find the counterparts of stacks under other names; returns those that have none."""
        unmatched: list[JsonObject] = []
        for stack in stacks:
            if left.stacks or left.files:
                yield from self._read(left, stack, *left.stacks)
                if left.match_renamed(stack, equal=equal):
                    continue
            unmatched.append(stack)
        return unmatched

    def _read(self, left: Counterparts, *stacks: JsonObject) -> Flow[None]:
        """Read the versions of those that were not read yet."""
        for one in stacks:
            if one["id"] not in left.versions and one.get("type") == "version_stack":
                left.versions[one["id"]] = yield from read_versions(self.request.account_id, one)

    def _folders(self, ours: Sequence[JsonObject], theirs: Sequence[JsonObject]) -> Flow[list[FolderPlan]]:
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
                self.folder.problems.append(Problem("folder", str(one["id"]), why))
                continue
            path = "/".join(filter(None, [self.folder.path, name]))
            target_id = str(found[0]["id"]) if found else (yield from self._made(str(one["id"])))
            plans.append(FolderPlan(str(one["id"]), name, path, self.folder, target_id))
        return plans

    def _made(self, source_id: str) -> Flow[str]:
        """The folder that an earlier try made, although it is not listed yet; "" for none."""
        folder_id = self.memory.folder(source_id, self.folder.target_id) if self.folder.target_id else ""
        if folder_id:
            try:
                yield get_folder(self.request.account_id, folder_id)
            except NotFound:
                return ""
        return folder_id

    def _refuse_strangers(self, ours: Sequence[JsonObject]) -> None:
        for one in ours:
            if one.get("type") not in _TYPES:
                what = f"'{foreign(text(one, 'name'))}' is a {foreign(text(one, 'type'), 50)}"
                why = NotMirrored(f"{what}: only folders, version stacks and files are mirrored.")
                self.folder.problems.append(Problem("file", str(one["id"]), why))


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
