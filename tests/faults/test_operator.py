"""The same through the operator, in DAG runs: Airflow 3.3 and later keep the record, older ones do not."""

from __future__ import annotations

import json

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.fakes import FakeClock
from tests.faults.orders import EDGES, LOST, MOMENTS, SILENCE, lost
from tests.inline import InlineAirflow, Outcome
from tests.virtual_time import virtual_time

LIST = "list_version_stacks"
MODES = pytest.mark.parametrize("deferrable", [False, True])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Of the whole process, which Airflow runs the tasks in."""
    return virtual_time(monkeypatch)


def copy(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> Outcome:
    """A DAG run of one copy, with one retry."""
    return airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE,
            retries=1, retry_delay=datetime.timedelta(0),
        )
        """,
        SOURCE=frameio.description()["version_stacks"][0],
        TARGET=frameio.description()["folders"]["target"],
        DEFERRABLE=deferrable,
    )


def copies(frameio: Emulator) -> list[str]:
    """The stacks in the target folder, oldest first."""
    tree = frameio.tree(frameio.description()["folders"]["target"])
    return [line["id"] for line in tree if line["type"] == "version_stack"]


def sent(frameio: Emulator) -> int:
    """How many copies were asked for."""
    return sum(request.route == "copy_version_stack" for request in frameio.requests)


@MODES
@pytest.mark.parametrize(
    ("how", "when"),
    [
        pytest.param(how, when, marks=[] if how in EDGES else [pytest.mark.whole])
        for how in LOST
        for when in MOMENTS
        if how != SILENCE or when == "after"
    ],
)
def test_a_lost_answer_leaves_one_copy(
    airflow: InlineAirflow,
    frameio: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    when: str,
    deferrable: bool,
) -> None:
    """The task succeeds with the one copy there is, without spending a retry."""
    frameio.fault(**lost(how, when))
    if how == SILENCE:
        connection = frameio.description()["airflow_connection"]
        connection["extra"]["timeout"] = 3.0
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))

    outcome = copy(airflow, frameio, deferrable)

    assert outcome.task("copy") == "success"
    assert copies(frameio) == [outcome.xcom("copy")]
    assert sent(frameio) == (2 if when == "before" else 1)


@MODES
@pytest.mark.parametrize("when", MOMENTS)
def test_a_retry_finds_what_the_try_before_it_may_have_made(
    airflow: InlineAirflow, frameio: Emulator, when: str, deferrable: bool
) -> None:
    """The first try loses the answer and then cannot look; the second, with a record or without, makes up for it."""
    frameio.fault(**lost("dropped", when))
    frameio.fault(route=LIST, kind="drop", skip=1, times=44)

    outcome = copy(airflow, frameio, deferrable)

    assert "Could not look for the copy (10 in a row)" in outcome.log
    assert outcome.task("copy") == "success"
    assert copies(frameio) == [outcome.xcom("copy")]
    assert sent(frameio) == (2 if when == "before" else 1)


@MODES
def test_after_two_copies_that_never_came_somebody_has_to_look(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """The task fails at once, with what to do, and no retry sends a third."""
    frameio.fault(**lost("503", "before", times=2))

    outcome = copy(airflow, frameio, deferrable)

    assert outcome.task("copy") == "failed"
    assert "were sent, and none can be told to have come. Look into the folder" in outcome.log
    assert sent(frameio) == 2


# Not deferrable: ``dag.test`` forgets what a deferred task gives itself along.
def test_a_copy_later_than_promised_is_told_beside_its_replacement(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The task's copy is the second; the first is in XCom, and left alone."""
    frameio.configure(copy_upload_seconds=400.0)  # the task waits for its copy until after the first one came
    frameio.fault(**lost("503", "late", delay=400.0))

    outcome = copy(airflow, frameio, False)

    (late,) = outcome.xcom("copy", "late_twins")
    assert outcome.task("copy") == "success"
    assert late["id"] in late["url"]
    assert outcome.xcom("copy") != late["id"]
    assert {*copies(frameio)} == {outcome.xcom("copy"), late["id"]}
