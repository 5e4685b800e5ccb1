"""The "Open in Frame.io" button shows what the task pushed, through a real run and the serialized DAG.

Wherever a deployment keeps its XComs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wiring.conftest import Run, last_json

pytest.importorskip("airflow")

HERE = Path(__file__).parent
BACKENDS = {"Airflow's own backend": {}, "a backend": {"AIRFLOW__CORE__XCOM_BACKEND": "xcom_backend.InFiles"}}


@pytest.fixture(scope="module")
def airflow(python: Run) -> Run:
    """Where Airflow's database is, and knows the DAG."""
    python("-m", "airflow", "db", "migrate")
    python("-m", "airflow", "dags", "reserialize")
    return python


@pytest.fixture(scope="module", params=BACKENDS)
def links(airflow: Run, request: pytest.FixtureRequest) -> dict[str, str]:
    """The link of every task instance of one run of the DAG, by ``task_id[map_index]``."""
    settings = BACKENDS[request.param]
    shown: dict[str, str] = last_json(airflow(str(HERE / "show_links.py"), str(HERE / "dags" / "links.py"), **settings))
    while_running = last_json(airflow("-c", "print(open('while-running.json').read())"))
    return shown | {f"{name} while running": url for name, url in while_running.items()}


def test_link_is_the_pushed_url(links: dict[str, str]) -> None:
    """A finished task's button opens the URL it pushed."""
    assert links["shown[-1]"] == "https://next.frame.io/shown"


def test_each_mapped_task_has_its_own_link(links: dict[str, str]) -> None:
    """The buttons of one mapped task's items differ."""
    assert links["mapped[0]"] == "https://next.frame.io/first"
    assert links["mapped[1]"] == "https://next.frame.io/second"


def test_link_survives_the_failure_of_its_task(links: dict[str, str]) -> None:
    """A copy whose waiting failed can still be opened."""
    assert links["failed[-1]"] == "https://next.frame.io/failed"


def test_link_works_before_its_task_ends(links: dict[str, str]) -> None:
    """A copy that is waited for can be opened meanwhile."""
    assert links["running[-1] while running"] == "https://next.frame.io/running"


def test_without_a_pushed_url_there_is_no_link(links: dict[str, str]) -> None:
    """Nothing to open gives an empty link, not an error and not a wrong page."""
    assert links["absent[-1]"] == ""


def test_only_web_addresses_become_links(links: dict[str, str]) -> None:
    """Anything else would run in Airflow's own page."""
    assert links["script[-1]"] == ""


def test_outside_of_a_run_there_is_no_link() -> None:
    """Asked where Airflow has no XComs at hand, the link is empty instead of an error."""
    pytest.importorskip("airflow.sdk", reason="Airflow 2 reads XComs from its database everywhere")
    from airflow.models.taskinstancekey import TaskInstanceKey

    from airflow_provider_frameio.links.frameio import FrameioLink

    assert FrameioLink().get_link(None, ti_key=TaskInstanceKey("dag", "task", "run", 1, -1)) == ""
