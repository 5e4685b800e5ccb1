"""Frame.io in virtual time: what it holds, and what each change does to it. Shares nothing with the emulator.

Each thing remembers from which call it came: the judge's knowledge, which no answer shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from tests.model.timeline import Timeline

ROBOT, PERSON = "robot", "person"


@dataclass(frozen=True)
class Traits:
    """How this Frame.io behaves. Times in seconds.

    :ivar skew: its clock minus true time.
    :ivar list_lag: how late something new may be in lists.
    :ivar appear: within which the versions of a copy appear.
    :ivar upload: within which a copied version is uploaded.
    :ivar sizes: of copied files: ``there``, ``late`` or ``never``.
    :ivar naming: whether " (1)" is added: ``same`` (never), ``clash``, ``always``.
    :ivar taken: status of a rename to a name that something else in the folder has.
    :ivar refusal: status of a native copy that touches Adobe storage.
    :ivar bulk_files: whether the newer call that copies many files is there.
    :ivar oldest_first: whether children are listed so.
    """

    skew: float = 0.0
    list_lag: float = 0.0
    appear: float = 0.0
    upload: float = 0.0
    sizes: str = "there"
    naming: str = "clash"
    taken: int = 409
    refusal: int = 422
    bulk_files: bool = True
    oldest_first: bool = False


@dataclass(eq=False)
class Call:
    """The truth about one request that changes something.

    :ivar who: the task, or a person; ``process`` and ``clears`` tell when in the task's life.
    :ivar known: whether its answer reached a process that lived on.
    """

    who: str
    words: str
    at: float
    process: int = 0
    clears: int = 0
    known: bool = False


@dataclass(eq=False)
class Thing:
    """A folder, stack or file.

    :ivar since: when it begins to exist for whoever asks for it by id.
    :ivar listed: from when on lists show it.
    :ivar source: the thing that it is a copy of.
    :ivar held: of a copied stack: the source's versions that it was made from.
    :ivar rank: of a version: its place in its stack.
    :ivar home: where it was made.
    :ivar touched: whether a person renamed or moved it, or put a version into it or took one out.
    """

    id: str
    kind: str
    name: str
    parent: str
    project: str
    creator: str
    created: float
    since: float
    listed: float
    size: int | None = None
    sized: float = 0.0
    uploaded: float = 0.0
    source: Thing | None = None
    call: Call | None = None
    held: tuple[Thing, ...] = ()
    rank: float = 0.0
    gone: float | None = None
    removed_by: Call | None = None
    touched: bool = False
    adobe_id: str | None = None
    home: str = ""


class Refused(Exception):
    """Frame.io does not do it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass
