"""Connections in the environment, and the demo that they lead to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator

Connect = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def connect(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Defines the connection ``frameio_default``, with changes to its fields and extras."""

    def set_(*, extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connection = {**frameio.description()["airflow_connection"], **fields}
        connection["extra"] = {**connection["extra"], **(extra or {})}
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))

    set_()
    return set_


@pytest.fixture
def shown() -> Callable[[str], str]:
    """What Airflow's own masker makes of a text before it is logged."""
    from airflow_provider_frameio._compat import mask_secret

    try:
        from airflow.sdk._shared.secrets_masker import redact
    except ImportError:  # before Airflow 3.2
        redact = mask_secret.__globals__["redact"]
    return lambda text: str(redact(text))
