"""Copies: there at once, complete later, named and refused as the settings say."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock


def test_a_copy_is_another_stack_in_the_target(studio: Studio) -> None:
    """The answer is the new stack: an id of its own, the source's name, the target as parent."""
    source = studio.stack("Hero.mov")
    copy = studio.copy(source, studio.client).json()["data"]
    assert copy["id"] != source
    assert (copy["type"], copy["name"], copy["parent_id"]) == ("version_stack", "Hero.mov", studio.client)
    assert [stack["id"] for stack in studio.data(f"/folders/{studio.client}/version_stacks")] == [copy["id"]]


def test_versions_appear_and_advance_with_time(studio: Studio) -> None:
    """Children come oldest first over 4 s; each is uploaded 6 s after it came, and transcoded 20 s after that."""
    copy = studio.copy(studio.stack(versions=3), studio.client).json()["data"]
    seen, start = {}, studio.clock.monotonic()
    for second in (0, 2, 4, 6, 8, 10, 26, 28, 30):
        studio.clock.advance(start + second - studio.clock.monotonic())
        seen[second] = [status[0] for status in studio.statuses(copy["id"])]
    assert seen == {
        0: ["c"],
        2: ["c", "c"],
        4: ["c", "c", "c"],
        6: ["c", "c", "u"],
        8: ["c", "u", "u"],
        10: ["u", "u", "u"],
        26: ["u", "u", "t"],
        28: ["u", "t", "t"],
        30: ["t", "t", "t"],
    }


def test_the_head_version_follows_the_newest_child(studio: Studio) -> None:
    """While children appear, ``head_version`` is the newest that is there; the newest of all at the end."""
    copy = studio.copy(studio.stack("Hero.mov", 3), studio.client).json()["data"]
    assert copy["head_version"]["name"] == "Hero v1.mov"
    assert copy["head_version"]["parent_id"] == copy["id"]
    studio.clock.advance(4)
    assert studio.data(f"/version_stacks/{copy['id']}")["head_version"]["name"] == "Hero v3.mov"


def test_a_copy_may_begin_without_any_version(studio: Studio) -> None:
    """``copy_first_child_seconds``: until then no children, and a head version of null; its files are unknown."""
    studio.emulator.configure(copy_first_child_seconds=5)
    copy = studio.copy(studio.stack(), studio.client).json()["data"]
    assert (copy["head_version"], studio.statuses(copy["id"])) == (None, [])
    studio.clock.advance(5)
    assert len(studio.statuses(copy["id"])) == 1


def test_what_its_source_never_reaches_a_copy_does_not_either(studio: Studio) -> None:
    """Types that are not transcoded stay uploaded, and a file without bytes stays created."""
    versions = [{"status": "created"}, {"status": "uploaded"}, {}]
    copy = studio.copy(studio.stack(versions=versions), studio.client).json()["data"]
    document = studio.copy(studio.stack(never_transcodes=True), studio.client).json()["data"]
    studio.clock.advance(1e6)
    assert studio.statuses(copy["id"]) == ["transcoded", "uploaded", "created"]
    assert studio.statuses(document["id"]) == ["uploaded"] * 3


def test_a_copy_of_an_unfinished_copy_is_complete_in_the_end(studio: Studio) -> None:
    """All versions are copied, also those that had not appeared yet, and none is ahead of its source."""
    first = studio.copy(studio.stack(versions=3), studio.client).json()["data"]
    second = studio.copy(first["id"]).json()["data"]
    studio.clock.advance(1e6)
    assert studio.statuses(second["id"]) == ["transcoded"] * 3


