"""``FrameioMirrorFolderOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
from tests.harness.emulator import RunningEmulator
from tests.harness.mirrors import Tree, added, contents, seed_tree
from tests.inline import InlineAirflow, Outcome

# Below Airflow 3.3 ``dag.test`` cannot go on with a deferred task of this kind.
MODES = pytest.mark.parametrize("deferrable", [False, True] if KEEPS_RECORDS else [False])
COPIES = {"copy_version_stack", "copy_files", "copy_file", "create_folder", "create_version_stack", "move_file"}


def mirror(airflow: InlineAirflow, tree: Tree, arguments: str = "", **values: Any) -> Outcome:
    """A DAG run of one mirror."""
    return airflow.run(
        f"""
        FrameioMirrorFolderOperator(
            task_id="mirror", folder_id=SOURCE, parent_id=TARGET, poll_interval=0.05,
            retry_delay=datetime.timedelta(0), {arguments}
        )
        """,
        SOURCE=tree.source,
        TARGET=tree.target,
        **values,
    )


def sent(frameio: Emulator, since: int = 0) -> Counter[str | None]:
    """What was made, by route."""
    return Counter(request.route for request in frameio.requests[since:] if request.route in COPIES)


@MODES
@pytest.mark.parametrize("comments", ["none", "all"])
def test_the_target_holds_what_the_source_holds(
    airflow: InlineAirflow, frameio: Emulator, comments: str, deferrable: bool
) -> None:
    """All of it once, in order; again: nothing is copied; after additions: exactly those."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running)
    arguments = f"deferrable={deferrable}, copy_comments='{comments}'"
    first = mirror(airflow, tree, arguments)
    assert first.task("mirror") == "success", first.log[-3000:]
    restacked = comments != "none"
    assert contents(running, tree.target, restacked=restacked) == contents(running, tree.source, restacked=restacked)
    if not deferrable:  # dag.test() forgets what a deferred task had made before
        assert first.xcom("mirror") == {
            "folders": 5,
            "version_stacks": 40,
            "appended": 0,
            "files": 120,
            "there": {},
            "failed": 0,
        }
    before = len(frameio.requests)
    again = mirror(airflow, tree, arguments)
    assert again.task("mirror") == "success"
    assert sent(frameio, before) == {}
    assert again.xcom("mirror")["there"] == {"version_stacks": 40, "files": 120}
    lists = Counter(request.route for request in frameio.requests[before:])
    assert lists["list_folder_children"] == 2 * 6
    assert lists["list_version_stack_children"] <= 2 * 40
    frameio.advance(3600.0)
    added(running, tree)
    third = mirror(airflow, tree, arguments)
    assert third.task("mirror") == "success", third.log[-3000:]
    assert contents(running, tree.target, restacked=restacked) == contents(running, tree.source, restacked=restacked)
    made = third.xcom("mirror")
    assert deferrable or (made["version_stacks"], made["appended"], made["files"]) == (2, 3, 5)


