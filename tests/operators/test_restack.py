"""``FrameioCopyVersionStackOperator`` where a stack is copied file by file and stacked anew."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
from tests.inline import InlineAirflow, Outcome

# Below Airflow 3.3 ``dag.test`` cannot go on with a deferred task of this kind; tests/e2e defers a real one.
MODES = pytest.mark.parametrize("deferrable", [False, True] if KEEPS_RECORDS else [False])


def seed(frameio: Emulator, versions: int, *, adobe: bool = False, **more: Any) -> tuple[str, str]:
    """A stack in a project of its own, and an empty folder: every version with comments and metadata of its own."""
    project = frameio.seed_project("Restack", adobe=adobe)
    described = [
        {
            "file_size": 1000 + number,
            "comments": {"internal": 1, "public": number % 3},
            "metadata": {"Take": str(number)},
            **more,
        }
        for number in range(versions)
    ]
    stack = frameio.seed_version_stack(project["root_folder_id"], "Épisode 3.mov", described)
    return stack["id"], frameio.seed_folder(project["root_folder_id"], "Client")["id"]


def content(frameio: Emulator, folder_id: str) -> list[dict[str, Any]]:
    """What a folder holds, without ids."""
    return [{name: line[name] for name in line if name != "id"} for line in frameio.tree(folder_id)[1:]]


def versions_of(frameio: Emulator, folder_id: str, stack_id: str) -> list[tuple[Any, ...]]:
    """A stack's versions, oldest first, as far as a copy must equal them."""
    tree = frameio.tree(folder_id)
    begin = next(number for number, line in enumerate(tree) if line["id"] == stack_id)
    depth = tree[begin]["depth"]
    found = []
    for line in tree[begin + 1 :]:
        if line["depth"] <= depth:
            break
        found.append((line["name"], line["file_size"], line["comments"], line["metadata"]))
    return found


def copy(airflow: InlineAirflow, stack: str, target: str, more: str = "strategy='restack'") -> Outcome:
    return airflow.run(
        f"FrameioCopyVersionStackOperator(task_id='copy', version_stack_id=STACK, parent_id=TARGET, {more})",
        STACK=stack,
        TARGET=target,
    )


@MODES
@pytest.mark.parametrize("versions", [2, 3, 10, 11, 120])
def test_a_stack_is_made_anew_with_order_metadata_and_comments(
    airflow: InlineAirflow, frameio: Emulator, versions: int, deferrable: bool
) -> None:
    """One stack in the folder, nothing else; and not more calls than promised."""
    frameio.configure(limits={"move_file": {"limit": 1000}, "create_version_stack": {"limit": 1000}})
    stack, target = seed(frameio, versions)
    more = f"copy_comments='all', copy_metadata=True, poll_interval=0.05, deferrable={deferrable}"
    outcome = copy(airflow, stack, target, more)
    assert outcome.task("copy") == "success", outcome.log
    (made, *loose) = [line for line in frameio.tree(target)[1:] if line["depth"] == 1]
    assert (made["type"], made["id"], loose) == ("version_stack", outcome.xcom("copy"), [])
    source = frameio.tree(target)  # of the copy
    assert len(source) == versions + 2
    expected = [(f"Épisode 3 v{n}.mov", 999 + n, 1 + (n - 1) % 3, {"Take": str(n - 1)}) for n in range(1, versions + 1)]
    assert versions_of(frameio, target, made["id"]) == expected
    assert outcome.xcom("copy", "version_stack")["head_version"]["file_size"] == 999 + versions
    assert made["id"] in outcome.xcom("copy", "frameio_url")
    calls = Counter(request.route for request in frameio.requests if request.route != "ims_token")
    polling = calls["list_files"] - 1 + math.ceil(versions / 100)  # the last: the list by which the order is verified
    assert calls.total() - polling <= 8 + math.ceil(versions / 100) + max(0, versions - 10)


def test_without_comments_and_metadata_none_are_copied(airflow: InlineAirflow, frameio: Emulator) -> None:
    """They are asked for."""
    stack, target = seed(frameio, 3)
    outcome = copy(airflow, stack, target)
    assert [line[2:] for line in versions_of(frameio, target, outcome.xcom("copy"))] == [(0, {})] * 3


