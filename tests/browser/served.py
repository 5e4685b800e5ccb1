"""A real Airflow of another environment, from the outside: where its UI is, and what its commands print."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.patience import PATIENCE

ROOT = Path(__file__).parents[2]
# Airflow 3.0 draws a provider's own fields only where Flask-AppBuilder is installed, as it is in Airflow's image.
ENVIRONMENTS = {"2.11.2": "airflow-2.11.2", "3.0.6": "fab-3.0.6", "3.3.2": "airflow-3.3.2"}


@dataclass(frozen=True)
class Served:
    """An Airflow that is up.

    :ivar python: the interpreter of its environment.
    :ivar env: what its commands need.
    """

    version: str
    url: str
    python: Path
    env: dict[str, str]

    def stored_connections(self) -> dict[str, Any]:
        """What Airflow stored, decrypted, by connection id."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "connections.json"
            command = [self.python.with_name("airflow"), "connections", "export", str(file)]
            subprocess.run(command, env=self.env, check=True, capture_output=True, timeout=PATIENCE)
            return dict(json.loads(file.read_text()))

    @contextmanager
    def authorizing(self, conn_id: str, redirect_uri: str) -> Iterator[str]:
        """Run ``airflow_provider_frameio.authorize``; gives the address that a browser must open within the block."""
        command = [self.python, "-m", "airflow_provider_frameio.authorize", "--conn-id", conn_id]
        command += ["--redirect-uri", redirect_uri]
        with subprocess.Popen(command, env=self.env, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stderr is not None
            told = []
            for line in process.stderr:
                told.append(line)
                if line.startswith("http"):
                    yield line.strip()
                    break
            told += list(process.stderr)
            assert process.wait(PATIENCE) == 0, "".join(told)


@contextmanager
def served(version: str, dags_folder: Path, logs: Path) -> Iterator[Served]:
    """Start it, and end it with the block; what its services said is in ``logs`` then."""
    python = ROOT / ".venv" / ENVIRONMENTS[version] / "bin/python"
    assert python.exists(), f"{python} is missing: run this by `make browser`"
    command = [python, "-m", "tests.browser.serve", str(dags_folder), str(logs)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = json.loads(next(process.stdout))
            yield Served(version, told["url"], python, told["env"])
        finally:
            process.stdin.close()
