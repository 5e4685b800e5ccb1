"""Airflow's own names at one address: each is looked up, on first use, where the running version keeps it.

Importing this module imports nothing else, so a DAG file pays only for the names that its operators use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage as OperatorLineage
    from airflow.sdk import Asset as Asset
    from airflow.sdk import AssetAlias as AssetAlias
    from airflow.sdk import BaseHook as BaseHook
    from airflow.sdk import BaseOperator as BaseOperator
    from airflow.sdk import BaseOperatorLink as BaseOperatorLink
    from airflow.sdk import BaseSensorOperator as BaseSensorOperator
    from airflow.sdk import Context as Context
    from airflow.sdk import PokeReturnValue as PokeReturnValue
    from airflow.sdk import Variable as Variable
    from airflow.sdk.bases.xcom import BaseXCom as BaseXCom
    from airflow.sdk.configuration import conf as conf
    from airflow.sdk.definitions.asset import AssetRef as AssetRef
    from airflow.sdk.exceptions import AirflowException as AirflowException
    from airflow.sdk.exceptions import AirflowFailException as AirflowFailException
    from airflow.sdk.exceptions import AirflowNotFoundException as AirflowNotFoundException
    from airflow.sdk.exceptions import AirflowSensorTimeout as AirflowSensorTimeout
    from airflow.sdk.exceptions import AirflowSkipException as AirflowSkipException
    from airflow.sdk.exceptions import AirflowTaskTimeout as AirflowTaskTimeout
    from airflow.sdk.exceptions import TaskDeferred as TaskDeferred
    from airflow.sdk.execution_time.context import NEVER_EXPIRE as NEVER_EXPIRE
    from airflow.sdk.execution_time.xcom import XCom as XCom
    from airflow.sdk.log import mask_secret as mask_secret
    from airflow.sdk.types import TaskInstanceKey as TaskInstanceKey
    from airflow.triggers.base import BaseEventTrigger as BaseEventTrigger
    from airflow.triggers.base import BaseTrigger as BaseTrigger
    from airflow.triggers.base import TriggerEvent as TriggerEvent
else:
    from pkgutil import resolve_name

    # Newest first, since the older addresses warn, or are gone, where the newer exist. Another name stands after ":".
    _HOMES = {
        "AirflowException": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "AirflowFailException": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "AirflowNotFoundException": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "AirflowSensorTimeout": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "AirflowSkipException": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "AirflowTaskTimeout": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "Asset": ("airflow.sdk", "airflow.datasets:Dataset"),
        "AssetAlias": ("airflow.sdk", "airflow.datasets:DatasetAlias"),
        # What names an asset that is defined elsewhere. Airflow 2 has none.
        "AssetRef": ("airflow.sdk.definitions.asset", "airflow.datasets:Dataset"),
        # Airflow 2 has none: there its base class lets a module be imported that derives from it.
        "BaseEventTrigger": ("airflow.triggers.base", "airflow.triggers.base:BaseTrigger"),
        "BaseHook": ("airflow.sdk", "airflow.hooks.base"),
        "BaseOperator": ("airflow.sdk", "airflow.models.baseoperator"),
        "BaseOperatorLink": ("airflow.sdk", "airflow.models.baseoperatorlink"),
        "BaseSensorOperator": ("airflow.sdk", "airflow.sensors.base"),
        "BaseTrigger": ("airflow.triggers.base",),
        # XComs as the database holds them, which Airflow 3's UI shows. Airflow 2's UI asks a backend of the user's.
        "BaseXCom": ("airflow.sdk.bases.xcom", "airflow.models.xcom:XCom"),
        "Context": ("airflow.sdk", "airflow.utils.context"),
        "NEVER_EXPIRE": ("airflow.sdk.execution_time.context",),  # from 3.3 on, as is what needs it
        "OperatorLineage": ("airflow.providers.openlineage.extractors",),  # where that provider is installed
        "PokeReturnValue": ("airflow.sdk", "airflow.sensors.base"),
        "TaskDeferred": ("airflow.sdk.exceptions", "airflow.exceptions"),
        "TaskInstanceKey": ("airflow.sdk.types", "airflow.models.taskinstancekey"),
        "TriggerEvent": ("airflow.triggers.base",),
        "Variable": ("airflow.sdk", "airflow.models.variable"),
        "XCom": ("airflow.sdk.execution_time.xcom", "airflow.models.xcom"),
        "conf": ("airflow.sdk.configuration", "airflow.configuration"),
        "mask_secret": (
            "airflow.sdk.log",
            "airflow.sdk.execution_time.secrets_masker",
            "airflow.utils.log.secrets_masker",
        ),
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        *newer, oldest = (home if ":" in home else f"{home}.{name}" for home in _HOMES[name])
        for address in newer:
            try:
                value = resolve_name(address)
            except (ImportError, AttributeError):
                continue
            break
        else:
            value = resolve_name(oldest)
        globals()[name] = value
        return value
