"""Which stacks have the wanted values, and how values are set; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.metadata import metadata_filter, metadata_values, set_metadata, wanted_values
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Flow, Operation

ADA, BOB, TEAM = (f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in range(3))
USERS = (
    {"id": ADA, "name": "Ada Editor", "email": "Ada@studio.test"},
    {"id": BOB, "name": "Bob", "email": "bob@studio.test"},
    {"id": "u3", "name": "Bob", "email": "bob2@studio.test"},
)


def field(name: str, kind: str, mutable: bool = True, **configuration: Any) -> dict[str, Any]:
    return {
        "id": f"id-of-{name}",
        "name": name,
        "field_type": kind,
        "mutable": mutable,
        "field_configuration": configuration,
    }


def option(name: str) -> dict[str, Any]:
    return {"id": f"id-of-{name}", "display_name": name, "color": None}


FIELDS = (
    field("Status", "select", options=[option("Approved"), option("In Review"), {"display_name": "New"}]),
    field(
        "Territory",
        "select_multi",
        options=[option("DE"), option("AT"), option("CH"), {**option("CH"), "id": "other CH"}],
    ),
    field("Notes", "long_text"),
    field("Scène", "text"),
    field("Take", "number", scale=3),
    field("Stars", "rating", max_value=5),
    field("Delivered", "toggle"),
    field("Due", "date"),
    field("Editor", "user_single"),
    field("Team", "user_multi", custom_members=[{"id": TEAM, "type": "account_user_group"}]),
    field("Twin", "text"),
    {**field("Twin", "text"), "id": "other twin"},
    field("Duration", "number", mutable=False),
    field("Shape", "polygon"),
)


def run(flow: Flow[Any], asked: list[str] | None = None) -> Any:
    """A flow's result, its pages answered from above."""
    answer: Any = None
    try:
        while True:
            operation = flow.send(answer)
            assert isinstance(operation, Operation)
            if asked is not None:
                asked.append(operation.name)
            lists = {"list field definitions": FIELDS, "list users": USERS}
            answer = Page(lists[operation.name], None) if operation.name in lists else operation.request.json
    except StopIteration as end:
        return end.value


def entry(name: str, value: Any) -> dict[str, Any]:
    kinds = {one["name"]: one["field_type"] for one in FIELDS}
    return {"field_definition_id": f"id-of-{name}", "field_type": kinds[name], "value": value}


def matches(wanted: Mapping[str, Any], *entries: Mapping[str, Any], head: Sequence[Mapping[str, Any]] = ()) -> bool:
    """Whether a stack with these entries, and those of its newest version, is wanted."""
    stack = {"id": "s", "metadata": list(entries), "head_version": {"id": "f", "metadata": list(head)}}
    found: bool = run(metadata_filter("a", wanted_values("metadata", wanted))).admits(stack)
    return found


