"""Fills the emulator: accounts, users, projects, folders, files and version stacks that nobody had to upload."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_frameio.emulator.ims import FOR_USERS, LEGACY_PREFIX, Client
from airflow_provider_frameio.emulator.service import Service
from airflow_provider_frameio.emulator.state.assets import (
    NEVER,
    Account,
    Asset,
    File,
    Folder,
    Project,
    User,
    VersionStack,
)
from airflow_provider_frameio.emulator.state.changes import split_name
from airflow_provider_frameio.emulator.state.metadata import FIELD_TYPES, MetadataField
from airflow_provider_frameio.emulator.state.records import Json, Records
from airflow_provider_frameio.emulator.state.store import source_of_ids

DEFAULT_FILE_SIZE = 48_000_000
STATUSES = ("created", "uploaded", "transcoded")


class Seeder:
    """Makes things as if they had always been there: listed at once, and costing no call."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._new_field_id = source_of_ids(0, "metadata fields")
        with service.settled() as now:
            account = self._account("Emulated Studio", now)
            self.user = self.seed_user("Ada Editor", email="ada@studio.example", account_id=account.id)
        self.account_id = account.id

    def seed_account(self, name: str) -> Json:
        """A further account, to which the default user belongs as well."""
        with self._service.settled() as now:
            account = self._account(name, now)
            account.user_ids.add(self.user["id"])
            return self._records(now).account(account)

    def seed_user(self, name: str, *, email: str | None = None, account_id: str | None = None) -> Json:
        """A further user of an account, with budgets of its own.

        :param email: made from the name by default.
        :param account_id: the default account if None.
        :return: its profile, ``token``, ``legacy_token``, ``client_id`` and ``client_secret``; those of an OAuth Web
            App, ``web_app_client_id`` and ``web_app_client_secret``; ``public_client_id`` of one without a secret.
        """
        store, ims = self._service.store, self._service.ims
        with self._service.settled():
            account = self._known_account(account_id or self.account_id)
            user = User(store.new_id(), name, email or f"{name.lower().replace(' ', '.')}@studio.example")
            store.users[user.id] = user
            account.user_ids.add(user.id)
            client = Client(_digest("id", store.new_id()), f"p8e-{_digest('secret', store.new_id())}", user.id)
            web_secret = f"p8e-{_digest('web app secret', user.id)}"
            web_app = Client(_digest("web app", user.id), web_secret, user.id, FOR_USERS)
            public = Client(_digest("public", user.id), "", user.id, FOR_USERS)
            for each in (client, web_app, public):
                ims.add_client(each)
            secrets = {"token": f"static-{store.new_id()}", "legacy_token": f"{LEGACY_PREFIX}u-{store.new_id()}"}
            for value in secrets.values():
                ims.add_token(value, user.id)
            return {
                **self._records(0.0).profile(user),
                **secrets,
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "web_app_client_id": web_app.client_id,
                "web_app_client_secret": web_app.client_secret,
                "public_client_id": public.client_id,
            }

    def seed_project(
        self, name: str = "Project", *, adobe: bool = False, adobe_ids: bool = True, account_id: str | None = None
    ) -> Json:
        """A project with its empty root folder.

        :param adobe: on Adobe storage, where stacks cannot be copied.
        :param adobe_ids: whether its assets have ids of Adobe's, too; else only the project does.
        """
        with self._service.settled() as now:
            store = self._service.store
            account = self._known_account(account_id or self.account_id)
            adobe_id = store.new_adobe_id() if adobe else None
            project = Project(
                id=store.new_id(),
                name=name,
                account_id=account.id,
                workspace_id=store.new_id(),
                owner_id=self.user["id"],
                created_at=now,
                adobe_id=adobe_id,
                adobe_ids=adobe_ids,
            )
            store.add_project(project)
            root = Folder(**store.new_asset(project, "root", None, self.user["id"], now))
            project.root_folder_id = root.id
            store.add(root, None)
            return self._records(now).project(project)

    def seed_metadata_field(
        self,
        name: str,
        type: str = "text",
        *,
        options: Sequence[str] = (),
        mutable: bool = True,
        account_id: str | None = None,
    ) -> Json:
        """A metadata field of an account. Fields that files are seeded with, and that nobody made, are of type text.

        :param options: names, of a field of type ``select`` or ``select_multi``.
        :param mutable: False: only Frame.io sets it.
        """
        if type not in FIELD_TYPES:
            raise ValueError(f"type={type!r}: give one of {', '.join(FIELD_TYPES)}")
        with self._service.settled() as now:
            account = self._known_account(account_id or self.account_id)
            return self._field(account, name, now, type, mutable, options).definition()

    def set_metadata(self, asset_id: str, metadata: Mapping[str, Any]) -> None:
        """What a reviewer does: set values of a file, or of a version stack's newest version.

        :param metadata: field's name → value, options by name, users by id; None takes the value away.
        """
        with self._service.settled() as now:
            asset = self._service.store.any_asset(asset_id)
            file = self._service.store.head_version(asset, now) if isinstance(asset, VersionStack) else asset
            if not isinstance(file, File):
                raise ValueError(f"no file has the id {asset_id!r}")
            file.metadata.update(self._metadata(file, metadata, now))
            for field_id in [field_id for field_id, value in file.metadata.items() if value is None]:
                del file.metadata[field_id]

    def seed_folder(self, parent_id: str, name: str) -> Json:
        """A folder in a folder."""
        with self._service.settled() as now:
            parent = self._service.store.folder(parent_id)
            folder = Folder(**self._asset(name, parent, now))
            self._service.store.add(folder, parent)
            return self._records(now).asset(folder)

    def seed_file(self, parent_id: str, name: str, **properties: Any) -> Json:
        """A loose file in a folder.

        :param properties: ``status`` ("transcoded"), ``file_size`` (bytes), ``media_type`` ("video/mp4"),
            ``comments`` (a number of public ones, or ``{"internal": n, "public": n}``), ``metadata`` (as for
            ``set_metadata``), ``age`` (seconds, 0).
        """
        with self._service.settled() as now:
            parent = self._service.store.folder(parent_id)
            file = self._file(name, parent, now, **properties)
            self._service.store.add(file, parent)
            return self._records(now).asset(file)

    def seed_version_stack(
        self,
        parent_id: str,
        name: str,
        versions: int | Sequence[Mapping[str, Any]] = 3,
        *,
        status: str = "transcoded",
        never_transcodes: bool = False,
        age: float = 0.0,
    ) -> Json:
        """A version stack in a folder.

        :param versions: how many, or the properties of each as for ``seed_file``, oldest first, with or without
            a ``name``.
        :param status: of versions that do not say theirs.
        :param never_transcodes: leaves versions, and so their copies, at ``uploaded`` for ever.
        :param age: emulated seconds since the stack was made.
        """
        with self._service.settled() as now:
            described = [{}] * versions if isinstance(versions, int) else list(versions)
            if not described:
                raise ValueError("a version stack has at least one version")
            parent = self._service.store.folder(parent_id)
            stack = VersionStack(**self._asset(name, parent, now - age))
            stem, extension = split_name(name)
            common = {"age": age, "status": "uploaded" if never_transcodes and status == "transcoded" else status}
            files = [
                self._file(**{"name": f"{stem} v{number}{extension}", **common, **given}, parent=stack, now=now)
                for number, given in enumerate(described, 1)
            ]
            self._service.store.add(stack, parent)
            for file in files:
                self._service.store.add(file, stack)
            return self._records(now).asset(stack)

    def _account(self, name: str, now: float) -> Account:
        store = self._service.store
        account = Account(store.new_id(), name, store.new_organization(), now)
        store.add_account(account)
        return account

    def _known_account(self, account_id: str) -> Account:
        if account_id not in self._service.store.accounts:
            raise ValueError(f"no account has the id {account_id!r}")
        return self._service.store.accounts[account_id]

    def _asset(self, name: str, parent: Asset, now: float) -> dict[str, Any]:
        store = self._service.store
        return store.new_asset(store.project_of(parent), name, parent.id, self.user["id"], now)

    def _file(
        self,
        name: str,
        parent: Asset,
        now: float,
        *,
        status: str = "transcoded",
        file_size: int = DEFAULT_FILE_SIZE,
        media_type: str | None = "video/mp4",
        comments: int | Mapping[str, int] = 0,
        metadata: Mapping[str, Any] | None = None,
        age: float = 0.0,
    ) -> File:
        if status not in STATUSES:
            raise ValueError(f"status={status!r}: give one of {', '.join(STATUSES)}")
        made_at = now - age
        identity = self._asset(name, parent, made_at)
        return File(
            **identity,
            adobe_version_id=identity["adobe_id"] and "1",
            file_size=file_size,
            media_type=media_type,
            appears_at=made_at,
            uploaded_at=NEVER if status == "created" else made_at,
            transcoded_at=made_at if status == "transcoded" else NEVER,
            comments={"public": comments} if isinstance(comments, int) else dict(comments),
            metadata=self._metadata(parent, metadata or {}, now),
        )

    def _metadata(self, asset: Asset, metadata: Mapping[str, Any], now: float) -> dict[str, Any]:
        account = self._service.store.accounts[self._service.store.project_of(asset).account_id]
        named = {field.name: field for field in account.fields.values()}
        fields = {name: named.get(name) or self._field(account, name, now) for name in metadata}
        return {
            fields[name].id: None if value is None else fields[name].from_plain(value)
            for name, value in metadata.items()
        }

    def _field(
        self,
        account: Account,
        name: str,
        now: float,
        kind: str = "text",
        mutable: bool = True,
        options: Sequence[str] = (),
    ) -> MetadataField:
        known = {self._new_field_id(): option for option in options}
        field = MetadataField(self._new_field_id(), name, kind, self.user["id"], now, mutable, known)
        account.fields[field.id] = field
        return field

    def _records(self, now: float) -> Records:
        return Records(self._service.store, self._service.settings, self._service.base_url, now)


