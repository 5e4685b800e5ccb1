"""What the probe will do, before it does anything: every call, how often at most, and what that costs. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from airflow_provider_frameio.api.endpoints.accounts import get_me, get_project
from airflow_provider_frameio.api.endpoints.files import delete_file, get_file
from airflow_provider_frameio.api.endpoints.folders import (
    create_folder,
    delete_folder,
    get_folder,
    list_folder_children,
)
from airflow_provider_frameio.api.endpoints.version_stacks import (
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.probe.copies import copy_of_no_file
from airflow_provider_frameio.probe.manners import MALFORMED
from airflow_provider_frameio.probe.scene import AFTERWARDS, COPIES, FIRST, POLLS, PREFIX, Options

_FIRST = "{first-stack}"
_OURS, _COPY, _VERSION, _NONE = "{probe-folder}", "{probe-copy}", "{its-version}", "{no-such-id}"


@dataclass(frozen=True)
class Planned:
    """Calls that are alike.

    :ivar times: how many of them at most; None for as many as the patience allows.
    """

    operation: Operation[Any]
    times: int | None
    why: str

    def line(self) -> str:
        """As a person reads it."""
        request = self.operation.request
        query = f"?{unquote(urlencode(request.params))}" if request.params else ""
        body = f" {request.json}" if request.json else ""
        times = "…" if self.times is None else f"≤ {self.times}"
        return f"  {times:>5}  {request.method} {unquote(request.path)}{query}{body}    {self.why}"


def summary(options: Options) -> str:
    """What it costs, in words."""
    likely = COPIES + bool(options.adobe_version_stack_id)
    burst = (
        f"It then spends the user's budget of copies on purpose, with at most {options.burst} calls at once and "
        f"{FIRST + POLLS + AFTERWARDS} more around them; they name a stack that is not there, or, if such calls are "
        f"free, make copies. Let nothing else copy as this user meanwhile.\n"
        if options.burst
        else ""
    )
    return (
        f"Makes a folder {PREFIX}-… in the folder {options.folder_id}, and in it {likely} copies of a version stack, "
        f"{options.most_copies} at most. {burst}Takes two to five minutes, or longer where something has to be waited "
        f"for, {options.patience:g} s each time at most. Deletes at the end what it made, and nothing else."
    )


def writes(options: Options) -> Iterator[Planned]:
    """Every call that changes something, in order."""
    account, source = options.account_id, options.version_stack_id or _FIRST
    fruitless = options.most_copies - COPIES - bool(options.adobe_version_stack_id)
    yield Planned(create_folder(account, options.folder_id, f"{PREFIX}-…"), 1, "")
    yield Planned(copy_of_no_file(account, _OURS), 1, "is to be refused")
    yield Planned(copy_version_stack(account, source, parent_id=_OURS), 2, "")
    yield Planned(copy_version_stack(account, _COPY, parent_id=_OURS), 1, "")
    if options.adobe_version_stack_id:
        adobe = copy_version_stack(account, options.adobe_version_stack_id, parent_id=_OURS)
        yield Planned(adobe, 1, "is to be refused")
    if options.burst:
        yield Planned(
            copy_version_stack(account, _NONE, parent_id=_OURS), FIRST + fruitless, "at once; is to be refused"
        )
        instead = copy_version_stack(account, source, parent_id=_OURS)
        yield Planned(instead, fruitless, "instead of these, if they are not charged")
    versions = 10 * options.most_copies
    yield Planned(delete_file(account, _VERSION), versions, "of the probe's copies only")
    yield Planned(delete_folder(account, _OURS), 1, "if nothing is in it but the probe's copies")


def reads(options: Options) -> Iterator[Planned]:
    """Every call that changes nothing."""
    account, folder, source = options.account_id, options.folder_id, options.version_stack_id or _FIRST
    yield Planned(get_me(), 1, "")
    yield Planned(get_folder(account, folder), 1, "")
    yield Planned(get_folder(_NONE, folder), 1, "is to be refused")
    yield Planned(get_folder(account, _OURS), 1, "")
    yield Planned(get_project(account, "{project}"), 1, "")
    yield Planned(list_version_stacks(account, folder), 4, "with other parameters, too")
    yield Planned(get_file(account, source), 1, "is to be refused")
    yield Planned(get_version_stack(account, source), 3, "")
    yield Planned(list_version_stack_children(account, source), 26, "with other parameters, too")
    yield Planned(get_version_stack(account, _NONE), 1, "is to be refused")
    yield Planned(get_version_stack(account, MALFORMED), 1, "is to be refused")
    if options.adobe_version_stack_id:
        yield Planned(get_version_stack(account, options.adobe_version_stack_id), 1, "")
        yield Planned(list_version_stack_children(account, options.adobe_version_stack_id), 1, "")
    yield Planned(list_version_stacks(account, _OURS), None, "")
    yield Planned(get_version_stack(account, _COPY), None, "")
    yield Planned(list_version_stack_children(account, _COPY), None, "")
    yield Planned(list_folder_children(account, _OURS), 1, "")


def whole(options: Options) -> str:
    """Everything, for a dry run."""
    lines = [summary(options), "", "Calls that change something:", *(each.line() for each in writes(options))]
    return "\n".join([*lines, "", "Calls that do not:", *(each.line() for each in reads(options))])
