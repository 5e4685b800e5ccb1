"""``make bench``: this provider beside the official SDK and a POST with backoff, in one run over real sockets.

Prints the tables, writes them into docs/pacing.md and the README, and draws docs/benchmark.svg. Exit status 1 if this
provider lost a copy or missed its bounds: for one process 1.02 times the optimum and 0.01 refusals per copy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from tests.harness.bench import import_time, real_airflow, simulated, sockets, waiting
from tests.harness.bench.race import ROOT
from tests.harness.bench.report import Report, write

# Each table goes wherever there is a place for it.
PAGES = (ROOT / "docs/pacing.md", ROOT / "README.md")
PICTURE = ROOT / "docs/benchmark.svg"
Part = Callable[[argparse.Namespace], Report]

# By name, in the order of running. A part whose tables have a place in a page is a line here.
PARTS: dict[str, Part] = {
    "sockets": lambda options: sockets.measure(options.copies, options.shared_copies, options.speed),
    "simulation": lambda options: simulated.report(),
    "waits": lambda options: waiting.report(),
    "imports": lambda options: import_time.measure(),
    "airflow": lambda options: real_airflow.measure(),
}
QUICK = ("sockets", "simulation", "waits", "imports")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts one after the other."""
    options = parser().parse_args(arguments)
    problems: list[str] = []
    for name in options.parts:
        print(f"{name}; be patient …", flush=True)
        report = PARTS[name](options)
        problems += report.problems
        print("", *(f"{table.markdown()}\n" for table in report.tables), sep="\n", flush=True)
        if not options.print_only:
            keep(report)
    for problem in problems:
        print(problem, file=sys.stderr)
    return int(bool(problems))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="make bench", description=__doc__)
    command.add_argument("--parts", nargs="+", choices=PARTS, default=QUICK, help=f"default: {' '.join(QUICK)}")
    command.add_argument("--copies", type=int, default=100, help="of one process")
    command.add_argument("--shared-copies", type=int, default=160, help="of several processes together")
    command.add_argument(
        "--speed", type=float, default=10.0, help="emulated seconds per second; not of the real Airflow"
    )
    command.add_argument("--print-only", action="store_true", help="leave the pages and the picture as they are")
    return command


def keep(report: Report) -> None:
    """Put what was found into the repository."""
    write(PAGES, report.tables)
    if report.picture is not None:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(report.picture)


if __name__ == "__main__":
    sys.exit(main())
