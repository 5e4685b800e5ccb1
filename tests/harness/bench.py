"""``make bench``: copies at the rate limit, this provider beside the official SDK, in one run over real sockets.

Each contender is a process of its own with an emulated Frame.io of its own, both at the same time, in the real
service's time: 10 copies a minute. The optimum is (copies - 10) * 6 s: no client can be faster without being refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.emulator import EmulatorProcess

LIMIT, WINDOW = 10, 60.0
_HERE = Path(__file__).parent
_SDK_PYTHON = _HERE.parents[1] / ".venv/sdk/bin/python"


@dataclass(frozen=True)
class Contender:
    """A client to be measured: a script and the Python it runs on."""

    name: str
    script: Path
    python: str


CONTENDERS = (
    Contender("this provider", _HERE / "contenders/provider.py", sys.executable),
    Contender("official SDK", _HERE / "contenders/sdk.py", str(_SDK_PYTHON)),
)


@dataclass(frozen=True)
class Result:
    """What a contender did, as the emulator saw it, and how long it took by its own clock."""

    name: str
    asked: int
    made: int
    failed: int
    refused: int
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contenders side by side and print the table; 1 if this provider lost a copy or was slow."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--copies", type=int, default=30)
    parser.add_argument(
        "--speed", type=float, default=1.0, help="above 1 the SDK's fixed waits weigh more than they should"
    )
    options = parser.parse_args(arguments)
    optimum = max(0, options.copies - LIMIT) * WINDOW / LIMIT / options.speed
    print(f"{options.copies} copies, {LIMIT} per {WINDOW / options.speed:g} s, optimum {optimum:.1f} s; be patient …")
    with ThreadPoolExecutor(len(CONTENDERS)) as pool:
        results = list(pool.map(lambda one: measure(one, options.copies, options.speed), CONTENDERS))
    print(table(results, optimum))
    ours = results[0]
    return int(ours.made != options.copies or ours.refused > 1 or ours.seconds > 1.02 * optimum + 0.02 * options.copies)


def measure(contender: Contender, copies: int, speed: float) -> Result:
    """One contender against an emulator of its own."""
    with EmulatorProcess(speed=speed, seed="demo") as frameio:
        description = frameio.description
        stacks = description["version_stacks"]
        task = {
            **description,
            "target": description["folders"]["target"],
            "version_stacks": [stacks[index % len(stacks)] for index in range(copies)],
        }
        outcome = _run(contender, task)
        calls = frameio.calls()
    return Result(
        name=contender.name,
        asked=copies,
        made=calls["copy_version_stack", 200],
        failed=outcome["failed"],
        refused=calls["copy_version_stack", 429],
        seconds=outcome["seconds"],
    )


def table(results: Sequence[Result], optimum: float) -> str:
    """The results as Markdown."""
    lines = ["| client | asked | made | failed | 429s | seconds | ÷ optimum |", "|---|---|---|---|---|---|---|"]
    for one in results:
        ratio = f"{one.seconds / optimum:.3f}" if optimum and not one.failed else "–"
        lines.append(
            f"| {one.name} | {one.asked} | {one.made} | {one.failed} | {one.refused} | {one.seconds:.2f} | {ratio} |"
        )
    return "\n".join(lines)


def _run(contender: Contender, task: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [contender.python, str(contender.script)], input=json.dumps(task), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{contender.name} did not run: {done.stderr[-2000:]}")
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


if __name__ == "__main__":
    sys.exit(main())
