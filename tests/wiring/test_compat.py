"""The names that moved between Airflow versions are found in the one that runs."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from airflow_provider_frameio import _compat
from tests.harness.configuration import IS_AIRFLOW_2

airflow_exceptions = pytest.importorskip("airflow.exceptions")


# Not in every Airflow, and asked for only where they are.
SOMEWHERE = {"AssetRef", "NEVER_EXPIRE", "OperatorLineage"}
FORMERLY = {"Dataset": "Asset", "DatasetAlias": "AssetAlias"}
# What tells that the right thing was found where it is not a class of that name.
PURPOSE = {"XCom": "get_value", "conf": "getboolean", "mask_secret": "__call__"}

# What stands for a class that Airflow 2 has not.
SUBSTITUTES = {"BaseEventTrigger": "BaseTrigger"}


@pytest.mark.parametrize("name", sorted(set(_compat._HOMES) - SOMEWHERE))
def test_every_name_is_found_at_its_present_address(name: str, recwarn: pytest.WarningsRecorder) -> None:
    """Each name resolves to the thing of that name, by an import that this version of Airflow does not warn about."""
    value = _compat.__getattr__(name)
    if name in PURPOSE:
        assert callable(getattr(value, PURPOSE[name]))
    else:
        assert inspect.isclass(value)
        expected = SUBSTITUTES.get(name, name) if IS_AIRFLOW_2 else name
        assert FORMERLY.get(value.__name__, value.__name__) == expected
    assert not [str(warned.message) for warned in recwarn if name in str(warned.message)]


def test_never_expire_is_what_the_task_state_store_takes() -> None:
    """It came with the store, and is asked for only where there is one."""
    stores = pytest.importorskip("airflow.sdk.execution_time.context", reason="Airflow 2 has no task state store")
    if hasattr(stores, "TaskStateStoreAccessor"):
        assert stores.NEVER_EXPIRE is _compat.NEVER_EXPIRE
    else:
        with pytest.raises(AttributeError):
            _ = _compat.NEVER_EXPIRE


def test_references_to_assets_are_those_of_airflow_3() -> None:
    """Airflow 2 has none."""
    assets = pytest.importorskip("airflow.sdk.definitions.asset", reason="Airflow 2 has no references")
    assert assets.AssetRef is _compat.AssetRef
    assert issubclass(type(assets.Asset.ref(name="delivery")), _compat.AssetRef)


def test_what_lineage_is_told_in_comes_with_openlineage() -> None:
    """Its provider is not always there."""
    extractors = pytest.importorskip("airflow.providers.openlineage.extractors", reason="the extra openlineage")
    assert extractors.OperatorLineage is _compat.OperatorLineage


@pytest.mark.skipif(not IS_AIRFLOW_2, reason="Airflow 3 has event triggers")
def test_an_event_trigger_says_that_it_needs_airflow_3() -> None:
    """Its module, which holds other triggers too, can be imported all the same."""
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

    with pytest.raises(RuntimeError, match="FrameioVersionStackEventTrigger needs Airflow 3"):
        FrameioVersionStackEventTrigger(folder_id="f1")


@pytest.mark.filterwarnings("ignore:.*airflow.exceptions.* is deprecated")  # the old address is what is compared with
@pytest.mark.parametrize("name", ["AirflowFailException", "AirflowSkipException", "AirflowSensorTimeout"])
def test_exceptions_are_those_that_airflow_itself_catches(name: str) -> None:
    """What an operator raises through _compat is the very class that Airflow's core knows by that name."""
    assert getattr(_compat, name) is getattr(airflow_exceptions, name)


def test_types_and_runtime_name_the_same_things() -> None:
    """A name that is only typed would fail when used; one that is only found would be untyped."""
    tree = ast.parse(Path(inspect.getfile(_compat)).read_text())
    (branch,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.asname for node in branch.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(_compat._HOMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt import fails as it does in any other module."""
    with pytest.raises(AttributeError, match="has no attribute 'BaseHok'"):
        _compat.BaseHok  # noqa: B018 - the look-up is the act
