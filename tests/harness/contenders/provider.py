"""Copies one stack after the other through this provider: task on standard input, outcome on standard output."""

from __future__ import annotations

import json
import sys
import time

from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.settings import Settings
from airflow_provider_frameio.client import Client


def main() -> None:
    """Make the copies; a failed one is given up, as a task without retries would."""
    task = json.load(sys.stdin)
    stored = task["airflow_connection"]
    settings = Settings.from_connection(
        "bench", host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"]
    )
    client = Client(settings)
    failed = 0
    begin = time.monotonic()
    for stack in task["version_stacks"]:
        try:
            client.call(copy_version_stack(settings.account_id, stack, parent_id=task["target"]))
        except FrameioError:
            failed += 1
    print(json.dumps({"seconds": time.monotonic() - begin, "failed": failed}))


if __name__ == "__main__":
    main()
