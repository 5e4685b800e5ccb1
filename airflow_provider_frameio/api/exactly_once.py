"""One copy, once: the flow that makes it, finds it again when its answer was lost, and asks when it cannot know.

Performs no I/O. Frame.io has no idempotency key, so a record is stored before each copy is sent, and after an answer
that was lost the folder is searched, in the server's time, before anything is sent again. What that rests on: a copy
whose answer was lost is carried out, and shown in the folder's list, within ``Patience.give_up_after``; and nobody
renames or moves it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from airflow_provider_frameio.api.candidates import find_candidates, take_snapshot
from airflow_provider_frameio.api.copy_errors import CopyFailed, CopyNeedsHelp
from airflow_provider_frameio.api.copy_record import CopyRecord, CopyRequest, Snapshot
from airflow_provider_frameio.api.endpoints.version_stacks import (
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
)
from airflow_provider_frameio.api.errors import CallError, CopyOutcomeUnknown, FrameioError, InvalidParameter, NotFound
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Operation, Pause, Recorded, RecordedFlow, Save
from airflow_provider_frameio.api.replies import JsonObject

ON_AMBIGUOUS = ("fail", "adopt_oldest", "copy_again")
_MOST_SENT = 2
_ADVICE = {
    True: "Delete what is too much in Frame.io and clear the task: it takes what is left, or copies again.",
    False: "If one is the copy, mark the task as success; else delete what is too much and clear it: it copies again.",
}
_FIRST_INTERVAL, _LONGEST_INTERVAL = 5.0, 30.0


@dataclass(frozen=True)
class Patience:
    """How long to look for a copy whose answer was lost. All times in seconds of the server.

    :ivar adopt_after: a single candidate is taken for the copy only then: another may be late in the list.
    :ivar give_up_after: with no candidate by then, the copy was not made. Frame.io gives up on a request after 30 s.
    :ivar tolerated_failures: looks in a row that may fail; none of them counts as an answer.
    :ivar scale: multiplies the pauses; below 1 only for an emulator whose time runs faster.
    """

    adopt_after: float = 60.0
    give_up_after: float = 180.0
    tolerated_failures: int = 10
    scale: float = 1.0


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
    patience: Patience = Patience()


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
    now: float = yield Pause(0.0)  # only now: however long all that took, it makes the look back longer, not shorter
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
    empty = [str(version.get("name")) for version in versions if version.get("status") == "created"]
    if empty:
        yield Pause(0.0, f"Not uploaded yet in the source, so perhaps never in the copy: {', '.join(empty)}")
    return versions


def copy_without_record(request: CopyRequest) -> RecordedFlow[CopyRecord]:
    """Make the copy with nothing to find it by afterwards.

    :raises CopyOutcomeUnknown: the answer was lost.
    """
    versions = yield from source_versions(request)
    unsent = CopyRecord(Snapshot(0.0, request.parent_id or "", "", len(versions), (), ("", "")), generation=0)
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
        yield Pause(0.0, f"{lost.came}. The copy may have been made: looking for it before anything else is sent.")
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
        yield Pause(0.0, f"Found the copy whose answer was lost: {_words(oldest)}.")
        return adopted
    if found and rules.on_ambiguous == "fail":
        raise CopyNeedsHelp(
            f"Any of these may be the copy whose answer was lost: {'; '.join(map(_words, found))}. "
            f"{_ADVICE[rules.kept]} Or set on_ambiguous."
        )
    if record.sent >= most_sent:
        raise CopyNeedsHelp(
            f"{record.sent} copies of {record.snapshot.name!r} were sent, and none can be told to have come. Look into "
            f"the folder {record.snapshot.folder_id}. {_ADVICE[rules.kept]}"
        )
    return record


def _look(request: CopyRequest, record: CopyRecord, rules: Rules) -> Flow[list[JsonObject]]:
    """The stacks that may be the copy, once there has been time enough for it to show."""
    failures = 0
    patience = rules.patience
    first = rules.looking_since if record.assumed else None
    interval = _FIRST_INTERVAL
    while True:
        try:
            found, now = yield from find_candidates(request, record.snapshot)
        except FrameioError as error:
            failures += 1
            if not error.transient or failures > patience.tolerated_failures:
                raise
            reason = f"Could not look for the copy ({failures} in a row): {error}"
        else:
            failures = 0
            first = now if first is None else first
            waited = now - first
            # A stack without versions may be the copy of any other stack of that name.
            telling = bool(found) and all(stack.get("head_version") for stack in found)
            if waited >= (patience.adopt_after if telling else patience.give_up_after):
                return found
            reason = f"Looking for the copy since {waited:.0f} s: {len(found)} found so far."
        yield Pause(interval * patience.scale, reason)
        interval = min(interval * 1.5, _LONGEST_INTERVAL)


def _still_there(request: CopyRequest, copy: JsonObject) -> Flow[None]:
    try:
        yield get_version_stack(request.account_id, copy["id"])
    except NotFound as gone:
        raise CopyFailed(
            f"The copy that an earlier try made, {_words(copy)}, is gone. Clear the task to copy again."
        ) from gone


def _words(stack: JsonObject) -> str:
    return f"{stack.get('name')!r} {stack['id']} of {stack.get('created_at')} ({stack.get('view_url')})"
