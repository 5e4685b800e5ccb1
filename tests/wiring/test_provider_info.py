"""Airflow discovers the provider, and its metadata is what Airflow's own schemas ask for."""

from __future__ import annotations

import importlib
import json
from importlib import metadata
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from airflow_provider_frameio._compat import BaseHook, BaseOperator, BaseTrigger
from airflow_provider_frameio.provider_info import get_provider_info
from tests.wiring.conftest import Run, last_json

airflow = pytest.importorskip("airflow")
jsonschema = pytest.importorskip("jsonschema")

# Asked for by the schema of a provider's source tree, which serves Airflow's own releases; not part of the metadata.
BUILD_ONLY = {"state": "ready", "source-date-epoch": 0, "dependencies": []}


def _schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((Path(airflow.__file__).parent / name).read_text())
    return loaded


def _named_modules() -> list[str]:
    info = get_provider_info()
    groups = [info[kind] for kind in ("hooks", "operators", "sensors", "triggers")]
    return [module for group in groups for entry in group for module in entry["python-modules"]]


def _named_classes() -> list[str]:
    info = get_provider_info()
    return [*info["extra-links"], *(entry["hook-class-name"] for entry in info["connection-types"])]


def test_metadata_satisfies_the_schema_that_airflow_checks_on_discovery() -> None:
    """A violation here would make Airflow drop the provider."""
    jsonschema.validate(get_provider_info(), _schema("provider_info.schema.json"))


def test_metadata_satisfies_the_stricter_schema_of_provider_yaml() -> None:
    """Only this one checks the connection form."""
    schema = _schema("provider.yaml.schema.json")
    wanted = {name: value for name, value in BUILD_ONLY.items() if name in schema["required"]}
    info = get_provider_info()
    if "asset-uris" not in schema["properties"]:  # Airflow 2, which leaves alone what it does not know
        del info["asset-uris"]
    jsonschema.validate(info | wanted, schema)


def test_package_name_is_the_distribution_name() -> None:
    """Any difference, an underscore even, stops the discovery of every provider of the installation."""
    (entry_point,) = metadata.distribution("airflow-provider-frameio").entry_points.select(
        group="apache_airflow_provider"
    )
    assert entry_point.load()()["package-name"] == "airflow-provider-frameio"
    assert entry_point.dist is not None
    assert entry_point.dist.metadata["Name"] == "airflow-provider-frameio"


@pytest.mark.parametrize("module", _named_modules())
def test_every_named_module_exists(module: str) -> None:
    """The registry of operators, sensors, hooks and triggers points at real modules."""
    assert importlib.import_module(module).__doc__


@pytest.mark.parametrize("room", ["hooks", "operators", "sensors", "triggers"])
def test_every_class_that_airflow_runs_is_in_a_named_module(room: str) -> None:
    """Whoever lists a provider's operators, as registries do, finds all of them there."""
    bases = (BaseHook, BaseOperator, BaseTrigger)
    package = importlib.import_module(f"airflow_provider_frameio.{room}")
    modules = [importlib.import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    defined = {
        value
        for module in modules
        for value in vars(module).values()
        # In Python 3.10 list[str], too, is said to be an instance of type.
        if issubclass(type(value), type) and issubclass(value, bases) and value.__module__ == module.__name__
    }
    (entry,) = get_provider_info()[room]
    shown = {
        value
        for name in entry["python-modules"]
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type)
    }
    assert defined
    assert defined - shown == set()


@pytest.mark.parametrize("kind", ["asset-uris", "dataset-uris"])
def test_every_named_function_exists(kind: str) -> None:
    """What Airflow calls about URIs of ours; Airflow 2 looks under the older name."""
    (entry,) = get_provider_info()[kind]
    assert entry["schemes"] == ["frameio"]
    for name in ("handler", "factory", "to_openlineage_converter"):
        module, _, function = entry[name].rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("path", _named_classes())
def test_every_named_class_exists(path: str) -> None:
    """The hook and the extra link are where Airflow will look for them."""
    module, _, name = path.rpartition(".")
    assert getattr(importlib.import_module(module), name).__name__ == name


def test_reading_the_metadata_imports_nothing_heavy(python: Run) -> None:
    """Every Airflow command reads it; a parsed DAG imports _compat, which finds names only when they are used."""
    modules = last_json(
        python(
            "-c",
            "import json, sys\n"
            "import airflow_provider_frameio.provider_info as info, airflow_provider_frameio._compat\n"
            "info.get_provider_info()\n"
            "print(json.dumps(sorted(sys.modules)))",
        )
    )
    assert "airflow_provider_frameio.connection_form" in modules
    assert not {"airflow", "requests", "tenacity", "wtforms", "flask_appbuilder"} & set(modules)


def test_airflow_lists_the_provider_its_hook_and_its_link(python: Run) -> None:
    """The commands an administrator would use show the installed package, the connection type and the button."""

    def ours(*command: str) -> list[dict[str, str]]:
        rows = last_json(python("-m", "airflow", "providers", *command, "-o", "json"))
        return [row for row in rows if "frameio" in json.dumps(row)]

    (provider,) = ours("list")
    assert provider["version"] == metadata.version("airflow-provider-frameio")
    (hook,) = ours("hooks")
    assert hook["connection_type"] == "frameio"
    assert hook["class"] == "airflow_provider_frameio.hooks.frameio.FrameioHook"
    assert hook["conn_id_attribute_name"] == "frameio_conn_id"
    assert hook["hook_name"] == "Frame.io"
    assert ours("links") == [{"extra_link_class_name": "airflow_provider_frameio.links.frameio.FrameioLink"}]
