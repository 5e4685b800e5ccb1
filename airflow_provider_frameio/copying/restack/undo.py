"""Taking copied files back where their copy failed for good. Performs no I/O."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.errors import FrameioError, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.protocol import RecordedFlow, Save, Warn
from airflow_provider_frameio.copying.restack.record import RestackRecord

_NEWER_STAYS = "a newer version is not deleted"


def undo(account_id: str, record: RestackRecord) -> RecordedFlow[list[str]]:
    """Delete the copies that an answer named, and with the last one the stack that they are in.

    What a search took for a copy is left alone: it is ours by all signs, and may be somebody else's all the same.

    :returns: what was not deleted, in words.
    """
    shown = {item.copy_id: f"'{foreign(item.name)}' {item.copy_id} ({foreign(item.url)})" for item in record.items}
    discarded, stacked = record.discard(), record.stack is not None
    _, problems = yield from delete_discarded(account_id, discarded, stacked=stacked)
    staying = [item for item in discarded.items[record.kept :] if item.copy_id]
    whys = {item.copy_id: _NEWER_STAYS if item.answered else "found by a search" for item in staying}
    return [f"{shown.get(copy_id, copy_id)}: {why}" for copy_id, why in {**whys, **problems}.items()]


def delete_leftovers(account_id: str, record: RestackRecord) -> RecordedFlow[RestackRecord]:
    """Delete what an earlier attempt could not delete. What stays is named, and keeps nothing back."""
    if not record.discarded:
        return record
    record, problems = yield from delete_discarded(account_id, record)
    if problems:
        yield Warn(f"Copied files of an earlier try could not be deleted: {listed(problems, ', ')}.")
    return record


def delete_discarded(
    account_id: str, record: RestackRecord, *, stacked: bool = True
) -> RecordedFlow[tuple[RestackRecord, dict[str, str]]]:
    """Delete what is discarded, which is stored before: a worker that dies leaves the rest to the next try.

    :param stacked: whether they may be in a stack.
    :returns: the record with those that are left, and for each of them why.
    """
    yield Save(record.to_json())
    left: dict[str, str] = {}
    # Newest first, and none that is older than one that stays: what is left of a stack is what an unfinished one held.
    for copy_id in reversed(record.discarded):
        if left and stacked:
            left[copy_id] = _NEWER_STAYS
            continue
        try:
            yield delete_file(account_id, copy_id)
        except NotFound:
            continue
        except FrameioError as error:
            left[copy_id] = foreign(error)
    record = replace(record, discarded=tuple(reversed(left)))
    yield Save(record.to_json())
    return record, left
