"""Prints the link of each task instance of a run of the DAG ``links``, found as Airflow's UI finds it.

Its argument is the DAG's file, of which a run is made first, or the id of a run.
"""

from __future__ import annotations

import json
import runpy
import sys

from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session

from airflow_provider_frameio.links.frameio import FrameioLink

(given,) = sys.argv[1:]
run_id = runpy.run_path(given)["dag"].test().run_id if given.endswith(".py") else given
dag = SerializedDagModel.get_dag("links")
with create_session() as session:
    instances = session.query(TaskInstance).filter_by(dag_id="links", run_id=run_id).all()
    keys = [instance.key for instance in instances]
shown = {}
for key in keys:
    task = dag.get_task(key.task_id)
    link = task.operator_extra_link_dict[FrameioLink.name]
    shown[f"{key.task_id}[{key.map_index}]"] = link.get_link(task, ti_key=key)
print("\n" + json.dumps(shown))
