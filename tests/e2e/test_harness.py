"""The harness itself: it runs a DAG for real, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.harness.processes import kill_marked
from tests.harness.stack import AirflowStack

pytestmark = pytest.mark.e2e

DAGS = Path(__file__).parent / "dags"


def test_a_stack_runs_maps_and_defers_and_is_gone_afterwards(tmp_path: Path) -> None:
    """Tasks run, are mapped and deferred, their results can be read; at the end neither process nor file is left."""
    (tmp_path / "smoke.py").symlink_to(DAGS / "smoke.py")
    with AirflowStack(tmp_path) as airflow:
        run = airflow.trigger("smoke")
        assert airflow.wait(run) == "success", airflow.explain(run)
        assert [airflow.xcom(run, "double", map_index=index) for index in range(3)] == [2, 4, 6]
        assert airflow.xcom(run, "nap") == "awake"
        pids = [service.pid for service in airflow.services.values()]
    assert not any(map(psutil.pid_exists, pids))
    assert kill_marked("AIRFLOW_HOME", str(airflow.home)) == []
    assert not airflow.home.exists()
