"""Files, stacks and folders: made, shown, moved, renamed and deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock


def files(studio: Studio, count: int, folder_id: str | None = None) -> list[str]:
    return [studio.emulator.seed_file(folder_id or studio.cuts, f"{n}.mov")["id"] for n in range(count)]


def version_ids(studio: Studio, stack_id: str) -> list[str]:
    return [version["id"] for version in studio.data(f"/version_stacks/{stack_id}/children")]


def make_stack(studio: Studio, file_ids: list[str]) -> str:
    body = {"data": {"file_ids": file_ids}}
    made = studio.call("POST", f"/folders/{studio.cuts}/version_stacks", json=body)
    assert made.status_code == 201, made.text
    stack_id: str = made.json()["data"]["id"]
    return stack_id


def move_file(studio: Studio, file_id: str, parent_id: str) -> int:
    return studio.call("PATCH", f"/files/{file_id}/move", json={"data": {"parent_id": parent_id}}).status_code


def test_files_become_a_stack_oldest_first(studio: Studio) -> None:
    """The last id is the newest version; the files leave the folder's list, and the stack is named after the newest."""
    old, new = files(studio, 2)
    stack_id = make_stack(studio, [old, new])
    shown = studio.data(f"/version_stacks/{stack_id}")
    assert (shown["name"], shown["head_version"]["id"]) == ("1.mov", new)
    assert version_ids(studio, stack_id) == [new, old]
    assert studio.data(f"/folders/{studio.cuts}/files") == []
    assert studio.data(f"/files/{old}")["parent_id"] == stack_id


def test_a_file_moved_into_a_stack_becomes_the_newest_version(studio: Studio) -> None:
    """Whether it comes from a folder or was an older version of the same stack."""
    first, second, third = files(studio, 3)
    stack_id = make_stack(studio, [first, second])
    assert move_file(studio, third, stack_id) == 200
    assert version_ids(studio, stack_id) == [third, second, first]
    assert move_file(studio, first, stack_id) == 200
    assert version_ids(studio, stack_id) == [first, third, second]


def test_a_stack_lives_as_long_as_it_has_a_version(studio: Studio) -> None:
    """Deleting or taking out version by version, the last one takes the stack with it."""
    deleted, taken_out = files(studio, 2)
    stack_id = make_stack(studio, [deleted, taken_out])
    gone = studio.call("DELETE", f"/files/{deleted}")
    assert (gone.status_code, gone.content, "Content-Length" in gone.headers) == (204, b"", False)
    assert studio.get(f"/files/{deleted}").status_code == 404
    assert version_ids(studio, stack_id) == [taken_out]
    assert move_file(studio, taken_out, stack_id) == 200  # onto itself: stays
    assert move_file(studio, taken_out, studio.client) == 200
    assert studio.get(f"/version_stacks/{stack_id}").status_code == 404
    assert studio.data(f"/folders/{studio.cuts}/version_stacks") == []


def test_a_stack_moves_with_its_versions(studio: Studio) -> None:
    """Into another folder, of another project too."""
    stack_id = studio.stack()
    other = studio.emulator.seed_project("Other")
    body = {"data": {"parent_id": other["root_folder_id"]}}
    moved = studio.call("PATCH", f"/version_stacks/{stack_id}/move", json=body).json()["data"]
    assert (moved["parent_id"], moved["project_id"]) == (other["root_folder_id"], other["id"])
    assert {version["project_id"] for version in studio.data(f"/version_stacks/{stack_id}/children")} == {other["id"]}
    assert studio.data(f"/projects/{studio.project['id']}")["storage"] == 0
    assert studio.data(f"/projects/{other['id']}")["storage"] == 3 * 48_000_000


