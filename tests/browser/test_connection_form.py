"""A person adds a connection of each kind in a real browser, tests it, and runs a DAG with it."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright", reason="`make browser` has an environment of its own")

from playwright.sync_api import expect

from airflow_provider_frameio.api.auth.settings import FORM
from airflow_provider_frameio.emulator.server import Emulator
from tests.browser.chromium import talked_to
from tests.browser.pictures import Pictures
from tests.browser.served import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.airflow2 import Airflow2
    from tests.browser.airflow3 import Airflow3

EXAMPLE = "copy_version_stacks"
SECRET = "Client secret or token"
VARIABLE = "frameio_token_frameio_user"


@dataclass(frozen=True)
class Connection:
    """What somebody enters."""

    conn_id: str
    auth_type: str
    client_id: str
    secret: str
    extras: dict[str, str] = field(default_factory=dict)


def connections(frameio: Emulator) -> dict[str, Connection]:
    web_app_id, web_app_secret = frameio.web_app
    return {
        "server_to_server": Connection("frameio_default", "server_to_server", frameio.client_id, frameio.client_secret),
        "user": Connection(
            "frameio_user", "user", web_app_id, web_app_secret, {"Variable of the user's tokens": VARIABLE}
        ),
        "token": Connection("frameio_token", "token", "", frameio.token),
        "legacy_token": Connection("frameio_legacy_token", "legacy_token", "", frameio.legacy_token),
    }


KINDS = ("server_to_server", "user", "token", "legacy_token")


def enter(ui: Airflow2 | Airflow3, frameio: Emulator, connection: Connection) -> None:
    """Fill in the open form, with what a paste from Windows brings along."""
    ui.fill("API base URL", frameio.base_url)
    if connection.client_id:
        ui.fill("Client ID", connection.client_id)
    ui.fill(SECRET, f"{connection.secret}\r\n")
    if ui.test_needs_port:
        ui.fill("Port", "443")
    if connection.auth_type != "server_to_server":  # which is the default
        ui.fill("Authentication", connection.auth_type)
    ui.fill("Account ID", frameio.account_id)
    ui.fill("Adobe IMS URL", frameio.base_url)
    ui.fill("Timeout (seconds)", "45")
    for label, text in connection.extras.items():
        ui.fill(label, text)


def test_the_form_asks_for_what_frame_io_needs(ui: Airflow2 | Airflow3) -> None:
    """Every field of ours with its help, our names and hints for Airflow's own, and no field that means nothing."""
    ui.open_form("frameio_default")
    for label in ("Description", "API base URL", "Client ID", SECRET, "Port"):
        expect(ui.field(label)).to_be_visible()
    assert ui.placeholder("API base URL") == "https://api.frame.io"
    assert ui.placeholder(SECRET) == "client secret, or the token itself"
    assert "3.3.2" in ui.placeholder("Port")
    for label in ("Host", "Login", "Password", "Schema"):
        assert not ui.shows(label), label
    for extra in FORM:
        expect(ui.field(extra.label)).to_contain_text(extra.description)


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_is_saved_and_shown_again(
    ui: Airflow2 | Airflow3, page: Page, airflow: Served, frameio: Emulator, pictures: Pictures, kind: str
) -> None:
    """What was entered is there when the form is opened again, but for the secret; and can be changed."""
    connection = connections(frameio)[kind]
    ui.open_form(connection.conn_id)
    enter(ui, frameio, connection)
    if kind == "server_to_server":
        with pictures.window(1000):
            pictures.take("connection", *ui.pictured())
    ui.save()

    ui.reopen_form(connection.conn_id)
    ui.expect_value("API base URL", frameio.base_url)
    ui.expect_value("Client ID", connection.client_id)
    ui.expect_value("Authentication", kind)
    ui.expect_value("Account ID", frameio.account_id)
    ui.expect_value("Timeout (seconds)", "45")
    assert connection.secret not in page.content()
    ui.expect_value(SECRET, "" if airflow.version.startswith("2.") else "***")
    ui.fill("Timeout (seconds)", "50")
    ui.save()


def test_what_was_entered_is_what_airflow_stores(ui: Airflow2 | Airflow3, airflow: Served, frameio: Emulator) -> None:
    """Each field under its own name, the secret without the pasted line end, also after a change of something else."""
    stored = airflow.stored_connections()
    expected = connections(frameio)
    assert set(stored) == {connection.conn_id for connection in expected.values()}
    for kind, connection in expected.items():
        found = stored[connection.conn_id]
        assert (found["conn_type"], found["host"], found["password"]) == (
            "frameio",
            frameio.base_url,
            connection.secret,
        )
        assert (found["login"] or "", found["port"] or None) == (
            connection.client_id,
            443 if ui.test_needs_port else None,
        )
        extra = {name: value for name, value in json.loads(found["extra"]).items() if value}
        assert extra == {
            "auth_type": kind,
            "account_id": frameio.account_id,
            "ims_url": frameio.base_url,
            "timeout": extra["timeout"],
            **({"auth_variable": VARIABLE} if kind == "user" else {}),
        }
        assert float(extra["timeout"]) == 50


