"""The first half of stacking anew: every version is copied into the folder, as a loose file, once. Performs no I/O.

As with stacks, an answer that was lost leads to a search before anything is sent again; see ``look_up``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from airflow_provider_frameio.api.endpoints.files import copy_file, copy_files
from airflow_provider_frameio.api.errors import CallError, CopyNeedsHelp, CopyOutcomeUnknown, NoSlot, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.protocol import Flow, Log, Now, Operation, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.exactly_once import WORKERS_CLOCKS, Rules
from airflow_provider_frameio.copying.look_up import Found, describe, look_until_certain
from airflow_provider_frameio.copying.record import CopyRequest, Search
from airflow_provider_frameio.copying.restack.candidates import find_copies
from airflow_provider_frameio.copying.restack.newer import plan_newer
from airflow_provider_frameio.copying.restack.plan import look_alikes, next_batch, order_of_copying, plan, plan_batch
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.undo import delete_leftovers

_MOST_TRIES = 2


def copy_versions(request: CopyRequest, record: RestackRecord | None, rules: Rules) -> RecordedFlow[RestackRecord]:
    """Copy every version that is not copied yet, or find the copies that were made.

    :param record: what an earlier try stored, or None.
    :returns: a record in which every version has a copy, perhaps of an earlier try.
    :raises CopyNeedsHelp: several files may be a copy, or one was sent twice and did not come.
    :raises CallError: a version was not copied.
    """
    former: list[str] = []
    if record is not None and record.finished:
        if record.series.edition == rules.series.edition:
            return record
        former, record = record.made_ids, None
    discarded: tuple[str, ...] = ()
    if record is not None and record.discarded:
        record = yield from delete_leftovers(request.account_id, record)
        discarded = record.discarded
    if record is None or not record.begun:
        record = yield from _plan(request, record, rules)
        record = replace(record, existing=(*record.existing, *former), discarded=discarded)
        yield Save(record.to_json())
    else:
        cleared = record.series.clear != rules.series.clear
        record = replace(record, series=rules.series, tries=0 if cleared else record.tries)
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


def assume_begun(
    request: CopyRequest,
    since: float,
    looked_since: float | None,
    rules: Rules,
    planned: RestackRecord | None = None,
) -> Flow[RestackRecord]:
    """A record for a try whose predecessor stored none: perhaps it copied, at the earliest at ``since``.

    :param since: seconds since the epoch on another machine's clock; turned into the server's time.
    :param looked_since: the server's time after which that predecessor can have sent nothing.
    :param planned: of a batch of files: which names them, and what was there when they were found missing.
    """
    record = yield from _plan(request, planned, rules)
    now: float = yield Now()
    age = (max(0.0, now - since) + WORKERS_CLOCKS) / rules.policy.scale
    missing = tuple(position for position in order_of_copying(len(record.items)) if not record.copies[position])
    existing = planned.existing if planned else ()
    return replace(
        record, at=record.at - age, existing=existing, sending=missing, assumed=True, search=Search(looked_since)
    )


def _plan(request: CopyRequest, record: RestackRecord | None, rules: Rules) -> Flow[RestackRecord]:
    """See the world before anything is sent."""
    if request.batch:
        return (yield from plan_batch(request, record, rules.series))
    if request.onto:
        return (yield from plan_newer(request, rules.series, rules.policy))
    return (yield from plan(request, rules.series))


@dataclass(frozen=True)
class _Batch:
    """Versions to be copied by one call.

    :ivar bulk: whether by the call for many, which not every Frame.io has.
    """

    request: CopyRequest
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
    except NoSlot:
        raise
    except CallError as refusal:
        yield Save(record.to_json())
        if batch.bulk and isinstance(refusal, NotFound):
            return None
        raise
    copied = sending.copied(batch.copies(answer), answered=True)
    yield Save(copied.to_json())
    yield Log(f"{copied.progress}.")
    return copied


def _resolve(request: CopyRequest, record: RestackRecord, rules: Rules) -> RecordedFlow[RestackRecord]:
    """Look for the copies that were sent until it is certain which were made; the others may be sent again."""
    found = yield from _look(request, record, rules)
    adopted, doubtful = rules.choose(found)
    if doubtful and rules.on_ambiguous != "copy_again":
        raise CopyNeedsHelp(
            f"Which of these files are copies of the versions cannot be told: {listed(map(describe, doubtful))}. "
            "Delete what is too much in Frame.io and clear the task. Or set on_ambiguous."
        )
    if not adopted and record.tries >= _MOST_TRIES:
        missing = [f"'{foreign(record.items[position].name)}'" for position in found]
        raise CopyNeedsHelp(
            f"{record.tries} copies of {listed(missing, ', ')} were sent, and none can be told to have "
            f"come. Look into the folder {record.folder_id}, delete what is too much and clear the task."
        )
    record = replace(record.copied(adopted, answered=False), sending=(), search=Search())
    if record.assumed:  # what was there before this try sends anything is none of its copies
        existing, now = yield from look_alikes(request.account_id, record.folder_id, record.digests)
        record = replace(record, at=now, existing=(*record.existing, *existing), assumed=False)
    yield Save(record.to_json())
    yield Log(f"Found {len(adopted)} of the {len(found)} copies whose answer was lost.")
    return record


def _look(request: CopyRequest, record: RestackRecord, rules: Rules) -> RecordedFlow[Found]:
    """What may be the copies, once there has been time enough for them to show."""
    return look_until_certain(
        lambda: find_copies(request, record, rules.taken),
        rules.policy,
        record.search,
        lambda search: replace(record, search=search).to_json(),
        what=f"{len(record.sending)} copies",
    )
