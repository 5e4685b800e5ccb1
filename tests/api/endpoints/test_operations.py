"""Every endpoint as a value: what it sends, whose budget it spends, whether it may be repeated."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints import accounts, files, folders, version_stacks
from airflow_provider_frameio.api.protocol import Operation, RateLimit
from airflow_provider_frameio.api.replies import Reply

A = "0a1b2c3d-0000-4000-8000-000000000001"
IN = f"/v4/accounts/{A}"
ADOBE = "adobe:urn-1|2"
ADOBE_ENCODED = "adobe%3Aurn-1%7C2"
TEN = [f"f{number}" for number in range(10)]
HUNDRED = [f"f{number}" for number in range(100)]
PER_MINUTE_10, PER_MINUTE_60, PER_MINUTE_100 = RateLimit(10, 60.0), RateLimit(60, 60.0), RateLimit(100, 60.0)
PER_SECOND_3, PER_SECOND_5, PER_SECOND_10 = RateLimit(3, 1.0), RateLimit(5, 1.0), RateLimit(10, 1.0)


class Row(NamedTuple):
    operation: Operation[Any]
    method: str
    path: str
    params: dict[str, str]
    data: dict[str, Any] | None
    limit: RateLimit
    repeatable: bool


COPY, CREATE = version_stacks.copy_version_stack, version_stacks.create_version_stack
CHILDREN, STACKS = version_stacks.list_version_stack_children, version_stacks.list_version_stacks
FOLDER_CHILDREN = folders.list_folder_children
P100, P500 = {"page_size": "100"}, {"page_size": "500"}

ROWS = {
    "copy stack, beside its source": Row(
        COPY(A, "s1"), "POST", f"{IN}/version_stacks/s1/copy", {}, None, PER_MINUTE_10, False
    ),
    "copy stack, elsewhere, with metadata": Row(
        COPY(A, ADOBE, parent_id="p1", copy_metadata=True),
        "POST",
        f"{IN}/version_stacks/{ADOBE_ENCODED}/copy",
        {"copy_metadata": "true"},
        {"parent_id": "p1"},
        PER_MINUTE_10,
        False,
    ),
    "create stack": Row(
        CREATE(A, "p1", TEN), "POST", f"{IN}/folders/p1/version_stacks", {}, {"file_ids": TEN}, PER_MINUTE_10, False
    ),
    "create stack of two": Row(
        CREATE(A, "p1", ("f1", "f0")),
        "POST",
        f"{IN}/folders/p1/version_stacks",
        {},
        {"file_ids": ["f1", "f0"]},
        PER_MINUTE_10,
        False,
    ),
    "show stack": Row(
        version_stacks.get_version_stack(A, "s1", include=["creator", "metadata"]),
        "GET",
        f"{IN}/version_stacks/s1",
        {"include": "creator,metadata"},
        None,
        PER_MINUTE_100,
        True,
    ),
    "list children": Row(
        CHILDREN(A, "s1"), "GET", f"{IN}/version_stacks/s1/children", P100, None, PER_MINUTE_100, True
    ),
    "list children, all options": Row(
        CHILDREN(A, "s1", include="creator, project", sort="file_size_desc", page_size=1),
        "GET",
        f"{IN}/version_stacks/s1/children",
        {"include": "creator,project", "sort": "file_size_desc", "page_size": "1"},
        None,
        PER_MINUTE_100,
        True,
    ),
    "list stacks": Row(STACKS(A, "p1"), "GET", f"{IN}/folders/p1/version_stacks", P500, None, PER_SECOND_5, True),
    "list stacks, all options": Row(
        STACKS(A, "p1", include=(), sort="created_at_desc", page_size=500),
        "GET",
        f"{IN}/folders/p1/version_stacks",
        {"sort": "created_at_desc", **P500},
        None,
        PER_SECOND_5,
        True,
    ),
    "move stack": Row(
        version_stacks.move_version_stack(A, "s1", "p2"),
        "PATCH",
        f"{IN}/version_stacks/s1/move",
        {},
        {"parent_id": "p2"},
        PER_MINUTE_10,
        True,
    ),
    "list field definitions": Row(
        accounts.list_field_definitions(A), "GET", f"{IN}/metadata/field_definitions", P100, None, PER_MINUTE_100, True
    ),
    "update metadata": Row(
        files.update_metadata(A, "j1", ["f1"], [{"field_definition_id": "d1", "value": ["o1"]}]),
        "PATCH",
        f"{IN}/projects/j1/metadata/values",
        {},
        {"file_ids": ["f1"], "values": [{"field_definition_id": "d1", "value": ["o1"]}]},
        PER_MINUTE_10,
        True,
    ),
    "list users": Row(accounts.list_users(A), "GET", f"{IN}/users", P100, None, PER_MINUTE_100, True),
    "copy file": Row(files.copy_file(A, "f1"), "POST", f"{IN}/files/f1/copy", {}, None, PER_MINUTE_100, False),
    "copy file, all options": Row(
        files.copy_file(A, "f1", parent_id="p1", copy_metadata=True, copy_comments="internal"),
        "POST",
        f"{IN}/files/f1/copy",
        {"copy_metadata": "true", "copy_comments": "internal"},
        {"parent_id": "p1"},
        PER_MINUTE_100,
        False,
    ),
    "copy files": Row(
        files.copy_files(A, HUNDRED, "p1", copy_comments="all"),
        "POST",
        f"{IN}/files/copy",
        {"copy_comments": "all"},
        {"file_ids": HUNDRED, "parent_id": "p1"},
        PER_MINUTE_60,
        False,
    ),
    "show file": Row(
        files.get_file(A, "f1", include="media_links.original"),
        "GET",
        f"{IN}/files/f1",
        {"include": "media_links.original"},
        None,
        PER_SECOND_10,
        True,
    ),
    "list files": Row(
        files.list_files(A, "p1", sort="updated_at_asc", page_size=7),
        "GET",
        f"{IN}/folders/p1/files",
        {"sort": "updated_at_asc", "page_size": "7"},
        None,
        PER_SECOND_5,
        True,
    ),
    "move file": Row(
        files.move_file(A, "f1", "s1"),
        "PATCH",
        f"{IN}/files/f1/move",
        {},
        {"parent_id": "s1"},
        PER_MINUTE_100,
        True,
    ),
    "move files": Row(
        files.move_files(A, HUNDRED, "p1"),
        "PATCH",
        f"{IN}/files/move",
        {},
        {"file_ids": HUNDRED, "parent_id": "p1"},
        PER_MINUTE_60,
        True,
    ),
    "rename file": Row(
        files.rename_file(A, "f1", "n" * 255),
        "PATCH",
        f"{IN}/files/f1",
        {},
        {"name": "n" * 255},
        PER_MINUTE_100,
        True,
    ),
    "delete file": Row(files.delete_file(A, "f1"), "DELETE", f"{IN}/files/f1", {}, None, PER_MINUTE_100, True),
    "show folder": Row(folders.get_folder(A, "p1"), "GET", f"{IN}/folders/p1", {}, None, PER_MINUTE_100, True),
    "list folder children": Row(
        FOLDER_CHILDREN(A, "p1", include="creator", sort="name_asc", type=["file", "version_stack"]),
        "GET",
        f"{IN}/folders/p1/children",
        {"include": "creator", "sort": "name_asc", "type": "file,version_stack", **P500},
        None,
        PER_MINUTE_100,
        True,
    ),
    "delete folder": Row(folders.delete_folder(A, "p1"), "DELETE", f"{IN}/folders/p1", {}, None, PER_MINUTE_60, True),
    "create folder": Row(
        folders.create_folder(A, "p1", "Für K."),
        "POST",
        f"{IN}/folders/p1/folders",
        {},
        {"name": "Für K."},
        PER_SECOND_3,
        False,
    ),
    "show project": Row(
        accounts.get_project(A, "j1", include="owner"),
        "GET",
        f"{IN}/projects/j1",
        {"include": "owner"},
        None,
        PER_MINUTE_100,
        True,
    ),
    "me": Row(accounts.get_me(), "GET", "/v4/me", {}, None, PER_MINUTE_100, True),
    "accounts": Row(accounts.list_accounts(), "GET", "/v4/accounts", P100, None, PER_MINUTE_100, True),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_endpoint_sends_what_the_reference_documents(row: Row) -> None:
    """Method, path, query and body are the documented ones; nothing that is a default is sent."""
    request = row.operation.request
    body = None if row.data is None else {"data": row.data}
    assert (request.method, request.path, dict(request.params), request.json) == (*row[1:4], body)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_endpoint_knows_its_limit_and_whether_it_may_be_repeated(row: Row) -> None:
    """What makes something new must not be repeated; what only reads or sets may."""
    assert (row.operation.limit, row.operation.repeatable) == (row.limit, row.repeatable)


@pytest.mark.parametrize("name", ["copy stack, elsewhere, with metadata", "copy file", "copy files"])
def test_a_copy_whose_outcome_is_unknown_has_an_error_of_its_own(name: str) -> None:
    """The error says that a second attempt could copy twice."""
    assert ROWS[name].operation.unknown is errors.CopyOutcomeUnknown
    assert ROWS["create stack"].operation.unknown is errors.OutcomeUnknown


def test_an_operation_is_called_what_the_reference_calls_it_and_names_its_subject() -> None:
    """Messages show the id as the user gave it, and the path as it was sent."""
    asked = ROWS["copy stack, elsewhere, with metadata"].operation.asked
    assert asked == f"copy version stack {ADOBE} (POST {IN}/version_stacks/{ADOBE_ENCODED}/copy)"
    assert ROWS["me"].operation.asked == "show me (GET /v4/me)"


def test_calls_of_one_route_share_a_budget_and_others_do_not() -> None:
    """Frame.io counts per account user and route, whatever the ids."""
    assert COPY(A, "s1").bucket == COPY(A, "s2", parent_id="p1").bucket
    distinct = {COPY("a1", "s1").bucket, COPY("a2", "s1").bucket, CREATE("a1", "p1", TEN).bucket}
    distinct |= {files.move_file("a1", "f", "p").bucket, files.rename_file("a1", "f", "n").bucket}
    assert len(distinct) == 5


@given(identifier=st.text(min_size=1).filter(lambda text: not any(c.isspace() or not c.isprintable() for c in text)))
def test_an_id_is_always_one_segment_of_the_path(identifier: str) -> None:
    """Whatever characters it holds, an id cannot lead to another endpoint."""
    try:
        path = files.get_file(A, identifier).request.path
    except errors.InvalidParameter:
        nothing = identifier in (".", "..") or identifier.lower() in ("none", "null", "undefined")
        assert nothing or set(identifier) & set("[]{}'\"") or "/" in identifier
        return
    assert path.startswith(f"{IN}/files/")
    assert path.isascii()
    assert not set(path.removeprefix(f"{IN}/files/")) & set("/?#:|\\ ")


def test_unusual_ids_are_percent_encoded() -> None:
    """A slash, a dot segment inside, and letters beyond ASCII."""
    encoded = {"a/b": "a%2Fb", "../x": "..%2Fx", "é": "%C3%A9", "a?b#c": "a%3Fb%23c", "50%": "50%25"}
    assert {given: files.get_file(A, given).request.path.rsplit("/", 1)[1] for given in encoded} == encoded


def _reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, {}, body)


def test_each_kind_of_endpoint_reads_its_answer() -> None:
    """A record, a list of records, a page, nothing."""
    assert COPY(A, "s1").result(_reply(b'{"data": {"id": "s2"}}')) == {"id": "s2"}
    copied = b'{"data": [{"source_file_id": "f1", "file": {"id": "f2"}}]}'
    assert files.copy_files(A, ["f1"], "p1").result(_reply(copied)) == [{"source_file_id": "f1", "file": {"id": "f2"}}]
    assert files.move_files(A, ["f1"], "p1").result(_reply(b'{"data": [{"id": "f1"}]}')) == [{"id": "f1"}]
    page = STACKS(A, "p1").result(_reply(b'{"data": [{"id": "s1"}], "links": {"next": null}}'))
    assert (page.items, page.after) == (({"id": "s1"},), None)
    assert files.delete_file(A, "f1").result(_reply(b"", 204)) is None
