"""What the writing endpoints do to the store. Time is given; what takes time is written down, never waited for."""

from __future__ import annotations

import itertools
import os.path
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.state.assets import Asset, File, Folder, User, VersionStack
from airflow_provider_frameio.emulator.state.store import Store
from airflow_provider_frameio.emulator.wire.answers import Problem

Made = TypeVar("Made", Folder, VersionStack)
COMMENT_KINDS = {"none": (), "internal": ("internal",), "public": ("public",), "all": ("internal", "public")}


@dataclass(frozen=True)
class Changes:
    """Changes made by ``user`` at ``now``."""

    store: Store
    settings: Settings
    user: User
    now: float

    def copy_stack(self, source: VersionStack, target: Folder, *, copy_metadata: bool) -> VersionStack:
        """A new stack, whose versions appear and advance with time."""
        self._refuse_adobe(source, target)
        name = name_of_copy(source.name, source.parent_id, target, self.settings.name_clash)
        stack = self.create(VersionStack, name, target)
        versions = self.store.versions(source)
        gap = self.settings.copy_children_seconds / max(1, len(versions) - 1)
        first = self.now + self.settings.copy_first_child_seconds
        for position, version in enumerate(versions):
            copy = self._file_copy(version, version.name, stack, first + position * gap, copy_metadata=copy_metadata)
            self.store.add(copy, stack)
        return stack

    def copy_file(self, source: File, target: Folder, *, copy_metadata: bool, copy_comments: str) -> File:
        """A new file, there at once, whose status advances with time."""
        name = name_of_copy(source.name, source.parent_id, target, self.settings.name_clash)
        copy = self._file_copy(source, name, target, self.now, copy_metadata=copy_metadata)
        copy.comments = {kind: source.comments.get(kind, 0) for kind in COMMENT_KINDS[copy_comments]}
        self.store.add(copy, target)
        return copy

    def create(self, kind: type[Made], name: str, folder: Folder) -> Made:
        """A new folder or version stack, which is empty."""
        made = kind(**self._new(name, folder, self.now))
        self.store.add(made, folder)
        return made

    def create_stack(self, folder: Folder, files: list[File]) -> VersionStack:
        """A stack of files of ``folder``, oldest first, named like the newest."""
        stack = self.create(VersionStack, files[-1].name, folder)
        for file in files:
            self.move(file, stack)
        return stack

    def move(self, asset: File | VersionStack, parent: Folder | VersionStack) -> None:
        """Put an asset under another parent; in a stack it becomes the newest version."""
        self.store.move(asset, parent)
        asset.updated_at = parent.updated_at = self.now
        asset.listed_at = self._listed_at()

    def rename(self, file: File, name: str) -> None:
        """Give a file another name. In a folder it must be free, in a stack it need not."""
        status = self.settings.taken_name_status
        if status is not None and name != file.name and self.store.has_name(file.parent_id, name):
            raise Problem(status, "Name taken", f"the folder already holds something named {name!r}")
        self.store.rename(file, name)
        file.updated_at = self.now

    def _listed_at(self) -> float:
        return self.now + self.settings.list_lag

    def _refuse_adobe(self, *assets: Asset) -> None:
        if any(self.store.project_of(asset).adobe_id for asset in assets):
            status = self.settings.adobe_copy_refusal_status
            raise Problem(status, "Not supported", "version stacks cannot be copied in projects on Adobe storage")

    def _new(self, name: str, parent: Folder | VersionStack, made_at: float) -> dict[str, Any]:
        new = self.store.new_asset(self.store.project_of(parent), name, parent.id, self.user.id, made_at)
        return new | {"listed_at": self._listed_at()}

    def _file_copy(
        self, source: File, name: str, parent: Folder | VersionStack, appears_at: float, *, copy_metadata: bool
    ) -> File:
        new = self._new(name, parent, appears_at)
        uploaded_at = max(source.uploaded_at, appears_at + self.settings.copy_upload_seconds)
        return File(
            **new,
            adobe_version_id=new["adobe_id"] and "1",
            file_size=source.file_size,
            media_type=source.media_type,
            appears_at=appears_at,
            uploaded_at=uploaded_at,
            transcoded_at=max(source.transcoded_at, uploaded_at + self.settings.copy_transcode_seconds),
            metadata=dict(source.metadata) if copy_metadata else {},
        )


def name_of_copy(name: str, source_parent_id: str | None, target: Folder, name_clash: str) -> str:
    """Name for a copy of an asset called ``name`` in ``target``.

    :param name_clash: ``where_taken`` (a sibling has the name), ``same_folder`` (the copy lands beside its source),
        ``always`` or ``never``.
    """
    numbered = {
        "where_taken": target.names[name] > 0,
        "same_folder": source_parent_id == target.id,
        "always": True,
        "never": False,
    }[name_clash]
    if not numbered:
        return name
    stem, extension = split_name(name)
    candidates = (f"{stem} ({number}){extension}" for number in itertools.count(1))
    return next(candidate for candidate in candidates if target.names[candidate] <= 0)


def split_name(name: str) -> tuple[str, str]:
    """A name without its extension, and the extension with its dot."""
    return os.path.splitext(name)
