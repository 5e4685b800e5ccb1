"""Shows what is in a folder, as a person would draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_frameio.emulator.assets import KIND_WORDS, Asset, File, Folder, VersionStack
from airflow_provider_frameio.emulator.store import Store


def tree(store: Store, asset: Asset, now: float, depth: int = 0) -> Iterator[dict[str, Any]]:
    """``asset`` and all below it, versions oldest first; list lag does not hide anything here.

    Each entry has depth, type, id and name; files also status, file_size, comments and metadata.
    """
    entry: dict[str, Any] = {"depth": depth, "type": KIND_WORDS[type(asset)], "id": asset.id, "name": asset.name}
    if isinstance(asset, File):
        entry |= {"status": asset.status(now), "file_size": asset.file_size}
        entry |= {"comments": sum(asset.comments.values()), "metadata": asset.metadata}
    yield entry
    for child in _below(store, asset, now):
        yield from tree(store, child, now, depth + 1)


def as_text(entries: Iterable[Mapping[str, Any]]) -> str:
    """The entries of a tree, one a line."""
    lines = (f"{'  ' * entry['depth']}{entry['name']} ({entry.get('status', entry['type'])})" for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def _below(store: Store, asset: Asset, now: float) -> list[Asset]:
    if isinstance(asset, Folder):
        return list(store.children(asset))
    return [*store.versions_now(asset, now)] if isinstance(asset, VersionStack) else []
