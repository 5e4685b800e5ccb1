"""What a folder of the emulated Frame.io holds, and whether another one holds a copy of it; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ARRIVED = {"uploaded", "transcoded"}


@dataclass(frozen=True)
class Stack:
    """A version stack; ``versions`` holds the file sizes in bytes and ``statuses`` goes with them, oldest first."""

    id: str
    name: str
    versions: tuple[int, ...]
    statuses: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the bytes of every version have arrived."""
        return bool(self.versions) and set(self.statuses) <= _ARRIVED

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} {status}" for status, count in Counter(self.statuses).items())
        return f"{self.name}  ({len(self.versions)} versions: {statuses})"


def stacks(tree: Iterable[Mapping[str, Any]]) -> list[Stack]:
    """Read the stacks out of the emulator's drawing of a folder, in which a stack's versions follow it."""
    found: list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]] = []
    for entry in tree:
        if entry["type"] == "version_stack":
            found.append((entry, []))
        elif entry["type"] == "file" and found:
            found[-1][1].append(entry)
    return [
        Stack(
            stack["id"],
            stack["name"],
            tuple(version["file_size"] for version in versions),
            tuple(version["status"] for version in versions),
        )
        for stack, versions in found
    ]


def differences(source: Sequence[Stack], target: Sequence[Stack]) -> list[str]:
    """Say what keeps ``target`` from being a complete copy of ``source``, in which nothing is there twice."""
    wanted = Counter((stack.name, stack.versions) for stack in source)
    there = Counter((stack.name, stack.versions) for stack in target)
    return [
        *(f"missing: {name}, {len(versions)} versions" for name, versions in (wanted - there).elements()),
        *(f"too many: {name}, {len(versions)} versions" for name, versions in (there - wanted).elements()),
        *(f"incomplete: {stack}" for stack in target if not stack.complete),
    ]
