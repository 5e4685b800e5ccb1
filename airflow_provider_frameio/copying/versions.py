"""Whether a stack holds the versions of another one, by name and size. Performs no I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from airflow_provider_frameio.api.errors import NotMirrored
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.look_up import describe
from airflow_provider_frameio.copying.record import bare_name


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
    return bare_name(one.get("name")) == bare_name(other.get("name")) and fits_in_size(one, other)


def fits_in_size(one: JsonObject, other: JsonObject) -> bool:
    """Whether two files have one size; one that is not told fits any."""
    sizes = {size for size in (one.get("file_size"), other.get("file_size")) if size}
    return len(sizes) < 2


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
