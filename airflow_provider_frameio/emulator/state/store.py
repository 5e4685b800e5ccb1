"""The emulator's memory: every lookup by id or by folder is indexed, every id comes from one seeded generator."""

from __future__ import annotations

import itertools
import random
import re
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from airflow_provider_frameio.emulator.state.assets import (
    KIND_WORDS,
    Account,
    Asset,
    Container,
    File,
    Folder,
    Project,
    User,
    VersionStack,
)
from airflow_provider_frameio.emulator.state.metadata import MetadataField
from airflow_provider_frameio.emulator.wire.answers import forbidden, invalid, not_found


def source_of_ids(random_seed: int, purpose: str) -> Callable[[], str]:
    """Gives another UUID at each call.

    :param purpose: sources with different purposes give different ids, whatever the order in which they are asked.
    """
    source = random.Random(f"{purpose}:{random_seed}")
    return lambda: str(uuid.UUID(int=source.getrandbits(128), version=4))


A = TypeVar("A", bound=Asset)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ADOBE_ID = re.compile(r"adobe:[^|]+(\|[^|]+)?")


class Store:
    """Accounts, users, projects and assets. Not thread-safe: its owner locks."""

    def __init__(self, random_seed: int) -> None:
        self.new_id = source_of_ids(random_seed, "assets")
        self._new_adobe_id = source_of_ids(random_seed, "adobe")
        self._seq = itertools.count(1)
        self.accounts: dict[str, Account] = {}
        self.users: dict[str, User] = {}
        self.projects: dict[str, Project] = {}
        self._assets: dict[str, Asset] = {}
        self._aliases: dict[str, str] = {}

    def new_organization(self) -> str:
        """Adobe's id of a new account."""
        return f"{self._new_adobe_id().replace('-', '').upper()[:24]}@AdobeOrg"

    def new_adobe_id(self) -> str:
        """Adobe's id of something new on its storage."""
        return f"urn:aaid:sc:EU:{self._new_adobe_id()}"

    def new_asset(
        self, project: Project, name: str, parent_id: str | None, creator_id: str, made_at: float
    ) -> dict[str, Any]:
        """What a new asset has in common with every other; it has an ``adobe_id`` on Adobe storage."""
        stored_there = project.adobe_id is not None and project.adobe_ids
        return {
            "id": self.new_id(),
            "adobe_id": self.new_adobe_id() if stored_there else None,
            "name": name,
            "project_id": project.id,
            "parent_id": parent_id,
            "creator_id": creator_id,
            "created_at": made_at,
            "updated_at": made_at,
        }

    def own_id(self, given: str) -> str:
        """The own id of what is called by its own id, in whatever case, or by an alias."""
        return self._aliases.get(given, given.lower() if UUID.fullmatch(given) else given)

    def add_account(self, account: Account) -> None:
        """Take a new account in."""
        self.accounts[account.id] = account
        self._aliases[f"adobe:{account.adobe_id}"] = account.id

    def add_project(self, project: Project) -> None:
        """Take a new project in."""
        self.projects[project.id] = project
        if project.adobe_id:
            self._aliases[f"adobe:{project.adobe_id}"] = project.id

    def account(self, account_id: str, user: User) -> Account:
        """The account, if ``user`` belongs to it."""
        _check_id(account_id, "/account_id")
        account = self.accounts.get(self.own_id(account_id))
        if account is None:
            raise not_found(f"account {account_id} was not found")
        if user.id not in account.user_ids:
            raise forbidden(f"you do not have access to account {account_id}")
        return account

    def project(self, project_id: str, account: Account) -> Project:
        """The project, if it belongs to ``account``."""
        _check_id(project_id, "/project_id")
        project = self.projects.get(self.own_id(project_id))
        if project is None or project.account_id != account.id:
            raise not_found(f"project {project_id} was not found")
        return project

    def find(self, asset_id: str, kind: type[A], account: Account, now: float, pointer: str) -> A:
        """The asset of ``account`` with this id, which must be of ``kind``."""
        asset = self.find_any(asset_id, account, now, pointer)
        if not isinstance(asset, kind):
            raise invalid(f"{asset_id} is not a {KIND_WORDS[kind]}", pointer)
        return asset

    def find_any(self, asset_id: str, account: Account, now: float, pointer: str) -> Asset:
        """The asset of ``account`` with this id, of whatever kind."""
        _check_id(asset_id, pointer)
        asset = self._assets.get(self.own_id(asset_id))
        if asset is None or self.projects[asset.project_id].account_id != account.id or not _is_there(asset, now):
            raise not_found(f"asset {asset_id} was not found")
        return asset

    def any_asset(self, asset_id: str) -> Asset | None:
        """The asset with this id, whoever it belongs to."""
        return self._assets.get(self.own_id(asset_id))

    def folder(self, folder_id: str) -> Folder:
        """The folder with this id.

        :raises ValueError: there is none.
        """
        folder = self._assets.get(self.own_id(folder_id))
        if not isinstance(folder, Folder):
            raise ValueError(f"no folder has the id {folder_id!r}")
        return folder

    def project_of(self, asset: Asset) -> Project:
        """The project that holds ``asset``."""
        return self.projects[asset.project_id]

    def fields_of(self, asset: Asset) -> dict[str, MetadataField]:
        """The metadata fields of the account that holds ``asset``, by id."""
        return self.accounts[self.project_of(asset).account_id].fields

    def children(self, parent: Container) -> list[Asset]:
        """Everything in ``parent``, in the order of its arrival."""
        return [self._assets[asset_id] for asset_id in parent.children]

    def versions(self, stack: VersionStack) -> list[File]:
        """Every version of ``stack``, oldest first, with those that are yet to appear."""
        return [asset for asset in self.children(stack) if isinstance(asset, File)]

    def versions_now(self, stack: VersionStack, now: float) -> list[File]:
        """The versions of ``stack`` that clients can see, oldest first."""
        return [version for version in self.versions(stack) if version.appears_at <= now]

    def head_version(self, stack: VersionStack, now: float) -> File | None:
        """The newest version that clients can see."""
        return next(reversed(self.versions_now(stack, now)), None)

    def add(self, asset: Asset, parent: Container | None) -> None:
        """Take a new asset in, under ``parent``."""
        self._assets[asset.id] = asset
        self._aliases.update(dict.fromkeys(asset.aliases, asset.id))
        if isinstance(asset, File):
            self.project_of(asset).storage += asset.file_size
        if parent is not None:
            self._attach(asset, parent)

    def move(self, asset: Asset, parent: Container) -> None:
        """Put an asset under another parent, where it becomes the newest."""
        if asset.parent_id == parent.id:
            _remove(asset, parent)
        else:
            self._detach(asset)
        self._attach(asset, parent)
        self._rehome(asset, parent.project_id)

    def delete(self, file: File) -> None:
        """Forget a file, and its stack if that was the last version."""
        self._detach(file)
        self.project_of(file).storage -= file.file_size
        self._forget(file)

    def delete_folder(self, folder: Folder) -> None:
        """Forget a folder and all below it."""
        for child in self.children(folder):
            if isinstance(child, Folder):
                self.delete_folder(child)
            elif isinstance(child, VersionStack):
                for version in self.versions(child):
                    self.delete(version)
            elif isinstance(child, File):
                self.delete(child)
        self._detach(folder)
        self._forget(folder)

    def has_name(self, folder_id: str | None, name: str) -> bool:
        """Whether something in this folder has this name; never in a stack."""
        parent = self._assets.get(folder_id or "")
        return isinstance(parent, Folder) and parent.names[name] > 0

    def rename(self, asset: Asset, name: str) -> None:
        """Give an asset another name."""
        parent = self._assets.get(asset.parent_id or "")
        if isinstance(parent, Container):
            parent.names[asset.name] -= 1
            parent.names[name] += 1
        asset.name = name

    def _forget(self, asset: Asset) -> None:
        del self._assets[asset.id]
        for alias in asset.aliases:
            del self._aliases[alias]

    def _attach(self, asset: Asset, parent: Container) -> None:
        asset.parent_id = parent.id
        asset.seq = next(self._seq)
        parent.children[asset.id] = None
        parent.names[asset.name] += 1

    def _detach(self, asset: Asset) -> None:
        parent = self._assets.get(asset.parent_id or "")
        if isinstance(parent, Container):
            _remove(asset, parent)
        if isinstance(parent, VersionStack) and not parent.children:
            self._detach(parent)
            self._forget(parent)

    def _rehome(self, asset: Asset, project_id: str) -> None:
        for moved in [asset, *(self.versions(asset) if isinstance(asset, VersionStack) else ())]:
            self.projects[moved.project_id].storage -= moved.size
            self.projects[project_id].storage += moved.size
            moved.project_id = project_id


def _remove(asset: Asset, parent: Container) -> None:
    del parent.children[asset.id]
    parent.names[asset.name] -= 1


def _check_id(value: str, pointer: str) -> None:
    if not UUID.fullmatch(value) and not ADOBE_ID.fullmatch(value):
        raise invalid(f"{value!r} is not an id", pointer)


def _is_there(asset: Asset, now: float) -> bool:
    return not isinstance(asset, File) or asset.appears_at <= now
