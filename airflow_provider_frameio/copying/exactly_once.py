"""One copy, once: the flow that makes it, finds it again when its answer was lost, and asks when it cannot know.

Performs no I/O. Frame.io has no idempotency key, so a record is stored before each copy is sent, and after an answer
that was lost the folder is searched, in the server's time, before anything is sent again. What that rests on: a copy
whose answer was lost is carried out, and shown in the folder's list, within ``Patience.give_up_after``; and nobody
renames or moves it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from airflow_provider_frameio.api.endpoints.version_stacks import (
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
)
from airflow_provider_frameio.api.errors import (
    CallError,
    CopyFailed,
    CopyNeedsHelp,
    CopyOutcomeUnknown,
    InvalidParameter,
    NotFound,
)
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Now, Operation, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import find_candidates, take_snapshot
from airflow_provider_frameio.copying.look_up import Patience, look_until_certain, warn_of_empty, words
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, Snapshot, first_ids

ON_AMBIGUOUS = ("fail", "adopt_oldest", "copy_again")
_MOST_SENT = 2
_ADVICE = {
    True: "Delete what is too much in Frame.io and clear the task: it takes what is left, or copies again.",
    False: "If one is the copy, mark the task as success; else delete what is too much and clear it: it copies again.",
}


@dataclass(frozen=True)
class Rules:
    """What the flow may do.

    :ivar generation: a number that rises when a user clears the task: then a copy that is done is made again.
    :ivar on_ambiguous: what to do about several candidates: ``fail``, ``adopt_oldest`` or ``copy_again``.
    :ivar kept: whether the record outlives this try, a user's clear included.
    :ivar verify: whether a copy that an earlier try made is looked at before it is taken for done.
    :ivar looking_since: the server's time, in seconds since the epoch, from which on nothing can have been sent but by
        this try: what is not there by then plus ``Patience.give_up_after`` was not made. None: from the first look on.
    """

    generation: int = 0
    on_ambiguous: str = "fail"
    kept: bool = True
    verify: bool = True
    looking_since: float | None = None
    patience: Patience = field(default_factory=Patience)


def copy_once(
    request: CopyRequest, record: CopyRecord | None, rules: Rules, source: JsonObject | None = None
) -> RecordedFlow[CopyRecord]:
    """Make the copy, or find the one that was made.

    :param record: what an earlier try stored, or None.
    :param source: the source's record, where it is known.
    :returns: a record with the copy in it; it may have been made by an earlier try.
    :raises CopyNeedsHelp: several stacks may be the copy, or two copies were sent and neither came.
    :raises CopyFailed: an earlier try made the copy, and it is gone.
    :raises CallError: the copy was not made.
    """
    cleared = record is not None and record.generation < rules.generation
    if record is not None and record.copy is not None and not cleared:
        if rules.verify:
            yield from _still_there(request, record.copy)
        return record
    if record is None or record.copy is not None or not record.sent:
        record = yield from prepare(request, rules.generation, source=source)
    elif cleared:
        # An unknown outcome is resolved before anything new is made; only then the user's wish for a new copy counts.
        record = yield from _resolve(request, record, rules, most_sent=record.sent + 1)
        if record.copy is None:
            record = yield from prepare(request, rules.generation)
    while record.copy is None:
        if record.sent:
            record = yield from _resolve(request, record, rules)
        if record.copy is None:
            record = yield from _send(request, record)
    return record


def assume_sent(request: CopyRequest, since: float, rules: Rules) -> RecordedFlow[CopyRecord]:
    """A record for a try whose predecessor could store none: perhaps it sent a copy, at the earliest at ``since``.

    :param since: seconds since the epoch on this machine's clock; turned into the server's time.
    """
    record = yield from prepare(request, rules.generation, save=False)
    now: float = yield Now()  # only now: however long all that took, it makes the look back longer, not shorter
    age = max(0.0, now - since) / rules.patience.scale
    snapshot = replace(record.snapshot, at=record.snapshot.at - age, existing=())
    return replace(record, snapshot=snapshot, sent=1, assumed=True)


def prepare(
    request: CopyRequest, generation: int, *, save: bool = True, source: JsonObject | None = None
) -> RecordedFlow[CopyRecord]:
    """See the world before the copy.

    :param source: the source's record, where it is known.
    :raises InvalidParameter: the source has no versions.
    """
    versions = yield from source_versions(request)
    snapshot = yield from take_snapshot(request, versions, source)
    record = CopyRecord(snapshot, generation)
    if save:
        yield Save(record.to_json())
    return record


def source_versions(request: CopyRequest) -> Flow[list[JsonObject]]:
    """What there is to copy; what may never be complete is said in the log.

    :raises InvalidParameter: nothing.
    """
    source = request.version_stack_id
    versions = yield from all_pages(list_version_stack_children(request.account_id, source))
    if not versions:
        raise InvalidParameter("version_stack_id", source, "this version stack has no versions.")
    yield from warn_of_empty(versions)
    return versions


def copy_without_record(request: CopyRequest) -> RecordedFlow[CopyRecord]:
    """Make the copy with nothing to find it by afterwards.

    :raises CopyOutcomeUnknown: the answer was lost.
    """
    versions = yield from source_versions(request)
    ids = first_ids(versions)
    unseen = Snapshot(0.0, request.parent_id or "", "", len(versions), (), ("", ""), version_ids=ids)
    unsent = CopyRecord(unseen, generation=0)
    sending = unsent.sending()
    copy = yield Recorded(copy_operation(request), sending=sending.to_json(), refused=unsent.to_json())
    return sending.made(copy)


def copy_operation(request: CopyRequest) -> Operation[JsonObject]:
    """Frame.io's own copy."""
    return copy_version_stack(
        request.account_id,
        request.version_stack_id,
        parent_id=request.parent_id,
        copy_metadata=request.copy_metadata,
    )


