"""Metadata: an account's fields, values of files. Pure functions from ids and options to an ``Operation``.

Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api.endpoints.build import PER_MINUTE_10, operation, page
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.parameters import identifier, page_options, unique_ids
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject, read_nothing

MOST_FILES = 100


def list_field_definitions(account_id: str, *, page_size: int = 100) -> Operation[Page]:
    """One page of an account's metadata fields, those that Frame.io itself sets included."""
    params = page_options(page_size, 100)
    return page("list field definitions", "GET /metadata/field_definitions", (account_id,), params)


def update_metadata(
    account_id: str, project_id: str, file_ids: Sequence[str], values: Sequence[JsonObject]
) -> Operation[None]:
    """Set the same values of 1 to 100 files of a project; set again, they stay the same.

    :param values: 1 to 100 of ``{"field_definition_id": …, "value": …}``; options as a list of ids, users as a list of
        ``{"id": …, "type": "user"}``.
    """
    return operation(
        "update metadata",
        "PATCH /projects/{project_id}/metadata/values",
        (account_id, project_id),
        data={"file_ids": unique_ids("file_ids", file_ids, 1, MOST_FILES), "values": _settings(values)},
        read=read_nothing,
        limit=PER_MINUTE_10,
    )


def _settings(values: object) -> list[JsonObject]:
    keys = {"field_definition_id", "value"}
    settings = list(values) if isinstance(values, Sequence) else []
    if not 1 <= len(settings) <= 100 or not all(isinstance(one, dict) and set(one) == keys for one in settings):
        remedy = 'give 1 to 100 of {"field_definition_id": …, "value": …}.'
        raise InvalidParameter("values", values, remedy)
    for index, one in enumerate(settings):
        identifier(f"values[{index}]['field_definition_id']", one["field_definition_id"])
    return settings