def test_adobe_storage_is_seen_before_anything_is_refused(airflow: InlineAirflow, frameio: Emulator) -> None:
    """What Frame.io would refuse is not asked for."""
    stack, target = seed(frameio, 3, adobe=True)
    outcome = copy(airflow, stack, target, "poll_interval=0.05")
    assert outcome.task("copy") == "success", outcome.log
    assert len(versions_of(frameio, target, outcome.xcom("copy"))) == 3
    assert "copy_version_stack" not in {request.route for request in frameio.requests}


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_copy_into_adobe_storage_is_made_anew(airflow: InlineAirflow, frameio: Emulator, status: int) -> None:
    """Where the ids do not tell, Frame.io's refusal and the target's project do, whatever status it has."""
    frameio.configure(adobe_copy_refusal_status=status)
    stack, _ = seed(frameio, 3)
    root = frameio.seed_project("Elsewhere", adobe=True, adobe_ids=False)["root_folder_id"]
    outcome = copy(airflow, stack, root, "strategy='auto'")
    assert outcome.task("copy") == "success", outcome.log
    assert len(versions_of(frameio, root, outcome.xcom("copy"))) == 3
    assert Counter(request.route for request in frameio.requests)["copy_version_stack"] == 1
    assert "This is Adobe storage: stacking the files anew." in outcome.log


def test_the_refusal_of_the_copy_stands_where_nobody_can_look_for_adobe_storage(
    airflow: InlineAirflow, frameio: Emulator
) -> None:
    """The refused look is only a warning."""
    stack, target = seed(frameio, 3)
    frameio.fault(route="copy_version_stack", kind="status", status=403)
    frameio.fault(route="show_project", kind="status", status=403)
    outcome = copy(airflow, stack, target, "strategy='auto'")
    assert outcome.task("copy") == "failed"
    assert "Could not look whether this is Adobe storage" in outcome.log
    assert f"copy version stack {stack}" in outcome.log


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refusal_elsewhere_is_a_refusal(airflow: InlineAirflow, frameio: Emulator, status: int) -> None:
    """Nothing else is tried where no Adobe storage was seen."""
    stack, target = seed(frameio, 3)
    frameio.fault(route="copy_version_stack", kind="status", status=status)
    outcome = copy(airflow, stack, target, "retries=0")
    assert outcome.task("copy") == "failed"
    assert content(frameio, target) == []
    assert "copy_files" not in {request.route for request in frameio.requests}


def test_a_single_version_is_copied_as_a_file(airflow: InlineAirflow, frameio: Emulator) -> None:
    """There is no stack of one; the log says so, and the id is the file's."""
    stack, target = seed(frameio, 1)
    outcome = copy(airflow, stack, target)
    assert outcome.task("copy") == "success"
    (file,) = frameio.tree(target)[1:]
    assert (file["type"], file["id"]) == ("file", outcome.xcom("copy"))
    assert "the result is a copy of the file" in outcome.log


