"""A user's connection in a real Airflow: consent, refresh, copies in worker and triggerer, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.consent import come_back
from tests.e2e.conftest import delivery
from tests.harness.emulator import RunningEmulator
from tests.harness.patience import PATIENCE
from tests.harness.stack import AirflowStack, DagRun

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

NAME = "frameio_token_frameio_user"


def authorize(frameio: RunningEmulator, airflow: AirflowStack) -> None:
    """What somebody does once, where Airflow's own commands work."""
    command = [sys.executable, "-m", "airflow_provider_frameio.authorize", "--conn-id", "frameio_user"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, text=True, env=airflow.env) as process:
        assert process.stderr is not None
        base_url = frameio.description["base_url"]
        url = next(line.strip() for line in iter(process.stderr.readline, "") if line.startswith(base_url))
        _, err = process.communicate(f"{come_back(url)}\n", timeout=PATIENCE)
    assert process.returncode == 0, err


def tokens(airflow: AirflowStack) -> list[str]:
    printed = airflow.cli("variables", "get", NAME)
    body = json.loads(printed[printed.index("{\n") :])
    return [body["access_token"], body["refresh_token"]]


def test_a_user_needs_a_browser_once(airflow: AirflowStack, frameio_of_user: RunningEmulator) -> None:
    """Then two refreshes and a copy after each; logs and database, read byte by byte, hold none of the tokens."""
    frameio = frameio_of_user
    order = {"version_stack_id": frameio.description["version_stacks"][0], "parent_id": delivery(frameio)}

    def succeed(dag_id: str, conf: dict[str, str] | None = None) -> DagRun:
        run = airflow.trigger(dag_id, conf)
        assert airflow.wait(run) == "success", airflow.explain(run)
        return run

    authorize(frameio, airflow)
    known = tokens(airflow)
    for dag_id in ("user_deferred", "user_in_place"):
        refreshed = succeed("refresh_user")
        copied = succeed(dag_id, order)
        known += tokens(airflow)
    assert len(set(known)) == 6
    assert airflow.xcom(refreshed, "refresh")["variable"] == NAME
    calls = frameio.calls()
    assert (calls["ims_token", 200], calls["copy_version_stack", 200]) == (3, 2)
    assert {status for route, status in calls} <= {200, 302}

    written = {file: file.read_bytes() for file in airflow.home.rglob("*") if file.is_file()}
    seen = airflow.xcom(copied, "copy").encode()
    assert {"attempt=1", "airflow"} <= {file.stem for file, content in written.items() if seen in content}
    secrets = [frameio.description["web_app_client_secret"], *known]
    assert [(secret, file) for file, text in written.items() for secret in secrets if secret.encode() in text] == []
