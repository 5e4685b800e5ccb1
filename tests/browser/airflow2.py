"""Airflow 2's user interface as a person handles it: pages of forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect


class Airflow2:
    """Everything this test does in Airflow 2."""

    # Test takes what the form shows, which a saved secret is no part of.
    tests = "form"
    test_needs_port = False

    def __init__(self, page: Page, url: str, version: str) -> None:
        self.page = page
        self.url = url

    def open_form(self, conn_id: str) -> None:
        """Begin a new connection of the type Frame.io."""
        self.page.goto(f"{self.url}/connection/add")
        self.page.get_by_role("textbox", name="Connection Id").fill(conn_id)
        self.page.get_by_role("combobox").first.click()
        self.page.get_by_role("option", name="Frame.io", exact=True).click()
        expect(self.field("Client ID")).to_be_visible()

    def reopen_form(self, conn_id: str) -> None:
        """Open a saved connection."""
        self.page.goto(f"{self.url}/connection/list/")
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("cell", name=conn_id, exact=True))
        row.locator("a[href*='/connection/edit/']").click()
        expect(self.field("Client ID")).to_be_visible()

    def field(self, label: str) -> Locator:
        """A field with its label and help text."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_label(label, exact=True))

    def shows(self, label: str) -> bool:
        """Whether the form has such a field."""
        return self.page.get_by_label(label, exact=True).locator("visible=true").count() > 0

    def placeholder(self, label: str) -> str:
        """What stands in an empty field."""
        return self.page.get_by_label(label, exact=True).get_attribute("placeholder") or ""

    def fill(self, label: str, text: str) -> None:
        """Paste a text into a field."""
        field = self.page.get_by_label(label, exact=True)
        field.fill("")
        field.focus()
        self.page.keyboard.insert_text(text)

    def expect_value(self, label: str, text: str) -> None:
        """Wait until a field has this value."""
        expect(self.page.get_by_label(label, exact=True)).to_have_value(text)

    def pictured(self) -> list[Locator]:
        """What a picture of the form shows from the first to the last."""
        self.field("Timeout (seconds)").scroll_into_view_if_needed()
        return [self.field("Authentication"), self.field("Timeout (seconds)")]

    def save(self) -> None:
        """Save, and wait until Airflow says so."""
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_text(re.compile("Added Row|Changed Row"))).to_be_visible()

    def test(self, conn_id: str) -> str:
        """Press Test of the open form; return what it says."""
        with self.page.expect_response("**/connections/test"):
            self.page.get_by_role("button", name="Test").click()
        told = self.page.locator(".alert-success, .alert-error").first
        expect(told).to_be_visible()
        return told.inner_text()

    def trigger(self, dag_id: str, params: Mapping[str, str]) -> str:
        """Start a run with these parameters; return its id."""
        self.page.goto(f"{self.url}/dags/{dag_id}/trigger")
        for name, value in params.items():
            self.page.get_by_label(name).fill(value)
        self.page.get_by_role("button", name="Trigger").click()
        told = self.page.get_by_text(re.compile(r"with new Run ID")).first.inner_text()
        return quote(told.partition("Run ID ")[2].partition(",")[0])

    def wait_for(self, dag_id: str, run_id: str) -> None:
        """Wait, at the run's page, until it has succeeded."""
        self.page.goto(f"{self.url}/dags/{dag_id}/grid?dag_run_id={run_id}")
        state = self.page.get_by_role("row", name=re.compile("^Status")).get_by_text(re.compile("^(success|failed)$"))
        expect(state).to_be_visible(timeout=240_000)
        assert state.inner_text() == "success", state.inner_text()

    def show_link(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        """Go to the task's page; return its link to Frame.io."""
        self.page.goto(f"{self.url}/dags/{dag_id}/grid?dag_run_id={run_id}&task_id={task_id}")
        return self.page.get_by_role("link", name="Open in Frame.io")

    def show_graph(self, dag_id: str, run_id: str) -> Locator:
        """Go to the run's graph; return it."""
        self.page.goto(f"{self.url}/dags/{dag_id}/grid?dag_run_id={run_id}&tab=graph")
        return self.page.locator(".react-flow")
