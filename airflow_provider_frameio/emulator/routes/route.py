"""What an endpoint is: a value that names it, says how it is reached and limited, and holds its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.state.assets import Account, Asset, File, Folder, Project, User
from airflow_provider_frameio.emulator.state.changes import Changes
from airflow_provider_frameio.emulator.state.records import Records
from airflow_provider_frameio.emulator.state.store import A, Store
from airflow_provider_frameio.emulator.wire.answers import Answer, invalid, json_answer
from airflow_provider_frameio.emulator.wire.parameters import Parameter, optional_data, text_field

PER_MINUTE = 60.0


@dataclass(frozen=True)
class Call:
    """One request to one endpoint, carried out at ``now``.

    :ivar ids: the ids in the path.
    :ivar query: the parameters given, already read.
    :ivar body: the JSON body, or None.
    """

    store: Store
    settings: Settings
    user: User
    now: float
    base_url: str
    path: str
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any

    @property
    def account(self) -> Account:
        """The account in the path, if the user belongs to it."""
        return self.store.account(self.ids["account_id"], self.user)

    @property
    def changes(self) -> Changes:
        """Changes by this user at this moment."""
        return Changes(self.store, self.settings, self.user, self.now)

    @property
    def records(self) -> Records:
        """Records as they stand at this moment."""
        return Records(self.store, self.settings, self.base_url, self.now)

    @property
    def include(self) -> frozenset[str]:
        """What the records shall include."""
        included: frozenset[str] = self.query.get("include", frozenset())
        return included

    def asset(self, kind: type[A], name: str) -> A:
        """The asset whose id stands in the path under ``name``."""
        return self.find(kind, self.ids[name], f"/{name}")

    def find(self, kind: type[A], asset_id: str, pointer: str) -> A:
        """The asset with this id, which must be of ``kind``."""
        return self.store.find(asset_id, kind, self.account, self.now, pointer)

    def find_files(self, file_ids: Sequence[str]) -> list[File]:
        """The files of a body's ``file_ids``, no two of which may be one."""
        files = [self.find(File, file_id, f"/data/file_ids/{n}") for n, file_id in enumerate(file_ids)]
        if len({file.id for file in files}) < len(files):
            raise invalid("has items that are not unique", "/data/file_ids")
        return files

    def project(self) -> Project:
        """The project whose id stands in the path."""
        return self.store.project(self.ids["project_id"], self.account)


@dataclass(frozen=True)
class Route:
    """An endpoint.

    :ivar path: below ``/v4``; ``{words}`` stand for ids.
    """

    method: str
    path: str
    limit: Limit
    handler: Callable[[Call], Answer]
    query: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation, as in Frame.io's reference, in snake case."""
        return self.handler.__name__

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The ids in ``path``, if this endpoint is asked for."""
        given, known = path.split("/"), f"/v4{self.path}".split("/")
        if method != self.method or len(given) != len(known):
            return None
        pairs = [(unquote(part), name) for part, name in zip(given, known, strict=True)]
        if any(part != name for part, name in pairs if not name.startswith("{")):
            return None
        return {name.strip("{}"): part for part, name in pairs if name.startswith("{")}


def ok(data: Any, status: int = 200, **rest: Any) -> Answer:
    """A success with ``data`` and what stands beside it."""
    return json_answer(status, {"data": data, **rest})


def copy_target(call: Call, source: Asset) -> Folder:
    """The folder that a copy shall go into: the body's ``parent_id``, or else the source's own."""
    given = optional_data(call.body, {"parent_id": text_field})
    return call.find(Folder, given.get("parent_id") or source.parent_id or "", "/data/parent_id")
