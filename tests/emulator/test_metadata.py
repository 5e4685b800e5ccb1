"""Metadata fields and their values: defined, shown, set on many files at once."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.emulator.state.metadata import FIELD_TYPES
from tests.emulator.conftest import Studio

TERRITORIES = ("DE", "AT", "CH")


@pytest.fixture
def fields(studio: Studio) -> dict[str, Any]:
    """A field of each type, by its type."""
    options = {"select": TERRITORIES, "select_multi": TERRITORIES}
    seed = studio.emulator.seed_metadata_field
    return {kind: seed(f"A {kind}", kind, options=options.get(kind, ())) for kind in FIELD_TYPES}


def values(studio: Studio, fields: dict[str, Any]) -> dict[str, Any]:
    """A value for each, as a client sets it."""
    options = [option["id"] for option in fields["select"]["field_configuration"]["options"]]
    multi = [option["id"] for option in fields["select_multi"]["field_configuration"]["options"]]
    user = {"id": studio.emulator.user["id"], "type": "user"}
    return {
        "text": "Spring",
        "long_text": "Spring\nand summer",
        "rating": 4,
        "number": 23.976,
        "toggle": True,
        "date": "2026-11-25T00:00:00Z",
        "select": options[:1],
        "select_multi": multi[:2],
        "user_single": [user],
        "user_multi": [user],
    }


def update(studio: Studio, file_ids: list[str], settings: dict[str, Any]) -> int:
    """Set values by field id; the status of the answer."""
    pairs = [{"field_definition_id": field_id, "value": value} for field_id, value in settings.items()]
    body = {"data": {"file_ids": file_ids, "values": pairs}}
    answer = studio.call("PATCH", f"/projects/{studio.project['id']}/metadata/values", json=body)
    return answer.status_code


def test_values_of_every_type_are_set_on_several_files(studio: Studio, fields: dict[str, Any]) -> None:
    """And shown as the reference says: options with their names, users with their kind."""
    files = [studio.emulator.seed_file(studio.cuts, f"{n}.mov")["id"] for n in range(2)]
    given = values(studio, fields)
    assert update(studio, files, {fields[kind]["id"]: value for kind, value in given.items()}) == 204
    for file in studio.data(f"/folders/{studio.cuts}/files", include="metadata"):
        shown = {entry["field_type"]: entry for entry in file["metadata"]}
        assert [option["display_name"] for option in shown["select_multi"]["value"]] == ["DE", "AT"]
        assert [option["display_name"] for option in shown["select"]["field_options"]] == list(TERRITORIES)
        assert {kind: shown[kind]["value"] for kind in set(shown) - {"select", "select_multi"}} == {
            kind: value for kind, value in given.items() if not kind.startswith("select")
        }


def test_a_reviewer_sets_the_newest_version(studio: Studio, fields: dict[str, Any]) -> None:
    """By names; older versions keep what they have, and None takes a value away."""
    stack = studio.stack(versions=[{"metadata": {"A text": "first"}}, {}])
    studio.emulator.set_metadata(stack, {"A text": "second", "A select": "AT", "A select_multi": ["CH"]})
    assert [line["metadata"] for line in studio.emulator.tree(studio.cuts) if line["type"] == "file"] == [
        {"A text": "first"},
        {"A text": "second", "A select": "AT", "A select_multi": ["CH"]},
    ]
    studio.emulator.set_metadata(stack, {"A select": None, "A select_multi": None})
    assert studio.emulator.tree(studio.cuts)[-1]["metadata"] == {"A text": "second"}


@pytest.mark.parametrize(
    ("shown", "places"), [("both", (True, True)), ("stack", (True, False)), ("head", (False, True))]
)
def test_where_a_stack_shows_metadata_is_a_setting(studio: Studio, shown: str, places: tuple[bool, bool]) -> None:
    """On the stack, on its newest version, or on both: nobody documents it."""
    studio.emulator.configure(metadata_shown=shown)
    stack_id = studio.stack(versions=[{"metadata": {"Scene": "12"}}])
    (stack,) = studio.data(f"/folders/{studio.cuts}/version_stacks", include="metadata")
    assert (bool(stack["metadata"]), bool(stack["head_version"]["metadata"])) == places
    loose = studio.emulator.seed_file(studio.client, "a.mov", metadata={"Scene": "13"})["id"]
    assert studio.data(f"/files/{loose}", include="metadata")["metadata"][0]["value"] == "13"
    assert "metadata" not in studio.data(f"/version_stacks/{stack_id}")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 5),
        ("rating", 6),
        ("rating", True),
        ("number", "5"),
        ("toggle", "yes"),
        ("date", "2026-11-25"),
        ("date", "Friday"),
        ("select", "DE"),
        ("select", ["DE"]),
        ("user_single", ["somebody"]),
        ("user_multi", [{"id": "somebody", "type": "user"}]),
    ],
)
def test_a_value_that_its_field_cannot_have_is_refused(
    studio: Studio, fields: dict[str, Any], kind: str, value: Any
) -> None:
    """And nothing of the call is carried out."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    assert update(studio, [file_id], {fields["long_text"]["id"]: "x", fields[kind]["id"]: value}) == 422
    assert studio.emulator.tree(studio.cuts)[1]["metadata"] == {}


