"""The JSON shapes of the API, and a folder's tree: how the store's things look to a client and to a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_frameio.emulator.clock import iso
from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.state.assets import (
    KIND_WORDS,
    Account,
    Asset,
    File,
    Folder,
    Project,
    User,
    VersionStack,
)
from airflow_provider_frameio.emulator.state.store import Store

Json = dict[str, Any]
MEDIA_LINKS: Mapping[str, tuple[str, ...]] = {
    "original": ("download_url", "inline_url"),
    "thumbnail": ("url", "download_url"),
    "thumbnail_high_quality": ("url", "download_url"),
    "video_h264_180": ("url", "download_url"),
    "high_quality": ("download_url",),
    "efficient": ("download_url",),
    "scrub_sheet": ("url", "download_url"),
}
ASSET_INCLUDES = frozenset({"creator", "project", "metadata"})
FILE_INCLUDES = ASSET_INCLUDES | {f"media_links.{name}" for name in MEDIA_LINKS}
PROJECT_INCLUDES = frozenset({"owner"})


@dataclass(frozen=True)
class Records:
    """Writes records as they stand at ``now``."""

    store: Store
    settings: Settings
    base_url: str
    now: float

    def asset(self, asset: Asset, include: Collection[str] = ()) -> Json:
        """A file, a folder or a version stack."""
        record = self._common(asset) | self._included(asset, include)
        if isinstance(asset, File):
            return record | self._file(asset) | self._media_links(asset, include)
        if isinstance(asset, VersionStack):
            head = self.store.head_version(asset, self.now)
            return record | {"head_version": None if head is None else self.asset(head, include)}
        return record | {"cover_file_id": None, "restricted": False}

    def project(self, project: Project, include: Collection[str] = ()) -> Json:
        """A project."""
        record = {
            "id": project.id,
            "name": project.name,
            "description": None,
            "status": "active",
            "restricted": False,
            "storage": project.storage,
            "workspace_id": project.workspace_id,
            "root_folder_id": project.root_folder_id,
            "adobe_id": project.adobe_id,
            "created_at": iso(project.created_at),
            "updated_at": iso(project.created_at),
            "view_url": f"{self.base_url}/project/{project.id}",
        }
        return record | ({"owner": self.user(self.store.users[project.owner_id])} if "owner" in include else {})

    def account(self, account: Account) -> Json:
        """An account."""
        return {
            "id": account.id,
            "display_name": account.name,
            "roles": ["admin"],
            "image": None,
            "adobe_id": account.adobe_id,
            "storage_limit": None,
            "storage_usage": sum(p.storage for p in self.store.projects.values() if p.account_id == account.id),
            "created_at": iso(account.created_at),
            "updated_at": iso(account.created_at),
            "v4_migrated_at": None,
        }

    def profile(self, user: User) -> Json:
        """What a user sees of itself."""
        return {"id": user.id, "name": user.name, "email": user.email, "avatar_url": None}

    def user(self, user: User) -> Json:
        """What others see of a user."""
        return self.profile(user) | {"active": True, "adobe_user_id": None}

    def _common(self, asset: Asset) -> Json:
        return {
            "id": asset.id,
            "type": KIND_WORDS[type(asset)],
            "name": asset.name,
            "parent_id": asset.parent_id,
            "project_id": asset.project_id,
            "adobe_id": asset.adobe_id,
            "created_at": iso(asset.created_at),
            "updated_at": iso(asset.updated_at),
            "view_url": f"{self.base_url}/project/{asset.project_id}/view/{asset.id}",
        }

    def _file(self, file: File) -> Json:
        status = file.status(self.now)
        hidden = self.settings.null_media_type and status == "created"
        return {
            "status": status,
            "file_size": file.file_size,
            "media_type": None if hidden else file.media_type,
            "adobe_version_id": file.adobe_version_id,
        }

    def _included(self, asset: Asset, include: Collection[str]) -> Json:
        record: Json = {}
        if "creator" in include:
            record["creator"] = self.user(self.store.users[asset.creator_id])
        if "project" in include:
            record["project"] = self.project(self.store.project_of(asset))
        if "metadata" in include:
            fields = self.store.fields_of(asset)
            record["metadata"] = [fields[field_id].entry(value) for field_id, value in self._metadata(asset).items()]
        return record

    def _metadata(self, asset: Asset) -> Mapping[str, Any]:
        shown = self.store.head_version(asset, self.now) if isinstance(asset, VersionStack) else asset
        in_stack = isinstance(self.store.any_asset(asset.parent_id or ""), VersionStack)
        hidden = {"both": False, "stack": in_stack, "head": isinstance(asset, VersionStack)}
        return shown.metadata if isinstance(shown, File) and not hidden[self.settings.metadata_shown] else {}

    def _media_links(self, file: File, include: Collection[str]) -> Json:
        links: Json = {}
        for name, addresses in MEDIA_LINKS.items():
            if f"media_links.{name}" in include:
                there_at = file.uploaded_at if name == "original" else file.transcoded_at
                url = f"{self.base_url}/media/{file.id}/{name}" if self.now >= there_at else None
                links[name] = dict.fromkeys(addresses, url)
        return {"media_links": links} if links else {}


def tree(store: Store, asset: Asset, now: float, depth: int = 0) -> Iterator[dict[str, Any]]:
    """``asset`` and all below it, versions oldest first; list lag does not hide anything here.

    Each entry has depth, type, id and name; files also status, file_size, comments and metadata.
    """
    entry: dict[str, Any] = {"depth": depth, "type": KIND_WORDS[type(asset)], "id": asset.id, "name": asset.name}
    if isinstance(asset, File):
        entry |= {"status": asset.status(now), "file_size": asset.file_size}
        fields = store.fields_of(asset)
        metadata = {fields[field_id].name: fields[field_id].plain(value) for field_id, value in asset.metadata.items()}
        entry |= {"comments": sum(asset.comments.values()), "metadata": metadata}
    yield entry
    for child in _below(store, asset, now):
        yield from tree(store, child, now, depth + 1)


def as_text(entries: Iterable[Mapping[str, Any]]) -> str:
    """The entries of a tree, one a line."""
    lines = (f"{'  ' * entry['depth']}{entry['name']} ({entry.get('status', entry['type'])})" for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def _below(store: Store, asset: Asset, now: float) -> list[Asset]:
    if isinstance(asset, Folder):
        return store.children(asset)
    return [*store.versions_now(asset, now)] if isinstance(asset, VersionStack) else []
