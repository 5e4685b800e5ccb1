"""GitHub takes the issue templates, and they ask for what an answer needs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.api.auth.settings import AUTH_TYPES
from airflow_provider_frameio.probe import __main__ as probe
from tests.docs.pages import ROOT

yaml = pytest.importorskip("yaml", reason="Airflow brings it")
FOLDER = ROOT / ".github/ISSUE_TEMPLATE"
TEMPLATES = sorted(path for path in FOLDER.glob("*.yml") if path.name != "config.yml")
# https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
NEEDED = {
    "markdown": {"value"},
    "textarea": {"label"},
    "input": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}
ALLOWED = {
    "markdown": {"value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "input": {"label", "description", "placeholder", "value"},
    "dropdown": {"label", "description", "options", "multiple", "default"},
    "checkboxes": {"label", "description", "options"},
}


def form(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    return read


def fields(path: Path) -> dict[str, dict[str, Any]]:
    """What a template asks for, by id."""
    return {field["id"]: field for field in form(path)["body"] if field["type"] != "markdown"}


def test_there_are_templates() -> None:
    """For a fault and for what the probe found; whoever has a question needs none."""
    assert [path.stem for path in TEMPLATES] == ["difference", "fault"]
    assert form(FOLDER / "config.yml") == {"blank_issues_enabled": True}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_a_form_that_github_takes(path: Path) -> None:
    """GitHub leaves out a form with a key too many or too few, and tells nobody but who looks at the file there."""
    assert set(form(path)) - {"labels"} == {"name", "description", "body"}
    for field in form(path)["body"]:
        kind, attributes = field["type"], field["attributes"]
        assert NEEDED[kind] <= set(attributes) <= ALLOWED[kind]
        assert set(field) - {"validations"} == {"type", "attributes"} | ({"id"} if kind != "markdown" else set())
        assert field.get("validations", {"required": True}) == {"required": True}
        assert re.fullmatch(r"[\w-]+", field.get("id", "x"))
    assert len(fields(path)) == sum(field["type"] != "markdown" for field in form(path)["body"])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_asks_for_the_probes_report_and_the_versions(path: Path) -> None:
    """By a command that the probe understands."""
    asked = fields(path)
    (command,) = re.findall(
        r"`(python -m airflow_provider_frameio\.probe .*)`", asked["probe"]["attributes"]["description"]
    )
    assert probe.parser().parse_args(shlex.split(command)[3:]).folder == "your-folder-id"
    assert "airflow-provider-frameio" in asked["provider"]["attributes"]["label"]
    assert "Airflow" in asked["airflow"]["attributes"]["label"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_nobody_sends_a_template_without_having_thought_of_secrets(path: Path) -> None:
    """And none asks for one."""
    (option,) = fields(path)["clean"]["attributes"]["options"]
    assert option["required"]
    asked = [field["attributes"]["label"] for name, field in fields(path).items() if name != "clean"]
    assert not [label for label in asked if re.search(r"secret|token|password|e-?mail", label, re.IGNORECASE)]


def test_the_kinds_of_connections_are_those_that_there_are() -> None:
    """All of them."""
    assert sorted(fields(FOLDER / "fault.yml")["auth_type"]["attributes"]["options"]) == sorted(AUTH_TYPES)
