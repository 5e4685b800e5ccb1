"""Values that no endpoint can use: refused by name, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints import accounts, build, files, folders, version_stacks

A = "a1"
TEN = [f"f{number}" for number in range(10)]
HUNDRED = [f"f{number}" for number in range(100)]
COPY, CREATE = version_stacks.copy_version_stack, version_stacks.create_version_stack
CHILDREN, STACKS = version_stacks.list_version_stack_children, version_stacks.list_version_stacks
FOLDER_CHILDREN = folders.list_folder_children

BAD_IDS = {
    "empty": "",
    "missing": None,
    "a missing XCom, rendered": "None",
    "blank": "  ",
    "a number": 7,
    "a list": ["s1"],
    "with a blank": "a b",
    "with a line end": "s1\n",
    "a dot": ".",
    "two dots": "..",
    "a lone surrogate": "\ud800",
}
TAKES_ID: dict[str, Callable[[Any], object]] = {
    "account_id": lambda bad: COPY(bad, "s1"),
    "version_stack_id": lambda bad: COPY(A, bad),
    "folder_id": lambda bad: CREATE(A, bad, TEN),
    "file_id": lambda bad: files.delete_file(A, bad),
    "project_id": lambda bad: accounts.get_project(A, bad),
    "parent_id": lambda bad: files.move_file(A, "f1", bad),
    "file_ids[1]": lambda bad: files.copy_files(A, ["f1", bad], "p1"),
}


@pytest.mark.parametrize("bad", BAD_IDS.values(), ids=BAD_IDS)
@pytest.mark.parametrize("name", TAKES_ID)
def test_what_can_never_be_an_id_is_refused_by_name(name: str, bad: object) -> None:
    """Before anything is sent, and the message says which parameter it was."""
    with pytest.raises(errors.InvalidParameter) as caught:
        TAKES_ID[name](bad)
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}={bad!r} cannot be used: ")


Bad = tuple[str, Callable[[], object]]
VALUE = {"field_definition_id": "d1", "value": "x"}
LOOSE: Any = version_stacks.copy_version_stack  # what Airflow's templates may render is of any type
BAD_VALUES: dict[str, Bad] = {
    "one file makes no stack": ("file_ids", lambda: CREATE(A, "p1", ["f1"])),
    "eleven files are too many": ("file_ids", lambda: CREATE(A, "p1", [*TEN, "f10"])),
    "no file to copy": ("file_ids", lambda: files.copy_files(A, [], "p1")),
    "101 files to copy": ("file_ids", lambda: files.copy_files(A, [*HUNDRED, "f100"], "p1")),
    "the same file twice": ("file_ids", lambda: CREATE(A, "p1", ["f1", "f1"])),
    "a string of ids": ("file_ids", lambda: CREATE(A, "p1", "f1,f2")),
    "a set of ids": ("file_ids", lambda: CREATE(A, "p1", {"f1", "f2"})),  # type: ignore[arg-type]
    "copy_metadata as text": ("copy_metadata", lambda: LOOSE(A, "s1", copy_metadata="True")),
    "unknown copy_comments": ("copy_comments", lambda: files.copy_file(A, "f1", copy_comments="some")),
    "empty copy_comments": ("copy_comments", lambda: files.copy_files(A, ["f1"], "p1", copy_comments="")),
    "unknown sort": ("sort", lambda: STACKS(A, "p1", sort="size_asc")),
    "a file's sort for a stack": ("sort", lambda: STACKS(A, "p1", sort="file_size_asc")),
    "unknown type": ("type", lambda: FOLDER_CHILDREN(A, "p1", type="file,movie")),
    "an empty type among others": ("type", lambda: FOLDER_CHILDREN(A, "p1", type="file,")),
    "include of numbers": ("include", lambda: files.get_file(A, "f1", include=[1])),  # type: ignore[list-item]
    "include as a number": ("include", lambda: files.get_file(A, "f1", include=5)),  # type: ignore[arg-type]
    "a blank include": ("include", lambda: files.get_file(A, "f1", include=" ")),
    "empty name": ("name", lambda: files.rename_file(A, "f1", "")),
    "name of 256": ("name", lambda: folders.create_folder(A, "p1", "n" * 256)),
    "name as a number": ("name", lambda: files.rename_file(A, "f1", 5)),  # type: ignore[arg-type]
    "page_size 0": ("page_size", lambda: STACKS(A, "p1", page_size=0)),
    "page_size 101 of versions": ("page_size", lambda: CHILDREN(A, "s1", page_size=101)),
    "page_size 501": ("page_size", lambda: files.list_files(A, "p1", page_size=501)),
    "page_size True": ("page_size", lambda: STACKS(A, "p1", page_size=True)),
    "page_size as text": ("page_size", lambda: accounts.list_accounts(page_size="5")),  # type: ignore[arg-type]
    "metadata of 101 files": ("file_ids", lambda: files.update_metadata(A, "j1", [*HUNDRED, "f100"], [VALUE])),
    "no metadata": ("values", lambda: files.update_metadata(A, "j1", ["f1"], [])),
    "metadata by name": ("values", lambda: files.update_metadata(A, "j1", ["f1"], [{"Status": "Approved"}])),
    "metadata as a dict": ("values", lambda: files.update_metadata(A, "j1", ["f1"], {"a": 1})),  # type: ignore[arg-type]
    "unknown method": ("method", lambda: build.any_endpoint("TRACE", "/v4/me")),
    "no method": ("method", lambda: build.any_endpoint(None, "/v4/me")),  # type: ignore[arg-type]
    "a list as body": ("json", lambda: build.any_endpoint("POST", "/v4/me", json=[])),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("name", "make"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_value_that_cannot_be_right_is_refused_by_name(name: str, make: Callable[[], object]) -> None:
    """Before anything is sent."""
    with pytest.raises(errors.InvalidParameter, match=rf"^{name}=.* cannot be used: \w"):
        make()
