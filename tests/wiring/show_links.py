"""Runs the DAG ``links`` of a given file and prints each task instance's link, found as Airflow's UI finds it."""

from __future__ import annotations

import json
import runpy
import sys

from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session

from airflow_provider_frameio.links.frameio import FrameioLink

run = runpy.run_path(sys.argv[1])["dag"].test()
dag = SerializedDagModel.get_dag("links")
with create_session() as session:
    instances = session.query(TaskInstance).filter_by(dag_id="links", run_id=run.run_id).all()
    keys = [instance.key for instance in instances]
shown = {}
for key in keys:
    task = dag.get_task(key.task_id)
    link = task.operator_extra_link_dict[FrameioLink.name]
    shown[f"{key.task_id}[{key.map_index}]"] = link.get_link(task, ti_key=key)
print("\n" + json.dumps(shown))
