"""An Airflow home of their own for these tests, in this process and in those which they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.harness.patience import PATIENCE

# Before anything imports Airflow, which reads and writes its home on import.
_HOME = tempfile.TemporaryDirectory(prefix="frameio-wiring-")
os.environ.setdefault("AIRFLOW_HOME", _HOME.name)
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

Run = Callable[..., str]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run this interpreter with the given arguments, and settings, in a fresh Airflow home; return what it printed."""
    home = tmp_path_factory.mktemp("airflow")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "dags"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }

    def run(*arguments: str, **more: str) -> str:
        environment = own | settings | more
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=home, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{arguments} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def last_json(output: str) -> Any:
    """What a command printed last, whatever was logged around it.

    :raises LookupError: nothing of the kind.
    """
    for line in reversed(output.splitlines()):
        with suppress(ValueError):
            return json.loads(line)
    raise LookupError(output)
