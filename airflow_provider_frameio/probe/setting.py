"""Before anything is made: who asks, where, and what there is to copy. Reads only. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api.endpoints.accounts import get_me, get_project
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import (
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.probe.scene import Options, Scene, Source

LEAST, MOST = 2, 10  # versions of a source: one tells nothing of their order, many are much to delete again
_LOOKED_AT = 20


def look_around(options: Options, missing_id: str, scale: float) -> Flow[Scene]:
    """Find the folder, and a stack to copy.

    :raises CallError: something that was named cannot be read.
    :raises InvalidParameter: no stack, or none of such a size, is there.
    """
    account = options.account_id
    user = yield get_me()
    folder = yield get_folder(account, options.folder_id)
    project = yield get_project(account, text(folder, "project_id"))
    if options.version_stack_id:
        named = yield get_version_stack(account, options.version_stack_id)
        source = yield from _of_good_size(account, [named], "--version-stack", options.version_stack_id)
    else:
        page = yield list_version_stacks(account, options.folder_id)
        source = yield from _of_good_size(account, page.items[:_LOOKED_AT], "--folder", options.folder_id)
    adobe = None
    if options.adobe_version_stack_id:
        record = yield get_version_stack(account, options.adobe_version_stack_id)
        adobe = yield from _of_good_size(account, [record], "--adobe-version-stack", options.adobe_version_stack_id)
    return Scene(options, text(user, "id"), folder, source, adobe, bool(project.get("adobe_id")), missing_id, scale)


def _of_good_size(account_id: str, stacks: Sequence[JsonObject], option: str, given: str) -> Flow[Source]:
    for stack in stacks:
        versions = yield from all_pages(list_version_stack_children(account_id, text(stack, "id")))
        if LEAST <= len(versions) <= MOST:
            return Source(stack, tuple(versions))
    remedy = f"give a version stack of {LEAST} to {MOST} versions with --version-stack."
    if option == "--adobe-version-stack":
        remedy = f"give a version stack of {LEAST} to {MOST} versions."
    raise InvalidParameter(option, given, remedy)
