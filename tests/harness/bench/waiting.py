"""What many waits in one triggerer cost; about five minutes.

Real triggers in one event loop, over real sockets, against an emulated Frame.io in a process of its own whose time runs
faster. Times are Frame.io's, but for that of the event loop: a machine that is slow makes the latency look longer, and
the more so the faster that time runs. The last rows are computed: what it would be if each trigger looked for itself.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack
from airflow_provider_frameio.client.client import Client
from tests.harness.bench.loads import DURATIONS, START_INTERVAL, Load, Row, problems, row, table
from tests.harness.bench.one_by_one import one_by_one
from tests.harness.bench.report import Report
from tests.harness.emulator import EmulatorProcess

T = TypeVar("T")

_WAITING = ("list_version_stacks", "list_version_stack_children", "show_version_stack", "list_files", "show_file")
_BEAT = 0.005  # seconds
_LOADS = (
    Load("1,000 that come and go", speed=150, copies=1000),
    Load("1,000 at once", speed=100, copies=1000, at_once=True),
    Load("1,000 that do not end, and newcomers", speed=60, copies=100, idle=1000),
    Load("10,000 that do not end, and newcomers", speed=20, copies=80, idle=10_000),
    Load("1,000 that come and go, and 1,000 for files", speed=60, copies=1000, files=True),
    Load("1,000 and 1,000 for files that do not end, and newcomers", speed=20, copies=100, idle=1000, files=True),
)


def report() -> Report:
    """Measure each load in a process of its own."""
    rows = []
    for load in _LOADS:
        # Memory that one load has left would be there for the next.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            rows.append(process.submit(measure, load).result())
    rows += [one_by_one(load) for load in _LOADS if not (load.idle or load.files)]
    return Report([table(rows)], [problem for one in rows for problem in problems(one)])


def measure(load: Load) -> Row:
    """One load, in this process."""
    with tempfile.TemporaryDirectory(prefix="bench-waits-") as home, EmulatorProcess(speed=load.speed) as frameio:
        os.environ.update(
            AIRFLOW_HOME=home,
            AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
            AIRFLOW_CONN_FRAMEIO_DEFAULT=json.dumps(frameio.connection),
        )
        return asyncio.run(_Bench(load, frameio).run())


class _Bench:
    """A load on the triggers of one event loop."""

    def __init__(self, load: Load, frameio: EmulatorProcess) -> None:
        self._load = load
        self._frameio = frameio
        self._random = random.Random(1)
        stored = frameio.connection
        self._settings = Settings.from_connection(
            "bench", host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"]
        )
        project = self._seed("project", name="Bench")
        self._folder = str(self._seed("folder", parent_id=project["root_folder_id"], name="Client")["id"])
        cuts = self._seed("folder", parent_id=project["root_folder_id"], name="Cuts")["id"]
        self._source = str(self._seed("version_stack", parent_id=cuts, name="Hero.mov", versions=1)["id"])
        self._files = [str(self._seed("file", parent_id=cuts, name=f"{name}.mov")["id"]) for name in "ab"]
        self._latencies: list[float] = []
        self._most_sockets = 0
        self._longest_block = self._most_memory = self._collection_began = 0.0
        self._collections: list[float] = []

    async def run(self) -> Row:
        """Put the load on and see what comes of it."""
        await _status_of(self._stack_trigger())  # for nothing: what the first trigger imports is not to be measured
        idle = [trigger for number in range(self._load.idle) for trigger in self._idle(number)]
        early = [one for number in range(self._load.copies * self._load.at_once) for one in self._copy(number)]
        gc.collect()
        memory, sockets = self._memory(), _sockets()
        heart = asyncio.create_task(self._beat())
        begin = time.time()
        open_waits = [await _started(_status_of(trigger)) for trigger in idle]
        waits = [await _started(self._find(*one)) for one in early] or await self._copy_on()
        await asyncio.gather(*waits)
        minutes = (time.time() - begin) * self._load.speed / 60
        for task in (heart, *open_waits):
            task.cancel()
        await asyncio.gather(heart, *open_waits, return_exceptions=True)
        calls = self._frameio.calls()
        asked = {status: sum(calls[route, status] for route in _WAITING) for status in (200, 429)}
        assert sum(number for (route, _), number in calls.items() if route in _WAITING) == sum(asked.values())
        return row(
            self._load,
            self._latencies,
            minutes=minutes,
            calls=sum(asked.values()),
            refused=asked[429],
            longest_block_ms=self._longest_block * 1000,
            longest_collection_ms=max(self._collections, default=0.0) * 1000,
            memory_mb=(self._most_memory - memory) / 2**20,
            sockets=self._most_sockets - sockets,
        )

    async def _copy_on(self) -> list[asyncio.Task[None]]:
        """Start copies as fast as Frame.io admits them, and wait for each in a trigger of its own."""
        waits = []
        for number in range(self._load.copies):
            made = await asyncio.to_thread(self._copy, number)
            waits += [await _started(self._find(*one)) for one in made]
        return waits

    def _copy(self, number: int) -> list[tuple[Any, float]]:
        """Copy a stack, and files: the trigger that waits for each, and when it is complete on this machine's clock."""
        if number == 0:
            limit = {"copy_version_stack": {"limit": 10_000}} if self._load.at_once else {}
            self._frameio.control("POST", "settings", {"limits": limit})
            self._client = Client(self._settings)
        account_id = self._settings.account_id
        seconds = 600.0 if self._load.at_once else self._random.uniform(*DURATIONS)
        self._frameio.control("POST", "settings", {"copy_upload_seconds": seconds})
        made = self._client.call(copy_version_stack(account_id, self._source, parent_id=self._folder))
        waits = [(self._stack_trigger(str(made["id"])), time.time() + seconds / self._load.speed)]
        if self._load.files:
            pairs = self._client.call(copy_files(account_id, self._files, self._folder))
            files = [str(pair["file"]["id"]) for pair in pairs]
            waits.append((self._files_trigger(files), time.time() + seconds / self._load.speed))
        return waits

    def _idle(self, number: int) -> list[Any]:
        """Triggers for a copy that is never complete, and for files that are not; the youngest first."""
        age = (number + 1) * START_INTERVAL
        new: dict[str, Any] = {"parent_id": self._folder, "status": "created", "age": age}
        started_at = time.time() - age / self._load.speed
        stack = self._seed("version_stack", name=f"{number}.mov", versions=1, **new)
        waits = [self._stack_trigger(str(stack["id"]), started_at=started_at)]
        if self._load.files:
            files = [str(self._seed("file", name=f"{number}-{name}.mov", **new)["id"]) for name in "ab"]
            waits.append(self._files_trigger(files, started_at=started_at))
        return waits

    async def _find(self, trigger: Any, complete_at: float) -> None:
        if await _status_of(trigger) == "complete":
            self._latencies.append((time.time() - complete_at) * self._load.speed)

    def _stack_trigger(self, *copy_ids: str, **times: float) -> Any:
        # Not before AIRFLOW_HOME is set: Airflow writes to it as soon as it is imported.
        from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger

        copies = [{"version_stack_id": one, "versions": 1, "folder_id": self._folder} for one in copy_ids]
        return FrameioVersionStackCopyTrigger(copies=copies, **self._terms(**times))

    def _files_trigger(self, file_ids: list[str], **times: float) -> Any:
        from airflow_provider_frameio.triggers.version_stacks import FrameioFilesTrigger  # as above

        return FrameioFilesTrigger(
            folder_id=self._folder, file_ids=file_ids, version_stack_id=self._source, **self._terms(**times)
        )

    def _terms(self, started_at: float | None = None) -> dict[str, Any]:
        now = time.time()
        return {
            "frameio_conn_id": "frameio_default",
            "account_id": self._settings.account_id,
            "started_at": now if started_at is None else started_at,
            "end_time": now + 3600,
            "poll_interval": 60.0,
        }

    async def _beat(self) -> None:
        """Notice when nothing else runs, and how large the process becomes."""
        gc.callbacks.append(self._collecting)
        while True:
            before, computed, collected = time.monotonic(), time.process_time(), sum(self._collections)
            await asyncio.sleep(_BEAT)
            now = time.monotonic()
            collecting = now - self._collection_began if self._collection_began else 0.0  # ended, but not yet counted
            late = now - before - _BEAT - (sum(self._collections) - collected) - collecting
            # What takes longer than this process computed is the machine's doing: others had its processors.
            self._longest_block = max(self._longest_block, min(late, time.process_time() - computed))
            self._most_memory = max(self._most_memory, self._memory())
            self._most_sockets = max(self._most_sockets, _sockets())

    def _collecting(self, phase: str, info: object) -> None:
        """Python's garbage collector begins or ends: it stops every thread, the more so the more there is."""
        now = time.monotonic()
        if phase == "stop":
            self._collections.append(now - self._collection_began)
        self._collection_began = now if phase == "start" else 0.0

    def _memory(self) -> float:
        return float(psutil.Process().memory_info().rss)

    def _seed(self, kind: str, **properties: Any) -> dict[str, Any]:
        return dict(self._frameio.control("POST", "seed", {"kind": kind, **properties}))


async def _status_of(trigger: Any) -> str:
    (event,) = [event async for event in trigger.run()]
    return str(event.payload["status"])


def _sockets() -> int:
    """How many this process has open, the event loop's own included."""
    links = Path("/proc/self/fd")
    with suppress(FileNotFoundError):
        return sum(os.readlink(one).startswith("socket:") for one in links.iterdir() if one.is_symlink())
    return 0


async def _started(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """As Airflow starts triggers: each in a turn of the loop."""
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task
