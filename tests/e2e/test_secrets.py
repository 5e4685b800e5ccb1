"""Nothing that Airflow keeps of a run holds a secret."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import WRONG_SECRET
from tests.harness.emulator import RunningEmulator
from tests.harness.stack import AirflowStack

pytestmark = [pytest.mark.e2e, pytest.mark.whole]

TOKENS_BEGIN_WITH = "eyJ."  # as the emulated IMS issues them; Airflow's own tokens have no dot there


def test_no_secret_is_written_anywhere(airflow: AirflowStack, frameio: RunningEmulator, order: dict[str, str]) -> None:
    """Neither logs nor database hold client secret or token, after a run that fails and one that succeeds."""
    refused = airflow.trigger("copy_refused", order)
    copied = airflow.trigger("copy_deferred", order)
    assert airflow.wait(refused) == "failed"
    assert "invalid_client" in airflow.logs(refused)
    assert airflow.wait(copied) == "success", airflow.explain(copied)

    written = {file: file.read_bytes() for file in airflow.home.rglob("*") if file.is_file()}
    copy_id = airflow.xcom(copied, "copy").encode()
    assert {"attempt=1", "airflow"} <= {file.stem for file, content in written.items() if copy_id in content}
    secrets = [frameio.description["client_secret"], WRONG_SECRET, frameio.description["token"], TOKENS_BEGIN_WITH]
    leaks = [(secret, file) for file, content in written.items() for secret in secrets if secret.encode() in content]
    assert leaks == []
