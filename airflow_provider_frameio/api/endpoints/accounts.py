"""Who is calling, and where: me, accounts, users, projects, metadata fields. Pure functions to an ``Operation``.

Source: https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from functools import partial

from airflow_provider_frameio.api import shapes
from airflow_provider_frameio.api.endpoints.build import operation, page
from airflow_provider_frameio.api.pages import Page, read_page
from airflow_provider_frameio.api.parameters import Include, csv, page_options
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject


def get_me() -> Operation[JsonObject]:
    """Show the user whose credentials are used."""
    return operation("show me", "GET /me")


def list_accounts(*, page_size: int = 100) -> Operation[Page]:
    """One page of the accounts that this user belongs to."""
    return page("list accounts", "GET /accounts", (), page_options(page_size, 100))


def list_users(account_id: str, *, page_size: int = 100) -> Operation[Page]:
    """One page of an account's users: those that have an id, which somebody who was only invited has not."""
    read = partial(read_page, item=shapes.member)
    return operation("list users", "GET /users", (account_id,), params=page_options(page_size, 100), read=read)


def get_project(account_id: str, project_id: str, *, include: Include = None) -> Operation[JsonObject]:
    """Show a project."""
    return operation(
        "show project", "GET /projects/{project_id}", (account_id, project_id), params=csv("include", include)
    )


def list_field_definitions(account_id: str) -> Operation[Page]:
    """One page of an account's metadata fields, those that Frame.io itself sets included."""
    return page("list field definitions", "GET /metadata/field_definitions", (account_id,), page_options(100, 100))
