"""An emulated Frame.io, told what to do and asked what it saw over HTTP; also as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.patience import PATIENCE
from tests.harness.processes import Process, poll_until, stop_all, uninterrupted

# Straight to this machine, whatever proxy the environment names.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class RunningEmulator:
    """An emulated Frame.io that runs already, in this process or another.

    :param description: how to reach it, as it describes itself.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection that leads to it."""
        return dict(self.description["airflow_connection"])

    def control(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Call the control API under ``/_emulator/`` and return its answer.

        :raises ValueError: the order made no sense.
        """
        url = f"{self.description['base_url']}/_emulator/{path}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with _open(request, timeout=PATIENCE) as answer:
                content = answer.read()
        except urllib.error.HTTPError as refusal:
            raise ValueError(f"{method} {path} {body}: {refusal.read().decode()}") from refusal
        return json.loads(content) if content else None

    def requests(self) -> list[dict[str, Any]]:
        """Every API call so far: route, status, whether it acted, and what was asked."""
        return list(self.control("GET", "requests"))

    def calls(self) -> Counter[tuple[str, int | None]]:
        """How often each route answered with each status; None stands for a dropped connection."""
        return Counter((call["route"], call["status"]) for call in self.requests())

    def tree(self, folder_id: str) -> Any:
        """What a folder holds, for printing."""
        return self.control("GET", "tree", folder_id=folder_id)

    def stacks(self, count: int) -> list[str]:
        """Ids of so many version stacks in the seed's source folder; those that it lacks are made."""
        known = list(self.description["version_stacks"])
        seed = {"kind": "version_stack", "parent_id": self.description["folders"]["source"], "versions": 2}
        names = (f"Shot {number:04}.mov" for number in range(len(known), count))
        made = [self.control("POST", "seed", {**seed, "name": name})["id"] for name in names]
        return (known + made)[:count]


@contextmanager
def emulated(*, speed: float, seed: str) -> Iterator[RunningEmulator]:
    """An emulated Frame.io on threads of this process, for as long as the block lasts."""
    with Emulator(speed=speed, seed=seed) as emulator:
        yield RunningEmulator(emulator.description())


class EmulatorProcess(RunningEmulator):
    """``python -m airflow_provider_frameio.emulator`` as a context manager.

    :param speed: how much faster than the wall clock its time runs.
    :param seed: what it starts with; default: an account and an empty project.
    :param random_seed: of its ids and of faults by chance.
    """

    def __init__(self, *, speed: float = 1.0, seed: str | None = None, random_seed: int = 0) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="emulator-"))
        command = [sys.executable, "-m", "airflow_provider_frameio.emulator", "--port", "0", "--speed", str(speed)]
        command += ["--random-seed", str(random_seed)]
        if seed:
            command += ["--seed", seed]
        self.process = Process("emulator", command, env=os.environ, log_folder=self._folder)
        super().__init__({})

    def __enter__(self) -> EmulatorProcess:
        self.process.start()
        try:
            poll_until(self._has_spoken, what="the emulator to start", needs=[self.process])
        except BaseException:
            self.__exit__()
            raise
        first_line = self.process.log_file.read_text().splitlines()[0]
        self.description = json.loads(first_line)
        return self

    def __exit__(self, *exc_info: object) -> None:
        with uninterrupted():
            stop_all([self.process])
            shutil.rmtree(self._folder, ignore_errors=True)

    def _has_spoken(self) -> bool:
        return self.process.log_file.exists() and "\n" in self.process.log_file.read_text()
