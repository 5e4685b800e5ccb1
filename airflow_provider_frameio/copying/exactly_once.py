"""One copy, once: the flow that makes it, finds it again when its answer was lost, and asks when it cannot know.

Performs no I/O. Frame.io has no idempotency key, so a record is stored before each copy is sent, and after an answer
that was lost the folder is searched, in the server's time, before anything is sent again; see ``look_up``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from airflow_provider_frameio.api.aliases import is_alias
from airflow_provider_frameio.api.endpoints.version_stacks import (
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
)
from airflow_provider_frameio.api.errors import CallError, CopyNeedsHelp, CopyOutcomeUnknown, NoSlot, NotFound, NotSent
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Now, Operation, Recorded, RecordedFlow, Room, Save, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.adobe_storage import AdobeStorageSeen, shows_adobe_storage
from airflow_provider_frameio.copying.candidates import find_candidates, take_snapshot, target_folder
from airflow_provider_frameio.copying.look_up import Found, LookupPolicy, choose, describe, look_until_certain
from airflow_provider_frameio.copying.record import FIRST, CopyRecord, CopyRequest, Search, Series, Snapshot
from airflow_provider_frameio.copying.versions import read_versions

ON_AMBIGUOUS = ("fail", "adopt_oldest", "copy_again")
WORKERS_CLOCKS = 300.0
"""Seconds by which the clocks of two machines may differ where one of them says since when to look."""
_MOST_SENT = 2
_UNSENT_DELAYS = (1.0, 2.0, 4.0)  # seconds
_ADVICE = {
    True: "Delete what is too much in Frame.io and clear the task: it takes what is left, or copies again.",
    False: "If one is the copy, mark the task as success; else delete what is too much and clear it: it copies again.",
}


@dataclass(frozen=True)
class Rules:
    """What the flow may do.

    :ivar series: of this try.
    :ivar on_ambiguous: what to do about several candidates: ``fail``, ``adopt_oldest`` or ``copy_again``.
    :ivar kept: whether the record outlives this try, a user's clear included.
    :ivar taken: ids of what this task made besides: never candidates.
    :ivar contested: asked whether another row whose copy looks the same is still unresolved: then a candidate may be
        either's.
    :ivar native_only: copy on Adobe storage as well, where Frame.io refuses it.
    """

    series: Series = FIRST
    on_ambiguous: str = "fail"
    kept: bool = True
    taken: Collection[str] = ()
    contested: Callable[[], bool] = lambda: False
    native_only: bool = True
    policy: LookupPolicy = field(default_factory=LookupPolicy)

    def choose(self, found: Found) -> tuple[dict[int, JsonObject], list[JsonObject]]:
        """Which candidates are the copies, by position, and which leave a doubt."""
        oldest = self.on_ambiguous == "adopt_oldest"
        chosen, doubtful = choose(found, adopt_oldest=oldest)
        if chosen and not oldest and self.contested():
            return {}, [*chosen.values(), *doubtful]
        return chosen, doubtful


def copy_once(request: CopyRequest, record: CopyRecord | None, rules: Rules) -> RecordedFlow[CopyRecord]:
    """Make the copy, or find the one that was made.

    :param record: what an earlier try stored, or None.
    :returns: a record with the copy in it; it may have been made by an earlier try.
    :raises CopyNeedsHelp: several stacks may be the copy, or two copies were sent and neither came.
    :raises AdobeStorageSeen: the source shows that Frame.io would refuse; nothing was sent.
    :raises CallError: the copy was not made.
    """
    former: tuple[str, ...] = ()
    if record is not None and record.done:
        if record.series.edition == rules.series.edition:
            return record
        former, record = (*record.snapshot.existing, *record.made_ids), None
    cleared = record is not None and record.series.clear != rules.series.clear
    most_sent = max(_MOST_SENT, record.sent + 1) if record is not None and cleared else _MOST_SENT
    while record is None or not record.done:
        if record is not None and record.sent:
            record = yield from _resolve(request, record, rules, most_sent)
        if record is None or not record.done:
            record = yield from _send_patiently(request, record, rules, former)
    return record


def assume_sent(
    request: CopyRequest, since: float, looked_since: float | None, rules: Rules
) -> RecordedFlow[CopyRecord]:
    """A record for a try whose predecessor stored none: perhaps it sent a copy, at the earliest at ``since``.

    :param since: seconds since the epoch on another machine's clock; turned into the server's time.
    :param looked_since: the server's time after which that predecessor can have sent nothing.
    """
    source = yield get_version_stack(request.account_id, request.source_id)
    snapshot = yield from take_snapshot(request, source)
    snapshot = snapshot.of((yield from read_versions(request)))
    now: float = yield Now()  # only now: however long all that took, it makes the look back longer, not shorter
    age = (max(0.0, now - since) + WORKERS_CLOCKS) / rules.policy.scale
    snapshot = replace(snapshot, at=snapshot.at - age, existing=())
    return CopyRecord(snapshot, rules.series, sent=1, assumed=True, search=Search(looked_since))


def copy_without_record(request: CopyRequest) -> RecordedFlow[CopyRecord]:
    """Make the copy with nothing to find it by afterwards.

    :raises CopyOutcomeUnknown: the answer was lost.
    """
    yield Room(copy_operation(request, request.parent_id))
    source: JsonObject = {"id": request.source_id}
    if request.parent_id is None or is_alias(request.source_id):
        source = yield get_version_stack(request.account_id, request.source_id)
    versions = yield from read_versions(request)
    folder_id = target_folder(request, source)
    copy = yield Recorded(copy_operation(request, folder_id))
    unseen = Snapshot(0.0, str(source["id"]), folder_id, (), ("", "")).sending(versions)
    return CopyRecord(unseen, sent=1).made(copy)


def copy_operation(request: CopyRequest, folder_id: str | None) -> Operation[JsonObject]:
    """Frame.io's own copy."""
    return copy_version_stack(
        request.account_id, request.source_id, parent_id=folder_id, copy_metadata=request.copy_metadata
    )


