"""What a mirror finds missing, on an emulated Frame.io: nothing that is there, nothing twice, whatever ended a try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.folders import delete_folder
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.mirror.compare import MirrorRequest, plan_mirror
from airflow_provider_frameio.copying.mirror.plan import Plan, describe_totals
from airflow_provider_frameio.emulator.server import Emulator
from tests.connected import settings_of
from tests.copying.driving import Driver
from tests.copying.mirror.archive import Archive, Killed
from tests.fakes import FakeClock
from tests.harness.emulator import RunningEmulator
from tests.harness.mirrors import LONG, Tree, added, contents, put_on_top, seed_tree

HOUR = 3600.0
NOTHING = {"folders": 0, "version_stacks": 0, "appended": 0, "files": 0, "failed": 0}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def frameio(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Emulator(seed="demo", clock=clock.monotonic) as emulator:
        yield emulator


@pytest.fixture
def archive(frameio: Emulator, clock: FakeClock) -> Callable[..., Archive]:
    """Makes what mirrors a tree."""

    def make(tree: Tree, **more: Any) -> Archive:
        request = MirrorRequest(frameio.account_id, tree.source, tree.target, more.pop("include_files", True))
        client = Client(settings_of(frameio), pacing=Pacing(clock, lambda: 0.5), tokens=TokenCache(clock.monotonic))
        return Archive(client, request, **more)

    return make


def seeded(frameio: Emulator, stacks: int = 6, files: int = 12) -> tuple[RunningEmulator, Tree]:
    """A tree that is as old as others' copies."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=stacks, files=files)
    frameio.advance(HOUR)
    return running, tree


def numbers(mirror: Archive) -> dict[str, Any]:
    """What is missing, and what is there."""
    totals = mirror.plan().totals()
    return {name: totals[name] for name in (*NOTHING, "there")}


@pytest.mark.parametrize("restacks", [False, True])
def test_what_was_mirrored_is_there_and_only_what_is_added_is_missing(
    frameio: Emulator, archive: Callable[..., Archive], restacks: bool
) -> None:
    """Also for a run that remembers nothing."""
    running, tree = seeded(frameio)
    mirror = archive(tree, restacks=restacks)
    assert numbers(mirror) == {**NOTHING, "folders": 5, "version_stacks": 6, "files": 12, "there": {}}
    mirror.mirror()
    frameio.advance(HOUR)
    assert contents(running, tree.target, restacked=restacks) == contents(running, tree.source, restacked=restacks)
    assert numbers(mirror)["there"] == {"version_stacks": 6}, "files go on by their records"
    mirror.forget()
    assert numbers(mirror) == {**NOTHING, "there": {"version_stacks": 6, "files": 12}}
    added(running, tree)
    mirror.forget()
    there = {"version_stacks": 3, "files": 12}
    assert numbers(mirror) == {**NOTHING, "version_stacks": 2, "appended": 3, "files": 5, "there": there}
    mirror.mirror()
    frameio.advance(HOUR)
    assert contents(running, tree.target, restacked=restacks) == contents(running, tree.source, restacked=restacks)


def test_the_plan_names_what_is_missing_and_says_how_long_it_takes(
    frameio: Emulator, archive: Callable[..., Archive]
) -> None:
    """Each with the folder that it is in."""
    running, tree = seeded(frameio, stacks=5, files=1)
    archive(tree, include_files=False).mirror()
    frameio.advance(HOUR)
    added(running, tree)
    frameio.seed_file(tree.target, "Still 0.png", file_size=9)
    plan = archive(tree).plan()
    told = plan.to_json()
    assert told["totals"] == plan.totals()
    assert told["folders"] == []
    assert [(one["version_stack_id"], one["path"]) for one in told["appended"]] == [
        (tree.stacks[number], path) for number, path in enumerate(("", LONG, "Masters"))
    ]
    assert {one["path"] for one in told["version_stacks"]} == {"Masters/Empty"}
    assert [(one["name"], one["path"]) for one in told["files"]] == [(f"Still {n}.png", LONG) for n in range(200, 205)]
    ((failed,),) = [told["failed"]]
    assert failed["path"] == ""
    assert "it has 9 bytes, the source 500" in failed["message"]
    assert describe_totals(plan.totals()) == (
        "To be made: 0 folders, 2 version stacks, 5 files, and newer versions of 3 stacks. There already: "
        "2 version stacks, 0 files. Cannot be mirrored: 1. At the rate limits this takes about 0 min."
    )