APPROVED = entry("Status", [{"id": "id-of-Approved", "display_name": "whatever it is called now"}])
DE_AND_AT = entry("Territory", [option("DE"), option("AT")])


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"Status": "Approved"}, APPROVED),
        ({"id-of-Status": "id-of-Approved"}, APPROVED),
        ({"Status": ["In Review", "Approved"]}, APPROVED),
        ({"Territory": "AT"}, DE_AND_AT),
        ({"Territory": ("AT",)}, DE_AND_AT),
        ({"Notes": "as agreed\nby phone"}, entry("Notes", "as agreed\nby phone")),
        ({"Sce\u0300ne": "12"}, entry("Scène", "12")),
        ({"Scène": "Bu\u0308hne"}, entry("Scène", "Bühne")),
        ({"Take": 12}, entry("Take", 12.0)),
        ({"Take": "23.976"}, entry("Take", 23.976)),
        ({"Stars": "4"}, entry("Stars", 4)),
        ({"Stars": [4, 5]}, entry("Stars", 5)),
        ({"Delivered": True}, entry("Delivered", True)),
        ({"Delivered": "No"}, entry("Delivered", False)),
        ({"Due": "2026-11-25"}, entry("Due", "2026-11-25T00:00:00.000Z")),
        ({"Due": date(2026, 11, 25)}, entry("Due", "2026-11-25T17:00:00Z")),
        ({"Due": datetime(2026, 11, 26, 1, tzinfo=timezone(timedelta(hours=2)))}, entry("Due", "2026-11-25T05:00:00Z")),
        ({"Editor": "Ada Editor"}, entry("Editor", [{"id": ADA, "type": "user"}])),
        ({"Editor": "ada@STUDIO.test"}, entry("Editor", [{"id": ADA, "type": "user"}])),
        ({"Editor": ADA}, entry("Editor", [{"id": ADA, "type": "user"}])),
        ({"Team": ["bob@studio.test", TEAM]}, entry("Team", [{"id": TEAM, "type": "account_user_group"}])),
    ],
)
def test_a_value_matches(wanted: dict[str, Any], shown: dict[str, Any]) -> None:
    """By names or ids, in every type; on the stack or on its newest version."""
    assert matches(wanted, shown)
    assert matches(wanted, head=[shown])
    assert not matches(wanted)
    assert not matches(wanted, {**shown, "field_definition_id": "another field"})


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"Status": "Approved"}, entry("Status", [option("In Review")])),
        ({"Status": "Approved"}, entry("Status", [])),
        ({"Status": "Approved"}, entry("Status", None)),
        ({"Scène": "12"}, entry("Scène", "12a")),
        ({"Scène": "hero"}, entry("Scène", "Hero")),
        ({"Take": 12}, entry("Take", None)),
        ({"Delivered": True}, entry("Delivered", False)),
        ({"Due": "2026-11-25"}, entry("Due", "2026-11-26T00:00:00Z")),
        ({"Due": "2026-11-25"}, entry("Due", "next week")),
        ({"Editor": "Ada Editor"}, entry("Editor", [{"id": BOB, "type": "user"}])),
        ({"Editor": "Ada Editor"}, entry("Editor", [[]])),
    ],
)
def test_another_value_does_not_match(wanted: dict[str, Any], shown: dict[str, Any]) -> None:
    """Nor does one that is not set, or of a shape that nobody documents."""
    assert not matches(wanted, shown)


def test_all_fields_have_to_match() -> None:
    """One on the stack and one on its newest version will do."""
    wanted = {"Status": "Approved", "Territory": ["id-of-CH", "DE"]}
    assert matches(wanted, APPROVED, head=[DE_AND_AT])
    assert not matches(wanted, APPROVED)
    assert not matches(wanted, head=[DE_AND_AT])


def test_a_stack_without_metadata_or_newest_version_does_not_match() -> None:
    """A copy that has just begun has no version yet."""
    wanted = run(metadata_filter("a", {"Delivered": [True]}))
    assert not wanted.admits({"id": "s", "head_version": None})


def test_only_what_is_needed_is_asked_for() -> None:
    """Nothing for no filter, and the users only where one is given by name."""
    for wanted, expected in (
        ({}, []),
        ({"Status": ["Approved"]}, ["list field definitions"]),
        ({"Editor": [ADA]}, ["list field definitions"]),
        ({"Editor": ["Ada Editor"], "Team": ["Ada Editor"]}, ["list field definitions", "list users"]),
    ):
        asked: list[str] = []
        run(metadata_filter("a", wanted), asked)
        assert asked == expected
    assert run(metadata_filter("a", {})).admits({"id": "s"})


WRONG = [
    (
        {"Stauts": "Approved"},
        "metadata='Stauts' cannot be used: there is no such metadata field. There are: Delivered, Du",
    ),
    ({"Twin": "x"}, "several fields have this name; give an id: id-of-Twin, other twin"),
    (
        {"Status": "approved"},
        r"metadata['Status']='approved' cannot be used: there is no such option. There are: Approved",
    ),
    ({"Status": "id-of-New"}, "there is no such option"),
    ({"Territory": ["DE", 5]}, "there is no such option"),
    ({"Territory": ["DE", "CH"]}, "several options have this name; give an id: id-of-CH"),
    ({"Take": "twelve"}, "give a number"),
    ({"Take": True}, "give a number"),
    ({"Take": "nan"}, "give a number"),
    ({"Stars": 6}, "give a whole number from 0 to 5"),
    ({"Stars": 4.5}, "give a whole number from 0 to 5"),
    ({"Delivered": "perhaps"}, "give True or False"),
    ({"Delivered": 1}, "give True or False"),
    ({"Due": "tomorrow"}, "give a day such as 2026-11-25"),
    ({"Due": 5}, "give a day such as 2026-11-25"),
    ({"Scène": "None"}, "give a text"),
    ({"Scène": 12}, "give a text"),
    ({"Editor": "Eve"}, "the account has no user of this name"),
    ({"Editor": 5}, "the account has no user of this name"),
    ({"Editor": "Bob"}, "several users have this name; give an e-mail address"),
    ({"Shape": "round"}, "this package knows no fields of type polygon"),
]