def _send_patiently(
    request: CopyRequest, record: CopyRecord | None, rules: Rules, former: Sequence[str]
) -> RecordedFlow[CopyRecord]:
    """Send one copy; where Frame.io cannot be reached, again after a look at the source, which may have changed."""
    for delay in _UNSENT_DELAYS:
        try:
            return (yield from _send(request, record, rules, former))
        except NotSent as error:
            if not error.transient:
                raise
            yield Sleep(delay * rules.policy.scale, f"{error} Retrying in {delay:.0f} s.")
    return (yield from _send(request, record, rules, former))


def _send(
    request: CopyRequest, record: CopyRecord | None, rules: Rules, former: Sequence[str]
) -> RecordedFlow[CopyRecord]:
    """Send one copy: with it in the record, or with the record of its unknown outcome.

    :param former: ids of copies that an earlier edition made.
    """
    # First the room, and last the versions: the source may change meanwhile, and the copy is of what it then holds.
    yield Room(copy_operation(request, request.parent_id))
    source = yield get_version_stack(request.account_id, request.source_id)
    if not rules.native_only and shows_adobe_storage(source, request.parent_id):
        raise AdobeStorageSeen
    if record is None or record.sent <= int(record.assumed):  # one that was only assumed can come no more
        snapshot = yield from take_snapshot(request, source)
        versions = yield from read_versions(request)
        snapshot = replace(snapshot.of(versions), existing=(*snapshot.existing, *former))
        record = replace(record or CopyRecord(snapshot), snapshot=snapshot, series=rules.series)
    else:
        versions = yield from read_versions(request)
        record = replace(record, snapshot=record.snapshot.seen(source, versions))
    sending = record.sending(rules.series, versions)
    operation = copy_operation(request, record.snapshot.folder_id)
    try:
        copy = yield Recorded(operation, sending=sending.to_json(), refused=record.to_json(), attempts=1)
    except CopyOutcomeUnknown as lost:
        yield Log(f"{lost.came}. The copy may have been made: looking for it before anything else is sent.")
        return sending
    except NoSlot:
        raise
    except CallError:
        yield Save(record.to_json())
        raise
    made = sending.made(copy)
    yield Save(made.to_json())
    return made


def _resolve(request: CopyRequest, record: CopyRecord, rules: Rules, most_sent: int) -> RecordedFlow[CopyRecord]:
    """Look for the copy until it is certain: with it in the record, or without it when it may be sent again."""
    found, record = yield from _look(request, record, rules)
    chosen, doubtful = rules.choose(found)
    if chosen:
        adopted = replace(record, series=rules.series).made(chosen[0])
        yield Save(adopted.to_json())
        yield Log(f"Found the copy whose answer was lost: {describe(chosen[0])}.")
        return adopted
    if doubtful and rules.on_ambiguous != "copy_again":
        raise CopyNeedsHelp(
            f"Any of these may be the copy whose answer was lost: {listed(map(describe, doubtful))}. "
            f"{_ADVICE[rules.kept]} Or set on_ambiguous."
        )
    if record.sent >= most_sent:
        raise CopyNeedsHelp(
            f"{record.sent} copies of '{foreign(record.snapshot.names[0])}' were sent, and none can be told to have "
            f"come. Look into the folder {record.snapshot.folder_id}. {_ADVICE[rules.kept]}"
        )
    return record


def _look(request: CopyRequest, record: CopyRecord, rules: Rules) -> RecordedFlow[tuple[Found, CopyRecord]]:
    """What may be the copy, once there has been time enough for it to show."""

    def look() -> RecordedFlow[tuple[Found, float]]:
        nonlocal record
        seen = replace(record, snapshot=(yield from _seen_now(request, record.snapshot)))
        if seen != record:  # a later try must know the copy by a name that the source had meanwhile
            record = seen
            yield Save(record.to_json())
        candidates, now = yield from find_candidates(request, record.snapshot, rules.taken)
        return {0: candidates}, now

    def save(search: Search) -> JsonObject:
        nonlocal record
        record = replace(record, search=search)
        return record.to_json()

    found = yield from look_until_certain(look, rules.policy, record.search, save, what="the copy")
    return found, record


def _seen_now(request: CopyRequest, snapshot: Snapshot) -> Flow[Snapshot]:
    """With what the source has become: the copy is of what it was when Frame.io carried the call out.

    :raises CallError: it cannot be read, so that a copy could not be told, and its absence proves nothing.
    """
    try:
        source = yield get_version_stack(request.account_id, request.source_id)
        versions = yield from all_pages(list_version_stack_children(request.account_id, request.source_id))
    except NotFound:  # then it is searched for by what the source was
        return snapshot
    return snapshot.seen(source, versions)
