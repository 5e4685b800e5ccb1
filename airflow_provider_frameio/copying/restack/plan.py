"""Before a stack is copied file by file: what is there, in which order, and what is copied together. No I/O.

Frame.io lists versions newest first, or so practitioners say: what is relied on is only that one end of the list is the
stack's ``head_version``, its newest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.files import get_file, list_files
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack, list_version_stack_children
from airflow_provider_frameio.api.errors import CopyUnseen, InvalidParameter, NotFound, Unprocessable
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import uploaded, without_creator
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import target_folder
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.recent_assets import created_at, identity, is_new, newest
from airflow_provider_frameio.copying.record import CopyRequest, Series, alike, digest
from airflow_provider_frameio.copying.restack.record import FILES_OF_A_NEW_STACK, Item, RestackRecord
from airflow_provider_frameio.copying.versions import differs, lacking, read_versions

FILES_OF_A_BATCH = 100
_INTERVAL = 15.0  # seconds between looks at a stack that is being filled
_MOST_EXISTING = 500


def plan(request: CopyRequest, series: Series) -> Flow[RestackRecord]:
    """See the world before the copy: four calls, and one for each 100 versions.

    :raises InvalidParameter: nothing to copy, no folder, children that are no files, or no telling their order.
    """
    source = yield get_version_stack(request.account_id, request.source_id)
    versions, newest_first = yield from versions_in_order(request, source)
    # Its own id: a folder may be given by another name of it, and later the copies' parent is compared with this.
    folder = yield get_folder(request.account_id, target_folder(request, source))
    folder_id = str(folder["id"])
    me = yield get_me()
    items = tuple(map(item_of, versions))
    existing, now = yield from look_alikes(request.account_id, folder_id, [item.digest for item in items])
    return RestackRecord(
        at=now,
        source_id=str(source["id"]),
        folder_id=folder_id,
        me=identity(me),
        items=items,
        newest_first=newest_first,
        series=series,
        existing=existing,
    )


def plan_batch(request: CopyRequest, record: RestackRecord | None, series: Series) -> Flow[RestackRecord]:
    """See the target folder before the files that a record names are copied into it: two calls.

    :raises CopyUnseen: there is none.
    """
    if record is None:
        raise CopyUnseen("Which files were to be copied is no longer known: a retry compares the folders anew.")
    me = yield get_me()
    existing, now = yield from look_alikes(request.account_id, record.folder_id, record.digests)
    return replace(
        record, at=now, me=identity(me), series=series, existing=tuple(dict.fromkeys((*record.existing, *existing)))
    )


def plan_newer(request: CopyRequest, series: Series, policy: LookupPolicy) -> Flow[RestackRecord]:
    """See what the target lacks: six calls, or more while it is being filled.

    Frame.io fills a copied stack over time, and restacking puts versions in one by one: so a stack that was made only
    just now may have all of them in a moment, and is waited for.

    :returns: a record in which the versions that are there have their copies.
    :raises NotMirrored: it holds something else.
    :raises CopyUnseen: it is no longer where it was.
    """
    waited = 0.0
    while True:
        source = yield get_version_stack(request.account_id, request.source_id)
        versions, newest_first = yield from versions_in_order(request, source)
        target, there = yield from _target(request)
        existing, now = yield from look_alikes(request.account_id, str(target["parent_id"]), [*map(digest, versions)])
        left = lacking(versions, there)
        if left == 0 or is_settled(target, now, policy) or waited > policy.ask_after:
            break
        yield Sleep(_INTERVAL * policy.scale, f"{request.onto} was made only just now: waiting until it is filled.")
        waited += _INTERVAL
    if isinstance(left, str):
        raise differs(target, left)
    kept = len(there)
    ids = [*(str(one["id"]) for one in there), *[""] * left]
    return RestackRecord(
        at=now,
        source_id=str(source["id"]),
        folder_id=str(target["parent_id"]),
        me=identity((yield get_me())),
        items=tuple(item_of(version, copy_id) for version, copy_id in zip(versions, ids, strict=True)),
        newest_first=newest_first,
        series=series,
        existing=existing,
        stack=without_creator(target) if target.get("type") != "file" else None,
        onto=str(target["id"]),
        kept=kept,
    )


def item_of(version: JsonObject, copy_id: str = "") -> Item:
    """A version, or a file, that is to be copied; or has a copy."""
    size = version.get("file_size")
    known = isinstance(size, int) and size
    return Item(str(version["id"]), str(version.get("name") or ""), size if known else None, copy_id)


def newest_files(account_id: str, folder_id: str, since: float | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """The folder's loose files, newest first, and the server's time of the look; see ``newest``."""
    first = list_files(account_id, folder_id, include="creator", sort="created_at_desc", page_size=500)
    return (yield from newest(first, since))


def look_alikes(account_id: str, folder_id: str, digests: Collection[str]) -> Flow[tuple[tuple[str, ...], float]]:
    """Ids of the folder's files that could be taken for copies made from now on, and the server's time: a list."""
    files, now = yield from newest_files(account_id, folder_id)
    alikes = [str(file["id"]) for file in files if digest(file) in digests and is_new(file, now)]
    return tuple(alikes[:_MOST_EXISTING]), now


def is_settled(asset: JsonObject, now: float, policy: LookupPolicy) -> bool:
    """Whether it is so old that nothing of its copy is still to come. Times of the server."""
    made = created_at(asset)
    return made is None or now - made >= policy.ask_after


def in_order(versions: Sequence[JsonObject], head_id: object) -> tuple[list[JsonObject], bool] | None:
    """Versions as listed → oldest first, and whether they were listed newest first; None where that cannot be told."""
    if versions[0]["id"] == head_id or len(versions) == 1:
        return [*reversed(versions)], True
    return ([*versions], False) if versions[-1]["id"] == head_id else None


def order_of_copying(count: int) -> list[int]:
    """Positions of so many versions in the order in which they are copied.

    The one after which Frame.io will name the stack comes first: of versions with one name the first copy gets no
    number. Then they come by age.
    """
    naming = min(count, FILES_OF_A_NEW_STACK) - 1
    return sorted(range(count), key=lambda position: position != naming)


def next_batch(items: Sequence[Item]) -> list[int]:
    """Positions of the versions to copy next, at most 100 of those without a copy.

    No two of them are alike: whatever becomes of the answer, each copy can be told by its name and size.
    """
    batch: list[int] = []
    taken: set[str] = set()
    for position in order_of_copying(len(items)):
        item = items[position]
        if not item.copy_id and len(batch) < FILES_OF_A_BATCH and not any(alike(item.digest, other) for other in taken):
            batch.append(position)
            taken.add(item.digest)
    return batch


def versions_in_order(request: CopyRequest, source: JsonObject) -> Flow[tuple[list[JsonObject], bool]]:
    """The source's uploaded versions in their order; seen once more where somebody may just have added one."""
    stack_id = request.source_id
    for last in (False, True):
        versions = yield from read_versions(request)
        _refuse_strays(stack_id, versions)
        order = _order(source, versions)
        if order is not None:
            return uploaded(order[0]), order[1]
        if not last:
            source = yield get_version_stack(request.account_id, stack_id)
    remedy = "the order of its versions cannot be told: its head_version is neither the first nor the last of them."
    raise InvalidParameter("version_stack_id", stack_id, remedy)


