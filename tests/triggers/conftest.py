"""The connection that every trigger here reads."""

from __future__ import annotations

import json

import pytest

from airflow_provider_frameio.emulator.server import Emulator


@pytest.fixture
def connection(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
