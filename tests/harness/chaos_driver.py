"""Makes the copies it is told on standard input, one a line, and tells on standard output how each ended.

It may be killed at any moment. What it left in the store is all that the next one knows.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.errors import CopyNeedsHelp, FrameioError
from airflow_provider_frameio.api.protocol import Operation, Recorded, RecordedFlow, Step
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.copying.candidates import find_late_duplicates
from airflow_provider_frameio.copying.exactly_once import Rules, assume_sent, copy_once, copy_operation
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest


class FileStore:
    """The record of one task, in a file that is replaced as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self) -> JsonObject | None:
        """What an earlier try stored."""
        if not self._file.exists():
            return None
        record: JsonObject = json.loads(self._file.read_text())
        return record

    def set(self, record: JsonObject) -> None:
        """Store it; it outlives this process."""
        draft = self._file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(record))
        draft.replace(self._file)


class Driver:
    """Copies in one of three ways."""

    def __init__(self, settings: Settings, store: Path) -> None:
        self._client = Client(settings)
        self._account_id = settings.account_id
        self._rules = Rules(policy=LookupPolicy(scale=settings.time_scale))
        self._store = store

    def once(self, work: dict[str, Any]) -> dict[str, Any]:
        """With a record that outlives the process."""
        request, store = self._request(work), FileStore(self._store / f"{work['index']}.json")
        stored = store.get()
        return self._copied(request, None if stored is None else CopyRecord.from_json(stored), store.set)

    def stateless(self, work: dict[str, Any]) -> dict[str, Any]:
        """Without: a retry knows only that it is one, and when the first try began."""
        request, record = self._request(work), None
        if work["try_number"] > 1:
            record = self._client.run(assume_sent(request, work["began"], None, self._rules))
        return self._copied(request, record, lambda stored: None)

    def blind(self, work: dict[str, Any]) -> dict[str, Any]:
        """A call, and again after any error."""
        request = self._request(work)
        return {"outcome": "made", "copy": self._client.call(copy_operation(request, request.parent_id))["id"]}

    def _request(self, work: dict[str, Any]) -> CopyRequest:
        return CopyRequest(self._account_id, work["source"], work["target"])

    def _copied(
        self, request: CopyRequest, earlier: CopyRecord | None, save: Callable[[JsonObject], None]
    ) -> dict[str, Any]:
        record, searched = self._client.run(_watched(copy_once(request, earlier, self._rules)), save)
        copy = record.copy or {}
        late = self._client.run(find_late_duplicates(request, record))
        return {"outcome": "adopted" if searched else "made", "copy": copy["id"], "told": bool(late)}


def _watched(flow: RecordedFlow[CopyRecord]) -> RecordedFlow[tuple[CopyRecord, bool]]:
    """A flow and whether its copy was found by a search, and not told by the answer to the call that made it."""
    resume: Callable[[], Step] = partial(next, flow)
    searched = False
    try:
        while True:
            step = resume()
            if isinstance(step, (Operation, Recorded)):
                searched = isinstance(step, Operation)
            try:
                resume = partial(flow.send, (yield step))
            except FrameioError as error:
                resume = partial(flow.throw, error)
    except StopIteration as end:
        return end.value, searched


def main(method: str, task: str) -> None:
    """Answer each line with one.

    :param method: ``once``, ``stateless`` or ``blind``.
    :param task: JSON: the emulator's ``airflow_connection``, and the ``store``'s folder.
    """
    given = json.loads(task)
    stored = given["airflow_connection"]
    settings = Settings.from_connection(
        "chaos", host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"]
    )
    logging.getLogger("airflow_provider_frameio").setLevel(logging.ERROR)  # a campaign is full of warnings
    driver = Driver(settings, Path(given["store"]))
    for line in sys.stdin:
        try:
            answer = getattr(driver, method)(json.loads(line))
        except CopyNeedsHelp as doubt:
            answer = {"outcome": "help", "words": str(doubt)}
        except FrameioError as error:
            answer = {"outcome": "failed", "words": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
