"""The first half of stacking anew: every version is copied into the folder, as a loose file, once. Performs no I/O.

As with stacks, an answer that was lost leads to a search before anything is sent again; see ``look_up``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from airflow_provider_frameio.api.aliases import is_called
from airflow_provider_frameio.api.endpoints.files import copy_file, copy_files
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import CallError, CopyNeedsHelp, CopyOutcomeUnknown, NoSlot, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Now, Operation, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import newest_stacks
from airflow_provider_frameio.copying.exactly_once import WORKERS_CLOCKS, Rules
from airflow_provider_frameio.copying.look_up import Candidate, Found, describe, look_until_certain
from airflow_provider_frameio.copying.recent_assets import created_at, is_new, may_be_mine
from airflow_provider_frameio.copying.record import CopyRequest, Search, alike, digest, tells
from airflow_provider_frameio.copying.restack.plan import (
    look_alikes,
    newest_files,
    next_batch,
    order_of_copying,
    plan,
    plan_batch,
    plan_newer,
)
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
        sent = yield from _send(request, record, batch if bulk else batch[:1], bulk=bulk)
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


def _send(
    request: CopyRequest, record: RestackRecord, batch: list[int], *, bulk: bool
) -> RecordedFlow[RestackRecord | None]:
    """Copy the versions at these positions; None where this Frame.io has no call for many, and nothing was copied."""
    sending = record.sent(batch)
    operation = _operation(request, sending, bulk=bulk)
    try:
        answer = yield Recorded(operation, sending=sending.to_json(), refused=record.to_json())
    except CopyOutcomeUnknown as lost:
        yield Log(f"{lost.came}. The files may have been copied: looking for them before anything else is sent.")
        return sending
    except NoSlot:
        raise
    except CallError as refusal:
        yield Save(record.to_json())
        if bulk and isinstance(refusal, NotFound):
            return None
        raise
    copied = sending.copied(_copies(sending, answer), answered=True)
    yield Save(copied.to_json())
    yield Log(f"{copied.progress}.")
    return copied


def _operation(request: CopyRequest, sending: RestackRecord, *, bulk: bool) -> Operation[JsonObject | list[JsonObject]]:
    """The call that copies them, of one or of many, which not every Frame.io has."""
    ids = [sending.items[position].source_id for position in sending.sending]
    account_id, parent_id = request.account_id, sending.folder_id
    metadata, comments = request.copy_metadata, request.copy_comments
    if bulk:
        return copy_files(account_id, ids, parent_id, copy_metadata=metadata, copy_comments=comments)
    return copy_file(account_id, ids[0], parent_id=parent_id, copy_metadata=metadata, copy_comments=comments)


def _copies(sending: RestackRecord, answer: JsonObject | list[JsonObject]) -> Mapping[int, JsonObject]:
    """What the answer says by position; what it does not speak of is left out, and so looked for."""
    if not isinstance(answer, list):
        return {sending.sending[0]: answer}
    positions = {sending.items[position].source_id: position for position in sending.sending}
    return {positions[pair["source_file_id"]]: pair["file"] for pair in answer if pair["source_file_id"] in positions}


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
        lambda: _find_copies(request, record, rules.taken),
        rules.policy,
        record.search,
        lambda search: replace(record, search=search).to_json(),
        what=f"{len(record.sending)} copies",
    )


def _find_copies(request: CopyRequest, record: RestackRecord, taken: Collection[str]) -> Flow[tuple[Found, float]]:
    """What may be the copies that were sent, and the server's time of the look: a list.

    Frame.io links a copy to its source in no way. A file may be a version's copy if it was made since by the same user,
    was not there before, bears the version's name but for a " (1)" that may be added, and has its size.
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
    digests = set(record.digests)
    seen = [(digest(file), Candidate(file, tells(file, digests))) for file in files]
    wanted = {position: record.items[position].digest for position in record.sending}
    return {position: [one for has, one in seen if alike(has, sought)] for position, sought in wanted.items()}, now


def _may_be_ours(asset: JsonObject, record: RestackRecord) -> bool:
    return is_new(asset, record.at) and may_be_mine(asset.get("creator"), record.me)


def _stacked(account_id: str, record: RestackRecord, known: Collection[str]) -> Flow[list[JsonObject]]:
    """The versions of stacks that hold nothing but what may be copies."""
    found: list[JsonObject] = []
    digests = set(record.digests)
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
