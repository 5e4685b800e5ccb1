"""Whether a stack holds another one's versions: what it lacks, and how it differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.copying.versions import fits, lacking, name_of


def file(name: str, size: int | None = 1) -> dict[str, Any]:
    return {"id": name, "name": name, "file_size": size}


V1, V2, V3 = file("Hero v1.mov", 10), file("Hero v2.mov", 20), file("Hero v3.mov", 30)


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ([V1, V2, V3], 0),
        ([V1, V2], 1),
        ([V1], 2),
        ([file("Hero v1 (1).mov", 10), file("Hero v2.mov", None), V3], 0),
        ([], "it has 0 versions, the source 3"),
        ([V1, V2, V3, file("note.mov", 5)], "it has 4 versions, the source 3"),
        ([V1, V3], "its version 2 is 'Hero v3.mov' of 30 bytes, the source's 'Hero v2.mov' of 20 bytes"),
        (
            [file("Hero v1.mov", 11)],
            "its version 1 is 'Hero v1.mov' of 11 bytes, the source's 'Hero v1.mov' of 10 bytes",
        ),
    ],
)
def test_what_a_target_lacks_of_three_versions(target: list[dict[str, Any]], left: int | str) -> None:
    """Only what is missing at the newest end can be added."""
    assert lacking([V1, V2, V3], target) == left


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
def test_a_part_lacks_the_rest(sizes: list[int], data: st.DataObject) -> None:
    """Whatever the versions are, and however alike."""
    versions = [file("Hero.mov", size) for size in sizes]
    held = data.draw(st.integers(1, len(sizes)))
    assert lacking(versions, versions[:held]) == len(sizes) - held


def test_a_size_that_is_not_told_fits_any_but_a_name_has_to_fit() -> None:
    assert fits(file("Hero.mov", None), V1 | {"name": "Hero.mov"})
    assert fits(file("Hero.mov", 0), V1 | {"name": "Hero (2).mov"})
    assert not fits(file("Hero.mov", 10), file("hero.mov", 10))


def test_names_are_compared_in_one_form_of_unicode() -> None:
    assert name_of({"name": "E\u0301pisode"}) == name_of({"name": "\u00c9pisode"})
