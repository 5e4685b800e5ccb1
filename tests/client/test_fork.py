"""A process that forks, as Airflow's workers do for each task: the child begins anew and waits for nobody."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.emulator.server import Emulator
from tests.client.servers import ScriptedServer
from tests.connected import settings_of
from tests.harness.patience import PATIENCE

BEGIN = """
import json, logging, os, sys, threading
from dataclasses import replace
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.client import Client

given = json.loads(sys.argv[1])
settings = Settings(**given["settings"])
client = Client(settings)

def in_a_child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
"""

# One thread waits for the eleventh copy, at the head of the queue; another one for a token that does not come.
STUCK_THREADS = """
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
copy = copy_version_stack(settings.account_id, given["stack"], parent_id=given["target"])
other = Client(replace(settings, scopes="openid"))
for _ in range(10):
    client.call(copy)
for client_, operation in ((client, copy), (other, get_me())):
    threading.Thread(target=client_.call, args=(operation,), daemon=True).start()
sys.stdin.readline()

in_a_child(lambda: [client.call(copy), client.call(get_me()), other.call(get_me())])
os._exit(0)
"""

TWO_CALLERS = """
client.call(get_me())
in_a_child(lambda: client.call(get_me()))
client.call(get_me())
"""


def start(script: str, settings: Settings, **given: Any) -> subprocess.Popen[str]:
    """A Python process of its own; the locks of this one are none of its business."""
    argument = json.dumps({"settings": asdict(settings), **given})
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BEGIN + script, argument],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_child_does_not_wait_for_threads_that_it_does_not_have() -> None:
    """Their places in a queue and their locks are gone; the child asks for its own tokens and keeps its own budgets."""
    with Emulator(seed="demo") as frameio:
        settings = settings_of(frameio)
        frameio.fault(route="ims_token", kind="hang", skip=1)
        given = frameio.description()
        parent = start(STUCK_THREADS, settings, stack=given["version_stacks"][0], target=given["folders"]["target"])
        assert parent.stdin
        assert parent.stdout
        with parent, parent.stdin, parent.stdout:
            try:
                while "rate limit" not in parent.stdout.readline():
                    assert parent.poll() is None
                while sum(request.route == "ims_token" for request in frameio.requests) < 2:
                    threading.Event().wait(0.01)
                frameio.configure(limits={"copy_version_stack": {"limit": 100}})
                parent.communicate("now\n", timeout=PATIENCE)
            finally:
                parent.kill()

        assert parent.returncode == 0
        routes = [request.route for request in frameio.requests if request.status == 200]
        assert routes.count("copy_version_stack") == 11
        assert routes.count("ims_token") == 3


def test_a_child_has_connections_of_its_own() -> None:
    """Two processes on one connection would read each other's answers."""
    with ScriptedServer() as server:
        process = start(TWO_CALLERS, Settings(base_url=server.url, auth_type="token", secret="t"))
        process.communicate(timeout=PATIENCE)

        assert process.returncode == 0
        first, childs, last = (heard.port for heard in server.heard)
        assert first == last != childs
