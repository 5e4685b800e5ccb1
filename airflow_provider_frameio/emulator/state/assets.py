"""What an account holds: plain records without behaviour beyond what time alone does to them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.emulator.state.metadata import MetadataField

NEVER = math.inf


@dataclass(frozen=True)
class User:
    """Somebody who calls the API."""

    id: str
    name: str
    email: str


@dataclass
class Account:
    """An account, the ids of its users, its organization at Adobe (``adobe_id``), and its metadata fields by id."""

    id: str
    name: str
    adobe_id: str
    created_at: float
    user_ids: set[str] = field(default_factory=set)
    fields: dict[str, MetadataField] = field(default_factory=dict)


@dataclass
class Project:
    """A project; ``adobe_id`` is its directory on Adobe storage, or None when Frame.io stores it.

    :ivar storage: bytes used.
    :ivar adobe_ids: whether its assets have ids of Adobe's, too.
    """

    id: str
    name: str
    account_id: str
    workspace_id: str
    owner_id: str
    created_at: float
    adobe_id: str | None
    root_folder_id: str = ""
    storage: int = 0
    adobe_ids: bool = True


@dataclass(kw_only=True)
class Asset:
    """What files, folders and version stacks have in common.

    :ivar seq: grows with every placement in a parent, so it orders siblings by age there.
    :ivar listed_at: from when on folder lists show it.
    """

    id: str
    name: str
    project_id: str
    parent_id: str | None
    creator_id: str
    created_at: float
    updated_at: float
    adobe_id: str | None = None
    seq: int = 0
    listed_at: float = 0.0

    @property
    def aliases(self) -> tuple[str, ...]:
        """What it may be called besides its id."""
        return (f"adobe:{self.adobe_id}",) if self.adobe_id else ()

    @property
    def size(self) -> int:
        """Bytes to sort by."""
        return 0


@dataclass(kw_only=True)
class Container(Asset):
    """What holds others: ``children`` are their ids in the order of arrival, ``names`` how often each name occurs."""

    children: dict[str, None] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)


@dataclass(kw_only=True)
class Folder(Container):
    """A folder."""


@dataclass(kw_only=True)
class VersionStack(Container):
    """A version stack, whose children are its versions, oldest first."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """With a version or without."""
        return tuple(name for alias in super().aliases for name in (alias, f"{alias}|1"))


@dataclass(kw_only=True)
class File(Asset):
    """A file, whose status follows from the time.

    :ivar appears_at: from when on it exists for clients.
    :ivar uploaded_at: when its bytes are there; ``NEVER`` if they never come.
    :ivar transcoded_at: when it is transcoded; ``NEVER`` for types that are not.
    :ivar comments: number of comments by kind, ``internal`` and ``public``.
    :ivar metadata: field id → value.
    """

    file_size: int
    media_type: str | None
    appears_at: float
    uploaded_at: float
    transcoded_at: float
    adobe_version_id: str | None = None
    comments: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def aliases(self) -> tuple[str, ...]:
        """With its version only."""
        return tuple(f"{alias}|{self.adobe_version_id}" for alias in super().aliases)

    @property
    def size(self) -> int:
        """Bytes to sort by."""
        return self.file_size

    def status(self, now: float) -> str:
        """``created``, ``uploaded`` or ``transcoded``."""
        if now < self.uploaded_at:
            return "created"
        return "uploaded" if now < self.transcoded_at else "transcoded"


KIND_WORDS = {File: "file", Folder: "folder", VersionStack: "version_stack"}
"""The API's ``type`` of each class."""
