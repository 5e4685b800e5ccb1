"""Before a stack is copied file by file: in which order its versions are, and which are copied together. No I/O.

Frame.io lists versions newest first, or so practitioners say: what is relied on is only that one end of the list is the
stack's ``head_version``, its newest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.files import list_files
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import CopyUnseen, InvalidParameter
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import uploaded
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import target_folder
from airflow_provider_frameio.copying.recent_assets import CLOCK_TOLERANCE, created_at, identity, newest
from airflow_provider_frameio.copying.record import CopyRequest, Series, alike, digest
from airflow_provider_frameio.copying.restack.record import FILES_OF_A_NEW_STACK, Item, RestackRecord
from airflow_provider_frameio.copying.versions import read_versions

FILES_OF_A_BATCH = 100
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
    """See the target folder before files are copied into it: two calls.

    :param record: which names the files.
    :raises CopyUnseen: there is none.
    """
    if record is None:
        raise CopyUnseen("Which files were to be copied is no longer known: a retry compares the folders anew.")
    me = yield get_me()
    existing, now = yield from look_alikes(request.account_id, record.folder_id, record.digests)
    return replace(
        record, at=now, me=identity(me), series=series, existing=tuple(dict.fromkeys((*record.existing, *existing)))
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


def is_new(asset: JsonObject, since: float) -> bool:
    """Whether it may have been made since a moment of the server's."""
    made = created_at(asset)
    return made is None or made >= since - CLOCK_TOLERANCE


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
        head = source.get("head_version")
        order = in_order(versions, head.get("id") if isinstance(head, dict) else None)
        if order is not None:
            return uploaded(order[0]), order[1]
        if not last:
            source = yield get_version_stack(request.account_id, stack_id)
    remedy = "the order of its versions cannot be told: its head_version is neither the first nor the last of them."
    raise InvalidParameter("version_stack_id", stack_id, remedy)


def _refuse_strays(stack_id: str, versions: Sequence[JsonObject]) -> None:
    strays = [version for version in versions if version.get("type", "file") != "file"]
    if strays:
        stray = strays[0]
        what = f"'{foreign(stray.get('name'))}' in it is a {foreign(stray.get('type'), 50)}"
        remedy = f"{what}; only stacks of files can be stacked anew."
        raise InvalidParameter("version_stack_id", stack_id, remedy)
