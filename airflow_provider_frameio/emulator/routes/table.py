"""Every endpoint of the API that the emulator has."""

from __future__ import annotations

from airflow_provider_frameio.emulator.routes import accounts, files, folders, metadata, version_stacks
from airflow_provider_frameio.emulator.routes.route import Route

ROUTES: tuple[Route, ...] = version_stacks.ROUTES + files.ROUTES + folders.ROUTES + accounts.ROUTES + metadata.ROUTES
IMS_TOKEN = "ims_token"  # noqa: S105 - the name of a route
IMS_AUTHORIZE = "ims_authorize"
ROUTE_NAMES = frozenset({route.name for route in ROUTES} | {IMS_TOKEN, IMS_AUTHORIZE})


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The endpoint asked for, with the ids in the path."""
    for route in ROUTES:
        ids = route.match(method, path)
        if ids is not None:
            return route, ids
    return None
