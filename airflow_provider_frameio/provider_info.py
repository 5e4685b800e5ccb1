"""What Airflow learns of this provider on discovery: a plain dictionary, made without importing Airflow."""

from __future__ import annotations

from typing import Any

from airflow_provider_frameio import __version__, connection_form

_INTEGRATION = "Frame.io"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, as Airflow's ``provider.yaml`` schema describes it."""
    return {
        # Hyphens: a name that differs from the distribution's stops the discovery of every provider.
        "package-name": "airflow-provider-frameio",
        "name": "Frame.io",
        "description": "Copy `Frame.io <https://frame.io/>`__ version stacks, paced to the rate limit.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://developer.adobe.com/frameio/",
                "tags": ["service"],
            }
        ],
        "hooks": _modules("hooks.frameio"),
        "operators": _modules("operators.version_stacks", "operators.refresh_token"),
        "sensors": _modules("sensors.version_stacks"),
        "triggers": _modules("triggers.version_stacks"),
        "connection-types": [
            {
                "connection-type": "frameio",
                "hook-class-name": "airflow_provider_frameio.hooks.frameio.FrameioHook",
                # Since 3.3 the form is drawn without importing the hook, which also knows its name.
                "hook-name": "Frame.io",
                "ui-field-behaviour": connection_form.ui_field_behaviour(),
                "conn-fields": connection_form.conn_fields(),
            }
        ],
        "asset-uris": _uris(),
        "dataset-uris": _uris(),  # what Airflow 2 reads
        "extra-links": ["airflow_provider_frameio.links.frameio.FrameioLink"],
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    modules = [f"airflow_provider_frameio.{name}" for name in names]
    return [{"integration-name": _INTEGRATION, "python-modules": modules}]


def _uris() -> list[dict[str, Any]]:
    assets, lineage = "airflow_provider_frameio.assets", "airflow_provider_frameio.lineage"
    return [
        {
            "schemes": ["frameio"],
            "handler": f"{assets}.sanitize_uri",
            "factory": f"{assets}.create_asset",
            "to_openlineage_converter": f"{lineage}.convert_asset_to_openlineage",
        }
    ]
