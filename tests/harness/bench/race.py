"""A contender's processes against an emulated Frame.io of their own, over real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.harness.bench.figures import Outcome, copy_calls
from tests.harness.emulator import EmulatorProcess

ROOT = Path(__file__).parents[3]
_CONTENDERS = "tests.harness.bench.contenders"


@dataclass(frozen=True)
class Contender:
    """A client to be measured: a module for ``python -m``, and the Python it runs on."""

    name: str
    module: str
    python: str = sys.executable


OURS = Contender("this provider", f"{_CONTENDERS}.provider")
BULK = Contender("this provider, bulk operator", f"{_CONTENDERS}.bulk")
SDK = Contender("official SDK", f"{_CONTENDERS}.sdk", str(ROOT / ".venv/sdk/bin/python"))
GENERIC = Contender("POST with backoff", f"{_CONTENDERS}.generic")


@dataclass(frozen=True)
class Race:
    """``copies`` copies by ``processes`` processes of one user that do not know of each other.

    :ivar speed: emulated seconds per second.
    """

    contender: Contender
    copies: int
    processes: int
    speed: float


def run(races: Sequence[Race]) -> list[Outcome]:
    """Run all of them at the same time."""
    with ThreadPoolExecutor(len(races)) as pool:
        return list(pool.map(_run, races))


def _run(race: Race) -> Outcome:
    with EmulatorProcess(speed=race.speed, seed="demo") as frameio:
        tasks = [_task(frameio, race, number) for number in range(race.processes)]
        told = _laps(race.contender, tasks)
        calls = copy_calls(frameio.requests())
    return Outcome(
        name=race.contender.name,
        asked=race.copies,
        failed=sum(lap["failed"] for lap in told),
        calls=calls,
        waits=[wait * race.speed for lap in told for wait in lap["waits"]],
        cpu_seconds=sum(lap["cpu_seconds"] for lap in told),
    )


def _task(frameio: EmulatorProcess, race: Race, number: int) -> dict[str, Any]:
    """The work of one process: its share of the copies, into a folder of its own, by which the log tells it apart."""
    description = frameio.description
    stacks = frameio.stacks(race.copies)
    folder = {"kind": "folder", "parent_id": description["folders"]["target"], "name": f"Client {number}"}
    return {
        **description,
        "target": frameio.control("POST", "seed", folder)["id"],
        "version_stacks": stacks[number :: race.processes],
        "speed": race.speed,
    }


def _laps(contender: Contender, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start a process for each task, all of them at the same moment, and return what they tell."""
    with _started(contender, len(tasks)) as processes, ThreadPoolExecutor(len(tasks)) as pool:
        for process, task in zip(processes, tasks, strict=True):
            _say(process, json.dumps(task))
        for process in processes:
            if _pipe(process.stdout).readline() != "ready\n":
                raise RuntimeError(f"{contender.name} did not start: {process.communicate()[1][-2000:]}")
        for process in processes:
            _say(process, "go")
        return list(pool.map(lambda process: _told(contender, process), processes))


@contextmanager
def _started(contender: Contender, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [contender.python, "-m", contender.module]
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes) for _ in range(number)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _say(process: subprocess.Popen[str], line: str) -> None:
    pipe = _pipe(process.stdin)
    pipe.write(f"{line}\n")
    pipe.flush()


def _told(contender: Contender, process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{contender.name} ended with {process.returncode}: {errors[-2000:]}")
    outcome: dict[str, Any] = json.loads(output.splitlines()[-1])
    return outcome


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise TypeError("started without this pipe")
    return pipe
