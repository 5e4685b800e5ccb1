"""Every answer of the emulator has the shape that Frame.io's OpenAPI document gives it.

The document is Frame.io's, not ours: ``FRAMEIO_OPENAPI`` is the path of a copy.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from airflow_provider_frameio.emulator.routes.table import ROUTES
from airflow_provider_frameio.emulator.state.metadata import FIELD_TYPES
from tests.emulator.conftest import Studio
from tests.openapi import document, needs_document, operation, validate

pytestmark = needs_document
NEWER_THAN_THE_DOCUMENT = {"copy_files", "move_files"}
EVERYTHING = (
    "media_links.original,media_links.thumbnail,media_links.thumbnail_high_quality,media_links.video_h264_180,"
    "media_links.high_quality,media_links.efficient,media_links.scrub_sheet,creator,project,metadata"
)
FIELD = {"Scene": "12"}


def documented(answer: requests.Response) -> dict[str, Any]:
    """What the document says about this answer's operation."""
    assert answer.request.url is not None
    path = re.sub(r"^https?://[^/]+", "", answer.request.url).partition("?")[0]
    return operation(str(answer.request.method), path)


def check(answer: requests.Response, status: int) -> Any:
    """The body, once it is what the document says for ``status``."""
    assert answer.status_code == status, answer.text
    response = documented(answer)["responses"][str(status)]
    for name in response.get("headers", {}):
        assert answer.headers[name].isdigit(), name
    if status == 204:
        assert answer.content == b""
        return None
    body = answer.json()
    validate(body, response["content"]["application/json"]["schema"])
    return body["data"] if "data" in body else body["errors"]


def test_openapi_names_every_route_of_the_emulator() -> None:
    """The emulator invents no endpoint: each is in the document, but for those known to be newer."""
    templates = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, methods in document()["paths"].items()
        for method in methods
    }
    ours = {route.name: (route.method, re.sub(r"\{\w+\}", "{}", f"/v4{route.path}")) for route in ROUTES}
    assert {name for name, template in ours.items() if template not in templates} == NEWER_THAN_THE_DOCUMENT


def test_openapi_endpoints_that_are_not_imitated_are_not_found(studio: Studio) -> None:
    """Each that the document names and the emulator has not, with the documented body."""
    ours = {(route.method.lower(), re.sub(r"\{\w+\}", "{}", f"/v4{route.path}")) for route in ROUTES}
    missing = [
        (method, template)
        for template, methods in document()["paths"].items()
        for method in methods
        if (method, re.sub(r"\{\w+\}", "{}", template)) not in ours
    ]
    assert missing
    for method, template in missing:
        path = re.sub(r"\{\w+\}", studio.cuts, template.replace("{account_id}", studio.emulator.account_id))
        answer = studio.call(method.upper(), path)
        assert answer.status_code == 404, f"{method} {template}"
        validate(answer.json(), documented(answer)["responses"]["404"]["content"]["application/json"]["schema"])


def test_openapi_limits_are_those_of_the_emulator() -> None:
    """Each route has the limit that its description in the document states."""
    seconds = {"second": 1.0, "minute": 60.0}
    for route in ROUTES:
        methods = document()["paths"].get(f"/v4{route.path}", {})
        stated = re.search(r"(\d+) calls per ([\d.]+) (second|minute)", str(methods.get(route.method.lower())))
        if stated:
            limit = (int(stated[1]), float(stated[2]) * seconds[stated[3]])
            assert limit == (route.limit.limit, route.limit.window), route.name


def test_openapi_answers_about_version_stacks(studio: Studio) -> None:
    """Copy, create, show, both lists and move, also while a copy is incomplete."""
    source = studio.stack(versions=[{"metadata": FIELD}, {"status": "created"}, {"status": "uploaded"}])
    for moment in (0.0, 3.0, 60.0):
        studio.clock.advance(moment)
        copy = check(studio.copy(source, studio.client, copy_metadata="true"), 200)
        check(studio.get(f"/version_stacks/{copy['id']}", include=EVERYTHING), 200)
        check(studio.get(f"/version_stacks/{copy['id']}/children", include=EVERYTHING, page_size=2), 200)
    check(studio.get(f"/folders/{studio.client}/version_stacks", include=EVERYTHING, include_total_count="true"), 200)
    files = [studio.emulator.seed_file(studio.cuts, f"{n}.mov")["id"] for n in range(2)]
    made = check(studio.call("POST", f"/folders/{studio.cuts}/version_stacks", json={"data": {"file_ids": files}}), 201)
    check(studio.call("PATCH", f"/version_stacks/{made['id']}/move", json={"data": {"parent_id": studio.client}}), 200)


