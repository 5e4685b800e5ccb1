"""Airflow 3's user interface as a person handles it: dialogs, and pages that show what happens by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

# The others are in the panel "Extra Fields".
_STANDARD = ("Description", "API base URL", "Client ID", "Client secret or token", "Port")


class Airflow3:
    """Everything this test does in Airflow 3."""

    def __init__(self, page: Page, url: str, version: str) -> None:
        self.page = page
        self.url = url
        self.tests = "saved"
        self.test_needs_port = version in {"3.3.1", "3.3.2"}
        self._open = ""

    def open_form(self, conn_id: str) -> None:
        """Begin a new connection of the type Frame.io."""
        self._list()
        self.page.get_by_role("button", name="Add Connection").click()
        self.page.get_by_role("textbox", name="Connection ID").fill(conn_id)
        self.page.get_by_role("combobox", name="Connection Type").fill("Frame.io")
        self.page.get_by_role("option", name="Frame.io", exact=True).click()
        self._open = "Standard Fields"
        expect(self.field("Client ID")).to_be_visible()

    def reopen_form(self, conn_id: str) -> None:
        """Open a saved connection."""
        self._list()
        self._row(conn_id).get_by_role("button", name="Edit Connection").click()
        self._open = "Standard Fields"
        expect(self.field("Client ID")).to_be_visible()

    def field(self, label: str) -> Locator:
        """A field with its label and help text, brought into view."""
        panel = "Standard Fields" if label in _STANDARD else "Extra Fields"
        self._show(panel)
        group = self.page.get_by_role("group").filter(has=self.page.get_by_text(label, exact=True))
        return group.last

    def shows(self, label: str) -> bool:
        """Whether the form has such a field."""
        return self.page.get_by_role("dialog").get_by_text(label, exact=True).count() > 0

    def placeholder(self, label: str) -> str:
        """What stands in an empty field."""
        return self._input(label).get_attribute("placeholder") or ""

    def fill(self, label: str, text: str) -> None:
        """Paste a text into a field, or choose from its list."""
        field = self.field(label)
        choice = field.get_by_role("combobox")
        if choice.count():
            choice.click()
            self.page.get_by_role("option", name=text, exact=True).click()
            return
        self._input(label).fill("")
        self._input(label).focus()
        self.page.keyboard.insert_text(text)

    def expect_value(self, label: str, text: str) -> None:
        """Wait until a field has this value."""
        field = self.field(label)
        if field.get_by_role("combobox").count():
            # An element of its own in 3.3, an input in 3.0.
            chosen = field.get_by_text(text, exact=True).or_(field.locator(f'input[value="{text}"]'))
            expect(chosen.first).to_be_visible()
        else:
            expect(self._input(label)).to_have_value(text)

    def pictured(self) -> list[Locator]:
        """What a picture of the form shows from the first to the last."""
        return [self.page.get_by_role("button", name="Standard Fields"), self.field("Timeout (seconds)")]

    def save(self) -> None:
        """Save, and wait until the form is gone."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_be_hidden()

    def test(self, conn_id: str) -> str:
        """Press Test of a saved connection; return what it says."""
        self._list()
        self._row(conn_id).get_by_role("button", name="Test Connection").click()
        told = self.page.get_by_role("status").filter(has_text=re.compile("Connection"))
        expect(told.first).to_be_visible()
        return told.first.inner_text()

    def trigger(self, dag_id: str, params: Mapping[str, str]) -> str:
        """Start a run with these parameters; return its id."""
        self.page.goto(f"{self.url}/dags/{dag_id}")
        self.page.get_by_role("button", name=re.compile("^Trigger")).first.click()
        dialog = self.page.get_by_role("dialog")
        for name, value in params.items():
            group = dialog.get_by_role("group").filter(has=self.page.get_by_text(name, exact=True))
            group.get_by_role("textbox").fill(value)
        dialog.get_by_role("button", name="Trigger", exact=True).click()
        self.page.wait_for_url(re.compile("/runs/"))
        return self.page.url.partition("/runs/")[2].partition("/")[0].partition("?")[0]

    def wait_for(self, dag_id: str, run_id: str) -> None:
        """Wait, at the run's page, until it has succeeded."""
        self.page.goto(f"{self.url}/dags/{dag_id}/runs/{run_id}")
        # Those in the table are the tasks'.
        badge = self.page.get_by_text(re.compile("^(success|failed)$", re.IGNORECASE))
        heading = badge.and_(self.page.locator(":not(table *)")).first
        expect(heading).to_be_visible(timeout=240_000)
        assert heading.inner_text().lower() == "success", heading.inner_text()

    def show_link(self, dag_id: str, run_id: str, task_id: str) -> Locator:
        """Go to the task's page; return its link to Frame.io."""
        self.page.goto(f"{self.url}/dags/{dag_id}/runs/{run_id}/tasks/{task_id}")
        self.page.get_by_role("link", name="Details", exact=True).click()
        return self.page.get_by_role("link", name="Open in Frame.io")

    def show_graph(self, dag_id: str, run_id: str) -> Locator:
        """Go to the run's graph; return it."""
        self.page.goto(f"{self.url}/dags/{dag_id}/runs/{run_id}")
        self.page.get_by_role("button", name=re.compile("Show Graph|Graph")).first.click()
        return self.page.locator(".react-flow")

    def _list(self) -> None:
        self.page.goto(f"{self.url}/connections")
        expect(self.page.get_by_role("button", name="Add Connection")).to_be_visible()

    def _row(self, conn_id: str) -> Locator:
        cell = self.page.get_by_role("cell", name=conn_id, exact=True)
        return self.page.get_by_role("row").filter(has=cell)

    def _show(self, panel: str) -> None:
        if self._open != panel:
            self.page.get_by_role("button", name=panel, exact=True).click()
            self._open = panel

    def _input(self, label: str) -> Locator:
        field = self.field(label)
        return field.get_by_role("textbox").or_(field.get_by_role("spinbutton"))
