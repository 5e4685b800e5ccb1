"""Folders: show, list children, create, delete. Pure functions from ids and options to an ``Operation``.

Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api.endpoints.build import PER_MINUTE_60, PER_SECOND_3, operation, page
from airflow_provider_frameio.api.endpoints.version_stacks import STACK_SORTS
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.parameters import Include, choice, csv, name_of, page_options
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject, read_nothing

ASSET_TYPES = ("file", "folder", "version_stack")


def get_folder(account_id: str, folder_id: str, *, include: Include = None) -> Operation[JsonObject]:
    """Show a folder."""
    return operation("show folder", "GET /folders/{folder_id}", (account_id, folder_id), params=csv("include", include))


def list_folder_children(
    account_id: str,
    folder_id: str,
    *,
    include: Include = None,
    sort: str | None = None,
    type: str | Sequence[str] | None = None,
    page_size: int = 500,
) -> Operation[Page]:
    """One page of a folder's files, folders and version stacks."""
    params = csv("include", include) | choice("sort", sort, STACK_SORTS) | page_options(page_size, 500)
    params |= csv("type", type, ASSET_TYPES)
    return page("list folder children", "GET /folders/{folder_id}/children", (account_id, folder_id), params)


def create_folder(account_id: str, folder_id: str, name: str) -> Operation[JsonObject]:
    """Create a folder in a folder."""
    return operation(
        "create folder",
        "POST /folders/{folder_id}/folders",
        (account_id, folder_id),
        data={"name": name_of("name", name)},
        limit=PER_SECOND_3,
    )


def delete_folder(account_id: str, folder_id: str) -> Operation[None]:
    """Delete a folder with all that is in it. Repeated after a lost answer it may say NotFound: then it is deleted."""
    return operation(
        "delete folder",
        "DELETE /folders/{folder_id}",
        (account_id, folder_id),
        read=read_nothing,
        limit=PER_MINUTE_60,
    )