def test_the_limits_are_all_that_takes_time(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Ten stacks at once, then one every six seconds; folders and files are made meanwhile."""
    tree = seed_tree(RunningEmulator(frameio.description()))
    assert mirror(airflow, tree).task("mirror") == "success"
    copies = [request.at for request in frameio.requests if request.route == "copy_version_stack"]
    assert len(copies) == 40
    assert copies[-1] - copies[0] <= 1.05 * 30 * 6.0


@MODES
def test_lost_answers_leave_one_of_each(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """Of folders, stacks and files, made or not made."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=6, files=12)
    for route in ("create_folder", "copy_version_stack", "copy_files"):
        frameio.fault(route=route, kind="drop", when="after", skip=1)
        frameio.fault(route=route, kind="status", status=502, skip=2)
    outcome = mirror(airflow, tree, f"deferrable={deferrable}")
    assert outcome.task("mirror") == "success", outcome.log[-3000:]
    assert contents(running, tree.target) == contents(running, tree.source)


@pytest.mark.skipif(not KEEPS_RECORDS, reason="below Airflow 3.3 a retry searches for minutes")
def test_a_retry_goes_on_where_an_outage_stopped_it(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Nothing is made twice, also where the lists do not show yet what was made."""
    frameio.configure(list_lag=60.0)
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=6, files=12)
    frameio.fault(route="show_version_stack", kind="status", status=503, skip=2, times=8)
    outcome = mirror(airflow, tree, "retries=1")
    assert outcome.task("mirror") == "success", outcome.log[-3000:]
    assert contents(running, tree.target) == contents(running, tree.source)


def test_an_asset_is_told_of_the_stacks(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Not of the files: an asset is a version stack."""
    tree = seed_tree(RunningEmulator(frameio.description()), stacks=3, files=4)
    outcome = mirror(airflow, tree, "outlets=[Asset('s3://archive')]")
    ((_, told),) = outcome.events
    assert told["copied"] == len(told["copies"]) == 3
    assert tree.target not in {copy["version_stack_id"] for copy in told["copies"]}
    assert f"files of the folder {tree.source} were copied into {tree.target}." in outcome.log


def test_a_dry_run_tells_the_plan_and_changes_nothing(airflow: InlineAirflow, frameio: Emulator) -> None:
    """What is missing, where, and how long it will take."""
    tree = seed_tree(RunningEmulator(frameio.description()))
    plan = mirror(airflow, tree, "dry_run=True").xcom("mirror")
    assert sent(frameio) == {}
    assert plan["totals"] == {
        "folders": 5,
        "version_stacks": 40,
        "appended": 0,
        "files": 120,
        "failed": 0,
        "there": {},
        "seconds": pytest.approx(30 * 6.0 + 5 / 3),
    }
    assert "Masters/Sound/Sound" in [folder["path"] for folder in plan["folders"]]


def test_what_differs_fails_and_is_left_alone(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The message says how; all else is mirrored."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=3, files=3)
    frameio.seed_version_stack(tree.target, "Cut 0.mov", [{"file_size": 5}], age=3600.0)
    frameio.seed_file(tree.target, "Still 0.png", file_size=9)
    frameio.seed_folder(tree.source, "Masters")
    outcome = mirror(airflow, tree, "retries=2")
    assert outcome.task("mirror") == "failed"
    words = {row["message"].split(":")[0] for row in outcome.xcom("mirror", "results") if row["state"] == "failed"}
    assert len(words) == 3
    assert "its version 1 is 'Cut 0 v1.mov' of 5 bytes, the source's 'Cut 0 v1.mov' of 1000 bytes" in outcome.log
    assert "it has 9 bytes, the source 500" in outcome.log
    assert "In the source several folders have the name 'Masters'" in outcome.log
    assert sent(frameio) == {"create_folder": 1, "copy_version_stack": 1, "copy_files": 1}


def test_a_stack_that_is_being_filled_gets_nothing_twice(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Another's copy of just now, of which not all versions are there, is waited for."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=3, files=0)
    frameio.configure(copy_children_seconds=100.0)
    other = airflow.run(
        "FrameioCopyVersionStackOperator(task_id='c', version_stack_id=S, parent_id=T, wait_for_completion=False)",
        S=tree.stacks[0],
        T=tree.target,
    )
    assert other.task("c") == "success"
    outcome = mirror(airflow, tree)
    assert outcome.task("mirror") == "success", outcome.log[-3000:]
    assert contents(running, tree.target) == contents(running, tree.source)


def test_files_may_be_left_out(airflow: InlineAirflow, frameio: Emulator) -> None:
    tree = seed_tree(RunningEmulator(frameio.description()), stacks=1, files=5)
    outcome = mirror(airflow, tree, "include_files=False")
    assert outcome.xcom("mirror")["files"] == 0
    assert sent(frameio) == {"create_folder": 5, "copy_version_stack": 1}


@pytest.mark.parametrize("which", ["source", "below"])
def test_a_mirror_into_itself_is_refused_before_anything_is_sent(
    airflow: InlineAirflow, frameio: Emulator, which: str
) -> None:
    tree = seed_tree(RunningEmulator(frameio.description()), stacks=1, files=1)
    tree.target = tree.source if which == "source" else tree.folders[-1]
    outcome = mirror(airflow, tree)
    assert outcome.task("mirror") == "failed"
    assert "parent_id=" in outcome.log
    assert sent(frameio) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("include_files='no'", "include_files='no' cannot be used: give True or False"),
        ("dry_run=1", "dry_run=1 cannot be used: give True or False"),
        ("max_failures=-1", "max_failures=-1 cannot be used"),
        ("strategy='native', copy_comments='all'", "copy_comments='all' cannot be used"),
    ],
)
def test_bad_options_are_import_errors(airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str) -> None:
    """Said where the DAG is parsed."""
    with pytest.raises(ValueError, match="cannot be used") as error:
        mirror(airflow, Tree("a", "b"), arguments)
    assert words in str(error.value)
