"""Copies through the official SDK with its default retries."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import frameio
import httpx
from frameio.core import http_client
from frameio.core.api_error import ApiError
from frameio.version_stacks import VersionStackCopyParamsData

from tests.harness.bench.contenders import lap


def prepare(task: dict[str, Any]) -> lap.Copy:
    """The SDK's waits are constants in its source: they are shortened where it sleeps, and nothing else is changed."""
    http_client.time = SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(seconds / task["speed"]))
    transport = httpx.Client(trust_env=False, timeout=60)
    client = frameio.Frameio(base_url=task["base_url"], token=task["token"], httpx_client=transport)
    target = VersionStackCopyParamsData(parent_id=task["target"])
    return lambda stack: client.version_stacks.copy(task["account_id"], stack, data=target)


if __name__ == "__main__":
    lap.run(prepare, (ApiError, httpx.HTTPError))
