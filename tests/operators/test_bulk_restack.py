"""``FrameioBulkCopyVersionStacksOperator`` where stacks are copied file by file and stacked anew."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
from tests.inline import InlineAirflow, Outcome

# Below Airflow 3.3 ``dag.test`` cannot go on with a deferred task of this kind.
MODES = pytest.mark.parametrize("deferrable", [False, True] if KEEPS_RECORDS else [False])
STACKS = (1, 3, 12, 2)
"""How many versions each has."""


def seed(frameio: Emulator, *, adobe: bool, adobe_ids: bool = True) -> tuple[str, str, list[str]]:
    """Stacks in a folder of a project of their own, and an empty folder beside it."""
    root = frameio.seed_project("Archive", adobe=adobe, adobe_ids=adobe_ids)["root_folder_id"]
    source = frameio.seed_folder(root, "Finished")["id"]
    stacks = [
        frameio.seed_version_stack(
            source,
            f"Cut {number}.mov",
            [{"file_size": 1000 * number + nth, "comments": {"internal": 0, "public": 2}} for nth in range(versions)],
        )["id"]
        for number, versions in enumerate(STACKS)
    ]
    return source, frameio.seed_folder(root, "Archive")["id"], stacks


def bulk(airflow: InlineAirflow, stacks: list[str], target: str, more: str) -> Outcome:
    return airflow.run(
        f"""
        FrameioBulkCopyVersionStacksOperator(
            task_id="copy", version_stacks=STACKS, parent_id=TARGET, poll_interval=0.05, {more}
        )
        """,
        STACKS=stacks,
        TARGET=target,
    )


def below(frameio: Emulator, folder_id: str) -> list[tuple[str, int, list[int], set[int]]]:
    """What a folder holds: type, and the sizes and comments of what is in it."""
    found: list[tuple[str, int, list[int], set[int]]] = []
    for line in frameio.tree(folder_id)[1:]:
        if line["depth"] == 1:
            found.append((line["type"], line.get("file_size", 0), [], set()))
        else:
            found[-1][2].append(line["file_size"])
            found[-1][3].add(line["comments"])
    return found


@MODES
@pytest.mark.parametrize(
    ("adobe", "more"), [(True, ""), (False, ", copy_comments='all'"), (False, ", strategy='restack'")]
)
def test_all_are_made_anew(airflow: InlineAirflow, frameio: Emulator, adobe: bool, more: str, deferrable: bool) -> None:
    """In order, each once, nothing left over; what cannot be a stack is a file."""
    _, target, stacks = seed(frameio, adobe=adobe)
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}{more}")
    assert outcome.task("copy") == "success", outcome.log
    made = below(frameio, target)
    assert Counter(kind for kind, *_ in made) == {"file": 1, "version_stack": 3}
    sizes = sorted(sizes for kind, _, sizes, _ in made if sizes)
    assert sizes == [[1000 * number + nth for nth in range(STACKS[number])] for number in (1, 2, 3)]
    assert {count for *_, counts in made for count in counts} == ({2} if "comments" in more else {0})
    assert [row["state"] for row in outcome.xcom("copy", "results")] == ["complete"] * 4
    assert len(set(outcome.xcom("copy"))) == 4
    assert "copy_version_stack" not in {request.route for request in frameio.requests}


@MODES
def test_what_fails_is_taken_back_and_keeps_nothing_else_back(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """The stack that Frame.io refuses leaves no file; the others are made."""
    _, target, stacks = seed(frameio, adobe=True)
    frameio.fault(route="create_version_stack", kind="status", status=403)
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}")
    assert outcome.task("copy") == "failed"
    assert [row["state"] for row in outcome.xcom("copy", "results")] == ["complete", "failed", "complete", "complete"]
    assert Counter(kind for kind, *_ in below(frameio, target)) == {"file": 1, "version_stack": 2}


@MODES
def test_files_that_do_not_come_in_time_are_taken_back(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """And the rows say why."""
    frameio.configure(copy_upload_seconds=1e9)
    _, target, stacks = seed(frameio, adobe=True)
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}, timeout=0.2")
    assert outcome.task("copy") == "failed"
    assert below(frameio, target) == []
    assert {row["state"] for row in outcome.xcom("copy", "results")} == {"failed"}
    assert "not there in the time allowed" in outcome.log


def test_a_refusal_elsewhere_is_a_refusal(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Nothing else is tried where no Adobe storage was seen."""
    _, target, stacks = seed(frameio, adobe=False)
    frameio.fault(route="copy_version_stack", kind="status", status=422)
    outcome = bulk(airflow, stacks[1:], target, "")
    assert [row["state"] for row in outcome.xcom("copy", "results")] == ["failed", "complete", "complete"]
    assert "copy_files" not in {request.route for request in frameio.requests}


@MODES
def test_a_refused_copy_into_adobe_storage_is_made_anew(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """Where the ids do not tell, Frame.io's refusal and the project do."""
    _, target, stacks = seed(frameio, adobe=True, adobe_ids=False)
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}")
    assert outcome.task("copy") == "success", outcome.log
    assert Counter(kind for kind, *_ in below(frameio, target)) == {"file": 1, "version_stack": 3}
    calls = Counter((request.route, request.status) for request in frameio.requests)
    assert calls["copy_version_stack", 422] == 4


@MODES
def test_transcoded_is_waited_for(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """After the stacks are made; a file is waited for as a file."""
    _, target, stacks = seed(frameio, adobe=True)
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}, target_status='transcoded'")
    assert outcome.task("copy") == "success", outcome.log
    assert {line["status"] for line in frameio.tree(target) if line["type"] == "file"} == {"transcoded"}


@MODES
def test_a_lost_answer_leaves_each_once(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """Of the files, and of the stacks."""
    _, target, stacks = seed(frameio, adobe=True)
    for route in ("copy_files", "create_version_stack", "move_file"):
        frameio.fault(route=route, kind="drop", when="after")
    outcome = bulk(airflow, stacks, target, f"deferrable={deferrable}")
    assert outcome.task("copy") == "success", outcome.log
    assert Counter(kind for kind, *_ in below(frameio, target)) == {"file": 1, "version_stack": 3}
