"""``FrameioBulkCopyVersionStacksOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
from tests.harness.folders import differences, stacks
from tests.inline import InlineAirflow, Outcome

COPY = "copy_version_stack"
NOBODY = "0a1b2c3d-0000-4000-8000-000000000000"
# Below Airflow 3.3 ``dag.test`` cannot go on with a deferred task of this kind; tests/e2e defers a real one.
MODES = pytest.mark.parametrize("deferrable", [False, True] if KEEPS_RECORDS else [False])


def bulk(airflow: InlineAirflow, frameio: Emulator, arguments: str, **values: Any) -> Outcome:
    """A DAG run of one bulk copy into the demo's target folder."""
    folders = frameio.description()["folders"]
    return airflow.run(
        f"""
        FrameioBulkCopyVersionStacksOperator(
            task_id="copy", parent_id=TARGET, poll_interval=0.05, retry_delay=datetime.timedelta(0), {arguments}
        )
        """,
        STACKS=frameio.description()["version_stacks"],
        SOURCE=folders["source"],
        TARGET=folders["target"],
        **values,
    )


def copied(frameio: Emulator) -> list[str]:
    """The ids of the stacks in the target folder."""
    tree = frameio.tree(frameio.description()["folders"]["target"])
    return [line["id"] for line in tree if line["type"] == "version_stack"]


def statuses(frameio: Emulator) -> Counter[int | None]:
    return Counter(request.status for request in frameio.requests if request.route == COPY)


@MODES
@pytest.mark.parametrize("what", ["version_stacks=STACKS", "folder_id=SOURCE"])
def test_copies_all_complete_and_once(airflow: InlineAirflow, frameio: Emulator, what: str, deferrable: bool) -> None:
    """More than the limit admits at once; the result are the new ids in the order of the sources, none was refused."""
    outcome = bulk(airflow, frameio, f"{what}, deferrable={deferrable}")
    folders = frameio.description()["folders"]
    source, target = stacks(frameio.tree(folders["source"])), stacks(frameio.tree(folders["target"]))
    assert outcome.task("copy") == "success"
    assert sorted(outcome.xcom("copy")) == sorted(copied(frameio))
    assert differences(source, target) == []
    assert statuses(frameio) == {200: 12}
    rows = outcome.xcom("copy", "results")
    assert [row["copy_id"] for row in rows] == outcome.xcom("copy")
    assert all(f"was copied to {row['copy_id']}: {row['url']}" in outcome.log for row in rows)
    assert {(row["state"], row["message"], row["url"][:4]) for row in rows} == {("complete", "", "http")}


