"""Lists come in pages: fifty unless told otherwise, linked by opaque cursors, whole even while things change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.conftest import Studio


def pages(studio: Studio, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """Follow the links as one should: every parameter again, plus the cursor."""
    while True:
        answer = studio.get(path, **query)
        assert answer.status_code == 200, answer.text
        yield answer.json()["data"]
        link = answer.json()["links"]["next"]
        if link is None:
            return
        query["after"] = parse_qs(urlsplit(link).query)["after"][0]


@pytest.fixture
def path(studio: Studio) -> str:
    """The list of a folder with 120 stacks, whose calls cost next to nothing."""
    studio.emulator.configure(limits={"list_version_stacks": {"limit": 1000}})
    for n in range(120):
        studio.stack(f"{n:03}.mov", 1)
    return f"/folders/{studio.cuts}/version_stacks"


def test_a_page_holds_fifty_items(studio: Studio, path: str) -> None:
    """Without ``page_size``: 50, 50 and the rest, in the order of arrival, nothing twice."""
    read = list(pages(studio, path))
    assert [len(page) for page in read] == [50, 50, 20]
    assert [item["name"] for page in read for item in page] == [f"{n:03}.mov" for n in range(120)]


@pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 120), (60, [60, 60]), (119, [119, 1]), (500, [120])])
def test_page_size_is_obeyed(studio: Studio, path: str, size: int, sizes: list[int]) -> None:
    """Also at the edges; a list that ends with its page has no further link."""
    assert [len(page) for page in pages(studio, path, page_size=size)] == sizes


def test_pages_may_be_smaller_than_documented(studio: Studio, path: str) -> None:
    """As the guide says; the refusal points at the parameter."""
    studio.emulator.configure(largest_page=100)
    assert studio.get(path, page_size=100).status_code == 200
    refused = studio.get(path, page_size=101)
    assert (refused.status_code, refused.json()["errors"][0]["source"]["pointer"]) == (422, "/page_size")


def test_links_are_relative_and_carry_only_the_cursor(studio: Studio, path: str) -> None:
    """Following one alone falls back to the default page size, and loses the included fields."""
    first = studio.get(path, page_size=10, include="creator").json()
    link = urlsplit(first["links"]["next"])
    assert (link.scheme, link.netloc, list(parse_qs(link.query))) == ("", "", ["after"])
    second = studio.data(first["links"]["next"])
    assert (len(second), "creator" in second[0]) == (50, False)


def test_a_cursor_is_good_for_its_own_order_only(studio: Studio, path: str) -> None:
    """Forgetting to send ``sort`` again is refused, not answered with another list's page."""
    link = studio.get(path, page_size=10, sort="name_desc").json()["links"]["next"]
    assert studio.get(link).status_code == 422
    assert studio.data(f"{link}&sort=name_desc&page_size=10")[0]["name"] == "109.mov"


def test_total_count_only_when_asked(studio: Studio, path: str) -> None:
    """It counts the whole list on every page."""
    assert "total_count" not in studio.get(path).json()
    assert studio.get(path, include_total_count="true", page_size=7).json()["total_count"] == 120


def test_changes_between_pages_move_nothing(studio: Studio, path: str) -> None:
    """What is deleted or added while a list is read neither hides nor repeats another item."""
    reader = pages(studio, path, page_size=50)
    seen = [item["name"] for item in next(reader)]
    first_stack = studio.data(path, page_size=1)[0]
    studio.call("DELETE", f"/files/{first_stack['head_version']['id']}")
    studio.stack("new.mov", 1)
    seen += [item["name"] for page in reader for item in page]
    assert seen == [f"{n:03}.mov" for n in range(120)] + ["new.mov"]


@pytest.mark.parametrize("setting", [True, False])
def test_a_cursor_that_is_an_offset_skips_what_moves_up(studio: Studio, path: str, setting: bool) -> None:
    """Of a folder's children always, of other lists as set; a new item comes at the end all the same."""
    if setting:
        studio.emulator.configure(offset_cursors=True)
    reader = pages(studio, path if setting else f"/folders/{studio.cuts}/children", page_size=50)
    seen = [item["name"] for item in next(reader)]
    first_stack = studio.data(path, page_size=1)[0]
    studio.call("DELETE", f"/files/{first_stack['head_version']['id']}")
    studio.stack("new.mov", 1)
    seen += [item["name"] for page in reader for item in page]
    assert seen == [f"{n:03}.mov" for n in range(120) if n != 50] + ["new.mov"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name_asc", ["a", "b", "c"]),
        ("name_desc", ["c", "b", "a"]),
        ("file_size_asc", ["b", "c", "a"]),
        ("file_size_desc", ["a", "c", "b"]),
        ("created_at_asc", ["c", "a", "b"]),
        ("created_at_desc", ["b", "a", "c"]),
        ("updated_at_asc", ["c", "a", "b"]),
        ("updated_at_desc", ["b", "a", "c"]),
    ],
)
def test_every_sort(studio: Studio, sort: str, names: list[str]) -> None:
    """Of files, and of a stack's versions."""
    for name, size in (("c", 2), ("a", 3), ("b", 1)):
        studio.emulator.seed_file(studio.client, name, file_size=size)
        studio.clock.advance(1)
    assert [item["name"] for item in studio.data(f"/folders/{studio.client}/files", sort=sort)] == names
    versions = [{"name": n, "file_size": s, "age": a} for n, s, a in (("c", 2, 3.0), ("a", 3, 2.0), ("b", 1, 1.0))]
    stack_id = studio.stack(versions=versions)
    assert [item["name"] for item in studio.data(f"/version_stacks/{stack_id}/children", sort=sort)] == names


def test_children_come_newest_first_unless_set(studio: Studio) -> None:
    """Practitioners disagree about the default order, hence a setting."""
    path = f"/version_stacks/{studio.stack('a.mov', 3)}/children"
    assert [version["name"] for version in studio.data(path)] == ["a v3.mov", "a v2.mov", "a v1.mov"]
    studio.emulator.configure(children_order="oldest_first")
    assert [version["name"] for version in studio.data(path)] == ["a v1.mov", "a v2.mov", "a v3.mov"]
