"""One folder, once: the flow that makes it, and finds it by its name where the answer was lost. Performs no I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airflow_provider_frameio.api.endpoints.folders import create_folder, list_folder_children
from airflow_provider_frameio.api.errors import CallError, CopyNeedsHelp, OutcomeUnknown
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.protocol import Flow, Log, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import Candidate, Found, LookupPolicy, describe, look_until_certain
from airflow_provider_frameio.copying.recent_assets import newest
from airflow_provider_frameio.copying.record import UNBEGUN, Search, read_search, read_stored, stored_form
from airflow_provider_frameio.copying.versions import name_of

FOLDER = "folder"
_MOST_SENT = 2


@dataclass(frozen=True)
class FolderRequest:
    """The counterpart of the folder ``source_id``, to be made in ``parent_id``."""

    account_id: str
    parent_id: str
    source_id: str

    def key(self) -> str:
        """The name of its record."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"frameio_folder:{digest[:32]}"


@dataclass(frozen=True)
class FolderRecord:
    """How far one folder is.

    :ivar sent: how often it was asked for without knowing that it was not made.
    :ivar folder_id: once it is known, else "".
    :ivar search: for the folder, after the answer was lost.
    """

    sent: int = 0
    folder_id: str = ""
    search: Search = field(default_factory=Search)

    def to_json(self) -> JsonObject:
        """As stored."""
        return stored_form(FOLDER, asdict(self))

    @classmethod
    def from_json(cls, stored: object) -> FolderRecord:
        """Read what was stored.

        :raises ValueError: it cannot be read.
        """
        return read_stored(stored, FOLDER, _read)


def ensure_folder(
    request: FolderRequest, name: str, record: FolderRecord | None, policy: LookupPolicy
) -> RecordedFlow[FolderRecord]:
    """Make the folder, or find the one that was made. No folder of this name was listed before.

    :param name: in the form of ``versions.name_of``.
    :param record: what an earlier try stored, or None.
    :raises CopyNeedsHelp: several folders have the name, or two were asked for and none came.
    :raises CallError: it was not made.
    """
    record = record or FolderRecord()
    while not record.folder_id:
        if record.sent:
            record = yield from _resolve(request, name, record, policy)
        if not record.folder_id:
            record = yield from _send(request, name, record)
    return record


def list_folder(account_id: str, folder_id: str, type: str | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """Everything in a folder, oldest first, and the server's time: a call for each 500.

    :raises UnreadableAnswer: the server does not say its time.
    """
    return (yield from newest(list_folder_children(account_id, folder_id, sort="created_at_asc", type=type), since=0.0))


def _send(request: FolderRequest, name: str, record: FolderRecord) -> RecordedFlow[FolderRecord]:
    sending = replace(record, sent=record.sent + 1, search=UNBEGUN)
    operation = create_folder(request.account_id, request.parent_id, name)
    try:
        folder = yield Recorded(operation, sending=sending.to_json(), refused=record.to_json())
    except OutcomeUnknown as lost:
        yield Log(f"{lost.came}. The folder may have been made: looking for it before it is asked for again.")
        return sending
    except CallError:
        yield Save(record.to_json())
        raise
    made = replace(sending, folder_id=str(folder["id"]), search=UNBEGUN)
    yield Save(made.to_json())
    return made


def _resolve(
    request: FolderRequest, name: str, record: FolderRecord, policy: LookupPolicy
) -> RecordedFlow[FolderRecord]:
    """Look for the folder until it is there, or can no longer come."""

    def look() -> Flow[tuple[Found, float]]:
        folders, now = yield from list_folder(request.account_id, request.parent_id, FOLDER)
        return {0: [Candidate(one, tells=True) for one in folders if name_of(one) == name]}, now

    def save(search: Search) -> JsonObject:
        nonlocal record
        record = replace(record, search=search)
        return record.to_json()

    at_once = replace(policy, adopt_after=0.0)  # whoever made it: it is the counterpart by its name
    found = yield from look_until_certain(look, at_once, record.search, save, what=f"the folder '{name}'")
    folders = [one.asset for one in found[0]]
    if len(folders) > 1:
        raise CopyNeedsHelp(
            f"Any of these may be the folder whose answer was lost: {listed(map(describe, folders))}. Delete what is "
            "too much in Frame.io and clear the task."
        )
    if not folders and record.sent >= _MOST_SENT:
        yield Save(FolderRecord().to_json())  # neither can come any more
        raise CopyNeedsHelp(
            f"The folder '{foreign(name)}' was asked for {record.sent} times, and is not in {request.parent_id}. Look "
            "there, and clear the task."
        )
    if folders:
        record = replace(record, folder_id=str(folders[0]["id"]))
        yield Save(record.to_json())
    return record


def _read(stored: Any) -> FolderRecord:
    return FolderRecord(int(stored["sent"]), str(stored["folder_id"]), read_search(stored["search"]))
