"""DAGs that copy a single stack in one way each; the end-to-end tests disturb them."""

from __future__ import annotations

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

from airflow_provider_frameio.operators.version_stacks import FrameioCopyVersionStackOperator
from airflow_provider_frameio.sensors.version_stacks import FrameioVersionStackCopySensor

PARAMS = {"version_stack_id": "", "parent_id": ""}
WHAT = {"version_stack_id": "{{ params.version_stack_id }}", "parent_id": "{{ params.parent_id }}"}

with DAG("copy_in_place", schedule=None, params=PARAMS):
    FrameioCopyVersionStackOperator(task_id="copy", **WHAT, deferrable=False, poll_interval=1)

with DAG("copy_deferred", schedule=None, params=PARAMS):
    FrameioCopyVersionStackOperator(task_id="copy", **WHAT, deferrable=True, poll_interval=1)

with DAG("copy_refused", schedule=None, params=PARAMS):
    FrameioCopyVersionStackOperator(task_id="copy", **WHAT, frameio_conn_id="frameio_wrong")

with DAG("wait_in_every_mode", schedule=None, params=PARAMS):
    copy = FrameioCopyVersionStackOperator(task_id="copy", **WHAT, wait_for_completion=False)
    for mode, arguments in {
        "poke": {"mode": "poke", "deferrable": False},
        # Not sooner: see the test.
        "reschedule": {"mode": "reschedule", "deferrable": False, "poke_interval": 20},
        "deferred": {"deferrable": True},
    }.items():
        FrameioVersionStackCopySensor(
            task_id=mode,
            version_stack_id=copy.output,
            source_version_stack_id=WHAT["version_stack_id"],
            **({"poke_interval": 1} | arguments),
        )
