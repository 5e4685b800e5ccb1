"""The form of a ``frameio`` connection, in the two shapes in which Airflow asks for it.

Airflow 3.2+ reads the form from the provider's metadata, older versions from methods of the hook.
Light, since every Airflow command reads the metadata: only the one function that makes widgets imports their libraries.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_frameio.api.auth.settings import API_URL, FORM, Extra


def conn_fields() -> dict[str, dict[str, Any]]:
    """Return the extras for the provider's metadata: ``{name: {label, description, schema}}``."""
    return {
        field.name: {
            "label": field.label,
            "description": field.description,
            "schema": {"type": [field.type, "null"], **_choice(field)},
        }
        for field in FORM
    }


def ui_field_behaviour() -> dict[str, Any]:
    """Return the standard fields for the provider's metadata: hidden ones, labels, placeholders."""
    # "extra" stays visible: it shows what the fields above store, and takes what has no field.
    # The port, which Host may contain, is there for Airflow 3.3.1 and 3.3.2: these refuse to test a stored connection
    # that has none (https://github.com/apache/airflow/pull/73298).
    # Airflow 3.0 labels a field that has a placeholder only by what is here, the port included.
    labels = {"host": "API base URL", "login": "Client ID", "password": "Client secret or token", "port": "Port"}
    return {
        "hidden-fields": ["schema"],
        "relabeling": labels,
        "placeholders": {
            "host": API_URL,
            "login": "of the OAuth Server-to-Server or Web App credential",
            "password": "client secret, or the token itself",
            "port": "leave empty; Airflow 3.3.1 and 3.3.2 need 443 here to test",
        },
    }


def widgets() -> dict[str, Any]:
    """Return the extras for the hook's ``get_connection_form_widgets``: ``{name: unbound WTForms field}``.

    :raises ImportError: wtforms or flask_appbuilder is not installed; Airflow expects and handles that.
    """
    # Neither has types; Airflow 3.0 and 3.1 put substitutes in the place of what is not installed.
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget  # type: ignore[import-not-found]
    from wtforms import IntegerField, StringField  # type: ignore[import-untyped]
    from wtforms.validators import Optional, any_of  # type: ignore[import-untyped]

    classes = {"string": StringField, "integer": IntegerField}
    return {
        field.name: classes[field.type](
            label=field.label,
            description=field.description,
            default=_choice(field).get("default"),
            widget=BS3TextFieldWidget(),
            validators=[Optional(), any_of(list(field.enum))] if field.enum else [Optional()],
        )
        for field in FORM
    }


def behaviour() -> dict[str, Any]:
    """Return the standard fields for the hook's ``get_ui_field_behaviour``."""
    return {key.replace("-", "_"): value for key, value in ui_field_behaviour().items()}


def _choice(field: Extra) -> dict[str, Any]:
    """The values to choose from, and the one chosen on a new connection's form."""
    return {"enum": list(field.enum), "default": field.default} if field.enum else {}
