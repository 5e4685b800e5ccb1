"""The environment variables that make a small, quick Airflow in a home of its own; nothing is started or written."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

AIRFLOW_VERSION = version("apache-airflow")
IS_AIRFLOW_2 = AIRFLOW_VERSION.startswith("2.")
IS_AIRFLOW_30 = AIRFLOW_VERSION.startswith("3.0.")
_MINOR = tuple(map(int, AIRFLOW_VERSION.split(".")[:2]))
KEEPS_RECORDS = _MINOR >= (3, 3)
"""Airflow has a task state store."""
DAG_TEST_FORGETS = _MINOR < (3, 4)
"""``dag.test()`` loses what a deferred task wanted to know when it goes on."""

_BOTH = {
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__PARALLELISM": "16",
    "CORE__MAX_ACTIVE_TASKS_PER_DAG": "16",
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    # Airflow 3.0 fails a task now and then that it starts before its own database says so.
    "CORE__DEFAULT_TASK_RETRY_DELAY": "3",
    "DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    # A dead triggerer's waits are taken over after this many seconds; it says that it lives every 2.
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "USAGE_DATA_COLLECTION__ENABLED": "False",
}
_AIRFLOW_2 = {
    "SCHEDULER__DAG_DIR_LIST_INTERVAL": "5",
    # On sqlite the scheduler stands still while it parses: once is enough for files that do not change.
    "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "3600",
    "SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "60",
    "SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "5",
    "WEBSERVER__WORKERS": "1",
    "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
}
_AIRFLOW_3 = {
    "API__HOST": "127.0.0.1",
    "API__WORKERS": "1",
    "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    # Not sooner: on a busy machine a task that lives may be silent for half a minute.
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}


def environment(
    home: Path, dags_folder: Path, port: int, connections: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return the whole environment of every Airflow process of one stack.

    :param home: an existing folder that becomes AIRFLOW_HOME.
    :param port: where Airflow's web server listens.
    :param connections: by connection id, what ``AIRFLOW_CONN_…`` takes as JSON: conn_type, host, login, …
    """
    options = {**_BOTH, **(_AIRFLOW_2 if IS_AIRFLOW_2 else _AIRFLOW_3), **_places(home, dags_folder, port)}
    return {
        **_callers_environment(),
        "AIRFLOW_HOME": str(home),
        # Airflow 2 keeps LocalExecutor away from sqlite; with a write-ahead log and patience they get along.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
        **{f"AIRFLOW__{option}": value for option, value in options.items()},
        **{f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(fields) for conn_id, fields in connections.items()},
    }


def _places(home: Path, dags_folder: Path, port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    key = secrets.token_hex(32)
    places = {
        "CORE__DAGS_FOLDER": str(dags_folder),
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }
    if IS_AIRFLOW_2:
        return {**places, "WEBSERVER__WEB_SERVER_PORT": str(port), "WEBSERVER__SECRET_KEY": key}
    return {
        **places,
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__SECRET_KEY": key,
        "API_AUTH__JWT_SECRET": key,
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }


def _callers_environment() -> dict[str, str]:
    """Everything but the caller's own Airflow and proxies: all traffic stays on this machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AIRFLOW", "_AIRFLOW")) and not name.lower().endswith("_proxy")
    }
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
