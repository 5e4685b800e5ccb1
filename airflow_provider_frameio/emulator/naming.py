"""The name of a copy: the source's, with " (1)", " (2)"… before the extension where the settings say so."""

from __future__ import annotations

import itertools
import os.path

from airflow_provider_frameio.emulator.assets import Folder


def name_of_copy(name: str, source_parent_id: str | None, target: Folder, name_clash: str) -> str:
    """Name for a copy of an asset called ``name`` in ``target``.

    :param name_clash: ``where_taken`` (a sibling has the name), ``same_folder`` (the copy lands beside its source),
        ``always`` or ``never``.
    """
    numbered = {
        "where_taken": target.names[name] > 0,
        "same_folder": source_parent_id == target.id,
        "always": True,
        "never": False,
    }[name_clash]
    if not numbered:
        return name
    stem, extension = split_name(name)
    candidates = (f"{stem} ({number}){extension}" for number in itertools.count(1))
    return next(candidate for candidate in candidates if target.names[candidate] <= 0)


def split_name(name: str) -> tuple[str, str]:
    """A name without its extension, and the extension with its dot."""
    return os.path.splitext(name)
