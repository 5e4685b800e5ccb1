"""The version-stack endpoints."""

from __future__ import annotations

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.listing import ARRIVAL, NEWEST_FIRST, asset_page, list_parameters, listed
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Route, copy_target, ok
from airflow_provider_frameio.emulator.state.assets import Folder, VersionStack
from airflow_provider_frameio.emulator.state.records import FILE_INCLUDES
from airflow_provider_frameio.emulator.wire.answers import Answer, invalid
from airflow_provider_frameio.emulator.wire.parameters import flag, required_data, some_of, text_field, unique_texts

FILES_OF_A_NEW_STACK = (2, 10)


def copy_version_stack(call: Call) -> Answer:
    """Answer at once with a new stack that is completed later."""
    source = call.asset(VersionStack, "version_stack_id")
    target = copy_target(call, source)
    copy = call.changes.copy_stack(source, target, copy_metadata=call.query.get("copy_metadata", False))
    return ok(call.records.asset(copy))


def create_version_stack(call: Call) -> Answer:
    """Stack files of one folder."""
    folder = call.asset(Folder, "folder_id")
    file_ids = required_data(call.body, {"file_ids": unique_texts(*FILES_OF_A_NEW_STACK)})["file_ids"]
    files = call.find_files(file_ids)
    for position, file in enumerate(files):
        if file.parent_id != folder.id:
            raise invalid(f"{file.id} is not in folder {folder.id}", f"/data/file_ids/{position}")
    return ok(call.records.asset(call.changes.create_stack(folder, files)), 201)


def show_version_stack(call: Call) -> Answer:
    """One stack."""
    return ok(call.records.asset(call.asset(VersionStack, "version_stack_id"), call.include))


def list_version_stack_children(call: Call) -> Answer:
    """The versions that are there."""
    stack = call.asset(VersionStack, "version_stack_id")
    default = NEWEST_FIRST if call.settings.children_order == "newest_first" else ARRIVAL
    return asset_page(call, call.store.versions_now(stack, call.now), default)


def list_version_stacks(call: Call) -> Answer:
    """The stacks of a folder."""
    return asset_page(call, listed(call, call.asset(Folder, "folder_id"), VersionStack), ARRIVAL)


def move_version_stack(call: Call) -> Answer:
    """Put a stack into another folder."""
    stack = call.asset(VersionStack, "version_stack_id")
    parent_id = required_data(call.body, {"parent_id": text_field})["parent_id"]
    call.changes.move(stack, call.find(Folder, parent_id, "/data/parent_id"))
    return ok(call.records.asset(stack))


STACK = "/accounts/{account_id}/version_stacks/{version_stack_id}"
IN_FOLDER = "/accounts/{account_id}/folders/{folder_id}/version_stacks"

ROUTES = (
    Route("POST", f"{STACK}/copy", Limit(10, PER_MINUTE), copy_version_stack, {"copy_metadata": flag}),
    Route("POST", IN_FOLDER, Limit(10, PER_MINUTE), create_version_stack),
    Route("GET", STACK, Limit(100, PER_MINUTE), show_version_stack, {"include": some_of(FILE_INCLUDES)}),
    Route("GET", f"{STACK}/children", Limit(100, PER_MINUTE), list_version_stack_children, list_parameters(100)),
    Route(
        "GET", IN_FOLDER, Limit(5, 1.0), list_version_stacks, list_parameters(500, ("name", "created_at", "updated_at"))
    ),
    Route("PATCH", f"{STACK}/move", Limit(10, PER_MINUTE), move_version_stack),
)
