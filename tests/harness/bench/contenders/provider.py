"""Copies through this provider's client, as its operators do, Airflow aside."""

from __future__ import annotations

from typing import Any

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.client import Client
from tests.harness.bench.contenders import lap


def prepare(task: dict[str, Any]) -> lap.Copy:
    """A client with the emulator's connection, which holds the scale of the client's own waits."""
    stored = task["airflow_connection"]
    settings = Settings.from_connection(
        "bench", host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"]
    )
    client = Client(settings)
    return lambda stack: client.call(copy_version_stack(settings.account_id, stack, parent_id=task["target"]))


if __name__ == "__main__":
    lap.run(prepare, (FrameioError,))
