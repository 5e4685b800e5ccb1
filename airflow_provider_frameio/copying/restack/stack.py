"""The second half of stacking anew: the copies become a stack, oldest first, and their order is verified. No I/O.

It rests on this: a file has one parent, which is its stack once it is in one. So a stack whose answer was lost is found
by asking where one of its files is, and asking for it again never makes a second one. Versions beyond the tenth are
moved in one by one, each becoming the newest. A move whose answer was lost is repeated, and the next one sent, only
once it can no longer arrive late, or it would disturb the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airflow_provider_frameio.api.aliases import own_id
from airflow_provider_frameio.api.endpoints.files import get_file, move_file, rename_file
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import (
    create_version_stack,
    get_version_stack,
    list_version_stack_children,
    move_version_stack,
)
from airflow_provider_frameio.api.errors import (
    CallError,
    CopyFailed,
    FrameioError,
    NoSlot,
    NotFound,
    OutcomeUnknown,
    Unprocessable,
)
from airflow_provider_frameio.api.foreign import listed
from airflow_provider_frameio.api.models import without_creator
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Recorded, RecordedFlow, Save, Sleep, Warn
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.restack.record import FILES_OF_A_NEW_STACK, RestackRecord
from airflow_provider_frameio.copying.restack.undo import delete_leftovers

_MOST_TRIES = 3
_FIRST_INTERVAL, _LONGEST_INTERVAL = 2.0, 30.0
_VERIFYING = (0.0, 2.0, 3.0, 5.0, 10.0, 20.0, 20.0, 30.0, 30.0, 60.0)  # seconds between looks at a list that may lag


@dataclass(frozen=True)
class StackRequest:
    """Which files of which folder are to be stacked, oldest first, by their own ids."""

    account_id: str
    folder_id: str
    file_ids: Sequence[str]

    @classmethod
    def resolved(cls, account_id: str, folder_id: str, file_ids: Sequence[str]) -> Flow[StackRequest]:
        """From ids as somebody gave them: a call for each alias.

        :raises InvalidParameter: they cannot be right.
        """
        create_version_stack(account_id, folder_id, file_ids)  # checks what was given
        folder = yield from own_id(get_folder, account_id, folder_id)
        files = list(file_ids)
        for index, file_id in enumerate(files):
            files[index] = yield from own_id(get_file, account_id, file_id)
        return cls(account_id, folder, files)


def ensure_stacked(request: StackRequest, policy: LookupPolicy) -> RecordedFlow[tuple[JsonObject, bool]]:
    """Stack the files, or find the stack that holds them all.

    It looks first: then it may be run again, whatever became of the last time. A stack that holds other files as well
    is the one too: somebody may have added a version.

    :returns: the stack's record, and whether it was there before.
    :raises OutcomeUnknown: the answer was lost again and again, and the stack is not to be seen.
    :raises CallError: it was not made.
    """
    operation = create_version_stack(request.account_id, request.folder_id, request.file_ids)  # checks what was given
    stack = yield from find_stack(request)
    if stack is not None:
        yield Log(f"The files are in the version stack {stack['id']} already: nothing is sent.")
        return stack, True
    for tries in range(_MOST_TRIES):
        try:
            return (yield Recorded(operation)), False
        except OutcomeUnknown as lost:
            problem = lost
            yield Log(f"{lost.came}. The stack may have been made: looking for it.")
        except NoSlot:
            raise
        except CallError:
            # One that was sent before, and thought lost, may have been carried out meanwhile.
            stack = (yield from find_stack(request)) if tries else None
            if stack is None:
                raise
        if stack is None:
            stack = yield from _look_for_stack(request, policy)
        if stack is not None:
            return stack, True
    seen = f"the files were not in one version stack of the folder {request.folder_id} afterwards"
    raise OutcomeUnknown(problem.asked, f"{problem.came}; asked {_MOST_TRIES} times, {seen}") from problem


def find_stack(request: StackRequest) -> Flow[JsonObject | None]:
    """The stack of this folder that holds all of these files: a call where there is none, else three or more.

    :raises NotFound: a file is not there.
    """
    file = yield get_file(request.account_id, request.file_ids[-1])
    parent_id = file.get("parent_id")
    if not isinstance(parent_id, str) or parent_id == request.folder_id:
        return None
    try:
        stack: JsonObject = yield get_version_stack(request.account_id, parent_id)
    except (NotFound, Unprocessable):  # another folder, then
        return None
    children = yield from all_pages(list_version_stack_children(request.account_id, parent_id))
    holds_all = {child.get("id") for child in children} >= set(request.file_ids)
    return stack if holds_all and stack.get("parent_id") == request.folder_id else None


def ensure_moved(account_id: str, version_stack_id: str, parent_id: str) -> Flow[JsonObject]:
    """Move a stack into a folder, unless it is there already.

    :returns: the stack's record.
    :raises CallError: it is not there.
    """
    move_version_stack(account_id, version_stack_id, parent_id)  # checks what was given
    parent_id = yield from own_id(get_folder, account_id, parent_id)
    operation = move_version_stack(account_id, version_stack_id, parent_id)
    stack: JsonObject = yield get_version_stack(account_id, version_stack_id)
    if stack.get("parent_id") == parent_id:
        yield Log(f"The version stack {version_stack_id} is in the folder {parent_id} already: nothing is sent.")
        return stack
    try:
        stack = yield operation
    except CallError as error:
        if not error.ambiguous:
            raise
        stack = yield get_version_stack(account_id, version_stack_id)
        if stack.get("parent_id") != parent_id:
            raise
    return stack


def stack_copies(account_id: str, record: RestackRecord, policy: LookupPolicy) -> RecordedFlow[RestackRecord]:
    """Make the stack of the copies, or go on with the one that was begun.

    :param record: in which every version has a copy, and they are there.
    :returns: a finished record; where the source has one version only, ``stack`` is the copied file.
    :raises CopyFailed: the new stack is gone, or not what it should be.
    :raises OutcomeUnknown: a call was sent again and again, and every answer was lost.
    """
    if record.finished:
        return record
    if record.stays_files:
        alone = {"id": record.folder_id} if record.loose else (yield get_file(account_id, record.copies[0]))
        return (yield from _finish(account_id, record, alone))
    found = True
    if record.stack is None:
        request = StackRequest(account_id, record.folder_id, record.copies[:FILES_OF_A_NEW_STACK])
        stack, found = yield from ensure_stacked(request, policy)
        record = replace(record, stack=without_creator(stack))
        yield Save(record.to_json())
    if len(record.items) > _stacked_at_once(record):
        record = yield from _move_the_rest(account_id, record, policy, found=found)
    versions = yield from _verified(account_id, record, policy)
    yield from _rename(account_id, record, versions)
    stack = {**(record.stack or {}), "head_version": versions[record.copies[-1]]}
    return (yield from _finish(account_id, record, stack))


def _finish(account_id: str, record: RestackRecord, stack: JsonObject) -> RecordedFlow[RestackRecord]:
    """All is there. What could not be deleted before may be now."""
    record = yield from delete_leftovers(account_id, record)
    finished = record.finish(stack)
    yield Save(finished.to_json())
    return finished


def _rename(account_id: str, record: RestackRecord, versions: dict[str, JsonObject]) -> Flow[None]:
    """Give the copies their sources' names, which may have been taken in the folder. Within the stack none is taken.

    A name is not worth the copy: when one is refused, that copy and the older ones keep the names that they have.

    :param versions: the copies by their ids; changed in place.
    """
    for item in reversed(record.items[record.kept :]):
        copy = versions[item.copy_id]
        if item.name and copy.get("name") != item.name:
            try:
                yield rename_file(account_id, item.copy_id, item.name)
            except FrameioError as refused:
                yield Warn(
                    f"The copy keeps names that Frame.io gave its versions, such as '{copy.get('name')}': {refused}"
                )
                return
            versions[item.copy_id] = {**copy, "name": item.name}


def _move_the_rest(
    account_id: str, record: RestackRecord, policy: LookupPolicy, *, found: bool
) -> RecordedFlow[RestackRecord]:
    """Put the versions that are not in the stack from its beginning on top, one by one.

    :param found: whether the stack was there before, so that some may be inside.
    """
    inside = {str(child["id"]) for child in (yield from _children(account_id, record))} if found else set()
    if record.moving and record.moving not in inside:  # the move may be under way: the next ones must not overtake it
        reason = "An earlier try may have moved a version. Looking whether it arrives."
        yield from _arrives(account_id, record, policy, reason, stored=True)
        inside = {str(child["id"]) for child in (yield from _children(account_id, record))}
    for number, copy_id in enumerate(record.copies):
        if copy_id not in inside and number >= _stacked_at_once(record):
            record = replace(record, moving=copy_id, waited=0.0)
            yield from _move(account_id, record, policy)
            if number % 10 == 0:
                yield Log(f"{number} of {len(record.items)} versions stacked.")
    return record


def _move(account_id: str, record: RestackRecord, policy: LookupPolicy) -> RecordedFlow[None]:
    """Put a copy on top of the stack."""
    operation = replace(move_file(account_id, record.moving, _stack_id(record)), repeatable=False)
    for _ in range(_MOST_TRIES):
        try:
            yield Recorded(operation, sending=record.to_json())
            return
        except OutcomeUnknown as lost:
            problem = lost
        reason = f"{problem.came}. Looking whether the version was moved."
        if (yield from _arrives(account_id, record, policy, reason)):
            return
    raise problem


def _arrives(
    account_id: str, record: RestackRecord, policy: LookupPolicy, reason: str, *, stored: bool = False
) -> RecordedFlow[bool]:
    """Whether the copy that was last moved comes into the stack, in the time that a call may take to be carried out.

    :param stored: whether to store how long it was waited for: a task's ``execution_timeout`` may be shorter.
    """
    interval = _FIRST_INTERVAL
    while record.waited < policy.give_up_after:
        yield Sleep(interval * policy.scale, reason)
        record = replace(record, waited=record.waited + interval)
        interval = min(interval * 1.5, _LONGEST_INTERVAL)
        if stored:
            yield Save(record.to_json())
        if (yield get_file(account_id, record.moving)).get("parent_id") == _stack_id(record):
            return True
    return False


def _look_for_stack(request: StackRequest, policy: LookupPolicy) -> Flow[JsonObject | None]:
    """The stack, once it is to be seen; None once there has been time enough."""
    waited, interval = 0.0, _FIRST_INTERVAL
    while True:
        last = waited >= policy.give_up_after
        try:
            stack = yield from find_stack(request)
            reason = f"Looking for the stack since {waited:.0f} s: not there yet."
        except FrameioError as error:
            if last or not error.transient:
                raise
            stack, reason = None, f"Could not look for the stack: {error}"
        if stack is not None:
            yield Log(f"Found the stack whose answer was lost: {stack['id']}.")
        if stack is not None or last:
            return stack
        yield Sleep(interval * policy.scale, reason)
        waited += interval
        interval = min(interval * 1.5, _LONGEST_INTERVAL)


def _verified(account_id: str, record: RestackRecord, policy: LookupPolicy) -> Flow[dict[str, JsonObject]]:
    """The copies by their ids, once the new stack lists them in the order in which the source lists its versions."""
    expected = [*reversed(record.copies)] if record.newest_first else record.copies
    for seconds in _VERIFYING:
        if seconds:
            yield Sleep(seconds * policy.scale, "Not all versions are listed yet.")
        children = yield from _children(account_id, record)
        ours = {str(child["id"]): child for child in children if child["id"] in expected}
        if [*ours] == expected:
            return ours
    raise CopyFailed(
        f"The new stack {_stack_id(record)} does not list its versions as the source does. "
        f"Expected: {listed(expected, ', ')}; found: {listed(ours, ', ')}."
    )


def _children(account_id: str, record: RestackRecord) -> Flow[Sequence[JsonObject]]:
    try:
        return (yield from all_pages(list_version_stack_children(account_id, _stack_id(record))))
    except NotFound as gone:
        raise CopyFailed(f"The new stack {_stack_id(record)} is not there (any more). {gone}") from gone


def _stacked_at_once(record: RestackRecord) -> int:
    """How many versions the stack has before any is moved into it."""
    return record.kept if record.is_onto_stack else FILES_OF_A_NEW_STACK


def _stack_id(record: RestackRecord) -> str:
    return str((record.stack or {}).get("id"))
