"""``python -m airflow_provider_frameio.emulator``: one line of JSON, then it serves until told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.harness.patience import PATIENCE

COMMAND = [sys.executable, "-m", "airflow_provider_frameio.emulator"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def get(url: str, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_from_its_first_line_until_a_signal(number: signal.Signals) -> None:
    """The line tells where and with what; a signal ends it with status 0 and without another word."""
    with running("--seed", "demo", "--speed", "100", "--set", "list_lag=3", "--limit-mode", "sliding") as (
        process,
        described,
    ):
        me = get(f"{described['base_url']}/v4/me", Authorization=f"Bearer {described['token']}")
        assert (me.status_code, me.headers["x-ratelimit-window"]) == (200, "600")
        process.send_signal(number)
        assert process.communicate(timeout=PATIENCE) == ("", "")
        assert process.returncode == 0
    assert len(described["version_stacks"]) == 12
    assert set(described["folders"]) == {"source", "target", "adobe_source", "adobe_target"}
    connection = described["airflow_connection"]
    assert (connection["conn_type"], connection["host"]) == ("frameio", described["base_url"])
    assert (connection["login"], connection["password"]) == (described["client_id"], described["client_secret"])
    assert connection["extra"] == {
        "auth_type": "server_to_server",
        "account_id": described["account_id"],
        "ims_url": described["base_url"],
        "time_scale": 0.01,
    }


def test_without_a_seed_there_is_one_empty_project() -> None:
    """And credentials all the same."""
    with running() as (_, described):
        assert (len(described["projects"]), described["folders"], described["version_stacks"]) == (1, {}, [])
        assert described["legacy_token"].startswith("fio-")


@pytest.mark.parametrize(
    ("option", "argument", "reason"),
    [
        ("--set", "list_lag=-1", "seconds, 0 or more"),
        ("--set", "lag=1", "unknown setting 'lag'"),
        ("--set", "limit_mode=1", "leaky, fixed, sliding"),
        ("--set", "list_lag=soon", "not a setting: give NAME=JSON"),
        ("--speed", "0", "give a number above 0"),
    ],
)
def test_what_cannot_be_ends_it_at_once(option: str, argument: str, reason: str) -> None:
    """With status 2 and the reason, before it serves."""
    ended = subprocess.run([*COMMAND, option, argument], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert reason in ended.stderr
