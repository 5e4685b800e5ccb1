"""A copy that turns up after its replacement was made: found, told, and removed where the user asked for it.

Performs no I/O. Frame.io cannot delete a version stack; it vanishes with its last file.
"""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import NotFound
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import find_candidates
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, digest

ON_LATE_TWIN = ("report", "delete")


def find_late_twins(request: CopyRequest, record: CopyRecord) -> Flow[list[JsonObject]]:
    """Stacks that may be the first copy, where a second was sent. Without any call where only one was."""
    if record.sent < 2 or record.copy is None:
        return []
    found, _ = yield from find_candidates(request, record.snapshot)
    return [stack for stack in found if stack["id"] != record.copy["id"]]


def delete_late_twin(request: CopyRequest, record: CopyRecord, twin: JsonObject) -> Flow[bool]:
    """Delete a twin's files one by one; True when all are gone.

    Nothing is deleted if it is a guess that a first copy was sent, if the twin holds anything but the source's
    versions, or not yet all of them, or if their number makes that impossible to tell.
    """
    if record.assumed:
        return False
    children = yield from all_pages(list_version_stack_children(request.account_id, twin["id"]))
    known = record.snapshot.digests
    if len(children) != record.snapshot.versions or any(digest(child) not in known for child in children):
        return False
    for child in children:
        try:
            yield delete_file(request.account_id, str(child["id"]))
        except NotFound:  # a repeat after a lost answer, or somebody else's doing: gone is gone
            continue
    return True
