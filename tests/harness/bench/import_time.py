"""What the scheduler pays for an import of ours in a DAG file, in fresh interpreters."""

from __future__ import annotations

import json
import pkgutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from airflow_provider_frameio import operators, sensors
from tests.harness.bench.report import Cell, Report, Table
from tests.harness.configuration import AIRFLOW_VERSION, environment

BASES = """
try:
    from airflow.sdk import BaseOperator, BaseSensorOperator
except ImportError:  # Airflow 2
    from airflow.models.baseoperator import BaseOperator
    from airflow.sensors.base import BaseSensorOperator
"""
_TIMED = f"""
import json, sys, time
begin = time.perf_counter()
{BASES}
bases = time.perf_counter()
__import__(sys.argv[1])
print(json.dumps([bases - begin, time.perf_counter() - bases]))
"""


def modules() -> list[str]:
    """The modules that a DAG file imports: every operator's and sensor's."""
    return [
        found.name
        for package in (operators, sensors)
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]


def measure(repeats: int = 5) -> Report:
    """For each module, what it adds to Airflow's base classes in the same interpreter: the median of some."""
    with tempfile.TemporaryDirectory(prefix="bench-imports-") as home:
        _times(Path(home), modules()[0])  # writes Airflow's configuration and fills the caches
        rows = [_row(Path(home), module, repeats) for module in modules()]
    caption = f"Imports in a fresh interpreter, Airflow {AIRFLOW_VERSION}, median of {repeats}."
    return Report([Table("imports", caption, ["module", "adds, ms", "Airflow's base classes alone, ms"], rows)])


def _row(home: Path, module: str, repeats: int) -> list[Cell]:
    times = [_times(home, module) for _ in range(repeats)]
    bases, added = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    return [f"`{module.partition('.')[2]}`", added, bases]


def _times(home: Path, module: str) -> tuple[float, float]:
    """Seconds for Airflow's base classes, and for the module after them."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, module],
        env=environment(home, home, 0, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    bases, added = json.loads(done.stdout.splitlines()[-1])
    return bases, added