@pytest.mark.parametrize(
    ("setting", "elsewhere", "same_folder", "again"),
    [
        ("where_taken", "Cut.v1.mov", "Cut.v1 (1).mov", "Cut.v1 (2).mov"),
        ("same_folder", "Cut.v1.mov", "Cut.v1 (1).mov", "Cut.v1 (2).mov"),
        ("always", "Cut.v1 (1).mov", "Cut.v1 (1).mov", "Cut.v1 (2).mov"),
        ("never", "Cut.v1.mov", "Cut.v1.mov", "Cut.v1.mov"),
    ],
)
def test_names_of_copies(studio: Studio, setting: str, elsewhere: str, same_folder: str, again: str) -> None:
    """In another folder, beside the source, and there once more; stacks and files alike."""
    studio.emulator.configure(name_clash=setting)
    stack_id = studio.stack("Cut.v1.mov")
    names = [studio.copy(stack_id, target).json()["data"]["name"] for target in (studio.client, None, studio.cuts)]
    assert names == [elsewhere, same_folder, again]
    file_id = studio.emulator.seed_file(studio.emulator.seed_folder(studio.cuts, "F")["id"], "Cut.v1.mov")["id"]
    copies = [studio.call("POST", f"/files/{file_id}/copy", json={}).json()["data"]["name"] for _ in range(2)]
    assert copies == [same_folder, again]


@pytest.mark.parametrize(("setting", "name"), [("where_taken", "Hero (1).mov"), ("same_folder", "Hero.mov")])
def test_a_name_taken_in_another_folder(studio: Studio, setting: str, name: str) -> None:
    """Whether a second copy into the same foreign folder is renamed is a setting."""
    studio.emulator.configure(name_clash=setting)
    stack_id = studio.stack("Hero.mov")
    studio.copy(stack_id, studio.client)
    assert studio.copy(stack_id, studio.client).json()["data"]["name"] == name


@pytest.mark.parametrize(("query", "copied"), [({}, []), ({"copy_metadata": "true"}, ["12"])])
def test_metadata_is_copied_when_asked(studio: Studio, query: dict[str, str], copied: list[str]) -> None:
    """``copy_metadata`` is false unless given."""
    source = studio.stack(versions=[{"metadata": {"Scene": "12"}}])
    copy = studio.copy(source, studio.client, **query).json()["data"]
    shown = studio.data(f"/version_stacks/{copy['id']}/children", include="metadata")
    assert [field["value"] for field in shown[0]["metadata"]] == copied


@pytest.mark.parametrize(("kinds", "count"), [(None, 0), ("none", 0), ("internal", 2), ("public", 3), ("all", 5)])
def test_comments_of_a_file_are_copied_as_asked(studio: Studio, kinds: str | None, count: int) -> None:
    """Internal ones, public ones, both or, unless given, none."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov", comments={"internal": 2, "public": 3})["id"]
    query = {"copy_comments": kinds} if kinds else {}
    body = {"data": {"parent_id": studio.client}}
    studio.call("POST", f"/files/{file_id}/copy", json=body, params=query)
    assert studio.emulator.tree(studio.client)[1]["comments"] == count


def test_a_stack_copy_leaves_comments_behind(studio: Studio) -> None:
    """Copying a stack has no way to take them along."""
    copy = studio.copy(studio.stack(versions=[{"comments": 4}]), studio.client).json()["data"]
    assert [entry.get("comments") for entry in studio.emulator.tree(studio.client)] == [None, None, 0]
    assert studio.copy(copy["id"], copy_comments="all").status_code == 422


@pytest.mark.parametrize("status", [422, 400, 403, 409])
def test_stacks_are_not_copied_on_adobe_storage(studio: Studio, status: int) -> None:
    """Neither out of nor into such a project; files can be. The status is unknown, hence a setting."""
    studio.emulator.configure(adobe_copy_refusal_status=status)
    root = studio.emulator.seed_project("Adobe", adobe=True)["root_folder_id"]
    stack = studio.emulator.seed_version_stack(root, "Hero.mov")
    assert studio.copy(stack["id"], root).status_code == status
    assert studio.copy(studio.stack(), root).status_code == status
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    copy = studio.call("POST", f"/files/{file_id}/copy", json={"data": {"parent_id": root}}).json()["data"]
    assert (copy["adobe_id"].startswith("urn:aaid:"), copy["adobe_version_id"]) == (True, "1")


def test_the_same_seed_gives_the_same_ids() -> None:
    """Two runs with one seed agree in every id and name; another seed does not."""

    def everything(random_seed: int) -> str:
        emulator = Emulator(clock=FakeClock().monotonic, seed="demo", random_seed=random_seed)
        emulator.stop()
        described = emulator.description()
        return str([described["projects"], described["version_stacks"], emulator.tree(described["folders"]["source"])])

    assert everything(1) == everything(1) != everything(2)