def versions_of(account_id: str, stack: JsonObject) -> Flow[list[JsonObject] | None]:
    """A stack's versions, oldest first: a call for each 100; None where their order cannot be told."""
    versions = yield from all_pages(list_version_stack_children(account_id, str(stack["id"])))
    order = _order(stack, versions) if versions else ([], True)
    return order and order[0]


def _target(request: CopyRequest) -> Flow[tuple[JsonObject, list[JsonObject]]]:
    """The stack or file in the target folder, and its versions, oldest first; none where their order cannot be told."""
    target: JsonObject | None
    versions: list[JsonObject] | None
    try:
        target = yield get_version_stack(request.account_id, request.onto)
        versions = yield from versions_of(request.account_id, target)
    except (NotFound, Unprocessable):  # a file, then: the copy of a stack of one version
        try:
            target = yield get_file(request.account_id, request.onto)
            versions = [target]
        except (NotFound, Unprocessable):
            target = None
    if target is None or target.get("parent_id") != request.parent_id:
        raise CopyUnseen(f"{request.onto} is no longer there: a retry compares anew.")
    return target, versions or []


def _order(stack: JsonObject, versions: Sequence[JsonObject]) -> tuple[list[JsonObject], bool] | None:
    head = stack.get("head_version")
    return in_order(versions, head.get("id") if isinstance(head, dict) else None)


def _refuse_strays(stack_id: str, versions: Sequence[JsonObject]) -> None:
    stray = next((version for version in versions if version.get("type", "file") != "file"), None)
    if stray is not None:
        what = f"'{foreign(stray.get('name'))}' in it is a {foreign(stray.get('type'), 50)}"
        remedy = f"{what}; only stacks of files can be stacked anew."
        raise InvalidParameter("version_stack_id", stack_id, remedy)
