"""``make demo``: a real Airflow copies version stacks on an emulated Frame.io; exits 0 only if the copies are there."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.harness.configuration import AIRFLOW_VERSION
from tests.harness.emulator import EmulatorProcess
from tests.harness.folders import Stack, differences, stacks
from tests.harness.stack import AirflowStack, DagRun

SPEED = 3
DAG_ID = "copy_version_stacks"
EXAMPLE_DAGS = Path(__file__).parents[2] / "example_dags"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--ui", action="store_true", help="keep Airflow's user interface up until Ctrl-C")
    keep_ui = parser.parse_args(arguments).ui
    # Being terminated must end Airflow as well: as an exception it leaves through the blocks that tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with EmulatorProcess(speed=SPEED, seed="demo") as frameio:
            return int(not _demonstrate(frameio, keep_ui=keep_ui))
    except KeyboardInterrupt:
        print("\nStopped and cleaned up.")
        return 130


def _demonstrate(frameio: EmulatorProcess, *, keep_ui: bool) -> bool:
    started = time.monotonic()
    url = frameio.description["base_url"]
    _say(f"Frame.io   an emulated one at {url}; its clock runs {SPEED} times as fast as yours")
    print(f"Airflow    {AIRFLOW_VERSION} starts in a throwaway home ...", end=" ", flush=True)
    with AirflowStack(EXAMPLE_DAGS, connections={"frameio_default": frameio.connection}, ui=keep_ui) as airflow:
        print(f"{', '.join(airflow.services)} up after {time.monotonic() - started:.0f} s")
        _print_folder(frameio, "source", "before")
        _print_folder(frameio, "target", "before")
        copied = _run_dag(airflow, frameio)
        _print_folder(frameio, "target", "after")
        _print_calls(frameio)
        problems = differences(_stacks(frameio, "source"), _stacks(frameio, "target"))
        _say(*problems)
        copied = copied and not problems
        outcome = "Every version stack was copied once and is complete." if copied else "FAILED"
        _say(f"\n{outcome} The demo took {time.monotonic() - started:.0f} s.")
        if keep_ui:
            _keep_up(airflow)
    return copied


def _run_dag(airflow: AirflowStack, frameio: EmulatorProcess) -> bool:
    folders = frameio.description["folders"]
    run = airflow.trigger(DAG_ID, {"source_folder_id": folders["source"], "target_folder_id": folders["target"]})
    _say(f"\nAirflow runs example_dags/{DAG_ID}.py")
    state = _watch(airflow, run)
    if state != "success":
        _say(airflow.explain(run))
    return state == "success"


def _watch(airflow: AirflowStack, run: DagRun, timeout: float = 240.0) -> str:
    """Print what changes until the run has ended; return its state."""
    started = time.monotonic()
    shown: dict[str, str] = {}
    while True:
        state = airflow.state(run)  # before the tasks, so that their last states are shown too
        for task_id, progress in _progress(airflow, run).items():
            if shown.get(task_id) != progress:
                shown[task_id] = progress
                _say(f"  {time.monotonic() - started:3.0f} s  {task_id:<20} {progress}")
        if state in {"success", "failed"} or time.monotonic() - started > timeout:
            return str(state)
        time.sleep(1)


def _progress(airflow: AirflowStack, run: DagRun) -> dict[str, str]:
    """For each task that has begun, how many of its instances are in which state."""
    states: dict[str, Counter[str]] = {}
    for instance in airflow.task_instances(run):
        states.setdefault(instance.task_id, Counter())[instance.state or "waiting"] += 1
    return {
        task_id: ", ".join(
            f"{count} {state}" if counts.total() > 1 else state for state, count in sorted(counts.items())
        )
        for task_id, counts in states.items()
        if set(counts) - {"waiting", "scheduled", "queued"}
    }


def _print_folder(frameio: EmulatorProcess, folder: str, moment: str) -> None:
    content = sorted(_stacks(frameio, folder), key=str)
    _say(f"\nThe {folder} folder {moment}{':' if content else ': empty'}", *(f"  {stack}" for stack in content))


def _print_calls(frameio: EmulatorProcess) -> None:
    calls = frameio.calls()
    routes = Counter({route: 0 for route, _ in calls})
    for (route, _), count in calls.items():
        routes[route] += count
    refused = sum(count for (_, status), count in calls.items() if status == 429)
    _say(f"\nFrame.io was called {calls.total()} times, {refused} calls were refused because of its rate limits (429):")
    _say(*(f"  {count:4d}  {route}" for route, count in routes.most_common()))


def _stacks(frameio: EmulatorProcess, folder: str) -> list[Stack]:
    return stacks(frameio.tree(frameio.description["folders"][folder]))


def _keep_up(airflow: AirflowStack) -> None:
    _say(f"\nAirflow's user interface: {airflow.url}   (no login is asked for; Ctrl-C ends it)")
    signal.pause()


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
