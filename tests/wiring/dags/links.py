"""A DAG whose tasks end in every way a link can: shown, absent, shown for each mapped item, shown despite failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from airflow_provider_frameio._compat import AirflowFailException, BaseOperator, Context
from airflow_provider_frameio.links.frameio import FrameioLink

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow.models.dag import DAG

SHOW_LINKS = Path(__file__).parents[1] / "show_links.py"


class ShowsLink(BaseOperator):
    """Pushes the URL it is given, then fails if told so."""

    operator_extra_links = (FrameioLink(),)

    def __init__(self, *, url: str | None, fails: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = url
        self.fails = fails

    def execute(self, context: Context) -> None:
        FrameioLink.push(context, self.url)
        if self.fails:
            raise AirflowFailException("after the link was pushed")


class ShowsLinkWhileRunning(ShowsLink):
    """Keeps in a file what another process is shown before the task ends."""

    def execute(self, context: Context) -> None:
        super().execute(context)
        shown = subprocess.run(
            [sys.executable, SHOW_LINKS, context["run_id"]], check=True, capture_output=True, text=True
        )
        Path("while-running.json").write_text(shown.stdout.splitlines()[-1])


with DAG("links", schedule=None) as dag:
    ShowsLink(task_id="shown", url="https://next.frame.io/shown")
    ShowsLink(task_id="absent", url=None)
    ShowsLink(task_id="script", url="javascript:alert(1)")
    ShowsLink(task_id="failed", url="https://next.frame.io/failed", fails=True)
    ShowsLink.partial(task_id="mapped").expand(url=["https://next.frame.io/first", "https://next.frame.io/second"])
    ShowsLinkWhileRunning(task_id="running", url="https://next.frame.io/running")