def test_a_renamed_file_frees_its_name(studio: Studio) -> None:
    """A copy then gets the old name without a number."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    renamed = studio.call("PATCH", f"/files/{file_id}", json={"data": {"name": "b.mov"}}).json()["data"]
    assert renamed["name"] == "b.mov"
    assert studio.copy(studio.stack("a.mov", 1), studio.client).json()["data"]["name"] == "a.mov"
    assert studio.call("POST", f"/files/{file_id}/copy", json={}).json()["data"]["name"] == "b (1).mov"


def test_a_version_can_be_renamed(studio: Studio) -> None:
    """Names within a stack do not matter to anybody else: all may be one."""
    first, second = files(studio, 2)
    stack_id = make_stack(studio, [first, second])
    for file_id in (first, second):
        assert studio.call("PATCH", f"/files/{file_id}", json={"data": {"name": "x.mov"}}).status_code == 200
    assert [child["name"] for child in studio.data(f"/version_stacks/{stack_id}/children")] == ["x.mov", "x.mov"]


@pytest.mark.parametrize("status", [409, 422, 403, None])
def test_a_name_that_is_taken_in_its_folder_is_refused(studio: Studio, status: int | None) -> None:
    """With which status, or whether at all, is a setting; its own name is no change."""
    studio.emulator.configure(taken_name_status=status)
    stack = studio.emulator.seed_version_stack(studio.cuts, "b.mov", 1)
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    answers = [studio.call("PATCH", f"/files/{file_id}", json={"data": {"name": f"{name}.mov"}}) for name in "aba"]
    assert [answer.status_code for answer in answers] == [200, status or 200, 200]
    assert studio.data(f"/version_stacks/{stack['id']}")["name"] == "b.mov"


def test_bulk_copy_is_all_or_nothing(studio: Studio) -> None:
    """Each source with its copy, in order; one bad id and nothing is copied."""
    sources = files(studio, 3)
    body = {"data": {"file_ids": sources, "parent_id": studio.client}}
    copies = studio.call("POST", "/files/copy", json=body).json()["data"]
    assert [copy["source_file_id"] for copy in copies] == sources
    assert {copy["file"]["status"] for copy in copies} == {"created"}
    body["data"]["file_ids"] = [sources[0], studio.client]
    assert studio.call("POST", "/files/copy", json=body).status_code == 422
    assert len(studio.data(f"/folders/{studio.client}/files")) == 3


def test_bulk_move_is_all_or_nothing(studio: Studio) -> None:
    """The files, in the order in which they were named; one bad id and nothing is moved."""
    first, second, third = files(studio, 3)
    body = {"data": {"file_ids": [third, first], "parent_id": studio.client}}
    moved = studio.call("PATCH", "/files/move", json=body).json()["data"]
    assert [(file["id"], file["parent_id"]) for file in moved] == [(third, studio.client), (first, studio.client)]
    body["data"]["file_ids"] = [second, studio.project["id"]]
    assert studio.call("PATCH", "/files/move", json=body).status_code == 404
    assert [file["id"] for file in studio.data(f"/folders/{studio.cuts}/files")] == [second]


def test_an_older_frameio_has_no_bulk_copy(studio: Studio) -> None:
    """``missing_routes`` answer 404 as a path that never existed."""
    studio.emulator.configure(missing_routes=["copy_files"])
    body = {"data": {"file_ids": files(studio, 1), "parent_id": studio.client}}
    assert studio.call("POST", "/files/copy", json=body).status_code == 404


def test_folder_children_by_type(studio: Studio) -> None:
    """All kinds in the order of their arrival, or those asked for."""
    made = [studio.stack(), *files(studio, 1), studio.emulator.seed_folder(studio.cuts, "Old")["id"]]
    path = f"/folders/{studio.cuts}/children"
    assert [child["id"] for child in studio.data(path)] == made
    assert [child["type"] for child in studio.data(path, type="folder,file")] == ["file", "folder"]


def test_new_things_show_up_in_lists_late(studio: Studio) -> None:
    """``list_lag``: a copy is shown by its id at once, in a folder's list only after the lag; children do not lag."""
    studio.emulator.configure(list_lag=15)
    copy = studio.copy(studio.stack(), studio.client).json()["data"]
    path = f"/folders/{studio.client}/version_stacks"
    assert studio.data(f"/version_stacks/{copy['id']}")["id"] == copy["id"]
    assert studio.statuses(copy["id"]) == ["created"]
    studio.clock.advance(14)
    assert studio.get(path, include_total_count="true").json()["total_count"] == 0
    studio.clock.advance(1)
    assert [stack["id"] for stack in studio.data(path)] == [copy["id"]]


def test_a_folder_is_made_in_a_folder(studio: Studio) -> None:
    """It is there for further use, and listed beside what else the folder holds."""
    made = studio.call("POST", f"/folders/{studio.cuts}/folders", json={"data": {"name": "Old"}})
    assert made.status_code == 201
    folder = made.json()["data"]
    assert (folder["type"], folder["name"], folder["parent_id"]) == ("folder", "Old", studio.cuts)
    assert [child["id"] for child in studio.data(f"/folders/{studio.cuts}/children")] == [folder["id"]]
    assert studio.copy(studio.stack(), folder["id"]).json()["data"]["parent_id"] == folder["id"]


def test_times_are_emulated(studio: Studio) -> None:
    """``created_at``, ``updated_at`` and the ``Date`` header tell emulated time."""
    studio.clock.advance(90)
    answer = studio.copy(studio.stack(), studio.client)
    assert answer.headers["Date"] == "Mon, 05 Jan 2026 09:01:30 GMT"
    assert answer.json()["data"]["created_at"] == "2026-01-05T09:01:30.000000Z"


