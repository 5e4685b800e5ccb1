"""An emulated Frame.io with something to probe, and a probe that lives in the same fake time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.probe.probing import Probe
from airflow_provider_frameio.probe.scene import Options
from tests.connected import settings_of
from tests.fakes import FakeClock

MISSING = "00000000-1111-4222-8333-444455556666"


@dataclass
class Ground:
    """A folder for experiments with a stack in it, and another stack on Adobe storage.

    :ivar said: what the probe told whoever runs it.
    :ivar client_class: what its calls are made with.
    """

    emulator: Emulator
    clock: FakeClock
    settings: Settings
    root: str
    folder: str
    stack: str
    adobe: str
    said: list[str] = field(default_factory=list)
    client_class: type[Client] = Client

    def options(self, **changes: Any) -> Options:
        """All questions, but for ``changes``."""
        given = {"adobe_version_stack_id": self.adobe, **changes}
        return Options(self.emulator.account_id, self.folder, **given)

    def client(self) -> Client:
        """A client in the fake time."""
        pacing = Pacing(self.clock, lambda: 0.5)
        return self.client_class(self.settings, pacing=pacing, tokens=TokenCache(self.clock.monotonic))

    def probe(self, **changes: Any) -> Probe:
        """A probe that has looked around."""
        options = self.options(**changes)
        return Probe.prepared(self.client(), self.clock, options, self.said.append, missing_id=MISSING)

    def tree(self) -> list[dict[str, Any]]:
        """The project with all that is in it."""
        return self.emulator.tree(self.root)

    def writes(self) -> list[tuple[str, str, int | None]]:
        """The calls that were to change something: method, route and status."""
        return [
            (request.method, request.route, request.status)
            for request in self.emulator.requests
            if request.method != "GET" and request.route != "ims_token"
        ]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def ground() -> Iterator[Ground]:
    clock = FakeClock()
    with Emulator(clock=clock.monotonic) as emulator:
        settings = settings_of(emulator)
        root = emulator.seed_project("Campaign")["root_folder_id"]
        adobe_root = emulator.seed_project("Elsewhere", adobe=True)["root_folder_id"]
        folder = emulator.seed_folder(root, "Scratch")["id"]
        emulator.seed_file(folder, "Notes.txt")
        emulator.seed_metadata_field("Notes")
        stack = emulator.seed_version_stack(folder, "Hero.mov", 3)["id"]
        adobe = emulator.seed_version_stack(adobe_root, "Cloud.mov", 2)["id"]
        yield Ground(emulator, clock, settings, root, folder, stack, adobe)
