"""The folder and project endpoints."""

from __future__ import annotations

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.listing import ARRIVAL, asset_page, list_parameters, listed
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Route, ok
from airflow_provider_frameio.emulator.state.assets import KIND_WORDS, Folder
from airflow_provider_frameio.emulator.state.records import ASSET_INCLUDES, PROJECT_INCLUDES
from airflow_provider_frameio.emulator.wire.answers import NO_CONTENT, Answer, Problem
from airflow_provider_frameio.emulator.wire.parameters import name_field, required_data, some_of

KINDS = {word: kind for kind, word in KIND_WORDS.items()}


def show_folder(call: Call) -> Answer:
    """One folder."""
    return ok(call.records.asset(call.asset(Folder, "folder_id"), call.include))


def list_folder_children(call: Call) -> Answer:
    """What a folder holds, of the types asked for."""
    kinds = [KINDS[word] for word in call.query.get("type") or KINDS]
    return asset_page(call, listed(call, call.asset(Folder, "folder_id"), *kinds), ARRIVAL, by_offset=True)


def create_folder(call: Call) -> Answer:
    """Make a folder in a folder."""
    parent = call.asset(Folder, "folder_id")
    name = required_data(call.body, {"name": name_field})["name"]
    return ok(call.records.asset(call.changes.create(Folder, name, parent)), 201)


def delete_folder(call: Call) -> Answer:
    """Delete a folder and all below it."""
    folder = call.asset(Folder, "folder_id")
    if folder.parent_id is None:
        raise Problem(403, "Forbidden", "a project's root folder cannot be deleted")
    call.store.delete_folder(folder)
    return NO_CONTENT


def show_project(call: Call) -> Answer:
    """One project."""
    return ok(call.records.project(call.project(), call.include))


FOLDER = "/accounts/{account_id}/folders/{folder_id}"
PROJECT = "/accounts/{account_id}/projects/{project_id}"
CHILDREN_QUERY = {**list_parameters(500), "type": some_of(KINDS)}

ROUTES = (
    Route("GET", FOLDER, Limit(100, PER_MINUTE), show_folder, {"include": some_of(ASSET_INCLUDES)}),
    Route("GET", f"{FOLDER}/children", Limit(100, PER_MINUTE), list_folder_children, CHILDREN_QUERY),
    Route("POST", f"{FOLDER}/folders", Limit(3, 1.0), create_folder),
    Route("DELETE", FOLDER, Limit(60, PER_MINUTE), delete_folder),
    Route("GET", PROJECT, Limit(100, PER_MINUTE), show_project, {"include": some_of(PROJECT_INCLUDES)}),
)
