"""The harness itself runs a DAG for real; the fixture ``airflow`` looks that it leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.harness.stack import AirflowStack

pytestmark = [pytest.mark.e2e, pytest.mark.whole]


def test_a_stack_runs_maps_and_defers(airflow: AirflowStack) -> None:
    """Tasks run, are mapped and deferred, and their results can be read."""
    run = airflow.trigger("smoke")
    assert airflow.wait(run) == "success", airflow.explain(run)
    assert [airflow.xcom(run, "double", map_index=index) for index in range(3)] == [2, 4, 6]
    assert airflow.xcom(run, "nap") == "awake"