def test_a_frameio_without_bulk_copies_gets_single_ones(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The newer route may be missing."""
    frameio.configure(missing_routes=["copy_files"])
    stack, target = seed(frameio, 3)
    outcome = copy(airflow, stack, target)
    assert outcome.task("copy") == "success", outcome.log
    assert Counter(request.route for request in frameio.requests)["copy_file"] == 3


def test_versions_with_one_name_are_told_apart(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Even those of one size: they are copied apart, and the stack is named as its source."""
    stack, target = seed(frameio, 3, name="Cut.mov", file_size=5)
    frameio.fault(route="copy_files", kind="drop", when="after", skip=1)
    outcome = copy(airflow, stack, target, "copy_metadata=True, strategy='restack', retries=0")
    assert outcome.task("copy") == "success", outcome.log
    takes = [line[3] for line in versions_of(frameio, target, outcome.xcom("copy"))]
    assert takes == [{"Take": str(number)} for number in range(3)]
    assert frameio.tree(target)[1]["name"] == "Cut.mov"


@pytest.mark.parametrize("route", ["copy_files", "create_version_stack", "move_file"])
@pytest.mark.parametrize("when", ["before", "after", "late"])
def test_a_lost_answer_leads_to_one_stack(airflow: InlineAirflow, frameio: Emulator, route: str, when: str) -> None:
    """It is looked for before anything is sent again; nothing is there twice, nothing is left over."""
    frameio.configure(limits={"create_version_stack": {"limit": 1000}})
    stack, target = seed(frameio, 12)
    frameio.fault(route=route, kind="drop", when=when, **({"delay": 20.0} if when == "late" else {}))
    outcome = copy(airflow, stack, target, "strategy='restack', retries=0")
    assert outcome.task("copy") == "success", outcome.log
    assert [line["type"] for line in frameio.tree(target)[1:] if line["depth"] == 1] == ["version_stack"]
    sizes = [line[1] for line in versions_of(frameio, target, outcome.xcom("copy"))]
    assert sizes == [1000 + number for number in range(12)]


@pytest.mark.parametrize("route", ["create_version_stack", "move_file"])
@MODES
def test_a_failure_leaves_nothing_behind(
    airflow: InlineAirflow, frameio: Emulator, route: str, deferrable: bool
) -> None:
    """What was copied is deleted again, and the message is that of the failure."""
    stack, target = seed(frameio, 12)
    frameio.fault(route=route, kind="status", status=403)
    outcome = copy(airflow, stack, target, f"strategy='restack', deferrable={deferrable}, poll_interval=0.05")
    assert outcome.task("copy") == "failed"
    assert content(frameio, target) == []
    assert "Frame.io answered 403" in outcome.log


def test_what_cannot_be_deleted_is_listed(airflow: InlineAirflow, frameio: Emulator) -> None:
    """With its page."""
    stack, target = seed(frameio, 3)
    frameio.fault(route="create_version_stack", kind="status", status=403)
    frameio.fault(route="delete_file", kind="status", status=403)
    outcome = copy(airflow, stack, target)
    assert outcome.task("copy") == "failed"
    (left,) = frameio.tree(target)[1:]
    assert f"could not be deleted again: 'Épisode 3 v3.mov' {left['id']} (http" in outcome.log


@MODES
def test_files_that_do_not_come_in_time_are_taken_back(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """The wait ends at its timeout."""
    frameio.configure(copy_upload_seconds=1e9)
    stack, target = seed(frameio, 3)
    more = f"strategy='restack', timeout=0.2, poll_interval=0.05, deferrable={deferrable}"
    outcome = copy(airflow, stack, target, more)
    assert outcome.task("copy") == "failed"
    assert content(frameio, target) == []
    assert "The copied files were not there in the time allowed: 0 of 3 files uploaded" in outcome.log


@MODES
def test_looks_that_fail_for_a_while_take_nothing_back(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """Also in the last try: two looks at the copied files fail, each four times, and the third succeeds."""
    stack, target = seed(frameio, 3)
    frameio.fault(route="list_files", kind="status", status=503, skip=1, times=8)
    outcome = copy(airflow, stack, target, f"strategy='restack', poll_interval=0.05, deferrable={deferrable}")
    assert outcome.task("copy") == "success", outcome.log[-3000:]
    assert [request.route for request in frameio.requests].count("delete_file") == 0
    assert "could not look (1 in a row)" in outcome.log


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("strategy='native', copy_comments='all'", "copy_comments='all' cannot be used"),
        ("copy_comments='some'", "copy_comments='some' cannot be used"),
        ("strategy='magic'", "strategy='magic' cannot be used"),
    ],
)
def test_what_cannot_be_is_refused_while_parsing(
    airflow: InlineAirflow, frameio: Emulator, more: str, words: str
) -> None:
    """Before any run."""
    with pytest.raises(ValueError, match=words):
        copy(airflow, "s", "t", more)


@pytest.mark.skipif(KEEPS_RECORDS, reason="Airflow 3.3 keeps records, from which a deferred task goes on")
def test_a_deferred_task_that_forgot_everything_copies_nothing_again(airflow: InlineAirflow, frameio: Emulator) -> None:
    """``dag.test`` forgets what a deferred task stores: better an error than a second copy of each version."""
    frameio.configure(copy_upload_seconds=100.0)
    stack, target = seed(frameio, 3)
    outcome = copy(airflow, stack, target, "strategy='restack', deferrable=True, poll_interval=0.05")
    assert outcome.task("copy") == "failed"
    assert "is not known, so nothing more is copied" in outcome.log
    assert len(frameio.tree(target)) == 1 + 3
