"""Which stacks of a folder may be the copy whose answer was lost. Performs no I/O, and never looks at a client's clock.

Frame.io links a copy to its source in no way. What is left: it is not one of those that were there, was created since
by the same user, bears the source's name but for a " (1)" that may be added, and holds nothing but the source's
versions. All of this is read from the server, and times are compared in the server's time only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from airflow_provider_frameio.api.copy_record import CopyRequest, Snapshot, bare_name, digest, digests
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.version_stacks import (
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.errors import InvalidParameter, NotFound, UnreadableAnswer
from airflow_provider_frameio.api.models import timestamp
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject

_MARGIN = 5.0  # seconds: the server's Date is cut to the second, and its machines' clocks may differ a little
_MOST_EXISTING = 500


def take_snapshot(request: CopyRequest, versions: Sequence[JsonObject]) -> Flow[Snapshot]:
    """See the world before a copy: three calls, or a few more where a folder's list comes in no useful order.

    :param versions: the source's.
    :raises InvalidParameter: no folder is given, and the source does not say its own.
    :raises UnreadableAnswer: the server does not say its time, without which a lost copy could not be found again.
    """
    source = yield get_version_stack(request.account_id, request.version_stack_id)
    folder_id = request.parent_id or source.get("parent_id")
    if not folder_id:
        raise InvalidParameter("parent_id", None, "the source shows no folder of its own; give the one to copy into.")
    me = yield get_me()
    snapshot = Snapshot(
        at=0.0,
        folder_id=str(folder_id),
        name=str(source.get("name") or ""),
        versions=len(versions),
        digests=digests(versions),
        me=(str(me.get("id") or ""), str(me.get("email") or "")),
    )
    stacks, now = yield from newest_stacks(request.account_id, snapshot.folder_id)
    snapshot = replace(snapshot, at=now)
    existing = [str(stack["id"]) for stack in stacks if _could_be_new(stack, snapshot)]
    return replace(snapshot, existing=tuple(existing[:_MOST_EXISTING]))


def find_candidates(request: CopyRequest, snapshot: Snapshot) -> Flow[tuple[list[JsonObject], float]]:
    """The stacks that may be the copy, oldest first, and the server's time of the look: a list, and a call for each."""
    stacks, now = yield from newest_stacks(request.account_id, snapshot.folder_id, snapshot.at)
    found = []
    for stack in stacks:
        if may_be_copy(stack, snapshot):
            try:
                children = yield from all_pages(list_version_stack_children(request.account_id, str(stack["id"])))
            except NotFound:  # deleted since the list was made
                continue
            if holds_nothing_else(children, snapshot):
                found.append(stack)
    return sorted(found, key=lambda stack: _time(stack) or 0.0), now


def newest_stacks(account_id: str, folder_id: str, since: float | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """The folder's stacks, newest first, and the server's time of the look.

    :param since: in the server's time; at least all stacks made from then on are there. None: from the look on.
    :raises FrameioError: any page failed: a part of a list proves nothing.
    """
    dates: list[float] = []

    def enough(page: Page, items: Sequence[JsonObject]) -> bool:
        dates.append(page.date or 0.0)
        oldest_wanted = (dates[0] if since is None else since) - _MARGIN
        times = [_time(item) for item in items]
        in_order = all(a is not None and b is not None and a >= b for a, b in pairwise(times))
        return in_order and bool(times) and (times[-1] or oldest_wanted) < oldest_wanted

    first = list_version_stacks(account_id, folder_id, include="creator", sort="created_at_desc", page_size=100)
    stacks = yield from all_pages(first, enough)
    if not dates[0]:
        raise UnreadableAnswer(first.asked, "the answer has no Date", "Check that no proxy removes it.")
    return stacks, dates[0]


def may_be_copy(stack: JsonObject, snapshot: Snapshot) -> bool:
    """Whether a stack's own record speaks for its being the copy. What a record does not say speaks for it."""
    return (
        stack.get("id") not in snapshot.existing
        and _could_be_new(stack, snapshot)
        and _may_be_mine(stack.get("creator"), snapshot.me)
        and holds_nothing_else(filter(None, [stack.get("head_version")]), snapshot)
    )


def holds_nothing_else(versions: Iterable[JsonObject], snapshot: Snapshot) -> bool:
    """Whether all versions may be the source's too; fewer are fine, since they and their sizes appear over time."""
    known = snapshot.digests
    return not known or all(
        any(one.startswith(seen) or seen.startswith(one) for one in known) for seen in map(digest, versions)
    )


def _could_be_new(stack: JsonObject, snapshot: Snapshot) -> bool:
    """Whether it bears the source's name and may have been created since the snapshot."""
    created = _time(stack)
    new = created is None or created >= snapshot.at - _MARGIN
    return new and bare_name(stack.get("name")) == bare_name(snapshot.name)


def _may_be_mine(creator: object, me: tuple[str, str]) -> bool:
    """False only where the creator is known to be somebody else: ids of two kinds say nothing about each other."""
    if not isinstance(creator, dict):
        return True
    my_id, my_email = me
    their_id, their_email = str(creator.get("id") or ""), str(creator.get("email") or "")
    if my_id and my_id == their_id:
        return True
    if my_email and their_email:
        return my_email.casefold() == their_email.casefold()
    # A profile's id is a UUID, a creator's may be Adobe's own, which has an "@".
    return not (my_id and their_id) or ("@" in my_id) != ("@" in their_id)


def _time(stack: JsonObject) -> float | None:
    return timestamp(stack, "created_at")
