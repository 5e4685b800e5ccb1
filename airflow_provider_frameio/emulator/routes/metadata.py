"""The metadata endpoints: the fields of an account, and their values on many files at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.listing import sort_parameters, sorted_page
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Route, ok
from airflow_provider_frameio.emulator.state.assets import File
from airflow_provider_frameio.emulator.state.metadata import MetadataField
from airflow_provider_frameio.emulator.wire.answers import NO_CONTENT, Answer, invalid, not_found
from airflow_provider_frameio.emulator.wire.parameters import list_of, object_of, required_data, text_field

SORT_KEYS: Mapping[str, Callable[[MetadataField], Any]] = {
    "name": lambda field: field.name,
    "created_at": lambda field: field.created_at,
}
MOST = 100  # files, and values, of one update


def list_field_definitions(call: Call) -> Answer:
    """The fields of an account."""
    page, envelope = sorted_page(call, call.account.fields.values(), SORT_KEYS, "created_at_asc")
    return ok([field.definition() for field in page], **envelope)


def update_metadata(call: Call) -> Answer:
    """Set the same values of files of a project; all of them or, if one cannot be, none."""
    value = object_of({"field_definition_id": text_field, "value": lambda given, pointer: given})
    fields = {"file_ids": list_of(text_field, 1, MOST), "values": list_of(value, 1, MOST)}
    data, project = required_data(call.body, fields), call.project()
    files = [call.find(File, file_id, f"/data/file_ids/{n}") for n, file_id in enumerate(data["file_ids"])]
    for number, file in enumerate(files):
        if file.project_id != project.id:
            raise invalid(f"{file.id} is not in the project {project.id}", f"/data/file_ids/{number}")
    values = dict(_value(call, one, f"/data/values/{n}") for n, one in enumerate(data["values"]))
    for file in files:
        file.metadata.update(values)
    return NO_CONTENT


def _value(call: Call, given: dict[str, Any], pointer: str) -> tuple[str, Any]:
    field = call.account.fields.get(given["field_definition_id"])
    if field is None:
        raise not_found(f"field definition {given['field_definition_id']} was not found")
    return field.id, field.value(given["value"], call.account.user_ids, f"{pointer}/value")


FIELDS = "/accounts/{account_id}/metadata/field_definitions"
VALUES = "/accounts/{account_id}/projects/{project_id}/metadata/values"

ROUTES = (
    Route("GET", FIELDS, Limit(100, PER_MINUTE), list_field_definitions, sort_parameters(100, SORT_KEYS)),
    Route("PATCH", VALUES, Limit(10, PER_MINUTE), update_metadata),
)
