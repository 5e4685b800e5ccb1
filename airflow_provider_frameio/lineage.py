"""Reports copies to OpenLineage, where its provider (the extra ``openlineage``) is installed.

A stack, or a version of one, is a dataset: its namespace is ``frameio://{account}``, its name the id, as in its URI.
Source: https://openlineage.io/docs/spec/naming/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.assets import version_stack_uri

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Asset


def lineage_of(copies: Sequence[CopyResult]) -> Any:
    """Lineage from the sources, and their versions as far as they are known, to the copies.

    :returns: an ``OperatorLineage``; None where OpenLineage is not installed.
    """
    try:
        import openlineage.client.event_v2  # noqa: F401 - whether it is installed

        from airflow_provider_frameio._compat import OperatorLineage
    except ImportError:
        return None
    inputs = [one for copy in copies for one in _read(copy)]
    return OperatorLineage(inputs=inputs, outputs=[_written(copy) for copy in copies])


def convert_asset_to_openlineage(asset: Asset, lineage_context: object) -> Any:
    """An asset of the scheme ``frameio`` as a dataset; OpenLineage's provider calls this for inlets and outlets."""
    from openlineage.client.event_v2 import Dataset

    return Dataset(*_name(asset.uri))


def _read(copy: CopyResult) -> list[Any]:
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import input_statistics_input_dataset as statistics

    facet = statistics.InputStatisticsInputDatasetFacet(fileCount=copy.versions)
    known: dict[str, Any] = {"inputStatistics": facet} if copy.versions else {}
    source = InputDataset(*_name(version_stack_uri(copy.account_id, copy.source_id)), inputFacets=known)
    versions = (version_stack_uri(copy.account_id, version_id) for version_id in copy.version_ids)
    return [source, *(InputDataset(*_name(uri)) for uri in versions)]


def _written(copy: CopyResult) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import documentation_dataset as documentation
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    page = documentation.DocumentationDatasetFacet(description=copy.url)
    facet = statistics.OutputStatisticsOutputDatasetFacet(fileCount=copy.versions)
    return OutputDataset(
        *_name(version_stack_uri(copy.account_id, copy.copy_id)),
        facets={"documentation": page} if copy.url else {},
        outputFacets={"outputStatistics": facet} if copy.versions else {},
    )


def _name(uri: str) -> tuple[str, str]:
    """A dataset's namespace and name."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}", parts.path[1:]
