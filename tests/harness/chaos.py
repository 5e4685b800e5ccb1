"""``make chaos``: copies while answers get lost, processes are killed, lists lag and tokens expire.

This provider beside a blind retry and the official SDK, each on an emulated Frame.io of its own with the same faults.
What it holds in the end is compared with what was asked for. Exit status 1 if this provider made a copy too many, lost
one, or took a wrong one for its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.harness.chaos_campaign import Client, Outcome, Weather, run

_HERE = Path(__file__).parent
_SDK_PYTHON = _HERE.parents[1] / ".venv/sdk/bin/python"
_DRIVER = (sys.executable, "-m", "tests.harness.chaos_driver")

OURS = Client("this provider", (*_DRIVER, "once"))
STATELESS = Client("this provider, no store", (*_DRIVER, "stateless"))
BLIND = Client("blind retry", (*_DRIVER, "blind"))
SDK = Client("official SDK", (str(_SDK_PYTHON), str(_HERE / "chaos_sdk.py"), "sdk"))
CLIENTS = {"ours": OURS, "stateless": STATELESS, "blind": BLIND, "sdk": SDK}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaigns one after the other and print the table."""
    options = parser().parse_args(arguments)
    weather = Weather(
        copies=options.copies,
        unknown=options.unknown,
        deaths=options.deaths,
        identical=options.identical,
        seed=options.seed,
        speed=options.speed,
    )
    print(f"{weather}; be patient …")
    outcomes = [run(CLIENTS[name], weather, options.drivers) for name in options.clients]
    print(table(outcomes))
    ours = [one for one in outcomes if one.name.startswith(OURS.name)]
    for one in ours:
        for words in one.words:
            print(f"{one.name}: {words}")
    return int(not all(one.tally.clean for one in ours))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    normal = Weather()
    command.add_argument("--copies", type=int, default=normal.copies)
    command.add_argument("--unknown", type=float, default=normal.unknown, help="share of answers that get lost")
    command.add_argument("--deaths", type=float, default=normal.deaths, help="share of tries that are killed")
    command.add_argument("--identical", type=float, default=normal.identical, help="share of copies with a twin")
    command.add_argument(
        "--seed", type=int, default=normal.seed, help="the same one loses the same answers and kills the same tries"
    )
    command.add_argument("--speed", type=float, default=normal.speed, help="emulated seconds per second")
    command.add_argument("--drivers", type=int, default=8, help="processes at the same time")
    command.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    return command


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as Markdown."""
    head = "client|asked|made|adopted|asked for help|failed|duplicates|lost|wrong adoptions|twins shared|killed|calls|s"
    names = head.split("|")
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for one in outcomes:
        count = one.tally
        cells = [one.name, count.asked, count.made, count.adopted, count.helped, count.failed, count.duplicates]
        cells += [count.lost, count.wrong, count.shared, one.killed, one.calls, f"{one.seconds:.0f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
