"""Waiting until copied files are there, and taking them back. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api.endpoints.files import delete_file, get_file, list_files
from airflow_provider_frameio.api.errors import CopyFailed, CopyTimeout, FrameioError, NotFound
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import has_reached
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow, Now, RecordedFlow, Save, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms, how_far
from airflow_provider_frameio.copying.restack.record import RestackRecord

_SHORTEST = 1.0  # seconds


def wait_for_files(
    account_id: str, folder_id: str, file_ids: Sequence[str], target_status: str, terms: Terms
) -> Flow[None]:
    """Look into the folder again and again until all files are at ``target_status``: a call for each 500 of them.

    :raises CopyFailed: one is gone.
    :raises CopyTimeout: one was not there at ``end_time``; a last look was taken then.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures = FailedLooks(terms.tolerated_failures)
    while True:
        now: float = yield Now()
        last = now >= terms.end_time
        try:
            behind = yield from files_behind(account_id, folder_id, file_ids, target_status)
        except FrameioError as error:
            progress = failures.bear(error)
        else:
            failures.end()
            if not behind:
                return
            progress = f"{len(file_ids) - behind} of {len(file_ids)} files {target_status}"
        summary = how_far([progress], now - terms.started_at)
        if last:
            raise CopyTimeout(f"The copied files were not there in the time allowed: {summary}. Raise the timeout.")
        # Young copies are looked at more often: they may be small.
        rest = min(max(_SHORTEST, (now - terms.started_at) / 2), terms.poll_interval)
        yield Sleep(min(rest, terms.end_time - now), summary)


def files_behind(account_id: str, folder_id: str, file_ids: Sequence[str], target_status: str) -> Flow[int]:
    """How many of the files are not at ``target_status`` yet; none as soon as one is no longer in the folder.

    Then an earlier try waited for them and stacked them, or somebody moved them, which the stacking will tell.

    :raises CopyFailed: one is gone.
    """
    wanted = set(file_ids)

    def enough(page: Page, items: Sequence[JsonObject]) -> bool:
        """Whether all that are waited for were listed."""
        return wanted <= {item.get("id") for item in items}

    first = list_files(account_id, folder_id, sort="created_at_desc", page_size=500)
    listed = yield from all_pages(first, enough)
    found = {str(file["id"]): file for file in listed if file.get("id") in wanted}
    absent = [file_id for file_id in file_ids if file_id not in found]
    if absent:  # lists may be late
        found[absent[0]] = yield from _shown(account_id, absent[0])
        if found[absent[0]].get("parent_id") != folder_id:
            return 0
    statuses = (str(found.get(file_id, {}).get("status")) for file_id in file_ids)
    return sum(not has_reached(status, target_status) for status in statuses)


def undo(account_id: str, record: RestackRecord) -> RecordedFlow[list[str]]:
    """Delete every copy that this record knows of, and with the last one the stack that they are in.

    :returns: what could not be deleted, in words.
    """
    left = []
    for item in filter(lambda item: item.copy_id, record.items):
        try:
            yield delete_file(account_id, item.copy_id)
        except NotFound:
            continue
        except FrameioError as error:
            left.append(f"'{foreign(item.name)}' {item.copy_id} ({foreign(item.url)}): {foreign(error)}")
    if not left:
        yield Save(record.undone().to_json())
    return left


def _shown(account_id: str, file_id: str) -> Flow[JsonObject]:
    try:
        file: JsonObject = yield get_file(account_id, file_id)
    except NotFound as gone:
        raise CopyFailed(f"The copied file {file_id} is not there (any more). {gone}") from gone
    return file
