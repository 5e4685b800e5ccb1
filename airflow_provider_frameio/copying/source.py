"""The version stack that is to be copied, as it is before anything is sent. Performs no I/O.

What it has not uploaded, be it abandoned or under way, may never have bytes in a copy. So that is named, and not waited
for.
"""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import is_uploaded, text, uploaded
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Warn
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.record import CopyRequest


def read_versions(request: CopyRequest) -> Flow[list[JsonObject]]:
    """All versions of the stack; those that are not uploaded are named. A call for each 100.

    :raises InvalidParameter: there is no version, or none is uploaded.
    """
    versions = yield from all_pages(list_version_stack_children(request.account_id, request.source_id))
    if not versions:
        raise InvalidParameter("version_stack_id", request.source_id, "this version stack has no versions.")
    missing = listed(_shown(version) for version in versions if not is_uploaded(text(version, "status")))
    if not uploaded(versions):
        remedy = f"none of its versions is uploaded yet: {missing}."
        raise InvalidParameter("version_stack_id", request.source_id, remedy)
    if missing:
        yield Warn(f"Not uploaded in the source, so not waited for in the copy: {missing}.")
    return versions


def target_folder(request: CopyRequest, source: JsonObject) -> str:
    """Where the copy will appear. It is named in every call: the source may be moved meanwhile.

    :raises InvalidParameter: no folder is given, and the source does not say its own.
    """
    folder_id = request.parent_id or source.get("parent_id")
    if not folder_id:
        raise InvalidParameter("parent_id", None, "the source shows no folder of its own; give the one to copy into.")
    return str(folder_id)


def _shown(version: JsonObject) -> str:
    return f"'{foreign(text(version, 'name'))}' {version.get('id')} ({foreign(text(version, 'status'), 50)})"
