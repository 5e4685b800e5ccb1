"""Whether a copy would be from or into Adobe storage, where Frame.io does not copy version stacks. Performs no I/O.

Only positive signs count: a project's directory on Adobe storage, an asset's id there, or the form of an id. A
project's ``storage`` is the number of bytes used, and an account's ``adobe_id`` an organization's: both say nothing.
"""

from __future__ import annotations

from airflow_provider_frameio.api.aliases import is_alias
from airflow_provider_frameio.api.endpoints.accounts import get_project
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import ApiError, CopyNeedsHelp
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject

_REFUSALS = (400, 403, 409, 422)
"""With which of these Frame.io refuses to copy a stack there is not known."""


class AdobeStorageSeen(Exception):
    """The source shows that it is on Adobe storage, before anything was sent. No error: there is another way."""


def shows_adobe_storage(source: JsonObject, parent_id: str | None) -> bool:
    """Whether the source's record, or the form of an id, says so. Costs no call; False means nothing."""
    ids = (text(source, "id"), text(source, "project_id"), parent_id)
    return bool(source.get("adobe_id")) or any(is_alias(one or "") for one in ids)


def may_mean_adobe_storage(error: ApiError | CopyNeedsHelp) -> bool:
    """Whether a native copy may have ended so because of Adobe storage; then it is worth looking for."""
    return isinstance(error, CopyNeedsHelp) or error.status in _REFUSALS


def find_adobe_storage(account_id: str, source_id: str, parent_id: str | None) -> Flow[bool]:
    """Whether the project of the source or of the target says so: up to four calls.

    :raises CallError: nobody could look, so nothing was seen.
    """
    source = yield get_version_stack(account_id, source_id)
    if shows_adobe_storage(source, parent_id):
        return True
    target = (yield get_folder(account_id, parent_id)) if parent_id else source
    projects = dict.fromkeys(str(asset.get("project_id") or "") for asset in (source, target))
    for project_id in filter(None, projects):
        project = yield get_project(account_id, project_id)
        if project.get("adobe_id"):
            return True
    return bool(target.get("adobe_id"))
