"""A copy is made once, whatever dies: SIGKILL at each step of a copy, under a real scheduler that retries the task."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.harness.configuration import IS_AIRFLOW_2
from tests.harness.emulator import EmulatorProcess
from tests.harness.folders import Stack, differences, stacks
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = pytest.mark.e2e

COPY, LIST, CHILDREN = "copy_version_stack", "list_version_stacks", "list_version_stack_children"
SPEED = 20
SLOW = {"copy_upload_seconds": 30.0 * SPEED}  # on the wall clock 30 seconds: long enough to be killed in them
LOOKING = "Looking for the copy"


@dataclass(frozen=True)
class Case:
    """How a task is disturbed, and what that must lead to.

    :ivar faults: what holds the task at the moments in question.
    :ivar moments: each has come when this route was called this often.
    :ivar settings: of its Frame.io.
    :ivar copies: for each copy that was sent in the end, whether the server carried it out.
    :ivar tries: of the task, in all.
    :ivar looks: whether a retry must look for the copy where a record of it is kept; elsewhere every retry must.
    """

    faults: tuple[dict[str, Any], ...] = ()
    moments: tuple[tuple[str, int], ...] = ((COPY, 1),)
    settings: dict[str, Any] = field(default_factory=dict)
    copies: tuple[bool, ...] = (True,)
    tries: int = 2
    looks: bool = True


COPIED_BUT_SILENT = {"kind": "hang", "route": COPY, "when": "after"}
REFUSED_FOR_LONG = {"kind": "status", "status": 429, "route": COPY, "headers": {"Retry-After": "25"}}
# In the order in which they are disturbed: those first that do not stand still until then.
CASES = {
    "after_the_answer": Case(({"kind": "slow_body", "route": COPY, "seconds": 4.0 * SPEED},), settings=SLOW),
    "while_waiting": Case(moments=((CHILDREN, 3),), settings=SLOW, looks=False),
    "while_deferred": Case(moments=((CHILDREN, 3),), settings=SLOW, tries=1, looks=False),
    # Its triggerer is killed together with the one before.
    "in_the_gate": Case((REFUSED_FOR_LONG,), (), copies=(False, True), tries=1, looks=False),
    "before_sent": Case(({"kind": "hang", "route": LIST},), moments=((LIST, 1),), looks=False),
    "before_the_server_acts": Case(({"kind": "hang", "route": COPY},), copies=(False, True)),
    "after_the_server_acted": Case((COPIED_BUT_SILENT,)),
    "during_the_answer": Case(({"kind": "slow_body", "route": COPY, "seconds": 120.0 * SPEED},)),
    "after_the_server_acted_and_while_looking": Case(
        (COPIED_BUT_SILENT, {"kind": "hang", "route": LIST, "skip": 1}), moments=((COPY, 1), (LIST, 2)), tries=3
    ),
    # Not killed. Eleven looks in a row fail, each with four attempts; before them the source's versions are listed.
    "failing_while_waiting": Case(({"kind": "drop", "route": CHILDREN, "skip": 1, "times": 44},), (), looks=False),
}


@pytest.fixture(scope="module")
def emulators() -> Iterator[dict[str, EmulatorProcess]]:
    """A Frame.io for each case, all with the same ids in them."""
    with ExitStack() as opened:
        found = {name: opened.enter_context(EmulatorProcess(speed=SPEED, seed="demo")) for name in CASES}
        for name, case in CASES.items():
            found[name].control("POST", "settings", case.settings)
            for fault in case.faults:
                found[name].control("POST", "faults", fault)
        yield found


@pytest.fixture(scope="module")
def airflow(emulators: dict[str, EmulatorProcess], tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    dags = tmp_path_factory.mktemp("dags")
    (dags / "kills.py").symlink_to(Path(__file__).parent / "dags/kills.py")
    connections = {f"frameio_{name}": frameio.connection for name, frameio in emulators.items()}
    with AirflowStack(dags, connections=connections) as stack:
        yield stack


@pytest.fixture(scope="module")
def run(airflow: AirflowStack, emulators: dict[str, EmulatorProcess]) -> DagRun:
    """A run that has ended, in which every task was disturbed."""
    run = airflow.trigger("killed", _order(emulators["while_waiting"]))
    disturbances = [(name, moment) for nth in (0, 1) for name in CASES for moment in CASES[name].moments[nth : nth + 1]]
    for name, (route, times) in disturbances:
        _wait_for_calls(emulators[name], route, times)
        if name == "while_deferred":
            airflow.wait_for_task(run, "in_the_gate", "deferred")
            airflow.services["triggerer"].kill()
            airflow.services["triggerer"].start()
        elif name == "after_the_answer":
            _kill_with_supervisor(_worker(airflow, run, name), emulators[name])
        else:
            _worker(airflow, run, name).kill()
    airflow.wait(run, timeout=120)
    return run


@pytest.mark.parametrize("name", CASES)
def test_one_copy_is_made_whatever_dies(
    airflow: AirflowStack, emulators: dict[str, EmulatorProcess], run: DagRun, name: str
) -> None:
    """The task ends by itself with one complete copy in the folder, whose id is its result."""
    case, frameio, log = CASES[name], emulators[name], airflow.logs(run, name)
    (instance,) = [found for found in airflow.task_instances(run) if found.task_id == name]
    assert (instance.state, instance.try_number) == ("success", case.tries), log
    copies = _copies(frameio)
    assert differences(_source(frameio), copies) == []
    assert [copy.id for copy in copies] == [airflow.xcom(run, name)]
    assert tuple(call["acted"] for call in frameio.requests() if call["route"] == COPY) == case.copies
    assert (LOOKING in log) == (case.looks or (IS_AIRFLOW_2 and case.tries > 1))


def test_a_user_who_clears_the_task_gets_another_copy(
    airflow: AirflowStack, emulators: dict[str, EmulatorProcess], run: DagRun
) -> None:
    """A clear is no retry: it copies again, at once, and the result is the new copy."""
    name = "before_the_server_acts"
    first = airflow.xcom(run, name)
    emulators[name].control("DELETE", "requests")
    airflow.cli("tasks", "clear", run.dag_id, "--task-regex", name, "--yes")
    assert airflow.wait(run) == "success", airflow.explain(run)
    copies = _copies(emulators[name])
    assert [copy.complete for copy in copies] == [True, True]
    assert {copy.id for copy in copies} == {first, airflow.xcom(run, name)}
    assert emulators[name].calls()[LIST, 200] == 1  # what is there before a copy; nothing was searched for


def _order(frameio: EmulatorProcess) -> dict[str, str]:
    described = frameio.description
    return {"version_stack_id": described["version_stacks"][0], "parent_id": described["folders"]["target"]}


def _source(frameio: EmulatorProcess) -> list[Stack]:
    cuts = stacks(frameio.tree(frameio.description["folders"]["source"]))
    return [stack for stack in cuts if stack.id == _order(frameio)["version_stack_id"]]


def _copies(frameio: EmulatorProcess) -> list[Stack]:
    return stacks(frameio.tree(_order(frameio)["parent_id"]))


def _wait_for_calls(frameio: EmulatorProcess, route: str, times: int) -> None:
    poll_until(
        lambda: sum(call["route"] == route for call in frameio.requests()) >= times,
        what=f"{times} calls of {route}",
        timeout=60,
    )


def _worker(airflow: AirflowStack, run: DagRun, task_id: str) -> psutil.Process:
    """The process that runs the task's code."""
    (pid,) = [found.pid for found in airflow.task_instances(run) if found.task_id == task_id]
    return psutil.Process(pid)


def _kill_with_supervisor(worker: psutil.Process, frameio: EmulatorProcess) -> None:
    """Let the answer arrive, but nothing of what the task then wants its supervisor to store; kill both."""
    supervisor = worker.parent()
    assert supervisor is not None
    supervisor.send_signal(signal.SIGSTOP)
    before = _connections(worker, frameio)
    poll_until(lambda: _connections(worker, frameio) < before, what="the answer to arrive", timeout=30)
    supervisor.kill()
    worker.kill()


def _connections(worker: psutil.Process, frameio: EmulatorProcess) -> int:
    """How many are open from the task to its Frame.io; the copy has one of its own, closed when it is answered."""
    port = int(frameio.description["base_url"].rpartition(":")[2])
    return sum(bool(one.raddr) and one.raddr.port == port for one in worker.net_connections())
