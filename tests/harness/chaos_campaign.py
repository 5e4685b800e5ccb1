"""One campaign: an emulated Frame.io that loses answers, and a crew that makes copies on it all the same."""

from __future__ import annotations

import json
import math
import random
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from tests.harness.chaos_crew import Crew
from tests.harness.chaos_truth import Pair, Tally, Task, tally
from tests.harness.emulator import EmulatorProcess
from tests.harness.folders import stacks

COPY, LIST = "copy_version_stack", "list_version_stacks"
_SOURCES, _NAMES = 120, 12  # ten sources share each name, so a name alone tells nothing
_SIZE = 1_000_000  # a version's size, divided by this, is its source's number in the order of making
_LAGS = (0, 5, 20, 45, 90)
_TOO_LATE = 120.0  # from the last answer on: whatever is late has come by then
_CLIENT_TIMEOUT = 60.0
_WIDE = {route: {"limit": 100_000} for route in (COPY, LIST, "show_version_stack", "list_version_stack_children", "me")}
_LOST: tuple[tuple[float, dict[str, Any]], ...] = (  # share of the lost answers, and how they are lost
    (0.25, {"kind": "drop", "when": "after"}),
    (0.24, {"kind": "status", "status": 502, "when": "after"}),
    (0.10, {"kind": "truncated_body", "when": "after"}),
    (0.14, {"kind": "drop", "when": "late", "delay": 20}),
    (0.09, {"kind": "status", "status": 504, "when": "late", "delay": 45}),
    (0.08, {"kind": "hang", "when": "late", "delay": _CLIENT_TIMEOUT + 20}),
    (0.06, {"kind": "drop", "when": "before"}),
    (0.04, {"kind": "status", "status": 503, "when": "before"}),
)


@dataclass(frozen=True)
class Weather:
    """What a campaign is like. All times are emulated seconds.

    :ivar unknown: the probability that a copy's answer is lost.
    :ivar deaths: the probability that a try's process is killed.
    :ivar identical: the share of copies of which the same user makes another one at the same time.
    :ivar failed_looks: the probability that a page of a folder's list cannot be read.
    :ivar speed: emulated seconds per second.
    """

    copies: int = 1000
    unknown: float = 0.02
    deaths: float = 0.005
    identical: float = 0.0
    failed_looks: float = 0.01
    seed: int = 1
    speed: float = 100.0


@dataclass(frozen=True)
class Client:
    """Something that makes copies: how its driver is started but for its last argument."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """A campaign's end; ``calls`` is how often the crew asked for a copy, ``seconds`` what it took on the wall."""

    name: str
    tally: Tally
    killed: int
    calls: int
    seconds: float
    words: tuple[str, ...]


def run(client: Client, weather: Weather, drivers: int) -> Outcome:
    """Let a crew of ``drivers`` processes make all copies."""
    with (
        EmulatorProcess(speed=weather.speed, random_seed=weather.seed) as frameio,
        tempfile.TemporaryDirectory(prefix="chaos-") as store,
    ):
        studio = _Studio(frameio, weather)
        tasks = studio.tasks()
        studio.order_faults()
        command = [*client.command, json.dumps({"airflow_connection": studio.connection(), "store": store})]
        crew = Crew(command, deaths=weather.deaths, seed=weather.seed, after_each=studio.change_weather)
        began = time.monotonic()
        results = crew.run(tasks, drivers)
        seconds = time.monotonic() - began
        time.sleep(_TOO_LATE / weather.speed)
        counts = tally(tasks, results, studio.held())
        calls = sum(call["route"] == COPY for call in frameio.requests())
    words = tuple(sorted(result.words for result in results.values() if result.words))
    return Outcome(client.name, counts, crew.killed, calls, seconds, words)


class _Studio:
    """The emulated Frame.io of one campaign."""

    def __init__(self, frameio: EmulatorProcess, weather: Weather) -> None:
        self._frameio = frameio
        self._weather = weather
        self._chance = random.Random(weather.seed)
        self._sources: list[str] = []
        self._targets: list[str] = []

    def tasks(self) -> list[Task]:
        """Make what there is to copy. Each copy has a pair of its own; twins, where wished, follow each other."""
        root = self._seed("project", name="Campaign")["root_folder_id"]
        shelf = self._seed("folder", parent_id=root, name="Sources")["id"]
        self._sources = [self._source(shelf, number) for number in range(min(_SOURCES, self._weather.copies))]
        folders = math.ceil(self._weather.copies / len(self._sources))
        self._targets = [self._seed("folder", parent_id=root, name=f"Client {n}")["id"] for n in range(folders)]
        pairs = [(source, target) for target in self._targets for source in self._sources][: self._weather.copies]
        self._chance.shuffle(pairs)
        asked: list[Pair] = []
        for pair in pairs:
            asked += [pair] * (2 if self._chance.random() < self._weather.identical else 1)
        return [Task(index, *pair) for index, pair in enumerate(asked)]

    def connection(self) -> dict[str, Any]:
        """As Airflow would store it; the client waits for an answer as long as it would wait for the real service."""
        stored = self._frameio.connection
        return {**stored, "extra": {**stored["extra"], "timeout": _CLIENT_TIMEOUT / self._weather.speed}}

    def order_faults(self) -> None:
        """Lose answers to copies and fail looks by chance, and have limits wide enough for a quick campaign."""
        self._frameio.control("POST", "settings", {"limits": _WIDE, "token_life": 600, "copy_first_child_seconds": 3})
        for share, fault in _LOST:
            self._fault(COPY, share * self._weather.unknown, fault)
        self._fault(LIST, self._weather.failed_looks, {"kind": "status", "status": 503})

    def change_weather(self, done: int) -> None:
        """Now and then lists lag more or less, and all tokens expire."""
        if done % 20 == 0:
            self._frameio.control("POST", "settings", {"list_lag": self._chance.choice(_LAGS)})
        if done % 150 == 0:
            self._frameio.control("POST", "tokens/expire")

    def held(self) -> dict[str, Pair]:
        """Every stack in the target folders, and what it is a copy of: the size of its versions tells."""
        return {
            stack.id: (self._sources[stack.versions[0] // _SIZE], target)
            for target in self._targets
            for stack in stacks(self._frameio.tree(target))
        }

    def _source(self, shelf: str, number: int) -> str:
        versions = [{"file_size": number * _SIZE + version} for version in range(1, 2 + number % 3)]
        name = f"Shot {number % _NAMES:02}.mov"
        return str(self._seed("version_stack", parent_id=shelf, name=name, versions=versions)["id"])

    def _seed(self, kind: str, **properties: Any) -> dict[str, Any]:
        made: dict[str, Any] = self._frameio.control("POST", "seed", {"kind": kind, **properties})
        return made

    def _fault(self, route: str, probability: float, fault: dict[str, Any]) -> None:
        if probability:
            self._frameio.control("POST", "faults", {"route": route, "probability": probability, **fault})
