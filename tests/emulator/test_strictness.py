"""What Frame.io refuses, the emulator refuses: each row is one wrong request and the status and place it gets."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.conftest import Studio

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ids(studio: Studio) -> dict[str, str]:
    """Ids to put into the rows: two files of one folder, one elsewhere, a stack, folders."""
    seed = studio.emulator
    return {
        "stack": studio.stack(),
        "cuts": studio.cuts,
        "client": studio.client,
        "a": seed.seed_file(studio.cuts, "a.mov")["id"],
        "b": seed.seed_file(studio.cuts, "b.mov")["id"],
        "elsewhere": seed.seed_file(studio.client, "c.mov")["id"],
        "nobody": NOBODY,
        "project": studio.project["id"],
        "field": seed.seed_metadata_field("Scene")["id"],
    }


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**ids) if "{" in value else value
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    return {name: filled(item, ids) for name, item in value.items()} if isinstance(value, dict) else value


def send(studio: Studio, ids: dict[str, str], request: str, body: Any = None) -> requests.Response:
    method, _, path = request.partition(" ")
    return studio.call(method, filled(path, ids), json=filled(body, ids))


COPY, CREATE = "POST /version_stacks/{stack}/copy", "POST /folders/{cuts}/version_stacks"
UPDATE = "PATCH /projects/{project}/metadata/values"
MOVE, BULK, LIST = "PATCH /version_stacks/{stack}/move", "POST /files/copy", "GET /folders/{cuts}/version_stacks"
CHILDREN, RENAME = "GET /version_stacks/{stack}/children", "PATCH /files/{a}"
VALUE = {"field_definition_id": "{field}", "value": "12"}
WRONG: list[tuple[str, Any, int, str]] = [
    # bodies
    (COPY, {"parent_id": "{client}"}, 422, "/parent_id"),
    (COPY, {"data": {"parent_id": "{client}", "name": "x"}}, 422, "/data/name"),
    (COPY, {"data": {"parent_id": None}}, 422, "/data/parent_id"),
    (COPY, {"data": []}, 422, "/data"),
    (COPY, [], 422, "/"),
    (MOVE, None, 422, "/data"),
    (MOVE, {}, 422, "/data"),
    (MOVE, {"data": {}}, 422, "/data/parent_id"),
    (RENAME, {"data": {"name": ""}}, 422, "/data/name"),
    (RENAME, {"data": {"name": "x" * 256}}, 422, "/data/name"),
    (RENAME, {"data": {"name": 5}}, 422, "/data/name"),
    ("POST /folders/{cuts}/folders", {"data": {"name": ""}}, 422, "/data/name"),
    (CREATE, {"data": {"file_ids": "{a}"}}, 422, "/data/file_ids"),
    (CREATE, {"data": {"file_ids": ["{a}"]}}, 422, "/data/file_ids"),
    (CREATE, {"data": {"file_ids": ["{a}", "{a}"]}}, 422, "/data/file_ids"),
    (CREATE, {"data": {"file_ids": ["{a}", "{b}"] + ["{nobody}"] * 9}}, 422, "/data/file_ids"),
    (CREATE, {"data": {"file_ids": ["{a}", 5]}}, 422, "/data/file_ids/1"),
    (CREATE, {"data": {"file_ids": ["{a}", "{elsewhere}"]}}, 422, "/data/file_ids/1"),
    (CREATE, {"data": {"file_ids": ["{a}", "{stack}"]}}, 422, "/data/file_ids/1"),
    (CREATE, {"data": {"file_ids": ["{a}", "{nobody}"]}}, 404, ""),
    (BULK, {"data": {"file_ids": [], "parent_id": "{client}"}}, 422, "/data/file_ids"),
    (BULK, {"data": {"file_ids": [str(n) for n in range(101)], "parent_id": "{client}"}}, 422, "/data/file_ids"),
    (BULK, {"data": {"file_ids": ["{a}"]}}, 422, "/data/parent_id"),
    (UPDATE, {"data": {"file_ids": ["{a}"]}}, 422, "/data/values"),
    (UPDATE, {"data": {"file_ids": ["{a}"], "values": []}}, 422, "/data/values"),
    (UPDATE, {"data": {"file_ids": ["{a}"], "values": ["x"]}}, 422, "/data/values/0"),
    (UPDATE, {"data": {"file_ids": ["{a}"], "values": [{"value": "x"}]}}, 422, "/data/values/0/field_definition_id"),
    (UPDATE, {"data": {"file_ids": ["{a}"], "values": [{**VALUE, "name": "x"}]}}, 422, "/data/values/0/name"),
    (UPDATE, {"data": {"file_ids": ["{a}"], "values": [{**VALUE, "value": 5}]}}, 422, "/data/values/0/value"),
    (UPDATE, {"data": {"file_ids": [], "values": [VALUE]}}, 422, "/data/file_ids"),
    (UPDATE, {"data": {"file_ids": ["{stack}"], "values": [VALUE]}}, 422, "/data/file_ids/0"),
    # ids of the wrong kind, unknown and malformed ones
    (COPY, {"data": {"parent_id": "{stack}"}}, 422, "/data/parent_id"),
    (COPY, {"data": {"parent_id": "{nobody}"}}, 404, ""),
    (COPY, {"data": {"parent_id": "Client Review"}}, 422, "/data/parent_id"),
    ("POST /version_stacks/{cuts}/copy", None, 422, "/version_stack_id"),
    ("POST /version_stacks/{nobody}/copy", None, 404, ""),
    ("POST /version_stacks/12/copy", None, 422, "/version_stack_id"),
    ("GET /files/{stack}", None, 422, "/file_id"),
    ("GET /folders/{a}", None, 422, "/folder_id"),
    ("PATCH /files/{a}/move", {"data": {"parent_id": "{b}"}}, 422, "/data/parent_id"),
    (MOVE, {"data": {"parent_id": "{stack}"}}, 422, "/data/parent_id"),
    ("PATCH /files/move", {"data": {"file_ids": ["{a}"], "parent_id": "{stack}"}}, 422, "/data/parent_id"),
    ("GET /projects/{nobody}", None, 404, ""),
    ("GET /projects/x", None, 422, "/project_id"),
    # query parameters
    (f"{LIST}?page_size=0", None, 422, "/page_size"),
    (f"{LIST}?page_size=501", None, 422, "/page_size"),
    (f"{LIST}?page_size=ten", None, 422, "/page_size"),
    (f"{CHILDREN}?page_size=101", None, 422, "/page_size"),
    ("GET /v4/accounts?page_size=101", None, 422, "/page_size"),
    (f"{LIST}?sort=file_size_asc", None, 422, "/sort"),
    (f"{LIST}?include=owner", None, 422, "/include"),
    (f"{LIST}?include=creator,everything", None, 422, "/include"),
    (f"{LIST}?include_total_count=yes", None, 422, "/include_total_count"),
    (f"{LIST}?after=x", None, 422, "/after"),
    (f"{LIST}?page=2", None, 422, "/page"),
    ("GET /folders/{cuts}/children?type=stack", None, 422, "/type"),
    (f"{COPY}?copy_metadata=1", None, 422, "/copy_metadata"),
    ("GET /metadata/field_definitions?sort=id_asc", None, 422, "/sort"),
    ("GET /users?sort=id_asc", None, 422, "/sort"),
    ("POST /files/{a}/copy?copy_comments=some", None, 422, "/copy_comments"),
    # routes
    ("GET /version_stacks", None, 404, ""),
    ("DELETE /version_stacks/{stack}", None, 404, ""),
    ("GET /v4/nothing", None, 404, ""),
]


@pytest.mark.parametrize(("request_line", "body", "status", "pointer"), WRONG)
def test_wrong_requests_are_refused(
    studio: Studio, ids: dict[str, str], request_line: str, body: Any, status: int, pointer: str
) -> None:
    """The status, the place of the fault, a reason in words, and nothing changed."""
    before = studio.emulator.tree(studio.project["root_folder_id"])
    answer = send(studio, ids, request_line, body)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error.get("source", {}).get("pointer", "") == pointer, error
    assert error["detail"]
    assert studio.emulator.tree(studio.project["root_folder_id"]) == before
    assert not studio.emulator.requests[-1].acted


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("", 200), ("{}", 200), ('{"data":{}}', 200)])
def test_the_body_of_a_copy_is_optional_but_must_be_json(
    studio: Studio, ids: dict[str, str], body: str, status: int
) -> None:
    """No body, an empty one and one without ``parent_id`` all mean the source's own folder."""
    answer = studio.call("POST", f"/version_stacks/{ids['stack']}/copy", data=body)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["data"]["parent_id"] == studio.cuts