def _digest(purpose: str, value: str) -> str:
    return hashlib.sha256(f"{purpose}:{value}".encode()).hexdigest()[:32]


CUTS: tuple[tuple[str, int, str], ...] = (
    ("Spring Hero 60s.mov", 5, "video/quicktime"),
    ("Spring Hero 30s.mov", 4, "video/quicktime"),
    ("Spring Hero 15s vertical.mp4", 3, "video/mp4"),
    ("Épisode 3 – Montage final.mov", 4, "video/quicktime"),
    ("予告編_v2.mp4", 3, "video/mp4"),
    ("Grade LUT comparison.mp4", 2, "video/mp4"),
    ("VFX_sh010_comp.mov", 5, "video/quicktime"),
    ("VFX_sh020_comp.mov", 3, "video/quicktime"),
    ("Making-of Übersicht.mp4", 2, "video/mp4"),
    ("Radio edit 20s.wav", 3, "audio/wav"),
    ("Key visual.psd", 4, "image/vnd.adobe.photoshop"),
    ("Storyboard & script.pdf", 2, "application/pdf"),
)
DAY = 86_400.0
NEVER_TRANSCODED = frozenset({"image/vnd.adobe.photoshop", "application/pdf"})


def seed_demo(seeder: Seeder) -> dict[str, Any]:
    """Seed the demo.

    :return: ``projects`` (name → id), ``folders`` (source, target, adobe_source, adobe_target) and
        ``version_stacks`` (ids of those in the source folder).
    """
    project = seeder.seed_project("Spring Campaign")
    seeder.seed_metadata_field("Status", "select", options=["In Progress", "Needs Review", "Approved"])
    seeder.seed_metadata_field("Delivered", "toggle")
    source = seeder.seed_folder(project["root_folder_id"], "Cuts")
    target = seeder.seed_folder(project["root_folder_id"], "Client Review")
    stacks = [_seed_cut(seeder, source["id"], number, *cut) for number, cut in enumerate(CUTS)]

    adobe_project = seeder.seed_project("Spring Campaign on Adobe storage", adobe=True)
    adobe_source = seeder.seed_folder(adobe_project["root_folder_id"], "Cuts")
    adobe_target = seeder.seed_folder(adobe_project["root_folder_id"], "Client Review")
    adobe_stacks = [_seed_cut(seeder, adobe_source["id"], number, *cut) for number, cut in enumerate(CUTS[:4])]
    return {
        "projects": {made["name"]: made["id"] for made in (project, adobe_project)},
        "folders": {
            "source": source["id"],
            "target": target["id"],
            "adobe_source": adobe_source["id"],
            "adobe_target": adobe_target["id"],
        },
        "version_stacks": stacks,
        "adobe_version_stacks": adobe_stacks,
    }


def _seed_cut(seeder: Seeder, folder_id: str, number: int, name: str, count: int, media_type: str) -> str:
    version: dict[str, Any] = {
        "media_type": media_type,
        "metadata": {"Campaign": "Spring", "Cut": name},
        "comments": {"internal": number % 3, "public": number % 4},
    }
    versions = [
        {**version, "file_size": (number + 1) * 20_000_000 + nth * 1_234_567, "age": (count - nth) * DAY - number * 600}
        for nth in range(count)
    ]
    versions[-1]["metadata"] = {**version["metadata"], "Status": "Approved" if number % 3 == 0 else "Needs Review"}
    never = media_type in NEVER_TRANSCODED
    stack = seeder.seed_version_stack(folder_id, name, versions, never_transcodes=never, age=count * DAY - number * 600)
    return str(stack["id"])


def seed_minimum(seeder: Seeder) -> dict[str, Any]:
    """Seed one empty project, and describe it as ``seed_demo`` does."""
    project = seeder.seed_project("Empty project")
    return {
        "projects": {project["name"]: project["id"]},
        "folders": {},
        "version_stacks": [],
        "adobe_version_stacks": [],
    }
