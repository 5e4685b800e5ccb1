"""Which stacks of a folder may be the copy whose answer was lost. Performs no I/O, and never looks at a client's clock.

Frame.io links a copy to its source in no way. What is left: it is not one of those that were there, was created since
by the same user, bears the source's name but for a " (1)" that may be added, and holds nothing but the source's
versions. All of this is read from the server, and times are compared in the server's time only. What is found after a
second copy was made is only reported, never deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from airflow_provider_frameio.api.aliases import is_called
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children, list_version_stacks
from airflow_provider_frameio.api.errors import InvalidParameter, NotFound
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import Candidate
from airflow_provider_frameio.copying.recent_assets import created_at, identity, is_new, may_be_mine, newest
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, Snapshot, alike, bare_name, digest, tells

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
    return is_new(stack, snapshot.at) and bare_name(stack.get("name")) in map(bare_name, snapshot.names)
