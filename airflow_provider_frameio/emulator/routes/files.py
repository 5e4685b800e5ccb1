"""The file endpoints."""

from __future__ import annotations

from typing import Any

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.listing import ARRIVAL, asset_page, list_parameters, listed
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Route, copy_target, ok
from airflow_provider_frameio.emulator.state.assets import File, Folder, VersionStack
from airflow_provider_frameio.emulator.state.changes import COMMENT_KINDS
from airflow_provider_frameio.emulator.state.records import FILE_INCLUDES
from airflow_provider_frameio.emulator.wire.answers import NO_CONTENT, Answer, invalid
from airflow_provider_frameio.emulator.wire.parameters import (
    flag,
    name_field,
    one_of,
    required_data,
    some_of,
    text_field,
    unique_texts,
)

FILES_AT_ONCE = (1, 100)


def copy_file(call: Call) -> Answer:
    """Copy one file, as a loose file of a folder."""
    source = call.asset(File, "file_id")
    return ok(call.records.asset(_copy(call, source, copy_target(call, source))))


def copy_files(call: Call) -> Answer:
    """Copy many files; all of them or, if one cannot be, none."""
    sources, target = _files_and_folder(call)
    copies = [(source, _copy(call, source, target)) for source in sources]
    return ok([{"source_file_id": source.id, "file": call.records.asset(copy)} for source, copy in copies])


def show_file(call: Call) -> Answer:
    """One file."""
    return ok(call.records.asset(call.asset(File, "file_id"), call.include))


def list_files(call: Call) -> Answer:
    """The loose files of a folder."""
    return asset_page(call, listed(call, call.asset(Folder, "folder_id"), File), ARRIVAL)


def move_file(call: Call) -> Answer:
    """Put a file into a folder, or on top of a stack."""
    file = call.asset(File, "file_id")
    parent_id = required_data(call.body, {"parent_id": text_field})["parent_id"]
    parent = call.store.find_any(parent_id, call.account, call.now, "/data/parent_id")
    if not isinstance(parent, (Folder, VersionStack)):
        raise invalid(f"{parent_id} is not a folder or version_stack", "/data/parent_id")
    call.changes.move(file, parent)
    return ok(call.records.asset(file))


def move_files(call: Call) -> Answer:
    """Put many files into a folder; all of them or, if one cannot be, none."""
    files, folder = _files_and_folder(call)
    for file in files:
        call.changes.move(file, folder)
    return ok([call.records.asset(file) for file in files])


def update_file(call: Call) -> Answer:
    """Rename a file; a name that something else in its folder has is refused."""
    file = call.asset(File, "file_id")
    call.changes.rename(file, required_data(call.body, {"name": name_field})["name"])
    return ok(call.records.asset(file))


def delete_file(call: Call) -> Answer:
    """Delete a file, and with the last version its stack."""
    call.store.delete(call.asset(File, "file_id"))
    return NO_CONTENT


def _files_and_folder(call: Call) -> tuple[list[File], Folder]:
    data = required_data(call.body, {"file_ids": unique_texts(*FILES_AT_ONCE), "parent_id": text_field})
    folder = call.find(Folder, data["parent_id"], "/data/parent_id")
    return call.find_files(data["file_ids"]), folder


def _copy(call: Call, source: File, target: Folder) -> File:
    options: dict[str, Any] = {"copy_metadata": False, "copy_comments": "none", **call.query}
    return call.changes.copy_file(source, target, **options)


ACCOUNT = "/accounts/{account_id}"
FILE = f"{ACCOUNT}/files/{{file_id}}"
COPY_QUERY = {"copy_metadata": flag, "copy_comments": one_of(COMMENT_KINDS)}
SHOW_QUERY = {"include": some_of(FILE_INCLUDES)}

ROUTES = (
    Route("POST", f"{FILE}/copy", Limit(100, PER_MINUTE), copy_file, COPY_QUERY),
    Route("POST", f"{ACCOUNT}/files/copy", Limit(60, PER_MINUTE), copy_files, COPY_QUERY),
    Route("GET", FILE, Limit(10, 1.0), show_file, SHOW_QUERY),
    Route("GET", f"{ACCOUNT}/folders/{{folder_id}}/files", Limit(5, 1.0), list_files, list_parameters(500)),
    Route("PATCH", f"{FILE}/move", Limit(100, PER_MINUTE), move_file),
    Route("PATCH", f"{ACCOUNT}/files/move", Limit(60, PER_MINUTE), move_files),
    Route("PATCH", FILE, Limit(100, PER_MINUTE), update_file),
    Route("DELETE", FILE, Limit(100, PER_MINUTE), delete_file),
)