def test_a_user_consents_in_the_browser(airflow: Served, page: Page) -> None:
    """The address that the command prints leads there, and back to the command, which stores the tokens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with airflow.authorizing("frameio_user", f"http://127.0.0.1:{port}/frameio") as address:
        page.goto(address)


@pytest.mark.button
@pytest.mark.parametrize("kind", KINDS)
def test_the_test_button_says_that_it_works(
    ui: Airflow2 | Airflow3, airflow: Served, frameio: Emulator, kind: str
) -> None:
    """With the user's name and the account's."""
    connection = connections(frameio)[kind]
    if ui.tests == "form":
        ui.reopen_form(connection.conn_id)
        ui.fill(SECRET, connection.secret)
    said = ui.test(connection.conn_id)
    assert "Connected as Ada Editor" in said
    assert "Emulated Studio" in said


@pytest.mark.button
def test_a_wrong_secret_is_told_what_to_do(ui: Airflow2 | Airflow3, frameio: Emulator) -> None:
    """Test names the fields to look at and the place to get them from, and shows no secret."""
    wrong = "p8e-of-another-project"
    ui.open_form("frameio_wrong")
    enter(ui, frameio, Connection("frameio_wrong", "server_to_server", frameio.client_id, wrong))
    if ui.tests != "form":
        ui.save()
    said = ui.test("frameio_wrong")
    assert "invalid_client" in said
    assert "Check Login (client ID) and Password (client secret)" in said
    assert wrong not in said


@pytest.fixture(scope="module")
def finals(frameio: Emulator, airflow: Served) -> tuple[str, str]:
    """A folder of three cuts and an empty one, new ones for each Airflow."""
    folders = frameio.description()["folders"]
    source, target = (frameio.seed_folder(folders[place], "Finals")["id"] for place in ("source", "target"))
    for name in ("Opening.mov", "Interview.mov", "Credits.mov"):
        frameio.seed_version_stack(source, name, versions=2)
    return source, target


@pytest.fixture(scope="module")
def runs(ui: Airflow2 | Airflow3, frameio: Emulator, finals: tuple[str, str]) -> dict[str, str]:
    """Runs of the example and of each kind's DAG, triggered one after the other in the browser; their ids by DAG."""
    description = frameio.description()
    asked = {EXAMPLE: dict(zip(("source_folder_id", "target_folder_id"), finals, strict=True))}
    for kind, stack in zip(KINDS, description["version_stacks"], strict=False):
        asked[f"deliver_with_{kind}"] = {
            "version_stack_id": stack,
            "client_folder_id": description["folders"]["target"],
        }
    return {dag_id: ui.trigger(dag_id, params) for dag_id, params in asked.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_dag_runs_with_the_connection(
    ui: Airflow2 | Airflow3, frameio: Emulator, runs: dict[str, str], pictures: Pictures, kind: str
) -> None:
    """Its task succeeds, and its page has the link to the copy, which is in the client's folder."""
    dag_id = f"deliver_with_{kind}"
    ui.wait_for(dag_id, runs[dag_id])
    link = ui.show_link(dag_id, runs[dag_id], "copy")
    expect(link).to_be_visible()
    target = frameio.description()["folders"]["target"]
    copies = {line["id"] for line in frameio.tree(target) if line["type"] == "version_stack"}
    href = link.get_attribute("href") or ""
    assert href.startswith(f"{frameio.base_url}/project/")
    assert href.rpartition("/")[2] in copies
    if kind == "server_to_server":
        with pictures.window(560):
            pictures.take("task")


def test_the_graph_of_the_example_shows_what_ran(
    ui: Airflow2 | Airflow3, frameio: Emulator, runs: dict[str, str], finals: tuple[str, str], pictures: Pictures
) -> None:
    """The example DAG, started in the browser, copied a folder; its graph has its four tasks."""
    ui.wait_for(EXAMPLE, runs[EXAMPLE])
    with pictures.window(620):
        graph = ui.show_graph(EXAMPLE, runs[EXAMPLE])
        for task_id in ("list_version_stacks", "copy", "wait", "report"):
            expect(graph.get_by_text(task_id).first).to_be_visible()
        pictures.take("graph")
    assert [line["type"] for line in frameio.tree(finals[1])].count("version_stack") == 3


def test_the_browser_never_left_this_machine(page: Page, net_log: Path) -> None:
    """Not for any page, nor for itself. Runs last: its log is complete when it has ended."""
    assert page.context.browser is not None
    page.context.browser.close()
    assert talked_to(net_log) == {"127.0.0.1"}
