"""Which stacks and files of a target are the source's: each is the counterpart of one, by name, versions and size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.counterparts import Counterparts
from airflow_provider_frameio.copying.mirror.plan import FolderPlan
from tests.copying.world import NOW, when

OLD, YOUNG = NOW - 86400.0, NOW - 60.0


def asset(kind: str, asset_id: str, name: str, size: int | None = None, at: float = OLD) -> dict[str, Any]:
    return {"id": asset_id, "type": kind, "name": name, "file_size": size, "created_at": when(at), "view_url": ""}


def stack(asset_id: str, name: str, at: float = OLD) -> dict[str, Any]:
    return asset("version_stack", asset_id, name, at=at)


def file(asset_id: str, name: str, size: int | None) -> dict[str, Any]:
    return asset("file", asset_id, name, size)


def versions(*sizes: int) -> list[dict[str, Any]]:
    return [file(f"v{size}", "Cut.mov", size) for size in sizes]


class Folder:
    """A target folder, and what is found out about it."""

    def __init__(self, stacks: list[Any], files: list[Any], held: dict[str, list[Any] | None]) -> None:
        self.plan = FolderPlan("f1", target_id="t1")
        self.left = Counterparts(self.plan, stacks, files, NOW, LookupPolicy(), held)

    def match(self, *sources: Any) -> list[str]:
        """Ids of the sources that have no counterpart of their name."""
        unequal = self.left.match_equal(sources, self.left.stacks)
        return [one["id"] for one in self.left.match_others(unequal, self.left.stacks)]

    @property
    def said(self) -> str:
        """What cannot be mirrored, and why."""
        return "; ".join(str(problem.why) for problem in self.plan.problems)


@pytest.mark.parametrize(
    ("held", "there", "newer", "said"),
    [
        (versions(1, 2, 3), 1, [], ""),
        (versions(1, 2), 0, [("s1", "c1")], ""),
        (versions(2, 3), 0, [], "its version 1 is 'Cut.mov' of 2 bytes, the source's 'Cut.mov' of 1 bytes"),
        (versions(1, 2, 3, 4), 0, [], "it has 4 versions, the source 3"),
        ([], 0, [], "it has 0 versions, the source 3"),
        (None, 0, [], "the order of the versions cannot be told"),
    ],
)
def test_a_stack_is_there_or_lacks_versions_or_differs(held: Any, there: int, newer: Any, said: str) -> None:
    folder = Folder([stack("c1", "Cut.mov")], [], {"s1": versions(1, 2, 3), "c1": held})
    assert folder.match(stack("s1", "Cut.mov")) == []
    assert (folder.plan.there["version_stacks"], folder.plan.newer) == (there, newer)
    assert said in folder.said
    assert bool(said) == bool(folder.said)


@pytest.mark.parametrize("held", [[], versions(2), versions(1)])
def test_a_young_stack_is_compared_once_it_is_filled(held: Any) -> None:
    """Whatever it shows by now."""
    folder = Folder([stack("c1", "Cut.mov", YOUNG)], [], {"s1": versions(1, 2), "c1": held})
    assert folder.match(stack("s1", "Cut.mov")) == []
    assert folder.plan.newer == [("s1", "c1")]


def test_what_the_source_has_not_uploaded_is_not_missing() -> None:
    late = {**file("v3", "Cut.mov", 3), "status": "created"}
    folder = Folder([stack("c1", "Cut.mov")], [], {"s1": [*versions(1, 2), late], "c1": versions(1, 2)})
    folder.match(stack("s1", "Cut.mov"))
    assert folder.plan.there["version_stacks"] == 1


def test_of_several_the_equal_one_is_the_counterpart() -> None:
    """Then the one that lacks the fewest versions; a source for which none is left has none."""
    held = {
        "s1": versions(1, 2, 3),
        "s2": versions(1, 2),
        "s3": versions(1, 9),
        "c1": versions(1),
        "c2": versions(1, 2),
    }
    folder = Folder([stack("c1", "Cut.mov"), stack("c2", "Cut (1).mov")], [], held)
    assert folder.match(*(stack(one, "Cut.mov") for one in ("s1", "s2", "s3"))) == ["s3"]
    assert folder.plan.there["version_stacks"] == 1
    assert folder.plan.newer == [("s1", "c1")]


def test_a_stack_named_after_a_version_and_a_file_are_counterparts_too() -> None:
    """Frame.io names a stack that is made anew after a version, and makes none of one file."""
    held: dict[str, Any] = {"s1": [file("a", "Cut v1.mov", 1), file("b", "Cut v2.mov", 2)], "s2": versions(7, 8)}
    held["c1"] = held["s1"]
    folder = Folder([stack("c1", "Cut v2.mov")], [file("c2", "Cut.mov", 7)], held)
    assert folder.left.match_renamed(stack("s1", "Final.mov"), equal=True)
    assert not folder.left.match_renamed(stack("s2", "Other.mov"), equal=True)
    assert folder.left.match_renamed(stack("s2", "Other.mov"), equal=False)
    assert not folder.left.match_renamed(stack("s2", "Third.mov"), equal=False)
    assert folder.plan.there["version_stacks"] == 1
    assert folder.plan.newer == [("s2", "c2")]


def test_files_have_counterparts_by_name_and_size() -> None:
    """First those of just this name; a size that is not told fits; another size is a question."""
    theirs = [file("c1", "A (1).png", 1), file("c2", "A.png", 1), file("c3", "B.png", None), file("c4", "C.png", 9)]
    folder = Folder([], theirs, {})
    ours = [file("f1", "A.png", 1), file("f2", "B.png", 2), file("f3", "C.png", 3), file("f4", "A.png", 1)]
    folder.left.match_files([*ours, file("f5", "A.png", 1), file("f6", "D.png", 4)])
    assert folder.plan.there["files"] == 3
    assert [item.source_id for item in folder.plan.files] == ["f5", "f6"]
    assert "it has 9 bytes, the source 3" in folder.said
    assert set(folder.plan.existing) == {"c1", "c2"}, (
        "what looks like a missing one is remembered: it is another's copy"
    )


CONTENTS = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), max_size=5)


@given(CONTENTS, CONTENTS)
def test_however_alike_they_are_the_end_is_a_mirror(ours: list[list[int]], theirs: list[list[int]]) -> None:
    """Once all is done that is said, each source has a counterpart, or a problem says why not."""
    held: dict[str, Any] = {f"s{n}": versions(*sizes) for n, sizes in enumerate(ours)}
    held |= {f"c{n}": versions(*sizes) for n, sizes in enumerate(theirs)}
    folder = Folder([stack(f"c{n}", "Cut.mov") for n in range(len(theirs))], [], held)
    unmatched = folder.match(*(stack(f"s{n}", "Cut.mov") for n in range(len(ours))))
    failed = {problem.source_id for problem in folder.plan.problems}
    end = [sizes for n, sizes in enumerate(theirs) if f"c{n}" not in {onto for _, onto in folder.plan.newer}]
    end += [ours[int(source[1:])] for source in (*unmatched, *(source for source, _ in folder.plan.newer))]
    for n, sizes in enumerate(ours):
        assert f"s{n}" in failed or sizes in end
        if f"s{n}" not in failed and sizes in end:
            end.remove(sizes)
    assert len(unmatched) + folder.plan.there["version_stacks"] + len(folder.plan.newer) + len(failed) == len(ours)
