"""Files: copy, move, show, list, rename, delete, set metadata. Pure functions from ids to an ``Operation``.

Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.build import (
    PER_MINUTE_10,
    PER_MINUTE_60,
    PER_SECOND_5,
    PER_SECOND_10,
    operation,
    page,
    sorts,
)
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.parameters import (
    Include,
    choice,
    csv,
    flag,
    identifier,
    name_of,
    page_options,
    parent,
    unique_ids,
)
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject, read_copied_files, read_nothing, read_records

COPY_COMMENTS = ("none", "internal", "public", "all")
MOST_FILES = 100
FILE_SORTS = sorts("name", "file_size", "created_at", "updated_at")


def copy_file(
    account_id: str,
    file_id: str,
    *,
    parent_id: str | None = None,
    copy_metadata: bool = False,
    copy_comments: str = "none",
) -> Operation[JsonObject]:
    """Copy one file."""
    return operation(
        "copy file",
        "POST /files/{file_id}/copy",
        (account_id, file_id),
        params=_copy_options(copy_metadata, copy_comments),
        data=parent(parent_id),
        unknown=errors.CopyOutcomeUnknown,
    )


def copy_files(
    account_id: str,
    file_ids: Sequence[str],
    parent_id: str,
    *,
    copy_metadata: bool = False,
    copy_comments: str = "none",
) -> Operation[list[JsonObject]]:
    """Copy 1 to 100 files into a folder; the result pairs each ``source_file_id`` with its new ``file``."""
    return operation(
        "copy files",
        "POST /files/copy",
        (account_id,),
        params=_copy_options(copy_metadata, copy_comments),
        data=_several(file_ids, parent_id),
        read=read_copied_files,
        limit=PER_MINUTE_60,
        unknown=errors.CopyOutcomeUnknown,
    )


def get_file(account_id: str, file_id: str, *, include: Include = None) -> Operation[JsonObject]:
    """Show a file."""
    return operation(
        "show file", "GET /files/{file_id}", (account_id, file_id), params=csv("include", include), limit=PER_SECOND_10
    )


def list_files(
    account_id: str, folder_id: str, *, include: Include = None, sort: str | None = None, page_size: int = 500
) -> Operation[Page]:
    """One page of a folder's files."""
    params = csv("include", include) | choice("sort", sort, FILE_SORTS) | page_options(page_size, 500)
    return page("list files", "GET /folders/{folder_id}/files", (account_id, folder_id), params, PER_SECOND_5)


def move_file(account_id: str, file_id: str, parent_id: str) -> Operation[JsonObject]:
    """Move a file into a folder, or into a version stack, where it becomes the newest version."""
    data = {"parent_id": identifier("parent_id", parent_id)}
    return operation("move file", "PATCH /files/{file_id}/move", (account_id, file_id), data=data)


def move_files(account_id: str, file_ids: Sequence[str], parent_id: str) -> Operation[list[JsonObject]]:
    """Move 1 to 100 files into a folder. Frame.io does not say that a version stack may be named."""
    return operation(
        "move files",
        "PATCH /files/move",
        (account_id,),
        data=_several(file_ids, parent_id),
        read=read_records,
        limit=PER_MINUTE_60,
    )


def rename_file(account_id: str, file_id: str, name: str) -> Operation[JsonObject]:
    """Give a file another name of 1 to 255 characters."""
    data = {"name": name_of("name", name)}
    return operation("update file", "PATCH /files/{file_id}", (account_id, file_id), data=data)


def delete_file(account_id: str, file_id: str) -> Operation[None]:
    """Delete a file. Repeated after a lost answer it may say NotFound, which then means deleted."""
    return operation("delete file", "DELETE /files/{file_id}", (account_id, file_id), read=read_nothing)


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
        raise errors.InvalidParameter("values", values, remedy)
    for index, one in enumerate(settings):
        identifier(f"values[{index}]['field_definition_id']", one["field_definition_id"])
    return settings


def _several(file_ids: Sequence[str], parent_id: str) -> JsonObject:
    return {
        "file_ids": unique_ids("file_ids", file_ids, 1, MOST_FILES),
        "parent_id": identifier("parent_id", parent_id),
    }


def _copy_options(copy_metadata: bool, copy_comments: str) -> dict[str, str]:
    comments = choice("copy_comments", copy_comments, COPY_COMMENTS)
    return flag("copy_metadata", copy_metadata) | ({} if copy_comments == "none" else comments)
