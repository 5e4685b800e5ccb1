"""The second half of stacking anew: the copies become a stack, oldest first, and their order is verified. No I/O.

A file is in one place only, so a stack whose answer was lost is found by asking where one of its files is, and asking
for it again can never make a second one. Versions beyond the tenth are moved in one by one, each becoming the newest; a
move whose answer was lost is repeated only once it can no longer arrive late, or it would disturb the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_frameio.api.endpoints.files import get_file, move_file, rename_file
from airflow_provider_frameio.api.endpoints.version_stacks import (
    create_version_stack,
    get_version_stack,
    list_version_stack_children,
)
from airflow_provider_frameio.api.errors import CallError, CopyFailed, CopyNeedsHelp, NotFound, OutcomeUnknown
from airflow_provider_frameio.api.foreign import listed
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Recorded, RecordedFlow, Save, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.restack.record import RestackRecord

FILES_OF_A_NEW_STACK = 10
_MOST_TRIES = 3
_LOOKS = (2.0, 3.0, 5.0, 10.0, 20.0, 20.0)
"""Seconds between looks for what was perhaps done; after all of them it is not done, and will not be."""


def stack_copies(account_id: str, record: RestackRecord, rules: Rules) -> RecordedFlow[RestackRecord]:
    """Make the stack of the copies, or go on with the one that was begun.

    :param record: in which every version has a copy, and they are there.
    :returns: a finished record; where the source has one version only, ``stack`` is the copied file.
    :raises CopyFailed: the new stack is not what it should be, or what an earlier try finished is gone.
    :raises CopyNeedsHelp: the stack was asked for again and again, and did not come.
    """
    if record.finished:
        yield from _still_there(account_id, record)
        return record
    if len(record.items) == 1:
        finished = record.finish((yield get_file(account_id, record.copies[0])))
        yield Save(finished.to_json())
        return finished
    inside: set[str] = set(record.copies[:FILES_OF_A_NEW_STACK])
    if record.stack is None:
        record, found = yield from _stack(account_id, record, rules)
    else:
        found = True
    if found and len(record.items) > FILES_OF_A_NEW_STACK:
        # An earlier try's last move may be under way: it must not arrive after those that follow.
        yield Sleep(sum(_LOOKS) * rules.patience.scale, "The stack is there: going on once nothing else can arrive.")
        inside |= {str(child["id"]) for child in (yield from _children(account_id, record))}
    for number, copy_id in enumerate(record.copies):
        if copy_id not in inside:
            yield from _move(account_id, copy_id, _stack_id(record), rules)
            if number % 10 == 0:
                yield Log(f"{number} of {len(record.items)} versions stacked.")
    finished = record.finish((yield from _verified(account_id, record, rules)))
    yield Save(finished.to_json())
    return finished


def _stack(account_id: str, record: RestackRecord, rules: Rules) -> RecordedFlow[tuple[RestackRecord, bool]]:
    """The record with its new stack, and whether that had been there before."""
    first = record.items[:FILES_OF_A_NEW_STACK]
    refusal: CallError | None = None
    looks = 0
    while True:
        file = yield get_file(account_id, first[-1].copy_id)
        if file.get("parent_id") != record.folder_id:
            stack = yield get_version_stack(account_id, str(file.get("parent_id")))
            stacked = record.stacked(stack)
            yield Save(stacked.to_json())
            return stacked, True
        if refusal is not None:
            yield Save(record.to_json())
            raise refusal
        if (record.stackings or record.assumed) and looks < len(_LOOKS):
            yield Sleep(_LOOKS[looks] * rules.patience.scale, "Looking whether the new stack was made.")
            looks += 1
            continue
        if record.stackings >= _MOST_TRIES:
            raise CopyNeedsHelp(
                f"A stack of the files copied into the folder {record.folder_id} was asked for {record.stackings} "
                "times and did not come. Clear the task to try again."
            )
        if file.get("name") != first[-1].name:
            # Frame.io names the stack after this file, whose own name may have been taken when it was copied.
            yield rename_file(account_id, first[-1].copy_id, first[-1].name)
        operation = create_version_stack(account_id, record.folder_id, [item.copy_id for item in first])
        asking = record.stacking()
        try:
            stack = yield Recorded(operation, sending=asking.to_json(), refused=record.to_json())
        except OutcomeUnknown:
            record, looks = asking, 0
        except CallError as error:
            if not record.stackings:
                yield Save(record.to_json())
                raise
            refusal = error  # or the one before has arrived meanwhile: then the files are no longer where they were
        else:
            stacked = record.stacked(stack)
            yield Save(stacked.to_json())
            return stacked, False


def _move(account_id: str, copy_id: str, stack_id: str, rules: Rules) -> Flow[None]:
    """Put a copy on top of the stack."""
    moving = replace(move_file(account_id, copy_id, stack_id), repeatable=False)
    for _ in range(_MOST_TRIES):
        try:
            yield moving
            return
        except OutcomeUnknown as lost:
            problem = lost
        for seconds in _LOOKS:
            yield Sleep(seconds * rules.patience.scale, f"{problem.came}. Looking whether the version was moved.")
            file = yield get_file(account_id, copy_id)
            if file.get("parent_id") == stack_id:
                return
    raise problem


def _verified(account_id: str, record: RestackRecord, rules: Rules) -> Flow[JsonObject]:
    """The new stack's record, once it lists all copies in the order in which the source lists its versions."""
    expected = [*reversed(record.copies)] if record.newest_first else record.copies
    for seconds in (0.0, *_LOOKS):
        yield Sleep(seconds * rules.patience.scale, "Not all versions are listed yet." if seconds else "")
        children = yield from _children(account_id, record)
        ours = {str(child["id"]): child for child in children if child["id"] in expected}
        if [*ours] == expected:
            return {**(record.stack or {}), "head_version": ours[record.copies[-1]]}
    raise CopyFailed(
        f"The new stack {_stack_id(record)} does not list its versions as the source does. "
        f"Expected: {listed(expected, ', ')}; found: {listed(ours, ', ')}."
    )


def _children(account_id: str, record: RestackRecord) -> Flow[Sequence[JsonObject]]:
    return (yield from all_pages(list_version_stack_children(account_id, _stack_id(record))))


def _still_there(account_id: str, record: RestackRecord) -> Flow[None]:
    show = get_file if len(record.items) == 1 else get_version_stack
    try:
        yield show(account_id, _stack_id(record))
    except NotFound as gone:
        raise CopyFailed(
            f"The copy that an earlier try made, {_stack_id(record)}, is gone. Clear the task to copy again."
        ) from gone


def _stack_id(record: RestackRecord) -> str:
    return str((record.stack or {}).get("id"))
