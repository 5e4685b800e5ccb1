"""A copy is made once, whatever dies: SIGKILL at each step of a copy, under a real scheduler that retries the task."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.e2e.kills import BRIEF, CASES, COPY, LIST
from tests.harness.configuration import IS_AIRFLOW_2
from tests.harness.emulator import RunningEmulator
from tests.harness.folders import Stack, differences, stacks
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack, DagRun

pytestmark = pytest.mark.e2e

LOOKING = "Looking for the copy"


@pytest.fixture(scope="module")
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The cases that are tried."""
    return tuple(CASES) if request.config.getoption("--whole") else BRIEF


@pytest.fixture(scope="module")
def run(airflow: AirflowStack, frameios: dict[str, RunningEmulator], names: tuple[str, ...]) -> DagRun:
    """A run that has ended, in which every task was disturbed."""
    for name in names:
        frameios[name].control("POST", "settings", CASES[name].settings)
        for fault in CASES[name].faults:
            frameios[name].control("POST", "faults", fault)
    dag_id = "killed" if names == tuple(CASES) else "killed_briefly"
    run = airflow.trigger(dag_id, _order(frameios[names[0]]))
    disturbances = [(name, moment) for nth in (0, 1) for name in names for moment in CASES[name].moments[nth : nth + 1]]
    for name, (route, times) in disturbances:
        _wait_for_calls(frameios[name], route, times)
        if name == "while_deferred":
            if "in_the_gate" in names:
                airflow.wait_for_task(run, "in_the_gate", "deferred")
            airflow.services["triggerer"].kill()
            airflow.services["triggerer"].start()
        elif name == "after_the_answer":
            _kill_with_supervisor(_worker(airflow, run, name), frameios[name])
        else:
            _worker(airflow, run, name).kill()
    airflow.wait(run)
    return run


@pytest.mark.parametrize(
    "name", [*BRIEF, *(pytest.param(name, marks=pytest.mark.whole) for name in CASES if name not in BRIEF)]
)
def test_one_copy_is_made_whatever_dies(
    airflow: AirflowStack, frameios: dict[str, RunningEmulator], run: DagRun, name: str
) -> None:
    """The task ends by itself with one complete copy in the folder, whose id is its result."""
    case, frameio, log = CASES[name], frameios[name], airflow.logs(run, name)
    (instance,) = [found for found in airflow.task_instances(run) if found.task_id == name]
    assert instance.state == "success", log
    assert instance.try_number >= case.tries, log
    copies = _copies(frameio)
    assert differences(_source(frameio), copies) == []
    assert [copy.id for copy in copies] == [airflow.xcom(run, name)]
    assert tuple(call["acted"] for call in frameio.requests() if call["route"] == COPY) == case.copies
    assert (LOOKING in log) == (case.looks or (IS_AIRFLOW_2 and case.tries > 1))


@pytest.mark.whole
def test_a_user_who_clears_the_task_gets_another_copy(
    airflow: AirflowStack, frameios: dict[str, RunningEmulator], run: DagRun
) -> None:
    """A clear is no retry: it copies again, at once, and the result is the new copy."""
    name = "before_the_server_acts"
    first = airflow.xcom(run, name)
    frameios[name].control("DELETE", "requests")
    airflow.cli("tasks", "clear", run.dag_id, "--task-regex", name, "--yes")
    assert airflow.wait(run) == "success", airflow.explain(run)
    copies = _copies(frameios[name])
    assert [copy.complete for copy in copies] == [True, True]
    assert {copy.id for copy in copies} == {first, airflow.xcom(run, name)}
    assert frameios[name].calls()[LIST, 200] == 1  # what is there before a copy; nothing was searched for


def _order(frameio: RunningEmulator) -> dict[str, str]:
    described = frameio.description
    return {"version_stack_id": described["version_stacks"][0], "parent_id": described["folders"]["target"]}


def _source(frameio: RunningEmulator) -> list[Stack]:
    cuts = stacks(frameio.tree(frameio.description["folders"]["source"]))
    return [stack for stack in cuts if stack.id == _order(frameio)["version_stack_id"]]


def _copies(frameio: RunningEmulator) -> list[Stack]:
    return stacks(frameio.tree(_order(frameio)["parent_id"]))


def _wait_for_calls(frameio: RunningEmulator, route: str, times: int) -> None:
    poll_until(
        lambda: sum(call["route"] == route for call in frameio.requests()) >= times,
        what=f"{times} calls of {route}",
    )


def _worker(airflow: AirflowStack, run: DagRun, task_id: str) -> psutil.Process:
    """The process that runs the task's code."""
    (pid,) = [found.pid for found in airflow.task_instances(run) if found.task_id == task_id]
    return psutil.Process(pid)


def _kill_with_supervisor(worker: psutil.Process, frameio: RunningEmulator) -> None:
    """Let the answer arrive, but nothing of what the task then wants its supervisor to store; kill both."""
    supervisor = worker.parent()
    assert supervisor is not None
    supervisor.send_signal(signal.SIGSTOP)
    before = _connections(worker, frameio)
    poll_until(lambda: _connections(worker, frameio) < before, what="the answer to arrive")
    supervisor.kill()
    worker.kill()


def _connections(worker: psutil.Process, frameio: RunningEmulator) -> int:
    """How many are open from the task to its Frame.io; the copy has one of its own, closed when it is answered."""
    port = int(frameio.description["base_url"].rpartition(":")[2])
    return sum(bool(one.raddr) and one.raddr.port == port for one in worker.net_connections())