def test_changes_are_dated(studio: Studio) -> None:
    """Moving and renaming set ``updated_at``, a new version also that of its stack; ``created_at`` stays."""
    moved, renamed, *rest = files(studio, 4)
    stack_id = make_stack(studio, rest)
    studio.clock.advance(7)
    move_file(studio, moved, stack_id)
    studio.call("PATCH", f"/files/{renamed}", json={"data": {"name": "x.mov"}})
    records = [studio.data(path) for path in (f"/files/{moved}", f"/files/{renamed}", f"/version_stacks/{stack_id}")]
    assert [(record["created_at"][17:19], record["updated_at"][17:19]) for record in records] == [("00", "07")] * 3


def test_the_demo_holds_what_a_studio_would(clock: FakeClock) -> None:
    """12 stacks of 2 to 5 versions, on either storage, some of which are never transcoded; dated in the past."""
    with Emulator(clock=clock.monotonic, seed="demo") as emulator:
        folders = emulator.description()["folders"]
        tree = emulator.tree(folders["source"])
        stacks = [n for n, entry in enumerate(tree) if entry["type"] == "version_stack"]
        sizes = [end - start - 1 for start, end in zip(stacks, [*stacks[1:], len(tree)], strict=True)]
        assert (len(sizes), min(sizes), max(sizes)) == (12, 2, 5)
        assert {entry["status"] for entry in tree if "status" in entry} == {"uploaded", "transcoded"}
        assert {entry["name"] for entry in tree} >= {"Épisode 3 – Montage final.mov", "予告編_v2.mp4"}
        assert len(emulator.tree(folders["target"])) == len(emulator.tree(folders["adobe_target"])) == 1
        assert [entry["type"] for entry in emulator.tree(folders["adobe_source"])].count("version_stack") == 4


def test_a_folder_is_deleted_with_all_below_it(studio: Studio) -> None:
    """Folders, stacks and files are gone by their ids, too; what is beside it stays, and so does a root folder."""
    before = studio.emulator.tree(studio.project["root_folder_id"])
    folder = studio.emulator.seed_folder(studio.cuts, "Old")["id"]
    below = studio.emulator.seed_folder(folder, "Older")["id"]
    stack = studio.emulator.seed_version_stack(below, "a.mov")["id"]
    file = files(studio, 1, folder)[0]
    assert studio.call("DELETE", f"/folders/{folder}").status_code == 204
    assert studio.emulator.tree(studio.project["root_folder_id"]) == before
    paths = (f"/folders/{folder}", f"/folders/{below}", f"/version_stacks/{stack}", f"/files/{file}")
    assert [studio.get(path).status_code for path in paths] == [404] * 4
    assert studio.call("DELETE", f"/folders/{studio.project['root_folder_id']}").status_code == 403


def test_media_links_follow_the_status(studio: Studio) -> None:
    """The original can be loaded once it is uploaded, renditions once it is transcoded."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.pdf", status="uploaded")["id"]
    links = studio.data(f"/files/{file_id}", include="media_links.original,media_links.thumbnail")["media_links"]
    assert set(links) == {"original", "thumbnail"}
    assert links["original"]["download_url"].startswith(studio.emulator.base_url)
    assert links["thumbnail"] == {"url": None, "download_url": None}


def test_media_type_may_be_unknown_until_the_upload(studio: Studio) -> None:
    """``null_media_type``: as newer clients expect it."""
    studio.emulator.configure(null_media_type=True)
    copy = studio.copy(studio.stack(versions=1), studio.client).json()["data"]
    assert copy["head_version"]["media_type"] is None
    studio.clock.advance(6)
    assert studio.data(f"/version_stacks/{copy['id']}")["head_version"]["media_type"] == "video/mp4"


def test_seeds_can_be_older(studio: Studio) -> None:
    """``age``: seconds before now, of a stack and of each version."""
    stack = studio.emulator.seed_version_stack(studio.cuts, "a.mov", [{"age": 120.0}, {}], age=60)
    newest, oldest = studio.data(f"/version_stacks/{stack['id']}/children")
    made = [record["created_at"][11:19] for record in (stack, newest, oldest)]
    assert made == ["08:59:00", "08:59:00", "08:58:00"]


@pytest.mark.parametrize(
    "seed",
    [
        lambda studio: studio.emulator.seed_folder("nowhere", "x"),
        lambda studio: studio.emulator.seed_file(studio.stack(), "x"),
        lambda studio: studio.emulator.seed_file(studio.cuts, "x", status="done"),
        lambda studio: studio.emulator.seed_version_stack(studio.cuts, "x", []),
        lambda studio: studio.emulator.seed_version_stack(studio.cuts, "x", [{}, {"status": "done"}]),
        lambda studio: studio.emulator.seed_user("x", account_id="nowhere"),
        lambda studio: studio.emulator.seed_project("x", account_id="nowhere"),
    ],
)
def test_impossible_seeds_are_refused(studio: Studio, seed: Callable[[Studio], object]) -> None:
    """A parent, a status or an account that does not exist is a ``ValueError``, and nothing half-made stays."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ
        seed(studio)
    assert "x" not in [entry["name"] for entry in studio.emulator.tree(studio.cuts)]
