"""The first half of stacking anew: every version is copied into the folder, as a loose file, once. Performs no I/O.

As with stacks, an answer that was lost leads to a search before anything is sent again; see ``exactly_once``, whose
rules and patience count here too. It rests on the same: what was sent is carried out and listed within three minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from airflow_provider_frameio.api.endpoints.files import copy_file, copy_files
from airflow_provider_frameio.api.errors import CallError, CopyNeedsHelp, CopyOutcomeUnknown, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.protocol import Flow, Log, Now, Operation, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.look_up import look_until_certain, words
from airflow_provider_frameio.copying.restack.candidates import Found, find_copies
from airflow_provider_frameio.copying.restack.plan import next_batch, plan
from airflow_provider_frameio.copying.restack.record import RestackRecord, RestackRequest

_MOST_TRIES = 2


def copy_versions(
    request: RestackRequest, record: RestackRecord | None, rules: Rules, source: JsonObject | None = None
) -> RecordedFlow[RestackRecord]:
    """Copy every version that is not copied yet, or find the copies that were made.

    :param record: what an earlier try stored, or None.
    :param source: the source's record, where it is known.
    :returns: a record in which every version has a copy, perhaps of an earlier try.
    :raises CopyNeedsHelp: several files may be a copy, or one was sent twice and did not come.
    :raises CallError: a version was not copied.
    """
    cleared = record is not None and record.finished and record.generation < rules.generation
    if record is None or cleared or not record.begun:
        record = yield from plan(request, rules.generation, source)
        yield Save(record.to_json())
    elif not record.finished:
        record = replace(record, generation=rules.generation)
    bulk = True
    while True:
        if record.sending:
            record = yield from _resolve(request, record, rules)
        batch = next_batch(record.items)
        if not batch:
            return record
        sent = yield from _send(_Batch(request, record, batch if bulk else batch[:1], bulk))
        bulk = bulk and sent is not None
        record = sent or record


def assume_begun(request: RestackRequest, since: float, rules: Rules) -> Flow[RestackRecord]:
    """A record for a try whose predecessor could store none: perhaps it copied, at the earliest at ``since``.

    :param since: seconds since the epoch on this machine's clock; turned into the server's time.
    """
    record = yield from plan(request, rules.generation)
    now: float = yield Now()
    age = max(0.0, now - since) / rules.patience.scale
    everything = tuple(range(len(record.items)))
    return replace(record, at=record.at - age, existing=(), sending=everything, assumed=True)


@dataclass(frozen=True)
class _Batch:
    """Versions to be copied by one call.

    :ivar bulk: whether by the call for many, which not every Frame.io has.
    """

    request: RestackRequest
    record: RestackRecord
    positions: list[int]
    bulk: bool

    def operation(self) -> Operation[JsonObject | list[JsonObject]]:
        """The call that copies them, of one or of many."""
        ids = [self.record.items[position].source_id for position in self.positions]
        account_id, parent_id = self.request.account_id, self.record.folder_id
        metadata, comments = self.request.copy_metadata, self.request.copy_comments
        if self.bulk:
            return copy_files(account_id, ids, parent_id, copy_metadata=metadata, copy_comments=comments)
        return copy_file(account_id, ids[0], parent_id=parent_id, copy_metadata=metadata, copy_comments=comments)

    def copies(self, answer: JsonObject | list[JsonObject]) -> Mapping[int, JsonObject]:
        """What the answer says by position; what it does not speak of is left out, and so looked for."""
        if not isinstance(answer, list):
            return {self.positions[0]: answer}
        files = {pair["source_file_id"]: pair["file"] for pair in answer}
        made = {position: files.get(self.record.items[position].source_id) for position in self.positions}
        return {position: file for position, file in made.items() if file is not None}


def _send(batch: _Batch) -> RecordedFlow[RestackRecord | None]:
    """Copy a batch; None where this Frame.io has no call for many, and nothing was copied."""
    record, sending = batch.record, batch.record.sent(batch.positions)
    try:
        answer = yield Recorded(batch.operation(), sending=sending.to_json(), refused=record.to_json())
    except CopyOutcomeUnknown as lost:
        yield Log(f"{lost.came}. The files may have been copied: looking for them before anything else is sent.")
        return sending
    except CallError as refusal:
        yield Save(record.to_json())
        if batch.bulk and isinstance(refusal, NotFound):
            return None
        raise
    copied = sending.copied(batch.copies(answer))
    yield Save(copied.to_json())
    yield Log(f"{sum(map(bool, copied.copies))} of {len(copied.items)} versions copied.")
    return copied


def _resolve(request: RestackRequest, record: RestackRecord, rules: Rules) -> RecordedFlow[RestackRecord]:
    """Look for the copies that were sent until it is certain which were made; the others may be sent again."""
    found = yield from _look(request.account_id, record, rules)
    adopted = {
        position: files[0]
        for position, files in found.items()
        if len(files) == 1 or (files and rules.on_ambiguous == "adopt_oldest")
    }
    doubtful = [file for position, files in found.items() if position not in adopted for file in files]
    if doubtful and rules.on_ambiguous == "fail":
        raise CopyNeedsHelp(
            f"Several files may be the copy of the same version: {listed(map(words, doubtful))}. "
            "Delete what is too much in Frame.io and clear the task. Or set on_ambiguous."
        )
    if not adopted and record.tries >= _MOST_TRIES:
        missing = [f"'{foreign(record.items[position].name)}'" for position in found]
        raise CopyNeedsHelp(
            f"{record.tries} copies of {listed(missing, ', ')} were sent, and none can be told to have "
            f"come. Look into the folder {record.folder_id}, delete what is too much and clear the task."
        )
    record = replace(record.copied(adopted), sending=())
    yield Save(record.to_json())
    yield Log(f"Found {len(adopted)} of the {len(found)} copies whose answer was lost.")
    return record


def _look(account_id: str, record: RestackRecord, rules: Rules) -> Flow[Found]:
    """What may be the copies, once there has been time enough for them to show."""
    return look_until_certain(
        lambda: find_copies(account_id, record),
        rules.patience,
        what=f"{len(record.sending)} copies",
        is_telling=lambda found: all(found.values()),
        count=lambda found: sum(map(bool, found.values())),
        since=rules.looking_since if record.assumed else None,
    )
