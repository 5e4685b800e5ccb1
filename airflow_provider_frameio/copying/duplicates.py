"""A copy that turns up after its replacement was made: found and reported, never deleted. Performs no I/O."""

from __future__ import annotations

from collections.abc import Collection

from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import find_candidates
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest


def find_late_duplicates(
    request: CopyRequest, record: CopyRecord, taken: Collection[str] = ()
) -> Flow[list[JsonObject]]:
    """Stacks that may be the first copy, where a second was sent. Without any call where only one was.

    Not guaranteed: that all are found. One that turns up later still is not looked for.

    :param taken: ids of what this task made besides.
    """
    if record.sent < 2 or record.copy is None:
        return []
    found, _ = yield from find_candidates(request, record.snapshot, {*taken, *record.made_ids})
    return [one.asset for one in found]