@pytest.mark.parametrize(("wanted", "words"), WRONG)
def test_what_is_not_there_is_refused_with_what_there_is(wanted: dict[str, Any], words: str) -> None:
    """For a filter and for values to be set alike."""
    for flow in (metadata_filter, metadata_values):
        with pytest.raises(InvalidParameter) as refused:
            run(flow("a", wanted_values("metadata", wanted)))
        assert words in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [None, "Status: Approved", {}, [], {5: "x"}, {"Status": None}, {"Status": ""}, {"Status": []}, {"A": [" "]}],
)
def test_wanted_values_that_came_to_nothing_are_refused(given: Any) -> None:
    """They must not mean everything."""
    with pytest.raises(InvalidParameter, match="metadata"):
        wanted_values("metadata", given)


def test_wanted_values_are_json() -> None:
    """As a trigger keeps them; given once more, they stay what they are."""
    wanted = wanted_values("metadata", {"Due": [date(2026, 11, 25)], "Stars": 4, "Editor": {"id": ADA, "type": "user"}})
    assert wanted == {"Due": ["2026-11-25"], "Stars": [4], "Editor": [{"id": ADA, "type": "user"}]}
    assert wanted_values("metadata", wanted) == wanted


def test_values_are_set_as_frameio_takes_them() -> None:
    """Options as ids, users with their kind, times in UTC."""
    given = {
        "Status": "Approved",
        "Territory": ["DE", "AT"],
        "Notes": "x",
        "Take": "12",
        "Stars": 5,
        "Delivered": "yes",
        "Due": "2026-11-25",
        "Editor": "bob@studio.test",
        "Team": [ADA, TEAM, {"id": BOB, "type": "user"}],
    }
    values = run(metadata_values("a", wanted_values("metadata", given)))
    assert {one["field_definition_id"].removeprefix("id-of-"): one["value"] for one in values} == {
        "Status": ["id-of-Approved"],
        "Territory": ["id-of-DE", "id-of-AT"],
        "Notes": "x",
        "Take": 12,
        "Stars": 5,
        "Delivered": True,
        "Due": "2026-11-25T00:00:00Z",
        "Editor": [{"id": BOB, "type": "user"}],
        "Team": [{"id": ADA, "type": "user"}, {"id": TEAM, "type": "account_user_group"}, {"id": BOB, "type": "user"}],
    }


def test_values_of_many_files_are_set_by_one_call() -> None:
    """Of 1 to 100, each once; what cannot be right is refused before anything is asked."""
    asked: list[str] = []
    run(set_metadata("a", "p", ["f1", "f2"], {"Stars": 5}), asked)
    assert asked == ["list field definitions", "update metadata p"]
    for files in ([], ["f1", "f1"], [f"f{number}" for number in range(101)]):
        with pytest.raises(InvalidParameter, match="file_ids"):
            run(set_metadata("a", "p", files, {"Stars": 5}), asked)
    with pytest.raises(InvalidParameter, match="values"):
        run(set_metadata("a", "p", ["f1"], {}), asked)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Duration": 5}, "metadata='Duration' cannot be used: Frame.io itself sets this field."),
        ({"Status": ["Approved", "In Review"]}, "give one value: this field has no more."),
        ({"Notes": ["a", "b"]}, "give one value: this field has no more."),
        ({"Status": "Approved", "id-of-Status": "In Review"}, "this field is given twice."),
    ],
)
def test_values_that_cannot_be_set_are_refused(given: dict[str, Any], words: str) -> None:
    """Though they may be searched for."""
    with pytest.raises(InvalidParameter) as refused:
        run(metadata_values("a", wanted_values("metadata", given)))
    assert words in str(refused.value)