@pytest.mark.parametrize("dies_at", range(1, 42, 2))
@pytest.mark.parametrize("restacks", [False, True])
def test_a_try_that_dies_is_gone_on_with(
    frameio: Emulator, archive: Callable[..., Archive], restacks: bool, dies_at: int
) -> None:
    """Whatever its last record says, while lists lag and answers get lost: each is there once in the end."""
    running, tree = seeded(frameio, stacks=4, files=4)
    frameio.configure(list_lag=30.0)
    for route in ("create_folder", "copy_version_stack", "copy_files"):
        frameio.fault(route=route, kind="drop", when="after", skip=1)
    mirror = archive(tree, restacks=restacks, dies_at=dies_at)
    with suppress(Killed):
        mirror.mirror()
    mirror.mirror()
    frameio.advance(HOUR)
    mirror.mirror()
    frameio.advance(HOUR)
    assert contents(running, tree.target, restacked=restacks) == contents(running, tree.source, restacked=restacks)


@pytest.mark.parametrize("lost", [False, True])
def test_newer_versions_that_were_sent_are_not_taken_for_files(
    frameio: Emulator, archive: Callable[..., Archive], lost: bool
) -> None:
    """While they are loose in the folder: a file of the source that looks the same gets a copy of its own."""
    running, tree = seeded(frameio, stacks=1, files=0)
    mirror = archive(tree)
    mirror.mirror()
    frameio.advance(HOUR)
    newer = frameio.seed_file(tree.source, "Cut 0 late.mov", file_size=77)
    put_on_top(running, newer["id"], tree.stacks[0])
    frameio.fault(route="move_file", kind="status", status=403)
    if lost:
        frameio.fault(route="copy_files", kind="drop", when="after")
        mirror.dies_at = mirror.saves + 3
    with pytest.raises(Killed if lost else errors.Forbidden):
        mirror.mirror()
    frameio.seed_file(tree.source, "Cut 0 late.mov", file_size=77)
    root = mirror.plan().folders[0]
    assert (len(root.files), len(root.newer)) == (1, 1)
    frameio.clear_faults()
    mirror.mirror()
    frameio.advance(HOUR)
    mirror.forget()
    assert numbers(mirror) == {**NOTHING, "there": {"version_stacks": 1, "files": 1}}
    assert len(contents(running, tree.target)) == len(contents(running, tree.source))


@pytest.mark.parametrize("gone", [False, True])
def test_what_somebody_deletes_between_two_tries_is_made_again(
    frameio: Emulator, archive: Callable[..., Archive], gone: bool
) -> None:
    """Folders and files; what is only not listed yet is there."""
    running, tree = seeded(frameio, stacks=1, files=3)
    frameio.configure(list_lag=0.0 if gone else HOUR)
    mirror = archive(tree)
    first = mirror.mirror()
    if gone:
        (record,) = mirror.batches(tree.source, tree.target).values()
        mirror.client.call(delete_file(frameio.account_id, record.copies[0]))
        mirror.client.call(delete_folder(frameio.account_id, first.folders[-1].target_id))
    second = mirror.plan()
    assert len(second.missing) == int(gone)
    assert sum(len(folder.files) for folder in second.folders) == int(gone)
    mirror.carry_out(second)
    frameio.configure(list_lag=0.0)
    frameio.advance(HOUR)
    assert contents(running, tree.target) == contents(running, tree.source)


def test_folders_of_one_name_are_a_question(frameio: Emulator, archive: Callable[..., Archive]) -> None:
    """On either side; all else is mirrored."""
    _, tree = seeded(frameio, stacks=1, files=1)
    frameio.seed_folder(tree.source, "Masters")
    for _ in range(2):
        frameio.seed_folder(tree.target, LONG)
    plan = archive(tree).plan()
    words = [str(problem.why) for problem in plan.folders[0].problems]
    assert [word.split(" several")[0] for word in words] == ["In the target", "In the source", "In the source"]
    assert (len(plan.missing), numbers(archive(tree))["files"]) == (0, 1)


@pytest.mark.parametrize("depth", [0, 3])
def test_a_folder_is_not_mirrored_into_itself(frameio: Emulator, archive: Callable[..., Archive], depth: int) -> None:
    """Nor into one that it holds."""
    _, tree = seeded(frameio, stacks=1, files=1)
    tree.target = tree.folders[depth]
    with pytest.raises(errors.InvalidParameter, match=r"parent_id=.* it is the folder that is mirrored, or lies in it"):
        archive(tree).plan()


def test_what_is_neither_folder_nor_stack_nor_file_is_a_problem() -> None:
    """Frame.io may know more kinds some day."""
    strange = {"id": "x1", "type": "board", "name": "Moods"}

    def respond(operation: Operation[Any]) -> Any:
        what, _, subject = operation.name.rpartition(" ")
        inside = (strange,) if subject == "f1" else ()
        return Page(inside, None, 1.0) if what.startswith("list") else {"id": subject}

    request = MirrorRequest("a1", "f1", "t1")
    plan: Plan = Driver(respond).run(plan_mirror(request, Archive(None, request), LookupPolicy()))
    (problem,) = plan.folders[0].problems
    assert (problem.what, problem.source_id) == ("file", "x1")
    assert "'Moods' is a board: only folders, version stacks and files are mirrored" in str(problem.why)
