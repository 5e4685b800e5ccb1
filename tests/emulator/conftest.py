"""An emulator whose time stands still until a test moves it, and a client that knows where things are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from airflow_provider_frameio.emulator.server import Emulator
from tests.fakes import FakeClock
from tests.harness.patience import PATIENCE


class Studio:
    """A project with the folders "Cuts" and "Client", and plain HTTP to reach it as one user."""

    def __init__(self, emulator: Emulator, clock: FakeClock) -> None:
        self.emulator = emulator
        self.clock = clock
        self.project = emulator.seed_project("Campaign")
        root = self.project["root_folder_id"]
        self.cuts: str = emulator.seed_folder(root, "Cuts")["id"]
        self.client: str = emulator.seed_folder(root, "Client")["id"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.act_as(emulator.token)

    def act_as(self, token: str) -> None:
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request below the account's path, or anywhere if the path begins with "/v4" or "/ims"."""
        prefix = "" if path.startswith(("/v4", "/ims", "/_emulator")) else f"/v4/accounts/{self.emulator.account_id}"
        url = f"{self.emulator.base_url}{prefix}{path}"
        return self.session.request(method, url, timeout=PATIENCE, allow_redirects=False, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def data(self, path: str, **query: Any) -> Any:
        """The data of a GET that must succeed."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def copy(self, stack_id: str, parent_id: str | None = None, **query: Any) -> requests.Response:
        body = {"data": {"parent_id": parent_id}} if parent_id else None
        return self.call("POST", f"/version_stacks/{stack_id}/copy", json=body, params=query)

    def stack(self, name: str = "Hero.mov", versions: Any = 3, **options: Any) -> str:
        stack_id: str = self.emulator.seed_version_stack(self.cuts, name, versions, **options)["id"]
        return stack_id

    def statuses(self, stack_id: str) -> list[str]:
        """Statuses of the versions that are there, newest first."""
        return [version["status"] for version in self.data(f"/version_stacks/{stack_id}/children")]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def frameio(clock: FakeClock) -> Iterator[Emulator]:
    with Emulator(clock=clock.monotonic) as emulator:
        yield emulator


@pytest.fixture
def studio(frameio: Emulator, clock: FakeClock) -> Iterator[Studio]:
    studio = Studio(frameio, clock)
    with studio.session:
        yield studio
