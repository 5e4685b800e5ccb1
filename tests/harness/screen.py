"""What a run of the tests comes to, in one screen: steps, suites, the slowest tests, what was skipped, and the sum.

``python -m tests.harness.screen <folder>`` reads the JUnit files that the Makefile has pytest write there and, if there
is one, the file ``steps``: a line for each, seconds and name with a tab between. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SLOWEST = 10


@dataclass(frozen=True)
class Test:
    """One test in one suite.

    :ivar id: its file's module, class and name; of a module that was skipped as a whole, the module.
    :ivar outcome: passed, failed or skipped.
    :ivar reason: why it was skipped.
    """

    suite: str
    id: str
    seconds: float
    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Suite:
    """One run of pytest; seconds by the wall clock."""

    name: str
    seconds: float
    tests: tuple[Test, ...]

    def count(self, outcome: str) -> int:
        """How many of its tests had this outcome."""
        return sum(test.outcome == outcome for test in self.tests)


def read(folder: Path) -> list[Suite]:
    """Return the suites whose JUnit files are in ``folder``, by name."""
    return [_suite(file) for file in sorted(folder.glob("*.xml"))]


def _suite(file: Path) -> Suite:
    root = ElementTree.parse(file).getroot()
    tests = tuple(_test(file.stem, case) for case in root.iter("testcase"))
    return Suite(file.stem, sum(float(suite.get("time", 0)) for suite in root.iter("testsuite")), tests)


def _test(suite: str, case: ElementTree.Element) -> Test:
    name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
    seconds, skipped = float(case.get("time", 0)), case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        return Test(suite, name, seconds, "failed")
    if skipped is None:
        return Test(suite, name, seconds, "passed")
    return Test(suite, name, seconds, "skipped", skipped.get("message") or "no reason")


def ran_nowhere(suites: Iterable[Suite]) -> list[Test]:
    """Return the skipped tests that no suite ran: nothing shows that they pass."""
    tests = [test for suite in suites for test in suite.tests]
    ran = {test.id for test in tests if test.outcome != "skipped"}
    ran |= {part for id in ran for part in _modules(id)}
    return list({test.id: test for test in tests if test.outcome == "skipped" and test.id not in ran}.values())


def _modules(id: str) -> Iterator[str]:
    """The modules and classes that hold a test; a test's parameters may hold dots too."""
    parts = id.partition("[")[0].split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def screen(suites: Sequence[Suite], steps: Sequence[tuple[float, str]]) -> str:
    """Return the screen; its last line is the sum."""
    tests = [test for suite in suites for test in suite.tests]
    lines = [*_table("steps", ((seconds, name) for seconds, name in steps))]
    lines += _table("pytest", ((suite.seconds, f"{suite.name}: {_sum([suite])}") for suite in suites))
    slowest = sorted(tests, key=lambda test: test.seconds, reverse=True)[:SLOWEST]
    lines += _table("slowest tests", ((test.seconds, f"{test.id} ({test.suite})") for test in slowest))
    reasons = Counter(test.reason for test in tests if test.outcome == "skipped")
    lines += ["", "skipped", *(f"{count:7}  {reason}" for reason, count in reasons.most_common())] if reasons else []
    lines += ["", "failed", *(f"  {test.id} ({test.suite})" for test in tests if test.outcome == "failed")]
    if lines[-1] == "failed":
        del lines[-2:]
    return "\n".join([*lines, "", _sum(suites)])


def _table(title: str, rows: Iterable[tuple[float, str]]) -> list[str]:
    cells = [f"{seconds:7.1f}  {name}" for seconds, name in rows]
    return ["", f"{title}, seconds", *cells] if cells else []


def _sum(suites: Sequence[Suite]) -> str:
    return ", ".join(f"{sum(suite.count(kind) for suite in suites)} {kind}" for kind in ("passed", "failed", "skipped"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the screen; return the exit status: 1 where a test failed, or with ``--strict`` ran nowhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.screen", description=__doc__)
    parser.add_argument("folder", type=Path, help="what the JUnit files are in")
    parser.add_argument("--strict", action="store_true", help="fail if a test was skipped wherever it could have run")
    options = parser.parse_args(arguments)
    suites, file = read(options.folder), options.folder / "steps"
    pairs = (line.split("\t", 1) for line in file.read_text().splitlines()) if file.exists() else ()
    missed = ran_nowhere(suites) if options.strict else []
    for test in missed:
        print(f"ran nowhere: {test.id}: {test.reason}", file=sys.stderr)
    print(screen(suites, [(float(seconds), name) for seconds, name in pairs]))
    return int(bool(missed) or not suites or any(suite.count("failed") for suite in suites))


if __name__ == "__main__":
    raise SystemExit(main())
