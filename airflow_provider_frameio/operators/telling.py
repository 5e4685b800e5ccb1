"""What a copying task tells Airflow of its copies: events of its outlets, and lineage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.assets import create_asset
from airflow_provider_frameio.lineage import lineage_of

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class TellingOperator(BaseOperator):
    """An operator that copies, and says so.

    The event of an outlet that is an asset has in its ``extra`` ``source_version_stack_id``, ``version_stack_id`` (the
    copy), ``url`` and ``versions`` (how many the source had); of the bulk operator ``copied`` (how many) and
    ``copies``, a list of such dicts, at most the first 1,000. An outlet that is an alias gets, for each copy, an event
    of the copy's own asset, ``assets.version_stack_uri(account_id, copy_id)``, with such an ``extra``. As always in
    Airflow there are events only of tasks that succeed.

    OpenLineage is told of the source stacks, and of one copy's versions too, as inputs, and of the copies as outputs.
    """

    _made: Sequence[CopyMade] = ()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was copied, also where the task failed afterwards; None without OpenLineage."""
        return lineage_of(self._made)

    def _tell(self, context: Context, made: Sequence[CopyMade], extra: JsonObject | None = None) -> None:
        """Tell that these copies are there.

        :param extra: what the event of an outlet says of all of them; default: of the one there is.
        """
        self._made = made
        if not self.outlets:
            return
        from airflow_provider_frameio._compat import Asset, AssetAlias

        events: Any = context["outlet_events"]
        for outlet in self.outlets:
            if isinstance(outlet, AssetAlias):
                for copy in made:
                    asset = create_asset(account_id=copy.account_id, version_stack_id=copy.copy_id)
                    events[outlet].add(asset, extra=copy.extra())
            elif isinstance(outlet, (Asset, *_references())):
                events[outlet].extra.update(made[0].extra() if extra is None else extra)


def _references() -> tuple[type, ...]:
    """What names an asset that is defined elsewhere."""
    try:
        from airflow_provider_frameio._compat import AssetRef
    except ImportError:  # Airflow 2 has none
        return ()
    return (AssetRef,)
