"""Which of the target folder's stacks and files are the counterparts of the source's. Performs no I/O.

A stack is the counterpart if its name fits and its versions, oldest first, are those of the source by name and size, or
the oldest of them; a file if its name and size are the source's. Each is the counterpart of one only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from airflow_provider_frameio.api.models import uploaded
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.plan import FolderPlan
from airflow_provider_frameio.copying.record import bare_name, digest
from airflow_provider_frameio.copying.restack.plan import is_settled, item_of
from airflow_provider_frameio.copying.versions import differs, fits, lacking, name_of


@dataclass
class Counterparts:
    """The assets of a target folder that are nobody's counterpart yet.

    :ivar now: the server's time at which they were listed.
    :ivar versions: of stacks on both sides, oldest first, by the stack's id; None where their order cannot be told.
    """

    folder: FolderPlan
    stacks: list[JsonObject]
    files: list[JsonObject]
    now: float
    policy: LookupPolicy
    versions: dict[str, list[JsonObject] | None] = field(default_factory=dict)

    def reserve(self, ids: Collection[str]) -> None:
        """These belong to something."""
        self.stacks = [one for one in self.stacks if one["id"] not in ids]
        self.files = [one for one in self.files if one["id"] not in ids]

    def match_equal(self, sources: Sequence[JsonObject], targets: Sequence[JsonObject]) -> list[JsonObject]:
        """Find the counterparts of stacks among targets of their name; returns the sources that have none.

        Which of several equal ones is whose makes no difference: in the end each source has one.
        """
        return [source for source in sources if not self._has_equal(source, targets)]

    def match_renamed(self, source: JsonObject, *, equal: bool) -> bool:
        """Find a counterpart with the name of one of the source's versions, or a file.

        Whether a new version renames its stack is not known, and the copy of a stack of one version may be a file.

        :param equal: whether it must hold all of the source's versions.
        """
        names = {bare_name(one.get("name")) for one in self.versions[source["id"]] or ()}
        stacks = [one for one in self.stacks if bare_name(one.get("name")) in names]
        has = self._has_equal if equal else self._has_older
        return has(source, stacks) or has(source, self.files)

    def match_others(self, sources: Sequence[JsonObject], targets: Sequence[JsonObject]) -> list[JsonObject]:
        """Find the counterparts that lack versions, or hold others, among targets of their name: the fewest first."""
        unmatched = [source for source in sources if not self._has_older(source, targets)]
        others = self._still(targets)
        for source, other in zip(unmatched, others, strict=False):
            self.settle(source, other)
        return unmatched[len(others) :]

    def match_files(self, sources: Sequence[JsonObject]) -> None:
        """Find the counterparts of files; those that have none are to be copied."""
        before = self.files
        left = [source for source in sources if not self._takes(source, exactly=True)]
        left = [source for source in left if not self._takes(source, exactly=False)]
        self.folder.there["files"] += len(sources) - len(left)
        for source in left:
            namesake = next((one for one in self.files if name_of(one) == name_of(source)), None)
            if namesake is None:
                self.folder.files.append(item_of(source))
            else:
                how = f"it has {namesake.get('file_size')} bytes, the source {source.get('file_size')}"
                self.folder.refuse("file", source, differs(namesake, how))
        wanted = {item.digest for item in self.folder.files}
        self.folder.existing = tuple(str(one["id"]) for one in before if digest(one) in wanted)

    def _takes(self, source: JsonObject, *, exactly: bool) -> bool:
        """Whether a file has a counterpart, which then is nobody else's."""
        for one in self.files:
            same = name_of(one) == name_of(source) and one.get("file_size") == source.get("file_size")
            if same if exactly else fits(one, source):
                self.reserve({str(one["id"])})
                return True
        return False

    def _has_equal(self, source: JsonObject, targets: Sequence[JsonObject]) -> bool:
        equal = [one for one in self._still(targets) if self._lacks(source, one) == 0]
        if equal:
            self.settle(source, min(equal, key=lambda one: name_of(one) != name_of(source)))
        return bool(equal)

    def _has_older(self, source: JsonObject, targets: Sequence[JsonObject]) -> bool:
        """Whether a target holds the oldest of the source's versions, or all of them."""
        found = [(left, one) for one in self._still(targets) if isinstance(left := self._lacks(source, one), int)]
        if found:
            self.settle(source, min(found, key=lambda pair: pair[0])[1])
        return bool(found)

    def _lacks(self, source: JsonObject, target: JsonObject) -> int | str:
        """See ``lacking``; what the source has not uploaded may be in the copy or not."""
        ours = self.versions.get(source["id"])
        theirs = [target] if target.get("type") == "file" else self.versions.get(target["id"])
        if ours is None or theirs is None:
            return "the order of the versions cannot be told"
        return 0 if lacking(ours, theirs) == 0 else lacking(uploaded(ours), theirs)

    def settle(self, source: JsonObject, target: JsonObject) -> None:
        """Decide what becomes of a source with this counterpart."""
        left = self._lacks(source, target)
        self.reserve({str(target["id"])})
        self.folder.counterparts.append(target)
        if left == 0:
            self.folder.there["version_stacks"] += 1
        elif isinstance(left, int) or not is_settled(target, self.now, self.policy):
            self.folder.newer.append((str(source["id"]), str(target["id"])))
        else:
            self.folder.refuse("version_stack", source, differs(target, left))

    def _still(self, targets: Sequence[JsonObject]) -> list[JsonObject]:
        free = {one["id"] for one in (*self.stacks, *self.files)}
        return [one for one in targets if one["id"] in free]
