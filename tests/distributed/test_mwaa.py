"""Many copies on an Airflow of several machines, as Amazon MWAA runs it, while machines die and answers get lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("celery", reason="`make test-distributed` has an environment of its own")

from tests.distributed.servers import postgres, redis
from tests.distributed.stack import DistributedStack
from tests.harness.emulator import EmulatorProcess
from tests.harness.folders import differences, stacks
from tests.harness.processes import poll_until
from tests.harness.stack import DagRun

pytestmark = pytest.mark.e2e

COPY = "copy_version_stack"
COPIES = 24
SPEED = 3
FAULTS = (
    # The third copy is made, and nothing is answered until its worker is dead.
    {"kind": "hang", "route": COPY, "when": "after", "skip": 2},
    {"kind": "status", "status": 502, "route": COPY, "when": "after", "skip": 5},
    {"kind": "drop", "route": COPY, "when": "after", "skip": 8},
)


@pytest.fixture
def frameio() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(speed=SPEED, seed="demo") as frameio:
        frameio.stacks(COPIES)
        # Half a minute on the wall clock: copies wait in the triggerer for it.
        frameio.control("POST", "settings", {"copy_upload_seconds": 30.0 * SPEED})
        for fault in FAULTS:
            frameio.control("POST", "faults", fault)
        yield frameio


@pytest.fixture
def airflow(frameio: EmulatorProcess) -> Iterator[DistributedStack]:
    dags, connections = Path(__file__).parent / "dags", {"frameio_default": frameio.connection}
    with postgres() as database_url, redis() as broker_url:
        stack = DistributedStack(dags, connections, database_url=database_url, broker_url=broker_url)
        with stack:
            yield stack


def test_each_stack_is_copied_once_whatever_dies(
    airflow: DistributedStack, frameio: EmulatorProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker dies with a copy unanswered, a triggerer with waits, and two answers get lost: one copy each."""
    folders = frameio.description["folders"]
    run = airflow.trigger("mapped", {"folder_id": folders["source"], "parent_id": folders["target"]})
    worker = _kill_the_worker_that_gets_no_answer(airflow, frameio, run)
    triggerer, waits = _kill_the_triggerer_that_holds_most(airflow)
    assert airflow.wait(run) == "success", airflow.explain(run)

    source, copies = (stacks(frameio.tree(folders[name])) for name in ("source", "target"))
    assert len(source) == COPIES
    assert differences(source, copies) == []
    results = [airflow.xcom(run, "copy", map_index=index) for index in range(COPIES)]
    assert sorted(results) == sorted(copy.id for copy in copies)
    calls = frameio.calls()
    # All faults struck, and nobody sent a copy that was not needed.
    assert (calls[COPY, None], calls[COPY, 502], calls[COPY, 200]) == (2, 1, COPIES - 3)
    with capsys.disabled():
        refused = sum(count for (_, status), count in calls.items() if status == 429)
        print(
            f"\n{len(copies)} copies of {COPIES} stacks; {calls[COPY, 429]} copies and {refused} calls of"
            f" {calls.total()} were refused (429); killed: {worker}, {triggerer} with {waits} waits"
        )


def _kill_the_worker_that_gets_no_answer(airflow: DistributedStack, frameio: EmulatorProcess, run: DagRun) -> str:
    poll_until(lambda: frameio.calls()[COPY, None] > 0, what="the copy that is not answered")
    path = next(call["path"] for call in frameio.requests() if (call["route"], call["status"]) == (COPY, None))
    map_index = next(index for index, stack_id in enumerate(airflow.xcom(run, "list")) if stack_id in path)
    name = airflow.worker_of(run, "copy", map_index)
    airflow.kill(name)
    return name


def _kill_the_triggerer_that_holds_most(airflow: DistributedStack) -> tuple[str, int]:
    poll_until(lambda: max(airflow.held().values()) >= 3, what="three waits in one triggerer")
    held = airflow.held()
    name = max(held, key=held.__getitem__)
    airflow.kill(name)
    return name, held[name]
