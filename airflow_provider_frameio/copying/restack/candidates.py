"""Which files of a folder are the copies whose answer was lost. Performs no I/O, and never looks at a client's clock.

Frame.io links a copy to its source in no way. A file may be a version's copy if it was made since by the same user, was
not there before, bears the version's name but for a " (1)" that may be added, and has its size.
"""

from __future__ import annotations

from collections.abc import Collection

from airflow_provider_frameio.api.aliases import is_called
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import NotFound
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import newest_stacks
from airflow_provider_frameio.copying.look_up import Candidate, Found
from airflow_provider_frameio.copying.recent_assets import created_at, may_be_mine
from airflow_provider_frameio.copying.record import CopyRequest, alike, digest, tells
from airflow_provider_frameio.copying.restack.plan import is_new, newest_files
from airflow_provider_frameio.copying.restack.record import RestackRecord


def find_copies(request: CopyRequest, record: RestackRecord, taken: Collection[str]) -> Flow[tuple[Found, float]]:
    """What may be the copies that were sent, and the server's time of the look: a list.

    Where no record was kept, they may be in a stack by now: then also a list of stacks, and a call for each 100
    versions of those that may be it.

    :param taken: ids of what this task made besides; never candidates, as the source and its versions never are.
    """
    account_id = request.account_id
    files, now = yield from newest_files(account_id, record.folder_id, record.at)
    known = {*record.existing, *record.made_ids, *taken, record.source_id, *(item.source_id for item in record.items)}
    if record.assumed and not (record.loose or record.onto):
        files = [*files, *(yield from _stacked(account_id, record, known))]
    files = sorted(
        (file for file in files if file.get("id") not in known and _may_be_ours(file, record)),
        key=lambda file: created_at(file) or 0.0,
    )
    digests = {item.digest for item in record.items}
    seen = [(digest(file), Candidate(file, tells(file, digests))) for file in files]
    wanted = {position: record.items[position].digest for position in record.sending}
    return {position: [one for has, one in seen if alike(has, sought)] for position, sought in wanted.items()}, now


def _may_be_ours(asset: JsonObject, record: RestackRecord) -> bool:
    return is_new(asset, record.at) and may_be_mine(asset.get("creator"), record.me)


def _stacked(account_id: str, record: RestackRecord, known: Collection[str]) -> Flow[list[JsonObject]]:
    """The versions of stacks that hold nothing but what may be copies."""
    found: list[JsonObject] = []
    digests = {item.digest for item in record.items}
    stacks, _ = yield from newest_stacks(account_id, record.folder_id, record.at)
    for stack in stacks:
        if not is_called(stack, known) and _may_be_ours(stack, record):
            try:
                children = yield from all_pages(list_version_stack_children(account_id, str(stack["id"])))
            except NotFound:  # gone since the list was made
                continue
            if all(any(alike(seen, one) for one in digests) for seen in map(digest, children)):
                found.extend(children)
    return found
