"""An emulated Frame.io and clients of it that live in one fake time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack, get_version_stack
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from airflow_provider_frameio.emulator.server import Emulator
from tests.connected import settings_of
from tests.fakes import FakeClock

JITTER = 0.5
QUICK = {"timeout": 3.0, "time_scale": 0.001}
"""Settings for what truly waits for an answer that does not come, for a copy as well: as long as a request may take to
reach an emulator on a busy machine."""


@dataclass(frozen=True)
class Studio:
    """The demo's Frame.io; its ``client`` has a cache of tokens and budgets of its own."""

    emulator: Emulator
    clock: FakeClock
    settings: Settings
    pacing: Pacing
    tokens: TokenCache

    def client(
        self, reload: Callable[[], Settings] | None = None, *, backoff: Backoff | None = None, **changes: Any
    ) -> Client:
        """A client with ``changes`` to the settings, as patient as with the real Frame.io."""
        settings = replace(self.settings, **changes)
        return Client(settings, backoff=backoff or Backoff(), reload=reload, pacing=self.pacing, tokens=self.tokens)

    def meeting_faults(self) -> Client:
        """A client that soon gives up on silence, where a fault is ordered that means silence."""
        silent = any(fault["kind"] in ("hang", "slow_body") for fault in self.emulator.faults())
        return self.client(**QUICK if silent else {})

    @property
    def stack(self) -> str:
        """A version stack in the source folder."""
        return str(self.emulator.description()["version_stacks"][0])

    @property
    def target(self) -> str:
        """An empty folder."""
        return str(self.emulator.description()["folders"]["target"])

    def show(self) -> Operation[JsonObject]:
        """A call that may be repeated."""
        return get_version_stack(self.settings.account_id, self.stack)

    def copy(self) -> Operation[JsonObject]:
        """A call that must not be repeated."""
        return copy_version_stack(self.settings.account_id, self.stack, parent_id=self.target)

    def copies(self) -> int:
        """How many copies were made."""
        return len([asset for asset in self.emulator.tree(self.target) if asset["type"] == "version_stack"])

    def calls(self, route: str) -> list[int | None]:
        """What calls of a route were answered, oldest first; None where they were not."""
        return [request.status for request in self.emulator.requests if request.route == route]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def studio(clock: FakeClock) -> Iterator[Studio]:
    with Emulator(seed="demo", clock=clock.monotonic) as emulator:
        settings = settings_of(emulator)
        yield Studio(emulator, clock, settings, Pacing(clock, lambda: JITTER), TokenCache(clock.monotonic))
