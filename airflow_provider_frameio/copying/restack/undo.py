"""Taking copied files back where their copy failed for good. Performs no I/O."""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.errors import FrameioError, NotFound
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.protocol import RecordedFlow, Save
from airflow_provider_frameio.copying.restack.record import RestackRecord


def undo(account_id: str, record: RestackRecord) -> RecordedFlow[list[str]]:
    """Delete the copies that an answer named, and with the last one the stack that they are in.

    What a search took for a copy is left alone: it is ours by all signs, and may be somebody else's all the same.

    :returns: what was not deleted, in words.
    """
    left: dict[str, str] = {}
    for item in filter(lambda item: item.copy_id, record.items):
        shown = f"'{foreign(item.name)}' {item.copy_id} ({foreign(item.url)})"
        if not item.answered:
            left[item.copy_id] = f"{shown}: found by a search"
            continue
        try:
            yield delete_file(account_id, item.copy_id)
        except NotFound:
            continue
        except FrameioError as error:
            left[item.copy_id] = f"{shown}: {foreign(error)}"
    yield Save(record.undone(left).to_json())
    return [*left.values()]
