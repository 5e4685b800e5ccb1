"""The demo's and the end-to-end tests' judge of copies tells good ones from bad ones."""

from __future__ import annotations

from dataclasses import replace

from tests.harness.folders import Stack, differences, stacks

CUT = Stack("1", "Cut.mov", (10, 20), ("transcoded", "transcoded"))
COPY = Stack("2", "Cut.mov", (10, 20), ("transcoded", "uploaded"))


def test_a_complete_copy_has_no_differences() -> None:
    """Ids and statuses may differ, as long as every version has arrived."""
    assert differences([CUT], [COPY]) == []


def test_every_way_of_being_no_copy_is_named() -> None:
    """Missing, double, shortened, reordered and unfinished copies are told apart from good ones."""
    assert differences([CUT], []) == ["missing: Cut.mov, 2 versions"]
    assert differences([CUT], [COPY, COPY]) == ["too many: Cut.mov, 2 versions"]
    for versions in ((10,), (20, 10)):
        assert len(differences([CUT], [replace(COPY, versions=versions)])) == 2
    unfinished = replace(COPY, statuses=("created", "uploaded"))
    assert differences([CUT], [unfinished]) == ["incomplete: Cut.mov  (2 versions: 1 created, 1 uploaded)"]


def test_stacks_are_read_with_the_versions_that_follow_them() -> None:
    """A drawing lists the folder, each stack and below it its versions, oldest first."""
    drawing: list[dict[str, object]] = [
        {"type": "folder", "id": "0", "name": "Cuts"},
        {"type": "version_stack", "id": "1", "name": "Cut.mov"},
        {"type": "file", "id": "3", "name": "v1.mov", "file_size": 10, "status": "transcoded"},
        {"type": "file", "id": "4", "name": "v2.mov", "file_size": 20, "status": "transcoded"},
        {"type": "version_stack", "id": "5", "name": "Empty.mov"},
    ]
    assert stacks(drawing) == [CUT, Stack("5", "Empty.mov", (), ())]
