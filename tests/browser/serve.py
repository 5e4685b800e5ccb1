"""``python -m tests.browser.serve DAGS LOGS``, in an Airflow's environment: starts it with its UI, says where, waits.

The first line of output is a JSON object: ``url`` of the UI and ``env``, the environment of Airflow's own commands.
The end of standard input ends it and leaves the logs of its services in LOGS. A process of its own, since the browser's
library is no part of that environment.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

from tests.harness.stack import AirflowStack


def main() -> None:
    """Serve."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with AirflowStack(Path(sys.argv[1]), env={"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}, ui=True) as airflow:
        print(json.dumps({"url": airflow.url, "env": airflow.env}), flush=True)
        sys.stdin.read()
        for log in airflow.home.glob("*.log"):
            shutil.copy(log, sys.argv[2])


if __name__ == "__main__":
    main()
