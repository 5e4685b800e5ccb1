"""Chromium before the real user interface of each Airflow in turn; what it showed is kept where a test fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.browser.served import ENVIRONMENTS, ROOT, Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.airflow2 import Airflow2
    from tests.browser.airflow3 import Airflow3
    from tests.browser.pictures import Pictures

PICKED = os.environ.get("BROWSER_AIRFLOW")
if PICKED and PICKED not in ENVIRONMENTS:
    raise pytest.UsageError(f"BROWSER_AIRFLOW={PICKED} is none of {', '.join(ENVIRONMENTS)}")
VERSIONS = [PICKED] if PICKED else list(ENVIRONMENTS)
# Those of the README.
PICTURED = {
    "2.11.2": ["connection-airflow-2.png"],
    "3.3.2": ["connection-airflow-3.png", "graph-airflow-3.png", "task-airflow-3.png"],
}
# For each of them: a slow machine needs them, no other waits that long.
PATIENCE = 90_000.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an Airflow has not."""
    without = [
        item
        for item in items
        if isinstance(item, pytest.Function)
        and item.get_closest_marker("button")
        and item.callspec.params["airflow"].startswith("3.0.")
    ]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="module")
def frameio() -> Iterator[Emulator]:
    """One Frame.io at its usual speed for every Airflow."""
    with Emulator(seed="demo") as emulator:
        yield emulator


@pytest.fixture(scope="module", params=VERSIONS)
def airflow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An Airflow without connections, with the DAGs of this folder and the example."""
    dags = tmp_path_factory.mktemp("dags")
    (dags / "deliver.py").symlink_to(ROOT / "tests/browser/dags/deliver.py")
    (dags / "copy_version_stacks.py").symlink_to(ROOT / "example_dags/copy_version_stacks.py")
    with served(request.param, dags, tmp_path_factory.mktemp("logs")) as airflow:
        yield airflow


@pytest.fixture(scope="module")
def net_log(airflow: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser writes about its connections."""
    return tmp_path_factory.mktemp("browser") / "net-log.json"


@pytest.fixture(scope="module")
def page(airflow: Served, net_log: Path) -> Iterator[Page]:
    """One tab of a browser, for all tests before one Airflow."""
    from playwright.sync_api import expect

    from tests.browser.chromium import chromium

    expect.set_options(timeout=PATIENCE)
    with chromium(net_log) as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light", locale="en-US")
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page


@pytest.fixture(scope="module")
def ui(airflow: Served, page: Page) -> Airflow2 | Airflow3:
    """What one can do in this Airflow."""
    from tests.browser.airflow2 import Airflow2
    from tests.browser.airflow3 import Airflow3

    kind = Airflow2 if airflow.version.startswith("2.") else Airflow3
    return kind(page, airflow.url, airflow.version)


@pytest.fixture(scope="module")
def pictures(airflow: Served, page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictures]:
    """Takes pictures; in the end those of the README are copied into the folder that PICTURES names."""
    from tests.browser.pictures import Pictures

    taken = tmp_path_factory.mktemp("pictures")
    yield Pictures(page, taken, f"airflow-{airflow.version.partition('.')[0]}")
    if wanted := os.environ.get("PICTURES"):
        for name in PICTURED.get(airflow.version, ()):
            shutil.copy(taken / name, ROOT / wanted)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep a picture and the text of the page that a test failed at, and say where."""
    report: Any = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None and not page.is_closed():
        folder = Path(item.config._tmp_path_factory.mktemp("failed"))  # type: ignore[attr-defined]
        page.screenshot(path=folder / "page.png", full_page=True)
        (folder / "page.txt").write_text(f"{page.url}\n\n{page.locator('body').aria_snapshot()}")
        report.sections.append(("the page", f"{folder}/page.png and page.txt"))
    return report
