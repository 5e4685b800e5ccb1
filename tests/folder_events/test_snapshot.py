"""Looks into a folder: complete or an error, with subfolders or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.metadata import MetadataFilter
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.folder_events.snapshot import FolderSnapshot, StackState, take_snapshot
from tests.copying.driving import Driver
from tests.copying.world import NOW, stack, status_error, when


def folder(identifier: str) -> dict[str, Any]:
    return {"id": identifier, "type": "folder", "name": identifier}


def found(identifier: str, changed: float = NOW, **more: Any) -> dict[str, Any]:
    return stack(identifier, changed, type="version_stack", **more)


@dataclass
class Folders:
    """Folders whose lists come in pages of two.

    :ivar fails: the status with which a folder's list fails, by folder and page.
    """

    content: Mapping[str, Sequence[dict[str, Any]]]
    fails: Mapping[tuple[str, int], int] = field(default_factory=dict)
    date: float | None = NOW + 0.5

    def look(self, **options: Any) -> FolderSnapshot:
        self.driver = Driver(self._page)
        seen: FolderSnapshot = self.driver.run(take_snapshot("a1", "root", **options))
        return seen

    def asked(self) -> list[str]:
        return [operation.request.path.split("/folders/")[1] for operation in self.driver.calls]

    def _page(self, operation: Operation[Any]) -> Any:
        folder_id = operation.request.path.split("/")[-2]
        start = int(operation.request.params.get("after", "0"))
        if status := self.fails.get((folder_id, start // 2)):
            return status_error(status, operation)
        items = self.content[folder_id]
        rest = str(start + 2) if start + 2 < len(items) else None
        return Page(tuple(items[start : start + 2]), rest, self.date)


TREE = {
    "root": [found("s1", NOW - 9), folder("f1"), found("s2", NOW - 20), folder("f2")],
    "f1": [folder("f3")],
    "f2": [found("s3", NOW - 15, parent_id="f2"), {"id": "x1", "type": "file"}],
    "f3": [found("s4", NOW - 5, parent_id=None), folder("root")],
}


def test_a_folder_is_listed_to_its_end() -> None:
    """A call for each page, oldest first; those that changed last stand at the end."""
    folders = Folders({"root": [found("s1", NOW), found("s2", NOW - 9), found("s3", NOW - 5)]})
    look = folders.look()
    assert [seen.id for seen in look.stacks] == ["s2", "s3", "s1"]
    assert folders.asked() == ["root/version_stacks"] * 2
    assert folders.driver.calls[0].request.params == {
        "sort": "created_at_asc",
        "page_size": "500",
        "include_total_count": "true",
    }
    assert look.at == NOW + 0.5


def test_subfolders_are_looked_into_at_any_depth() -> None:
    """Each once, whatever contains it; a stack's folder is the one it was listed in, where it does not say."""
    folders = Folders(TREE)
    look = folders.look(include_subfolders=True)
    assert [(seen.id, seen.folder_id) for seen in look.stacks] == [
        ("s2", "p1"),
        ("s3", "f2"),
        ("s1", "p1"),
        ("s4", "f3"),
    ]
    assert folders.asked() == ["root/children", "root/children", "f1/children", "f2/children", "f3/children"]
    assert folders.driver.calls[0].request.params["type"] == "folder,version_stack"


@pytest.mark.parametrize("deep", [False, True])
def test_metadata_is_looked_at_where_some_is_wanted(deep: bool) -> None:
    """In the same list, in smaller pages; a stack without a version tells nothing."""
    entry = {"field_definition_id": "d1", "field_type": "text", "value": "Approved"}
    head = {"id": "v1", "status": "uploaded"}
    folders = Folders(
        {
            "root": [
                found("on itself", metadata=[entry], head_version=head),
                found("on its newest version", head_version={**head, "metadata": [entry]}),
                found("neither", metadata=[], head_version=head),
                found("empty", metadata=[entry], head_version=None),
            ]
        }
    )
    look = folders.look(include_subfolders=deep, having=MetadataFilter({"d1": frozenset(["Approved"])}))
    assert [seen.wanted for seen in look.stacks] == [True, True, False, None]
    params = folders.driver.calls[0].request.params
    assert (params["include"], params["page_size"]) == ("metadata", "100")
    assert {seen.wanted for seen in folders.look().stacks} == {None}


def test_looks_leave_half_of_the_rate_limit_to_others() -> None:
    """The next look comes the later, the more calls this one took."""
    assert Folders({"root": []}).look().rest == pytest.approx(0.4)
    assert Folders(TREE).look(include_subfolders=True).rest == pytest.approx(5 * 0.6 * 2)


def test_without_a_date_it_is_our_own_time() -> None:
    """Some proxy may take the server's away."""
    assert Folders({"root": []}, date=None).look().at == 1000.0


@pytest.mark.parametrize("status", [403, 404, 429, 500])
@pytest.mark.parametrize("page", [0, 1])
def test_a_part_of_a_list_is_no_answer(status: int, page: int) -> None:
    """Any page may fail, and with it the look."""
    folders = Folders(TREE, fails={("root", page): status})
    with pytest.raises(errors.ApiError):
        folders.look(include_subfolders=True)


@pytest.mark.parametrize("status", [403, 404])
def test_a_subfolder_that_is_gone_or_not_for_us_is_left_out(status: int) -> None:
    """It was deleted since its parent was listed, or has rights of its own: the rest can be seen."""
    look = Folders(TREE, fails={("f2", 0): status}).look(include_subfolders=True)
    assert [seen.id for seen in look.stacks] == ["s2", "s1", "s4"]


def test_a_subfolder_that_fails_otherwise_fails_the_look() -> None:
    """Its stacks might be taken for new later on."""
    with pytest.raises(errors.ServerError):
        Folders(TREE, fails={("f3", 0): 503}).look(include_subfolders=True)


def test_a_record_is_read_as_far_as_it_goes() -> None:
    """The latest of four times; whatever is absent is empty, and a time that cannot be read is not known."""
    head = {"id": "v1", "status": "uploaded", "created_at": when(NOW - 3), "updated_at": when(NOW - 1)}
    whole = StackState.from_record(found("s1", NOW - 9, updated_at=when(NOW - 2), head_version=head), "f9")
    assert (whole.created_at, whole.changed_at, whole.head_id, whole.folder_id) == (NOW - 9, NOW - 1, "v1", "p1")
    bare = StackState.from_record({"id": "s1", "head_version": "?", "created_at": "soon"}, "f9")
    assert (bare.created_at, bare.changed_at, bare.head_id, bare.folder_id, bare.name) == (inf, inf, "", "f9", "")
    assert (len(whole.mark), len(whole.head_mark), whole.mark) == (7, 5, bare.mark)