class Frameio:
    """All that one account holds."""

    time: Timeline
    random: Random
    traits: Traits
    things: dict[str, Thing] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    adobe_projects: set[str] = field(default_factory=set)
    deletions: list[tuple[Thing, Call]] = field(default_factory=list)
    history: list[tuple[float, Thing, str, str]] = field(default_factory=list)
    """Which version came into (``in``) or left (``out``) which stack, and when."""

    def add(self, kind: str, name: str, parent: str, **more: object) -> Thing:
        """Something new, that is there at once and listed; ``more`` says otherwise."""
        now = self.time.now
        home = self.things.get(parent)
        fields: dict[str, object] = {
            "id": str(UUID(int=self.random.getrandbits(128), version=4)),
            "project": home.project if home else "",
            "creator": PERSON,
            "created": now,
            "since": now,
            "listed": now,
            "sized": now,
            "uploaded": now,
        }
        thing = Thing(kind=kind, name=name, parent=parent, home=parent, **{**fields, **more})  # type: ignore[arg-type]
        self.things[thing.id] = thing
        if home and home.kind == "stack":
            thing.rank = 1 + max((one.rank for one in self.in_(parent)), default=0.0)
            self.history.append((thing.since, thing, "in", parent))
        return thing

    def find(self, asset_id: str, kind: str) -> Thing:
        """The thing of this id.

        :raises Refused: there is none, or it is of another kind.
        """
        thing = self.things.get(self.aliases.get(asset_id, asset_id))
        if thing is None or thing.gone is not None or thing.since > self.time.now:
            raise Refused(404, f"{kind} not found")
        if thing.kind != kind:
            raise Refused(422, f"{asset_id} is not a {kind}")
        return thing

    def in_(self, parent: str) -> Iterator[Thing]:
        """What is in a folder or stack, listed or not, and not deleted."""
        return (one for one in list(self.things.values()) if one.parent == parent and one.gone is None)

    def versions(self, stack: Thing) -> list[Thing]:
        """The versions that a stack has by now, oldest first."""
        now = self.time.now
        return sorted((one for one in self.in_(stack.id) if one.since <= now), key=lambda one: one.rank)

    def versions_at(self, stack: Thing, moment: float) -> list[Thing]:
        """The versions that a stack had then."""
        held: dict[str, Thing] = {}
        for when, thing, way, where in sorted(self.history, key=lambda entry: entry[0]):
            if when <= moment and where == stack.id:
                if way == "in":
                    held[thing.id] = thing
                else:
                    held.pop(thing.id, None)
        return list(held.values())

    def lag(self, longest: float) -> float:
        """A delay: mostly short, now and then the longest."""
        return longest * self.random.random() ** 2

    def copy_stack(self, call: Call, stack_id: str, folder_id: str | None) -> Thing:
        """Frame.io's own copy: there at once, its versions over time."""
        source = self.find(stack_id, "stack")
        target = self.find(folder_id or source.parent, "folder")
        if {source.project, target.project} & self.adobe_projects:
            raise Refused(self.traits.refusal, "not possible between storage-backed projects")
        held = self.versions(source)
        copy = self._new("stack", self._name(source.name, target), target, call, source=source, held=tuple(held))
        for number, version in enumerate(held):
            appears = self.time.now + self.lag(self.traits.appear)
            self._copied(version, copy, call, appears).rank = float(number)
        return copy

    def copy_file(self, call: Call, file_id: str, folder_id: str | None) -> Thing:
        """A copy of one file, which may be a version of a stack."""
        source = self.find(file_id, "file")
        home = self.things[source.parent]
        target = self.find(folder_id or (home.parent if home.kind == "stack" else home.id), "folder")
        copy = self._copied(source, target, call, self.time.now)
        copy.name = self._name(source.name, target, copy)
        return copy

    def create_stack(self, call: Call, folder_id: str, file_ids: list[str]) -> Thing:
        """A stack of files of this folder."""
        folder = self.find(folder_id, "folder")
        files = [self.find(one, "file") for one in file_ids]
        if any(one.parent != folder.id for one in files):
            raise Refused(422, "all files must be in the folder")
        stack = self._new("stack", files[-1].name, folder, call)
        for number, one in enumerate(files):
            self._put(one, stack, float(number))
        return stack

    def create_folder(self, call: Call, parent: Thing, name: str) -> Thing:
        """A new folder, which may have the name of another one."""
        return self._new("folder", name, parent, call)

    def move(self, call: Call, asset: Thing, parent_id: str) -> Thing:
        """Into another folder; a file also into a stack, where it becomes the newest version, also if it is in it."""
        if asset.gone is not None:
            return asset
        parent = self.things.get(self.aliases.get(parent_id, parent_id))
        if parent is None or parent.gone is not None or (parent.kind == "stack" and asset.kind != "file"):
            raise Refused(404, "parent not found")
        if call.who == PERSON:
            asset.touched = True
        rank = 1 + max((one.rank for one in self.in_(parent.id)), default=0.0) if parent.kind == "stack" else 0.0
        self._put(asset, parent, rank)
        return asset

    def rename(self, call: Call, asset: Thing, name: str) -> Thing:
        """Give another name, which in a folder must be free."""
        home = self.things[asset.parent]
        if call.who != PERSON and home.kind == "folder" and name in {one.name for one in self.in_(home.id)}:
            raise Refused(self.traits.taken, "the name is taken")
        asset.name = name
        asset.touched |= call.who == PERSON
        return asset

    def delete(self, call: Call, asset: Thing) -> None:
        """Away with a file; a stack that has none left goes too."""
        asset.gone, asset.removed_by = self.time.now, call
        self.deletions.append((asset, call))
        home = self.things.get(asset.parent)
        if home and home.kind == "stack":
            self.history.append((self.time.now, asset, "out", home.id))
            if call.who == PERSON:
                home.touched = True
            if not any(self.in_(home.id)):
                home.gone, home.removed_by = self.time.now, call

    def _new(self, kind: str, name: str, parent: Thing, call: Call, **more: object) -> Thing:
        creator = PERSON if call.who == PERSON else ROBOT
        listed = self.time.now + self.lag(self.traits.list_lag)
        return self.add(kind, name, parent.id, call=call, creator=creator, listed=listed, **more)

    def _copied(self, version: Thing, parent: Thing, call: Call, since: float) -> Thing:
        empty = version.uploaded > self.time.now  # and so is the copy, whatever becomes of the upload
        uploaded = float("inf") if empty else since + self.lag(self.traits.upload)
        lag = 0.0 if parent.kind == "stack" else self.lag(self.traits.list_lag)
        late = {"there": since, "late": uploaded + self.lag(60.0), "never": float("inf")}
        return self.add(
            "file",
            version.name,
            parent.id,
            call=call,
            creator=PERSON if call.who == PERSON else ROBOT,
            since=since,
            listed=since + lag,
            size=version.size,
            sized=late[self.traits.sizes],
            uploaded=uploaded,
            source=version,
        )

    def _put(self, asset: Thing, parent: Thing, rank: float) -> None:
        self.history.append((self.time.now, asset, "out", asset.parent))
        asset.parent, asset.rank, asset.project = parent.id, rank, parent.project
        self.history.append((self.time.now, asset, "in", parent.id))

    def _name(self, name: str, folder: Thing, but: Thing | None = None) -> str:
        if self.traits.naming == "always":
            return _numbered(name, 1)
        taken = {one.name for one in self.in_(folder.id) if one is not but}
        if self.traits.naming == "same" or name not in taken:
            return name
        return next(new for number in range(1, 1000) if (new := _numbered(name, number)) not in taken)


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}).{ending}" if dot else f"{name} ({number})"
