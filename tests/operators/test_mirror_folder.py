"""``FrameioMirrorFolderOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
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
    tree = seed_tree(frameio)
    arguments = f"deferrable={deferrable}, copy_comments='{comments}'"
    first = mirror(airflow, tree, arguments)
    assert first.task("mirror") == "success", first.log[-3000:]
    restacked = comments != "none"
    assert contents(frameio, tree.target, restacked=restacked) == contents(frameio, tree.source, restacked=restacked)
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
    added(frameio, tree)
    third = mirror(airflow, tree, arguments)
    assert third.task("mirror") == "success", third.log[-3000:]
    assert contents(frameio, tree.target, restacked=restacked) == contents(frameio, tree.source, restacked=restacked)
    made = third.xcom("mirror")
    assert deferrable or (made["version_stacks"], made["appended"], made["files"]) == (2, 3, 5)
