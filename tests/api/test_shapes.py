"""The documented shapes: what passes, and what is refused where an answer becomes a record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import list_users
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack, list_version_stacks
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.api.shapes import is_id, read_json

SHOW = get_version_stack("a1", "s1")
LIST = list_version_stacks("a1", "p1")
FILE = {
    "id": "477b4abc-b34e-41dc-81b3-61ef3e6f4a0e",
    "type": "file",
    "name": "Cut_v2.mov",
    "parent_id": "s1",
    "project_id": "3ffaf0ca-e6d8-4f1e-ac9d-3c064d371085",
    "adobe_id": None,
    "adobe_version_id": None,
    "created_at": "2026-09-25T19:18:29.614189Z",
    "updated_at": "2026-09-25T19:18:29.614189Z",
    "view_url": "https://next.frame.io/project/1/view/2",
    "status": "uploaded",
    "file_size": 0,
    "media_type": None,
    "creator": {"id": None, "email": "ada@studio.test", "name": None, "active": True},
    "metadata": [{"field_definition_id": "d1", "field_type": "text", "value": None, "mutable": True}],
    "media_links": {"original": {"download_url": None}},
}
STACK = {**FILE, "id": "adobe:urn|1", "type": "version_stack", "head_version": FILE}


def reply(body: object) -> Reply:
    return Reply(200, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    "record",
    [
        STACK,
        {**STACK, "head_version": None},
        {"id": "s1"},
        {**dict.fromkeys(STACK), "id": "s1"},
        {**STACK, "of_next_year": [{"a": 2**63 - 1, "b": -(2**63), "c": 0.5, "d": True}]},
        {"id": "u1", "name": "Ada", "email": "ada@studio.test", "avatar_url": None},
        {"id": "a1", "display_name": "Studio", "roles": ["admin"], "storage_limit": None, "storage_usage": 2**50},
    ],
)
def test_what_is_documented_passes_unchanged(record: Any) -> None:
    """With everything that is not known here."""
    assert SHOW.result(reply({"data": record})) == record
    assert LIST.result(reply({"data": [record], "links": {"next": None}})).items == (record,)


NO_ID: list[Any] = [None, "", 5, True, [], {}, " ", "a b", "a\n", "a\u202e", "..", "x" * 1001]
NO_TEXT: list[Any] = [5, 0, True, [], ["x"], {}, 1.5, "x" * 10_001]
NO_SIZE: list[Any] = ["5", True, -1, 1.0, [], {}]
NO_OBJECT: list[Any] = ["x", 5, True, [], [FILE]]
OTHER_KINDS: dict[str, tuple[str, list[Any]]] = {
    "id": ("no usable id", NO_ID),
    "parent_id": ("no usable id", NO_ID[1:]),
    "project_id": ("no usable id", NO_ID[1:]),
    **dict.fromkeys(("name", "status", "type", "view_url", "adobe_id"), ("no text", NO_TEXT)),
    **dict.fromkeys(("created_at", "updated_at", "email", "display_name"), ("no text", NO_TEXT)),
    "file_size": ("no number of bytes", NO_SIZE),
    "creator": ("no user", [*NO_OBJECT, {"id": 5}, {"email": ["x"]}]),
    "head_version": ("no object", NO_OBJECT),
    "metadata": ("no list of fields", ["x", 5, {}, ["x"], [{}], [{"field_definition_id": ""}]]),
}


@pytest.mark.parametrize(
    ("name", "problem", "value"),
    [(name, problem, value) for name, (problem, values) in OTHER_KINDS.items() for value in values],
)
def test_a_field_of_another_kind_is_refused_with_its_place(name: str, problem: str, value: Any) -> None:
    """In a record, in an item of a list, and in a head version; the value is not shown."""
    wrong = {**STACK, name: value}
    with pytest.raises(errors.UnreadableAnswer, match=rf"cannot be used: {problem} under 'data\.{name}'\. ") as caught:
        SHOW.result(reply({"data": wrong}))
    assert not isinstance(caught.value, errors.BadPage)
    with pytest.raises(errors.BadPage, match=rf"{problem} under 'data\[1\]\.{name}'"):
        LIST.result(reply({"data": [STACK, wrong], "links": {"next": None}}))
    with pytest.raises(errors.UnreadableAnswer, match=rf"{problem} under 'data\.head_version\.{name}'"):
        SHOW.result(reply({"data": {**STACK, "head_version": {**FILE, name: value}}}))


@pytest.mark.parametrize("data", [None, [], "x", 5, [STACK]])
def test_a_record_is_an_object(data: Any) -> None:
    """Under ``data``."""
    with pytest.raises(errors.UnreadableAnswer, match="no object under 'data'"):
        SHOW.result(reply({"data": data}))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "no list under 'data'"),
        ({}, "no list under 'data'"),
        ([None], "no object under 'data[0]'"),
        ([{"file": FILE}], "no usable id under 'data[0].source_file_id'"),
        ([{"source_file_id": 5, "file": FILE}], "no usable id under 'data[0].source_file_id'"),
        ([{"source_file_id": "f1"}], "no object under 'data[0].file'"),
        ([{"source_file_id": "f1", "file": None}], "no object under 'data[0].file'"),
        ([{"source_file_id": "f1", "file": {}}], "no usable id under 'data[0].file.id'"),
    ],
)
def test_an_answer_to_a_copy_of_many_files_names_each_with_its_copy(data: Any, problem: str) -> None:
    """Else nobody knows which of them were made."""
    with pytest.raises(errors.UnreadableAnswer) as caught:
        copy_files("a1", ["f1"], "p1").result(reply({"data": data}))
    assert problem in str(caught.value)


MEMBER = {"role": "member", "user": {"id": "u1", "name": None, "email": "ada@studio.test", "active": True}}


def test_members_without_an_id_are_left_out() -> None:
    """They were invited and have no account at Frame.io yet, so no field can name them."""
    invited = {"role": None, "user": {"id": None, "name": None, "email": "eve@studio.test"}}
    listed = list_users("a1").result(reply({"data": [invited, MEMBER], "links": {"next": None}}))
    assert listed.items == (MEMBER["user"],)


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        (None, r"no object under 'data\[0\]\.user'"),
        ({"role": "member"}, r"no object under 'data\[0\]\.user'"),
        ({"user": {"id": ""}}, r"no usable id under 'data\[0\]\.user\.id'"),
        ({"user": {"id": "u1", "email": 5}}, r"no text under 'data\[0\]\.user\.email'"),
    ],
)
def test_a_member_of_another_shape_is_refused(member: Any, problem: str) -> None:
    """Else a user would be missing without a word."""
    with pytest.raises(errors.BadPage, match=problem):
        list_users("a1").result(reply({"data": [member], "links": {"next": None}}))


UNSTORABLE = {
    "a lone surrogate": (rb'"\ud800"', "a text in it has characters that cannot be stored"),
    "a lone surrogate in a key": (rb'{"\udfff": 1}', "a text in it has characters that cannot be stored"),
    "a NUL": (rb'"a\u0000"', "a text in it has characters that cannot be stored"),
    "a whole number beyond 64 bits": (str(2**63).encode(), "a whole number in it is too large"),
    "one below them": (str(-(2**63) - 1).encode(), "a whole number in it is too large"),
    "a number beyond all": (b"1e999", "a number in it is too large"),
    "infinity": (b"-Infinity", "-Infinity is no number"),
    "no number": (b"NaN", "NaN is no number"),
    "a key that stands twice": (b'{"a": 1, "a": 1}', "a key stands twice in one of its objects"),
    "deep nesting": (b"[" * 60 + b"]" * 60, "it is nested too deeply"),
    "endless nesting": (b"[" * 100_000 + b"]" * 100_000, "it is nested too deeply"),
}


@pytest.mark.parametrize(("value", "problem"), UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_airflow_cannot_store_is_refused_wherever_it_stands(value: bytes, problem: str) -> None:
    """XCom would fail after the copy, and again at each retry."""
    body = b'{"data": {"id": "s1", "of_next_year": [{"deep": %s}]}, "links": {"next": null}}' % value
    for operation in (SHOW, LIST, any_endpoint("GET", "/v4/x")):
        with pytest.raises(errors.UnreadableAnswer) as caught:
            operation.result(Reply(200, {}, body))  # type: ignore[attr-defined]
        assert f"no usable JSON ({problem}), but '{{" in str(caught.value)


def test_a_body_is_read_once_and_strictly() -> None:
    """UTF-8, no byte order mark, nothing beside the value."""
    assert read_json('{"a": ["ä", 1, 0.5, null, true]}'.encode()) == {"a": ["ä", 1, 0.5, None, True]}
    for body in ("{}".encode("utf-16"), b"\xef\xbb\xbf{}", b"{} {}", b"\xff"):
        with pytest.raises(ValueError, match=r"UTF-8|BOM|Extra data|Expecting value"):
            read_json(body)


@pytest.mark.parametrize("identifier", ["s1", "adobe:urn:aaid|2", "é", "x" * 1000])
def test_an_id_may_be_of_a_new_kind(identifier: str) -> None:
    """Only what can never be one is refused."""
    assert is_id(identifier)
