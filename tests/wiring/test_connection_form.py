"""The connection form shows the same fields wherever Airflow takes it from: the metadata or the hook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_frameio import connection_form
from airflow_provider_frameio.api.auth.settings import FORM, Settings
from airflow_provider_frameio.provider_info import get_provider_info
from tests.wiring.conftest import Run, last_json

pytest.importorskip("airflow")

WIDGETS = "flask_appbuilder.fieldwidgets"
PRINT_FORMS = """
import json
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
forms = HookMetaService.hook_meta_data()
print()
print(json.dumps({form.connection_type: form.model_dump(mode="json") for form in forms}))
"""

Shown = dict[str, dict[str, Any]]


def _defined() -> Shown:
    return {
        field.name: {
            "title": field.label,
            "description": field.description,
            "type": [field.type, "null"],
            "enum": list(field.enum) or None,
            "default": field.default if field.enum else None,
        }
        for field in FORM
    }


def _connection_type() -> dict[str, Any]:
    (entry,) = get_provider_info()["connection-types"]
    return dict(entry)


def test_metadata_describes_every_field() -> None:
    """Label, help, type, choices and default of each extra are in the provider's metadata, in the form's order."""
    shown = {
        name: {
            "title": field["label"],
            "description": field["description"],
            "type": field["schema"]["type"],
            "enum": field["schema"].get("enum"),
            "default": field["schema"].get("default"),
        }
        for name, field in _connection_type()["conn-fields"].items()
    }
    assert list(shown) == list(_defined())
    assert shown == _defined()


def test_airflow_3_serves_the_defined_form_to_its_ui(python: Run) -> None:
    """What the UI's endpoint returns is what we defined, whether read from metadata (3.2+) or from the hook."""
    pytest.importorskip("airflow.sdk", reason="Airflow 2 draws its form itself")
    # In a process of its own: Airflow 3.1 leaves stand-ins for uninstalled form libraries behind.
    forms = last_json(python("-c", PRINT_FORMS))
    if not any(form["extra_fields"] for form in forms.values()):
        pytest.skip("Airflow 3.0 shows no provider's fields unless wtforms is installed")
    ours = forms["frameio"]
    shown = {
        name: {
            "title": field["schema"]["title"],
            "description": field["description"],
            "type": field["schema"]["type"],
            "enum": field["schema"].get("enum"),
            "default": field["value"],
        }
        for name, field in ours["extra_fields"].items()
    }
    assert shown == _defined()
    assert ours["hook_name"] == "Frame.io"
    standard = ours["standard_fields"]
    assert standard["host"]["placeholder"] == "https://api.frame.io"
    assert standard["login"]["title"] == "Client ID"
    assert standard["password"]["title"] == "Client secret or token"
    assert not standard["port"]["hidden"]
    assert "3.3.2" in standard["port"]["placeholder"]
    assert standard["url_schema"]["hidden"]


def test_airflow_2_draws_the_defined_form() -> None:
    """The providers manager takes every field from the hook's own methods, unprefixed in the stored extra."""
    pytest.importorskip(WIDGETS, reason="Airflow 3 comes without Flask-AppBuilder")
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    drawn = {
        info.field_name: info.field.kwargs
        for key, info in manager.connection_form_widgets.items()
        if key.startswith("extra__frameio__")
    }
    assert {name: (f["label"], f["description"], f["default"]) for name, f in drawn.items()} == {
        name: (field["title"], field["description"], field["default"]) for name, field in _defined().items()
    }
    behaviour = manager.field_behaviours["frameio"]
    assert behaviour["hidden_fields"] == ["schema"]
    assert behaviour["relabeling"]["login"] == "Client ID"
    assert behaviour["placeholders"]["host"] == "https://api.frame.io"


@pytest.mark.parametrize(
    ("entered", "refused"),
    [
        ({}, set()),
        (dict.fromkeys(connection_form.conn_fields(), ""), set()),
        ({"auth_type": "legacy_token", "timeout": "45", "proxies": '{"https": "http://proxy:3128"}'}, set()),
        ({"auth_type": "password"}, {"auth_type"}),
        ({"timeout": "soon"}, {"timeout"}),
    ],
    ids=["nothing", "emptied", "all well", "unknown kind", "not a number"],
)
def test_airflow_2_checks_what_was_entered(entered: dict[str, str], refused: set[str]) -> None:
    """Every field may stay empty; a choice outside the list or a timeout in words is refused by the form."""
    pytest.importorskip(WIDGETS, reason="Airflow 3 comes without Flask-AppBuilder")
    from werkzeug.datastructures import MultiDict
    from wtforms import Form

    form = type("ConnectionForm", (Form,), connection_form.widgets())(MultiDict(entered))
    form.validate()
    assert set(form.errors) == refused


def test_hook_answers_with_this_form() -> None:
    """Airflow looks for both methods in the hook class itself, not in its bases."""
    from airflow_provider_frameio.hooks.frameio import FrameioHook

    assert {"get_connection_form_widgets", "get_ui_field_behaviour"} <= set(vars(FrameioHook))
    said = {key.replace("_", "-"): value for key, value in FrameioHook.get_ui_field_behaviour().items()}
    assert said == _connection_type()["ui-field-behaviour"]


def test_hook_and_metadata_name_the_same_connection_type() -> None:
    """Airflow 3.3+ never asks the hook for its name, older versions never ask the metadata."""
    from airflow_provider_frameio.hooks.frameio import FrameioHook

    assert FrameioHook.conn_type == _connection_type()["connection-type"]
    assert FrameioHook.hook_name == _connection_type()["hook-name"]


@pytest.mark.parametrize("name", ["proxies", "headers"])
def test_examples_in_the_help_texts_work(name: str) -> None:
    """Whoever copies an example from the form gets a value that the connection accepts."""
    _, _, example = connection_form.conn_fields()[name]["description"].partition("JSON object: ")
    settings = Settings.from_connection("frameio_default", login="id", password="secret", extra={name: example})
    assert getattr(settings, name) == json.loads(example) != {}


@pytest.mark.parametrize("empty", [None, ""])
def test_fields_left_empty_mean_the_defaults(empty: str | None) -> None:
    """Airflow 3 stores an untouched field as null, Airflow 2 stores an emptied number so."""
    extra = dict.fromkeys((field.name for field in FORM), empty)
    filled = Settings.from_connection("frameio_default", login="id", password="secret", extra=extra)
    assert filled == Settings(client_id="id", secret="secret")