def test_a_body_needs_its_length(studio: Studio) -> None:
    """Chunked bodies are refused with 411, and the connection is closed."""
    answer = studio.call("POST", "/files/copy", data=iter([b"{}"]))
    assert (answer.status_code, answer.json()["errors"][0]["title"]) == (411, "Length Required")


def test_unknown_query_parameters_can_be_ignored(studio: Studio) -> None:
    """Which of the two Frame.io does is unknown, hence a setting."""
    studio.emulator.configure(unknown_query="ignore")
    assert studio.get(f"/folders/{studio.cuts}", page=2).status_code == 200


def test_of_a_repeated_key_the_last_counts(studio: Studio) -> None:
    """``include=creator&include=project`` includes the project only; one comma-separated value includes both."""
    path = f"/folders/{studio.cuts}"
    repeated = studio.call("GET", f"{path}?include=creator&include=project").json()["data"]
    assert ("creator" in repeated, "project" in repeated) == (False, True)
    both = studio.data(path, include="creator,project")
    assert ("creator" in both, "project" in both) == (True, True)


def test_ids_of_adobe_storage_are_percent_encoded_in_paths(studio: Studio) -> None:
    """``adobe:<asset>|<version>`` is one path segment, encoded or not, and an ordinary id in bodies."""
    root = studio.emulator.seed_project("Adobe", adobe=True)["root_folder_id"]
    file = studio.emulator.seed_file(root, "a.mov")
    encoded = f"adobe%3A{file['adobe_id'].replace(':', '%3A')}%7C1"
    assert studio.data(f"/files/{encoded}")["id"] == file["id"]
    assert studio.call("PATCH", f"/files/{encoded}/move", json={"data": {"parent_id": root}}).status_code == 200
