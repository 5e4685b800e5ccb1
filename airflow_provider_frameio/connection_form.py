"""What a ``frameio`` connection asks for, said once, and the two forms in which Airflow wants to hear it.

Airflow 3.2+ reads the form from the provider's metadata, older versions from methods of the hook.
Light, since every Airflow command reads the metadata: only the one function that makes widgets imports their libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from airflow_provider_frameio.api.auth.settings import API_URL, AUTH_TYPES, IMS_URL, SCOPES, USER_SCOPES, Settings


@dataclass(frozen=True)
class ExtraField:
    """One extra of the connection.

    Any of them may be missing, ``null`` or empty in a stored connection, and means its default then.
    """

    name: str
    label: str
    description: str
    type: Literal["string", "integer"] = "string"
    enum: tuple[str, ...] = ()
    default: str | None = None


EXTRA_FIELDS = (
    ExtraField(
        name="auth_type",
        label="Authentication",
        description=(
            "server_to_server: Client ID and Client secret of the OAuth Server-to-Server credential of your"
            " project in the Adobe Developer Console (Projects > your project > Credentials)."
            " user: those of its OAuth Web App credential; the user consents once, by"
            " python -m airflow_provider_frameio.authorize, and FrameioRefreshTokenOperator keeps the tokens alive."
            " token: an access token as the password, no Client ID."
            " legacy_token: a Frame.io developer token (fio-...) as the password, no Client ID;"
            " for accounts that are not administered in the Adobe Admin Console."
        ),
        enum=AUTH_TYPES,
        default=Settings.auth_type,
    ),
    ExtraField(
        name="account_id",
        label="Account ID",
        description=(
            "The Frame.io account to work in (a UUID), unless each task names its own."
            " Do not know it? With a wrong one the connection test lists the accounts you can use."
        ),
    ),
    ExtraField(
        name="ims_url",
        label="Adobe IMS URL",
        description=f"Where server_to_server and user ask for access tokens. Leave empty for {IMS_URL}",
    ),
    ExtraField(
        name="auth_variable",
        label="Variable of the user's tokens",
        description=(
            "For user: the name of the Airflow Variable that keeps the tokens; it must contain token, secret or"
            " password, so that Airflow hides its value. Leave empty for frameio_token_ and the connection's id;"
            " to test from this form, give it."
        ),
    ),
    ExtraField(
        name="scopes",
        label="Scopes",
        description=(
            "What server_to_server and user ask access to, separated by spaces, as the credential's page in the Adobe"
            f" Developer Console lists it. Leave empty for: {SCOPES}; user: {USER_SCOPES}"
        ),
    ),
    ExtraField(
        name="timeout",
        label="Timeout (seconds)",
        description=(
            "After how many seconds without an answer it counts as lost. Frame.io itself gives up after 30: stay above"
            f" that, or copies that were made will look lost. Leave empty for {Settings.timeout:.0f}."
        ),
        type="integer",
    ),
    ExtraField(
        name="verify",
        label="Verify TLS",
        description=(
            "Leave empty (or true) to check certificates as usual; the path of a CA bundle where the network"
            " inspects TLS; false to check nothing, which exposes your credentials."
        ),
    ),
    ExtraField(
        name="proxies",
        label="Proxies (JSON)",
        description='Proxy by scheme, as a JSON object: {"https": "http://proxy.example.com:3128"}',
    ),
    ExtraField(
        name="headers",
        label="Extra headers (JSON)",
        description='Sent with every request, as a JSON object: {"x-api-key": "<client id>"}',
    ),
)

# "extra" stays visible: it shows what the fields above store, and takes what has no field.
# The port, which Host may contain, is there for Airflow 3.3.1 and 3.3.2: these refuse to test a stored connection that
# has none (https://github.com/apache/airflow/pull/73298).
_HIDDEN = ("schema",)
# Airflow 3.0 labels a field that has a placeholder only by what is here, the port included.
_LABELS = {"host": "API base URL", "login": "Client ID", "password": "Client secret or token", "port": "Port"}
_PLACEHOLDERS = {
    "host": API_URL,
    "login": "of the OAuth Server-to-Server or Web App credential",
    "password": "client secret, or the token itself",
    "port": "leave empty; Airflow 3.3.1 and 3.3.2 need 443 here to test",
}


def conn_fields() -> dict[str, dict[str, Any]]:
    """Return the extras for the provider's metadata: ``{name: {label, description, schema}}``."""
    return {
        field.name: {"label": field.label, "description": field.description, "schema": _schema(field)}
        for field in EXTRA_FIELDS
    }


def ui_field_behaviour() -> dict[str, Any]:
    """Return the standard fields for the provider's metadata: hidden ones, labels, placeholders."""
    return {
        "hidden-fields": list(_HIDDEN),
        "relabeling": dict(_LABELS),
        "placeholders": dict(_PLACEHOLDERS),
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
            default=field.default,
            widget=BS3TextFieldWidget(),
            validators=[Optional(), any_of(list(field.enum))] if field.enum else [Optional()],
        )
        for field in EXTRA_FIELDS
    }


def behaviour() -> dict[str, Any]:
    """Return the standard fields for the hook's ``get_ui_field_behaviour``."""
    return {key.replace("-", "_"): value for key, value in ui_field_behaviour().items()}


def _schema(field: ExtraField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [field.type, "null"]}
    if field.enum:
        schema["enum"] = list(field.enum)
    if field.default is not None:
        schema["default"] = field.default
    return schema
