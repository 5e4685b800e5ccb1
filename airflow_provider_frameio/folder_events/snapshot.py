"""A snapshot of a folder's version stacks: the flow that reads it and its value. Performs no I/O, has no clock."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from airflow_provider_frameio.api.endpoints.folders import list_folder_children
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.errors import Forbidden, NotFound
from airflow_provider_frameio.api.metadata import LIST_OPTIONS, NO_FILTER, MetadataFilter
from airflow_provider_frameio.api.models import page_url, text, timestamp
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow, Now, Operation
from airflow_provider_frameio.api.replies import JsonObject

# Characters of six bits. Two stacks with one mark, as in one of 300,000 folders of 5,000, cost an event too many; a new
# head with its predecessor's mark, one of a thousand million, would be missed.
MARK, HEAD_MARK = 7, 5
_PART_OF_LIMIT = 0.5  # of a list's rate limit, at most, goes into snapshots of one folder


@dataclass(frozen=True)
class StackState:
    """A version stack as a list shows it. Times in seconds since the epoch, as Frame.io names them.

    :ivar folder_id: the folder it is in.
    :ivar head_id: its newest version, "" while it has none.
    :ivar head_status: that version's status, or "".
    :ivar created_at: when the stack was made; ``inf`` if that cannot be told.
    :ivar changed_at: the latest time in its record and its head's; ``inf`` if there is none.
    :ivar wanted: whether it, or its newest version, has the wanted metadata; None: it has no version yet, or any will
        do.
    """

    id: str
    name: str
    folder_id: str
    project_id: str
    view_url: str
    head_id: str
    head_status: str
    created_at: float
    changed_at: float
    wanted: bool | None = None

    @classmethod
    def from_record(cls, record: JsonObject, folder_id: str, having: MetadataFilter = NO_FILTER) -> StackState:
        """From a stack in a list of ``folder_id``; absent fields are "".

        :param having: the wanted metadata.
        """
        head = record.get("head_version")
        head = head if isinstance(head, dict) else {}
        created_at = timestamp(record, "created_at")
        times = [timestamp(part, name) for part in (record, head) for name in ("created_at", "updated_at")]
        return cls(
            id=text(record, "id"),
            name=text(record, "name"),
            folder_id=text(record, "parent_id") or folder_id,
            project_id=text(record, "project_id"),
            view_url=page_url(record),
            head_id=text(head, "id"),
            head_status=text(head, "status"),
            created_at=inf if created_at is None else created_at,
            changed_at=max((time for time in times if time is not None), default=inf),
            wanted=having.admits(record) if having.wanted and head else None,
        )

    @property
    def mark(self) -> str:
        """A short hash of its id, for watermarks."""
        return _mark(self.id, MARK)

    @property
    def head_mark(self) -> str:
        """A short hash of its head's id."""
        return _mark(self.head_id, HEAD_MARK)


@dataclass(frozen=True)
class FolderSnapshot:
    """All version stacks of a folder.

    :ivar at: when reading began, in the server's time where the server says it; seconds since the epoch.
    :ivar stacks: each once, the one that changed last at the end.
    :ivar rest: the least seconds until the next snapshot, so that other calls find room under the rate limit.
    """

    at: float
    stacks: tuple[StackState, ...]
    rest: float = 0.0


def take_snapshot(
    account_id: str, folder_id: str, *, include_subfolders: bool = False, having: MetadataFilter = NO_FILTER
) -> Flow[FolderSnapshot]:
    """List all version stacks of a folder: a call for each 500, and with subfolders at least one for each folder.

    :param include_subfolders: at any depth. A subfolder that is deleted meanwhile, or forbidden, is left out.
    :param having: the wanted metadata; with some, a call lists 100 stacks.
    :raises FrameioError: any page failed: a part of a list is no answer.
    """
    now: float = yield Now()
    folders = [folder_id]
    found: dict[str, StackState] = {}
    dates: list[float | None] = []

    def note(page: Page, items: Sequence[JsonObject]) -> bool:
        """Read on to the end."""
        dates.append(page.date)
        return False

    for folder in folders:  # grows meanwhile
        first = _first_page(account_id, folder, deep=include_subfolders, options=LIST_OPTIONS if having.wanted else {})
        try:
            items = yield from all_pages(first, note)
        except (NotFound, Forbidden):
            if folder == folder_id:
                raise
            continue
        for item in items:
            item_id, kind = text(item, "id"), text(item, "type") or "version_stack"
            if kind == "folder" and item_id not in folders:
                folders.append(item_id)
            elif kind == "version_stack":
                found.setdefault(item_id, StackState.from_record(item, folder, having))
    stacks = tuple(sorted(found.values(), key=lambda stack: stack.changed_at))
    return FolderSnapshot(dates[0] or now, stacks, len(dates) * first.limit.slot / _PART_OF_LIMIT)


def _first_page(account_id: str, folder_id: str, *, deep: bool, options: Mapping[str, Any]) -> Operation[Page]:
    # Oldest first: what arrives while the pages are read comes at the end, and shifts none of them.
    sort = "created_at_asc"
    if deep:
        return list_folder_children(account_id, folder_id, type=("folder", "version_stack"), sort=sort, **options)
    return list_version_stacks(account_id, folder_id, sort=sort, **options)


def _mark(identifier: str, length: int) -> str:
    return urlsafe_b64encode(hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest())[:length].decode()