def _send(request: CopyRequest, record: CopyRecord) -> RecordedFlow[CopyRecord]:
    sending = record.sending()
    try:
        copy = yield Recorded(copy_operation(request), sending=sending.to_json(), refused=record.to_json())
    except CopyOutcomeUnknown as lost:
        yield Log(f"{lost.came}. The copy may have been made: looking for it before anything else is sent.")
        return sending
    except CallError:
        yield Save(record.to_json())
        raise
    made = sending.made(copy)
    yield Save(made.to_json())
    return made


def _resolve(
    request: CopyRequest, record: CopyRecord, rules: Rules, *, most_sent: int = _MOST_SENT
) -> RecordedFlow[CopyRecord]:
    """Look for the copy until it is certain: with it in the record, or without it when it may be sent again."""
    found = yield from _look(request, record, rules)
    oldest = found[0] if len(found) == 1 or (found and rules.on_ambiguous == "adopt_oldest") else None
    if oldest is not None:
        adopted = replace(record, generation=rules.generation).made(oldest)
        yield Save(adopted.to_json())
        yield Log(f"Found the copy whose answer was lost: {words(oldest)}.")
        return adopted
    if found and rules.on_ambiguous == "fail":
        raise CopyNeedsHelp(
            f"Any of these may be the copy whose answer was lost: {listed(map(words, found))}. "
            f"{_ADVICE[rules.kept]} Or set on_ambiguous."
        )
    if record.sent >= most_sent:
        raise CopyNeedsHelp(
            f"{record.sent} copies of '{foreign(record.snapshot.name)}' were sent, and none can be told to have come. "
            f"Look into the folder {record.snapshot.folder_id}. {_ADVICE[rules.kept]}"
        )
    return record


def _look(request: CopyRequest, record: CopyRecord, rules: Rules) -> Flow[list[JsonObject]]:
    """The stacks that may be the copy, once there has been time enough for it to show."""
    return look_until_certain(
        lambda: find_candidates(request, record.snapshot),
        rules.patience,
        what="the copy",
        # A stack without versions may be the copy of any other stack of that name.
        is_telling=lambda found: bool(found) and all(stack.get("head_version") for stack in found),
        count=len,
        since=rules.looking_since if record.assumed else None,
    )


def _still_there(request: CopyRequest, copy: JsonObject) -> Flow[None]:
    try:
        yield get_version_stack(request.account_id, copy["id"])
    except NotFound as gone:
        raise CopyFailed(
            f"The copy that an earlier try made, {words(copy)}, is gone. Clear the task to copy again."
        ) from gone
