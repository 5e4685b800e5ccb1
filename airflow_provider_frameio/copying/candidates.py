"""Which stacks of a folder may be the copy whose answer was lost. Performs no I/O, and never looks at a client's clock.

Frame.io links a copy to its source in no way. What is left: it is not one of those that were there, was created since
by the same user, bears the source's name but for a " (1)" that may be added, and holds nothing but the source's
versions. All of this is read from the server, and times are compared in the server's time only. What is found after a
second copy was made is only reported, never deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from airflow_provider_frameio.api.aliases import is_called
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children, list_version_stacks
from airflow_provider_frameio.api.errors import InvalidParameter, NotFound, UnreadableAnswer
from airflow_provider_frameio.api.models import text, timestamp
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import Candidate
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, Snapshot, alike, bare_name, digest, tells

CLOCK_TOLERANCE = 5.0
"""Seconds: the server's Date is cut to the second, and its machines' clocks may differ a little."""
_MOST_EXISTING = 500


def take_snapshot(request: CopyRequest, source: JsonObject) -> Flow[Snapshot]:
    """See the target folder before a copy: two calls, or a few more where its list comes in no useful order.

    :returns: a snapshot that knows nothing of the source's versions yet.
    :raises InvalidParameter: no folder is given, and the source does not say its own.
    :raises UnreadableAnswer: the server does not say its time, without which a lost copy could not be found again.
    """
    folder_id = target_folder(request, source)
    me = yield get_me()
    stacks, now = yield from newest_stacks(request.account_id, folder_id)
    snapshot = Snapshot(now, str(source["id"]), folder_id, (text(source, "name"),), identity(me))
    existing = [str(stack["id"]) for stack in stacks if _could_be_new(stack, snapshot)]
    return replace(snapshot, existing=tuple(existing[:_MOST_EXISTING]))


def find_candidates(
    request: CopyRequest, snapshot: Snapshot, taken: Collection[str] = ()
) -> Flow[tuple[list[Candidate], float]]:
    """The stacks that may be the copy, oldest first, and the server's time of the look: a list, and a call for each.

    :param taken: ids of what this task made besides; never a candidate, as the source never is.
    """
    stacks, now = yield from newest_stacks(request.account_id, snapshot.folder_id, snapshot.at)
    known = {*snapshot.existing, *taken, snapshot.source_id}
    found = []
    for stack in stacks:
        if not is_called(stack, known) and may_be_copy(stack, snapshot):
            try:
                children = yield from all_pages(list_version_stack_children(request.account_id, str(stack["id"])))
            except NotFound:  # deleted since the list was made
                continue
            if holds_nothing_else(children, snapshot):
                found.append(Candidate(stack, _tells(stack, children, snapshot)))
    return sorted(found, key=lambda one: created_at(one.asset) or 0.0), now


def find_late_duplicates(
    request: CopyRequest, record: CopyRecord, taken: Collection[str] = ()
) -> Flow[list[JsonObject]]:
    """Stacks that may be the first copy, where a second was sent. Without any call where only one was.

    Not guaranteed: that all are found. One that turns up later still is not looked for.

    :param taken: ids of what this task made besides.
    """
    if record.sent < 2 or record.copy is None:
        return []
    found, _ = yield from find_candidates(request, record.snapshot, {*taken, *record.made_ids})
    return [one.asset for one in found]


def newest_stacks(account_id: str, folder_id: str, since: float | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """The folder's stacks, newest first, and the server's time of the look; see ``newest``."""
    first = list_version_stacks(account_id, folder_id, include="creator", sort="created_at_desc", page_size=100)
    return (yield from newest(first, since))


def newest(first: Operation[Page], since: float | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """A folder's assets, newest first, and the server's time of the look.

    :param first: the first page, sorted by ``created_at_desc``.
    :param since: in the server's time; at least all assets made from then on are there. None: from the look on.
    :raises FrameioError: any page failed: a part of a list proves nothing.
    :raises UnreadableAnswer: the server does not say its time.
    """
    dates: list[float] = []

    def enough(page: Page, items: Sequence[JsonObject]) -> bool:
        """Whether no later page can hold a newer one."""
        dates.append(page.date or 0.0)
        oldest_wanted = (dates[0] if since is None else since) - CLOCK_TOLERANCE
        times = [created_at(item) for item in items]
        in_order = all(a is not None and b is not None and a >= b for a, b in pairwise(times))
        return in_order and bool(times) and (times[-1] or oldest_wanted) < oldest_wanted

    assets = yield from all_pages(first, enough)
    if not dates[0]:
        raise UnreadableAnswer(first.asked, "the answer has no Date", "Check that no proxy removes it.")
    return assets, dates[0]


def may_be_copy(stack: JsonObject, snapshot: Snapshot) -> bool:
    """Whether a stack's own record speaks for its being the copy. What a record does not say speaks for it."""
    return (
        _could_be_new(stack, snapshot)
        and may_be_mine(stack.get("creator"), snapshot.me)
        and holds_nothing_else(filter(None, [stack.get("head_version")]), snapshot)
    )


def holds_nothing_else(versions: Iterable[JsonObject], snapshot: Snapshot) -> bool:
    """Whether all versions may be the source's too; fewer are fine, since they and their sizes appear over time."""
    known = snapshot.digests
    return not known or all(any(alike(one, seen) for one in known) for seen in map(digest, versions))


def created_at(asset: JsonObject) -> float | None:
    """When it was made, in seconds since the epoch of the server; None where it does not say."""
    return timestamp(asset, "created_at")


def identity(user: JsonObject) -> tuple[str, str]:
    """Who somebody is, as far as it is remembered: the id, and a hash of the e-mail address; "" for what is unknown."""
    email = str(user.get("email") or "").casefold()
    return str(user.get("id") or ""), hashlib.sha256(email.encode()).hexdigest()[:16] if email else ""


def may_be_mine(creator: object, me: tuple[str, str]) -> bool:
    """False only where the creator is known to be somebody else: ids of two kinds say nothing about each other.

    :param me: see ``identity``.
    """
    if not isinstance(creator, dict):
        return True
    my_id, my_email = me
    their_id, their_email = identity(creator)
    if my_id and my_id == their_id:
        return True
    if my_email and their_email:
        return my_email == their_email
    # A profile's id is a UUID, a creator's may be Adobe's own, which has an "@".
    return not (my_id and their_id) or ("@" in my_id) != ("@" in their_id)


def target_folder(request: CopyRequest, source: JsonObject) -> str:
    """Where the copy will appear. It is named in every call: the source may be moved meanwhile.

    :raises InvalidParameter: no folder is given, and the source does not say its own.
    """
    folder_id = request.parent_id or source.get("parent_id")
    if not folder_id:
        raise InvalidParameter("parent_id", None, "the source shows no folder of its own; give the one to copy into.")
    return str(folder_id)


def _tells(stack: JsonObject, children: Sequence[JsonObject], snapshot: Snapshot) -> bool:
    """Whether it shows a newest version, and of each version enough to be recognized."""
    head = stack.get("head_version")
    return isinstance(head, dict) and all(tells(version, snapshot.digests) for version in [head, *children])


def _could_be_new(stack: JsonObject, snapshot: Snapshot) -> bool:
    """Whether it bears the source's name and may have been created since the snapshot."""
    created = created_at(stack)
    new = created is None or created >= snapshot.at - CLOCK_TOLERANCE
    return new and bare_name(stack.get("name")) in map(bare_name, snapshot.names)
