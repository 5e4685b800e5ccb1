"""Stacking files and moving stacks, safely: what was done already, be it by a call whose answer was lost, is found.

Performs no I/O. It rests on this: a file has one parent, which is its stack once it is in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.version_stacks import (
    create_version_stack,
    get_version_stack,
    list_version_stack_children,
    move_version_stack,
)
from airflow_provider_frameio.api.errors import CallError, FrameioError, NotFound, OutcomeUnknown, Unprocessable
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Log, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import Patience

_FIRST_INTERVAL, _LONGEST_INTERVAL = 2.0, 30.0


@dataclass(frozen=True)
class StackRequest:
    """Which files of which folder are to be stacked, oldest first."""

    account_id: str
    folder_id: str
    file_ids: Sequence[str]


def stack_once(request: StackRequest, patience: Patience) -> Flow[JsonObject]:
    """Stack the files, or find the stack that holds them all.

    It looks first: then it may be run again, whatever became of the last time. A stack that holds other files as well
    is the one too: somebody may have added a version.

    :returns: the stack's record.
    :raises OutcomeUnknown: the answer was lost, and the stack is not to be seen; it is not sent again.
    :raises CallError: it was not made.
    """
    operation = create_version_stack(request.account_id, request.folder_id, request.file_ids)  # checks what was given
    stack = yield from find_stack(request)
    if stack is not None:
        yield Log(f"The files are in the version stack {stack['id']} already: nothing is sent.")
        return stack
    try:
        stack = yield operation
    except OutcomeUnknown as lost:
        yield Log(f"{lost.came}. The stack may have been made: looking for it.")
        stack = yield from _look(request, lost, patience)
        yield Log(f"Found the stack whose answer was lost: {stack['id']}.")
    return stack


def find_stack(request: StackRequest) -> Flow[JsonObject | None]:
    """The stack of this folder that holds all of these files: a call where there is none, else three or more.

    :raises NotFound: a file is not there.
    """
    file = yield get_file(request.account_id, request.file_ids[0])
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


def move_once(account_id: str, version_stack_id: str, parent_id: str) -> Flow[JsonObject]:
    """Move a stack into a folder, unless it is there already.

    :returns: the stack's record.
    :raises CallError: it is not there.
    """
    operation = move_version_stack(account_id, version_stack_id, parent_id)  # checks what was given
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


def _look(request: StackRequest, lost: OutcomeUnknown, patience: Patience) -> Flow[JsonObject]:
    """The stack, once it is to be seen.

    :raises FrameioError: also one that passes, where the last look failed: whoever tries again begins with a look.
    """
    waited, interval = 0.0, _FIRST_INTERVAL
    while True:
        last = waited >= patience.give_up_after
        try:
            stack = yield from find_stack(request)
            reason = f"Looking for the stack since {waited:.0f} s: not there yet."
        except FrameioError as error:
            if last or not error.transient:
                raise
            stack, reason = None, f"Could not look for the stack: {error}"
        if stack is not None:
            return stack
        if last:
            break
        yield Sleep(interval * patience.scale, reason)
        waited += interval
        interval = min(interval * 1.5, _LONGEST_INTERVAL)
    seen = f"{waited:.0f} s later the files were not in one version stack of the folder {request.folder_id}"
    raise OutcomeUnknown(lost.asked, f"{lost.came}; {seen}") from lost
