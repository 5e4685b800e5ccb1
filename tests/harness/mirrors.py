"""A tree of folders to be mirrored, and what a folder of the emulated Frame.io holds, told so that trees compare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.harness.emulator import RunningEmulator
from tests.harness.patience import PATIENCE

LONG = f"Shots/Day 1 🎬 {'é' * 241}"
"""A name with a slash, an emoji and 255 characters."""
VERSIONS = (1, 2, 11)


@dataclass
class Tree:
    """Where the tree is, and where it is to be mirrored.

    :ivar folders: ids of the folders in it, that of ``source`` first.
    """

    source: str
    target: str
    folders: list[str] = field(default_factory=list)
    stacks: list[str] = field(default_factory=list)


def seed_tree(frameio: RunningEmulator, *, stacks: int = 40, files: int = 120, adobe: bool = False) -> Tree:
    """A tree of six folders, one of them empty; stacks of 1, 2 and 11 versions, and files, spread over the others."""
    root = _seed(frameio, "project", name="Archive", adobe=adobe)["root_folder_id"]
    source, target, *folders = _folders(frameio, root)
    tree = Tree(source, target, [source, *folders[:-1]])
    for number in range(stacks):
        versions = [_version(number, nth) for nth in range(VERSIONS[number % 3])]
        made = _seed(frameio, "version_stack", tree.folders[number % 5], f"Cut {number}.mov", versions=versions)
        tree.stacks.append(made["id"])
    for number in range(files):
        more = {"file_size": 500 + number, "comments": number % 2}
        _seed(frameio, "file", tree.folders[number % 5], f"Still {number}.png", **more)
    tree.folders.append(folders[-1])
    return tree


def added(frameio: RunningEmulator, tree: Tree) -> None:
    """Three newer versions, two more stacks and five more files."""
    for number in (0, 1, 2):
        more = {"file_size": 77 + number, "comments": 3}
        newer = _seed(frameio, "file", tree.folders[0], f"Cut {number} late.mov", **more)
        put_on_top(frameio, newer["id"], tree.stacks[number])
    for number in (100, 101):
        versions = [_version(number, nth) for nth in range(2)]
        _seed(frameio, "version_stack", tree.folders[-1], f"Cut {number}.mov", versions=versions)
    for number in range(200, 205):
        _seed(frameio, "file", tree.folders[1], f"Still {number}.png", file_size=500 + number)


def put_on_top(frameio: RunningEmulator, file_id: str, stack_id: str) -> None:
    """Move a file into a stack, as somebody does by hand."""
    answer = requests.patch(
        f"{frameio.description['base_url']}/v4/accounts/{frameio.description['account_id']}/files/{file_id}/move",
        json={"data": {"parent_id": stack_id}},
        headers={"authorization": f"Bearer {frameio.description['token']}"},
        timeout=PATIENCE,
    )
    answer.raise_for_status()


def contents(frameio: RunningEmulator, folder_id: str, *, restacked: bool = False) -> list[tuple[Any, ...]]:
    """What a folder holds at any depth: paths, sizes, and a stack's versions oldest first.

    :param restacked: tells comments, too; a stack of one version as a file; and no names of stacks. For Frame.io names
        a new stack after a version, and makes none of one file.
    """
    return sorted(_told(list(frameio.tree(folder_id))[1:], restacked))


def _told(lines: list[dict[str, Any]], restacked: bool) -> Iterable[tuple[Any, ...]]:
    path: list[str] = []
    for index, line in enumerate(lines):
        path = [*path[: line["depth"] - 1], line["name"]]
        if line["type"] == "version_stack":
            inside = []
            for below in lines[index + 1 :]:
                if below["depth"] <= line["depth"]:
                    break
                inside.append(below)
            told = tuple((one["name"], one["file_size"], one["comments"] * restacked) for one in inside)
            if restacked and len(inside) == 1:
                yield ("file", (*path[:-1], told[0][0]), told[0][1:])
            else:
                yield ("stack", (*path[:-1], "" if restacked else path[-1]), told)
        elif line["type"] == "folder":
            yield ("folder", tuple(path), ())
        elif not _in_stack(lines, index):
            yield ("file", tuple(path), (line["file_size"], line["comments"] * restacked))


def _in_stack(lines: list[dict[str, Any]], index: int) -> bool:
    depth = lines[index]["depth"]
    above = (line for line in reversed(lines[:index]) if line["depth"] < depth)
    return next(above, {"type": "folder"})["type"] == "version_stack"


def _folders(frameio: RunningEmulator, root: str) -> list[str]:
    """Ids: the source, the target, those in the source, the empty one last."""
    source = _seed(frameio, "folder", root, "Finished")["id"]
    target = _seed(frameio, "folder", root, "Mirror")["id"]
    one = _seed(frameio, "folder", source, LONG)["id"]
    two = _seed(frameio, "folder", source, "Masters")["id"]
    three = _seed(frameio, "folder", two, "Sound")["id"]
    four = _seed(frameio, "folder", three, "Sound")["id"]
    return [source, target, one, two, three, four, _seed(frameio, "folder", two, "Empty")["id"]]


def _seed(frameio: RunningEmulator, kind: str, parent_id: str = "", name: str = "", **more: Any) -> Any:
    where = {"parent_id": parent_id, "name": name} if parent_id else {}
    return frameio.control("POST", "seed", {"kind": kind, **where, **more})


def _version(number: int, nth: int) -> dict[str, Any]:
    return {"file_size": 1000 * (number + 1) + nth, "comments": nth % 3}
