"""Who is calling, and where: me, accounts, projects. Pure functions from ids and options to an ``Operation``.

Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.build import operation, page, sorts
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.parameters import Include, choice, csv, page_options
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject

ACCOUNT_SORTS = sorts("display_name", "created_at")


def get_me() -> Operation[JsonObject]:
    """Show the user whose credentials are used."""
    return operation("show me", "GET /me")


def list_accounts(*, sort: str | None = None, page_size: int = 100) -> Operation[Page]:
    """One page of the accounts that this user belongs to."""
    params = choice("sort", sort, ACCOUNT_SORTS) | page_options(page_size, 100)
    return page("list accounts", "GET /accounts", (), params=params)


def get_project(account_id: str, project_id: str, *, include: Include = None) -> Operation[JsonObject]:
    """Show a project."""
    return operation(
        "show project", "GET /projects/{project_id}", (account_id, project_id), params=csv("include", include)
    )
