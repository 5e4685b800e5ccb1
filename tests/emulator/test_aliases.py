"""What Adobe knows may be called by Adobe's id as well, and a UUID may be written in capitals; answers say the UUID."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Studio


@pytest.fixture
def adobe(studio: Studio) -> dict[str, Any]:
    """A project on Adobe storage, and a folder, a file and a stack in it."""
    seed = studio.emulator
    project = seed.seed_project("Adobe", adobe=True)
    folder = seed.seed_folder(project["root_folder_id"], "Cuts")
    file = seed.seed_file(folder["id"], "a.mov")
    return {"project": project, "folder": folder, "file": file, "stack": seed.seed_version_stack(folder["id"], "b.mov")}


@pytest.mark.parametrize(
    ("kind", "path", "good", "bad"),
    [
        ("project", "/projects/{}", [""], ["|1"]),
        ("folder", "/folders/{}", [""], ["|1"]),
        ("file", "/files/{}", ["|1"], ["", "|2"]),
        ("stack", "/version_stacks/{}", ["", "|1"], ["|2"]),
    ],
)
def test_everything_has_two_names(
    studio: Studio, adobe: dict[str, Any], kind: str, path: str, good: list[str], bad: list[str]
) -> None:
    """An alias, and the id in capitals, show the same record as the id does; with another version it is nobody's."""
    own, alias = studio.data(path.format(adobe[kind]["id"])), f"adobe:{adobe[kind]['adobe_id']}"
    for name in (own["id"].upper(), *(alias + version for version in good)):
        assert studio.data(path.format(name)) == own
    assert {studio.get(path.format(alias + version)).status_code for version in bad} == {404}


def test_an_account_is_called_by_its_organization(studio: Studio, adobe: dict[str, Any]) -> None:
    """It spends the same budget by either name."""
    (account,) = studio.data("/v4/accounts")
    below = f"/folders/{adobe['folder']['id']}"
    own = studio.call("GET", f"/v4/accounts/{account['id']}{below}")
    other = studio.call("GET", f"/v4/accounts/adobe:{account['adobe_id']}{below}")
    assert own.json() == other.json()
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (own, other)]
    assert left[1] == left[0] - 1


def test_aliases_are_good_in_bodies(studio: Studio, adobe: dict[str, Any]) -> None:
    """Answers name what is meant by its own id, also the sources of copied files."""
    folder, file = f"adobe:{adobe['folder']['adobe_id']}", f"adobe:{adobe['file']['adobe_id']}|1"
    body = {"data": {"file_ids": [file], "parent_id": folder}}
    (copied,) = studio.call("POST", "/files/copy", json=body).json()["data"]
    assert copied["source_file_id"] == adobe["file"]["id"]
    assert copied["file"]["parent_id"] == adobe["folder"]["id"]


def test_a_file_given_by_both_names_is_given_twice(studio: Studio, adobe: dict[str, Any]) -> None:
    """A list of ids in which two are one file's is refused."""
    file = adobe["file"]
    body = {"data": {"file_ids": [file["id"], f"adobe:{file['adobe_id']}|1"]}}
    answer = studio.call("POST", f"/folders/{adobe['folder']['id']}/version_stacks", json=body)
    assert answer.status_code == 422
    assert "unique" in answer.text


def test_what_is_deleted_has_no_name(studio: Studio, adobe: dict[str, Any]) -> None:
    """Neither of its names shows it any more."""
    file = adobe["file"]
    assert studio.call("DELETE", f"/files/adobe:{file['adobe_id']}|1").status_code == 204
    names = (file["id"], f"adobe:{file['adobe_id']}|1")
    assert [studio.get(f"/files/{name}").status_code for name in names] == [404, 404]
