"""What versions a stack has, and whether another one has them too, by name and size. Performs no I/O.

What a source has not uploaded, be it abandoned or under way, may never have bytes in a copy. So that is named, and not
waited for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import InvalidParameter, NotMirrored
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import is_uploaded, text, uploaded
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow, Warn
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import describe
from airflow_provider_frameio.copying.record import CopyRequest, bare_name


def read_versions(request: CopyRequest) -> Flow[list[JsonObject]]:
    """All versions of the stack; those that are not uploaded are named. A call for each 100.

    :raises InvalidParameter: there is no version, or none is uploaded.
    """
    versions = yield from all_pages(list_version_stack_children(request.account_id, request.source_id))
    if not versions:
        raise InvalidParameter("version_stack_id", request.source_id, "this version stack has no versions.")
    missing = listed(_with_status(version) for version in versions if not is_uploaded(text(version, "status")))
    if not uploaded(versions):
        remedy = f"none of its versions is uploaded yet: {missing}."
        raise InvalidParameter("version_stack_id", request.source_id, remedy)
    if missing:
        yield Warn(f"Not uploaded in the source, so not waited for in the copy: {missing}.")
    return versions


def lacking(source: Sequence[JsonObject], target: Sequence[JsonObject]) -> int | str:
    """How many of the source's newest versions the target lacks; in words how it differs where that is not all.

    :param source: its versions, oldest first; as is ``target``.
    """
    for number, (wanted, there) in enumerate(zip(source, target, strict=False), 1):
        if not fits(wanted, there):
            return f"its version {number} is {_shown(there)}, the source's {_shown(wanted)}"
    if not target or len(target) > len(source):
        return f"it has {len(target)} versions, the source {len(source)}"
    return len(source) - len(target)


def fits(one: JsonObject, other: JsonObject) -> bool:
    """Whether two files have one name, but for a " (1)", and one size; a size that is not told fits any."""
    sizes = {size for size in (one.get("file_size"), other.get("file_size")) if size}
    return len(sizes) < 2 and bare_name(one.get("name")) == bare_name(other.get("name"))


def name_of(asset: JsonObject) -> str:
    """An asset's name, in one form of unicode."""
    return unicodedata.normalize("NFC", text(asset, "name"))


def differs(target: JsonObject, how: str) -> NotMirrored:
    """The error for a target that is not what the source is."""
    return NotMirrored(
        f"The target has {describe(target)} in its place, which differs: {how}. Nothing was changed. Delete or rename "
        "in Frame.io what is not to stay."
    )


def _shown(file: JsonObject) -> str:
    return f"'{foreign(text(file, 'name'))}' of {foreign(file.get('file_size'))} bytes"


def _with_status(version: JsonObject) -> str:
    return f"'{foreign(text(version, 'name'))}' {version.get('id')} ({foreign(text(version, 'status'), 50)})"