def test_openapi_allows_a_missing_head_version_where_stacks_are_read(studio: Studio) -> None:
    """A copy without any version yet is shown and listed with ``head_version: null``."""
    studio.emulator.configure(copy_first_child_seconds=5)
    copy_id = studio.copy(studio.stack(), studio.client).json()["data"]["id"]
    assert check(studio.get(f"/version_stacks/{copy_id}"), 200)["head_version"] is None
    assert check(studio.get(f"/folders/{studio.client}/version_stacks"), 200)[0]["head_version"] is None


def test_openapi_answers_about_files(studio: Studio) -> None:
    """Copy, show, list, move, rename and delete."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov", metadata=FIELD, comments=2)["id"]
    body = {"data": {"parent_id": studio.client}}
    copy = check(studio.call("POST", f"/files/{file_id}/copy", json=body, params={"copy_comments": "all"}), 200)
    check(studio.get(f"/files/{copy['id']}", include=EVERYTHING), 200)
    check(studio.get(f"/folders/{studio.client}/files", include=EVERYTHING, sort="file_size_desc"), 200)
    check(studio.call("PATCH", f"/files/{file_id}/move", json=body), 200)
    check(studio.call("PATCH", f"/files/{file_id}", json={"data": {"name": "b.mov"}}), 200)
    check(studio.call("DELETE", f"/files/{file_id}"), 204)


def test_openapi_answers_about_folders_projects_and_accounts(studio: Studio) -> None:
    """Folders with all kinds of children, projects on either storage, the user and its accounts."""
    studio.stack()
    studio.emulator.seed_file(studio.cuts, "a.mov")
    old = check(studio.call("POST", f"/folders/{studio.cuts}/folders", json={"data": {"name": "Old"}}), 201)
    check(studio.call("DELETE", f"/folders/{old['id']}"), 204)
    check(studio.get(f"/folders/{studio.cuts}", include="creator,project,metadata"), 200)
    check(studio.get(f"/folders/{studio.cuts}/children", include=EVERYTHING), 200)
    for project in (studio.project, studio.emulator.seed_project("Adobe", adobe=True)):
        check(studio.get(f"/projects/{project['id']}", include="owner"), 200)
    check(studio.get("/v4/me"), 200)
    check(studio.get("/v4/accounts", sort="display_name_asc", include_total_count="true"), 200)


def test_openapi_answers_about_metadata(studio: Studio) -> None:
    """Fields and values of every type, on stacks and files, and the users that some of them name."""
    seed = studio.emulator.seed_metadata_field
    for kind in FIELD_TYPES:
        seed(kind, kind, options=("DE", "AT") if kind in ("select", "select_multi") else ())
    user = studio.emulator.user["id"]
    metadata = {
        "text": "x",
        "long_text": "x",
        "rating": 3,
        "number": 1.5,
        "toggle": False,
        "date": "2026-11-25T00:00:00Z",
        "select": "DE",
        "select_multi": ["DE", "AT"],
        "user_single": user,
        "user_multi": [user],
    }
    stack_id = studio.stack(versions=[{"metadata": metadata}])
    fields = check(studio.get("/metadata/field_definitions", sort="name_asc", include_total_count="true"), 200)
    (stack,) = check(studio.get(f"/folders/{studio.cuts}/version_stacks", include="metadata"), 200)
    assert len(fields) == len(stack["metadata"]) == len(stack["head_version"]["metadata"]) == len(FIELD_TYPES)
    check(studio.get("/users", sort="name_asc", include_deactivated="false"), 200)
    (version,) = studio.data(f"/version_stacks/{stack_id}/children")
    values = [{"field_definition_id": field["id"], "value": "y"} for field in fields if field["name"] == "text"]
    body = {"data": {"file_ids": [version["id"]], "values": values}}
    check(studio.call("PATCH", f"/projects/{studio.project['id']}/metadata/values", json=body), 204)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_openapi_errors(studio: Studio, status: int) -> None:
    """Each documented error has the documented body, whether the emulator means it or was told to send it."""
    stack_id = studio.stack()
    foreign = studio.emulator.seed_user("Eve", account_id=studio.emulator.seed_account("Other")["id"])
    if status == 400:
        answer = studio.call("POST", f"/version_stacks/{stack_id}/copy", data="{")
    elif status == 401:
        studio.act_as("wrong")
        answer = studio.copy(stack_id)
    elif status == 403:
        studio.act_as(foreign["token"])
        answer = studio.copy(stack_id)
    elif status == 404:
        answer = studio.copy(studio.project["id"])
    elif status == 409:
        studio.emulator.fault(kind="status", status=409)
        answer = studio.copy(stack_id)
    else:
        answer = studio.copy(studio.cuts)
    assert check(answer, status)[0]["detail"]
