"""Version stacks: copy, create, show, list, move. Pure functions from ids and options to an ``Operation``.

Frame.io has no delete, rename or update of a version stack. Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.build import PER_MINUTE_10, PER_SECOND_5, operation, page, sorts
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.parameters import (
    Include,
    choice,
    csv,
    flag,
    identifier,
    page_options,
    parent,
    unique_ids,
)
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject

COPY_LIMIT = PER_MINUTE_10
STACK_SORTS = sorts("name", "created_at", "updated_at")
CHILD_SORTS = STACK_SORTS + sorts("file_size")


def copy_version_stack(
    account_id: str, version_stack_id: str, *, parent_id: str | None = None, copy_metadata: bool = False
) -> Operation[JsonObject]:
    """Copy a version stack into a folder (default: the source's own)."""
    return operation(
        "copy version stack",
        "POST /version_stacks/{version_stack_id}/copy",
        (account_id, version_stack_id),
        params=flag("copy_metadata", copy_metadata),
        data=parent(parent_id),
        limit=COPY_LIMIT,
        unknown=errors.CopyOutcomeUnknown,
    )


def create_version_stack(account_id: str, folder_id: str, file_ids: Sequence[str]) -> Operation[JsonObject]:
    """Stack 2 to 10 files of a folder, oldest first."""
    return operation(
        "create version stack",
        "POST /folders/{folder_id}/version_stacks",
        (account_id, folder_id),
        data={"file_ids": unique_ids("file_ids", file_ids, 2, 10)},
        limit=PER_MINUTE_10,
    )


def get_version_stack(account_id: str, version_stack_id: str, *, include: Include = None) -> Operation[JsonObject]:
    """Show a version stack."""
    return operation(
        "show version stack",
        "GET /version_stacks/{version_stack_id}",
        (account_id, version_stack_id),
        params=csv("include", include),
    )


def list_version_stack_children(
    account_id: str, version_stack_id: str, *, include: Include = None, sort: str | None = None, page_size: int = 100
) -> Operation[Page]:
    """One page of a stack's versions."""
    params = csv("include", include) | choice("sort", sort, CHILD_SORTS) | page_options(page_size, 100)
    route = "GET /version_stacks/{version_stack_id}/children"
    return page("list version stack children", route, (account_id, version_stack_id), params)


def list_version_stacks(
    account_id: str, folder_id: str, *, include: Include = None, sort: str | None = None, page_size: int = 500
) -> Operation[Page]:
    """One page of a folder's version stacks."""
    params = csv("include", include) | choice("sort", sort, STACK_SORTS) | page_options(page_size, 500)
    route = "GET /folders/{folder_id}/version_stacks"
    return page("list version stacks", route, (account_id, folder_id), params, PER_SECOND_5)


def move_version_stack(account_id: str, version_stack_id: str, parent_id: str) -> Operation[JsonObject]:
    """Move a version stack into another folder; moving it where it already is changes nothing."""
    return operation(
        "move version stack",
        "PATCH /version_stacks/{version_stack_id}/move",
        (account_id, version_stack_id),
        data={"parent_id": identifier("parent_id", parent_id)},
        limit=PER_MINUTE_10,
    )