def test_several_options_of_a_field_that_has_one_are_refused(studio: Studio, fields: dict[str, Any]) -> None:
    """While a field that has several takes them."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    options = {
        kind: [o["id"] for o in fields[kind]["field_configuration"]["options"]] for kind in ("select", "select_multi")
    }
    assert update(studio, [file_id], {fields["select"]["id"]: options["select"]}) == 422
    assert update(studio, [file_id], {fields["select_multi"]["id"]: options["select_multi"]}) == 204


def test_what_cannot_be_set_at_all_is_refused(studio: Studio) -> None:
    """A field of Frame.io's own, one that is not there, and a file of another project."""
    own = studio.emulator.seed_metadata_field("File type", mutable=False)["id"]
    scene = studio.emulator.seed_metadata_field("Scene")["id"]
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    other = studio.emulator.seed_project("Other")["root_folder_id"]
    assert update(studio, [file_id], {own: "video"}) == 422
    assert update(studio, [file_id], {file_id: "x"}) == 404
    assert update(studio, [file_id, studio.emulator.seed_file(other, "b.mov")["id"]], {scene: "12"}) == 422
    assert update(studio, [studio.stack()], {scene: "12"}) == 422
    assert studio.emulator.tree(studio.cuts)[1]["metadata"] == {}


def test_fields_and_users_are_listed_in_pages(studio: Studio) -> None:
    """In the orders that the reference names."""
    for name in ("Status", "Campaign"):
        studio.emulator.seed_metadata_field(name)
    studio.emulator.seed_user("Bob", email="bob@studio.example")
    assert [field["name"] for field in studio.data("/metadata/field_definitions")] == ["Status", "Campaign"]
    assert [f["name"] for f in studio.data("/metadata/field_definitions", sort="name_asc")] == ["Campaign", "Status"]
    first = studio.get("/metadata/field_definitions", page_size=1).json()
    assert [field["name"] for field in first["data"]] == ["Status"]
    second = studio.call("GET", f"{first['links']['next']}&page_size=1").json()
    assert ([field["name"] for field in second["data"]], second["links"]["next"]) == (["Campaign"], None)
    emails = [member["user"]["email"] for member in studio.data("/users", sort="email_desc")]
    assert emails == ["bob@studio.example", "ada@studio.example"]


def test_a_field_is_of_a_known_type_and_has_the_options_that_are_seeded(studio: Studio) -> None:
    """Anything else is a mistake of the test that seeds it."""
    with pytest.raises(ValueError, match="give one of text"):
        studio.emulator.seed_metadata_field("Status", "words")
    with pytest.raises(ValueError, match="no account has the id 'x'"):
        studio.emulator.seed_metadata_field("Status", account_id="x")
    studio.emulator.seed_metadata_field("Status", "select", options=["Approved"])
    with pytest.raises(ValueError, match="Status='Refused': give Approved"):
        studio.stack(versions=[{"metadata": {"Status": "Refused"}}])
    with pytest.raises(ValueError, match="no file has the id"):
        studio.emulator.set_metadata(studio.cuts, {"Status": "Approved"})
