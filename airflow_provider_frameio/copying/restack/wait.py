"""Waiting until copied files are there, and taking them back. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.errors import FrameioError, NotFound
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.protocol import Flow, RecordedFlow, Save
from airflow_provider_frameio.copying.completion.judge import Done, FilesExpectation, look
from airflow_provider_frameio.copying.completion.wait import Terms, wait_until_complete
from airflow_provider_frameio.copying.restack.record import RestackRecord

_FIRST_INTERVAL = 1.0  # seconds; copied files may be small


def wait_for_files(
    account_id: str, folder_id: str, file_ids: Sequence[str], target_status: str, terms: Terms
) -> Flow[None]:
    """Look into the folder again and again until all files are at ``target_status``: a call for each 500 of them.

    :raises CopyFailed: one is gone.
    :raises CopyTimeout: one was not there at ``end_time``; a last look was taken then.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    files = FilesExpectation(folder_id, tuple(file_ids), target_status)
    return wait_until_complete(account_id, [files], replace(terms, first_interval=_FIRST_INTERVAL))


def files_behind(account_id: str, folder_id: str, file_ids: Sequence[str], target_status: str) -> Flow[bool]:
    """Whether any of the files is not at ``target_status`` yet; not if one is no longer in the folder.

    :raises CopyFailed: one is gone.
    """
    verdict = yield from look(account_id, FilesExpectation(folder_id, tuple(file_ids), target_status))
    return not isinstance(verdict, Done)


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
