"""What a task that copied tells Airflow: events of its outlets, and lineage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.assets import create_asset

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import BaseOperator, Context
    from airflow_provider_frameio.api.models import CopyResult
    from airflow_provider_frameio.api.replies import JsonObject


def report_copies(operator: BaseOperator, context: Context, copies: Sequence[CopyResult], extra: JsonObject) -> None:
    """Report finished copies to the operator's outlets.

    The event of an outlet that is an asset has ``extra``. An outlet that is an alias gets, for each copy, an event of
    the copy's own asset, ``assets.version_stack_uri(account_id, copy_id)``. As always in Airflow there are events only
    of tasks that succeed.
    """
    if not operator.outlets:
        return
    from airflow_provider_frameio._compat import Asset, AssetAlias, AssetRef

    events: Any = context["outlet_events"]
    for outlet in operator.outlets:
        if isinstance(outlet, AssetAlias):
            for copy in copies:
                asset = create_asset(account_id=copy.account_id, version_stack_id=copy.copy_id)
                events[outlet].add(asset, extra=copy.extra())
        elif isinstance(outlet, (Asset, AssetRef)):
            events[outlet].extra.update(extra)