def test_each_may_go_into_a_folder_of_its_own(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The folder given for all is for those that name none."""
    other = frameio.seed_folder(frameio.description()["folders"]["target"], "Special")["id"]
    outcome = bulk(
        airflow,
        frameio,
        "version_stacks=[STACKS[0], {'version_stack_id': STACKS[0], 'parent_id': OTHER}]",
        OTHER=other,
    )
    assert outcome.task("copy") == "success"
    assert [line["id"] for line in frameio.tree(other) if line["type"] == "version_stack"] == outcome.xcom("copy")[1:]


def test_the_output_of_another_task_may_be_empty(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Nothing to copy is no error."""
    outcome = airflow.run(
        """
        @task
        def none():
            return []

        FrameioBulkCopyVersionStacksOperator(task_id="copy", version_stacks=none(), parent_id="x")
        """
    )
    assert outcome.task("copy") == "success"
    assert outcome.xcom("copy") == []


@MODES
def test_what_fails_keeps_nothing_else_back(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """The others are made and shown, the task fails with the list, and no retry is spent on it."""
    outcome = bulk(
        airflow,
        frameio,
        f"version_stacks=[STACKS[0], NOBODY, STACKS[1]], deferrable={deferrable}, retries=2",
        NOBODY=NOBODY,
    )
    assert outcome.task("copy") == "failed"
    assert "1 of 3 copies failed (2 were made, 0 were not tried)" in outcome.log
    assert [row["state"] for row in outcome.xcom("copy", "results")] == ["complete", "failed", "complete"]
    assert "Frame.io answered 404" in outcome.xcom("copy", "results")[1]["message"]
    assert len(copied(frameio)) == 2


def test_it_stops_when_too_many_failed(airflow: InlineAirflow, frameio: Emulator) -> None:
    """What was not tried is told."""
    frameio.fault(route=COPY, kind="status", status=403, times=2)
    outcome = bulk(airflow, frameio, "version_stacks=STACKS[:5], max_failures=2")
    assert outcome.task("copy") == "failed"
    assert "2 of 5 copies failed (0 were made, 3 were not tried)" in outcome.log
    assert statuses(frameio) == {403: 2}


def test_a_retry_goes_on_where_an_outage_stopped_it(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Also where no record is kept: nothing is made twice."""
    frameio.fault(route="show_version_stack", kind="status", status=503, skip=3, times=4)
    outcome = bulk(airflow, frameio, "version_stacks=STACKS[:5], retries=1")
    assert outcome.task("copy") == "success"
    assert sorted(outcome.xcom("copy")) == sorted(copied(frameio))
    assert statuses(frameio) == {200: 5}


@MODES
def test_lost_answers_leave_one_copy_each(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """One that was made, one that was not."""
    frameio.fault(route=COPY, kind="drop", when="after", skip=1)
    frameio.fault(route=COPY, kind="status", status=502, skip=3)
    outcome = bulk(airflow, frameio, f"version_stacks=STACKS[:6], deferrable={deferrable}")
    assert outcome.task("copy") == "success"
    assert sorted(outcome.xcom("copy")) == sorted(copied(frameio))
    assert len(copied(frameio)) == 6


@MODES
def test_copies_that_are_not_complete_in_time_fail(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """They are named; they go on in Frame.io."""
    frameio.configure(copy_upload_seconds=1e6)
    outcome = bulk(airflow, frameio, f"version_stacks=STACKS[:2], timeout=0.3, deferrable={deferrable}")
    assert outcome.task("copy") == "failed"
    assert "Not complete in the time allowed: " in outcome.log


@pytest.mark.skipif(KEEPS_RECORDS, reason="Airflow 3.3 keeps records, from which a deferred task goes on")
def test_without_records_a_deferred_task_that_forgot_everything_copies_nothing_again(
    airflow: InlineAirflow, frameio: Emulator
) -> None:
    """``dag.test`` forgets what a deferred task stores: better an error than a second copy of each."""
    outcome = bulk(airflow, frameio, "version_stacks=STACKS, deferrable=True")
    assert outcome.task("copy") == "failed"
    assert "In dag.test() use deferrable=False" in outcome.log
    assert sum(statuses(frameio).values()) == len(copied(frameio))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("version_stacks='[a, b]'", "give a list; a template renders to text"),
        ("version_stacks=[STACKS[0], '']", "version_stacks[1]='' cannot be used: no id was given"),
        ("version_stacks=[STACKS[0], STACKS[0]]", "it stands there twice with the same target"),
        ("version_stacks=[{'id': STACKS[0]}]", "give version_stack_id and, if you like, parent_id"),
        (
            "version_stacks=[{'version_stack_id': STACKS[0], 'parent_id': None}]",
            "version_stacks[0].parent_id=None cannot",
        ),
        ("version_stacks=STACKS, copy_metadata='{{ 5 }}'", "copy_metadata='5' cannot be used: give True or False"),
        ("folder_id=TARGET", "give another folder than folder_id for the copies"),
    ],
)
def test_bad_items_fail_before_anything_is_asked(
    airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str
) -> None:
    """One clear error, which names the item."""
    outcome = bulk(airflow, frameio, f"{arguments}, retries=2")
    assert outcome.task("copy") == "failed"
    assert words in outcome.log
    assert frameio.requests == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "version_stacks=None cannot be used: give either this or folder_id"),
        ("version_stacks=[], folder_id='f'", "give either this or folder_id"),
        ("version_stacks=(stack for stack in STACKS)", "give a list"),
        ("version_stacks=[], durable='False'", "durable='False' cannot be used: give True or False"),
        ("version_stacks=[], max_failures=-1", "max_failures=-1 cannot be used"),
        ("version_stacks=[], strategy='native', copy_comments='all'", "copy_comments='all' cannot be used"),
    ],
)
def test_bad_options_are_import_errors(airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str) -> None:
    """Said where the DAG is parsed."""
    with pytest.raises(ValueError, match="cannot be used") as error:
        bulk(airflow, frameio, arguments)
    assert words in str(error.value)
