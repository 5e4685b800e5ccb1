"""Before a source's newer versions are put on a stack that has the older ones: what it lacks. Performs no I/O.

Frame.io fills a copied stack over time, and restacking puts versions in one by one: so a stack that was made only just
now may have all of them in a moment, and is waited for.
"""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack, list_version_stack_children
from airflow_provider_frameio.api.errors import CopyUnseen, NotFound, Unprocessable
from airflow_provider_frameio.api.models import text, without_creator
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.recent_assets import created_at, identity
from airflow_provider_frameio.copying.record import CopyRequest, Series, digest
from airflow_provider_frameio.copying.restack.plan import (
    in_order,
    item_of,
    look_alikes,
    versions_in_order,
)
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.versions import differs, lacking

_INTERVAL = 15.0


def plan_newer(request: CopyRequest, series: Series, policy: LookupPolicy) -> Flow[RestackRecord]:
    """See what the target lacks: six calls, or more while it is being filled.

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


def is_settled(asset: JsonObject, now: float, policy: LookupPolicy) -> bool:
    """Whether it is so old that nothing of its copy is still to come. Times of the server."""
    made = created_at(asset)
    return made is None or now - made >= policy.ask_after


def _target(request: CopyRequest) -> Flow[tuple[JsonObject, list[JsonObject]]]:
    """The stack or file in the target folder, and its versions, oldest first; none where their order cannot be told."""
    account_id, gone = request.account_id, CopyUnseen(f"{request.onto} is no longer there: a retry compares anew.")
    try:
        stack: JsonObject = yield get_version_stack(account_id, request.onto)
        children = yield from all_pages(list_version_stack_children(account_id, request.onto))
    except (NotFound, Unprocessable):  # a file, then: the copy of a stack of one version
        try:
            file: JsonObject = yield get_file(account_id, request.onto)
        except (NotFound, Unprocessable):
            raise gone from None
        if file.get("parent_id") != request.parent_id:
            raise gone from None
        return file, [file]
    if stack.get("parent_id") != request.parent_id:
        raise gone
    head = stack.get("head_version")
    order = in_order(children, text(head, "id") if isinstance(head, dict) else None) if children else None
    return stack, order[0] if order else []
