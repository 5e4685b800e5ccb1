"""Operators for version stacks: the address that DAGs import them from."""

from __future__ import annotations

from airflow_provider_frameio.operators.bulk_copy_version_stacks import FrameioBulkCopyVersionStacksOperator
from airflow_provider_frameio.operators.copy_version_stack import FrameioCopyVersionStackOperator
from airflow_provider_frameio.operators.create_version_stack import FrameioCreateVersionStackOperator
from airflow_provider_frameio.operators.list_version_stacks import FrameioListVersionStacksOperator
from airflow_provider_frameio.operators.mirror_folder import FrameioMirrorFolderOperator
from airflow_provider_frameio.operators.move_version_stack import FrameioMoveVersionStackOperator
from airflow_provider_frameio.operators.update_metadata import FrameioUpdateMetadataOperator

__all__ = [
    "FrameioBulkCopyVersionStacksOperator",
    "FrameioCopyVersionStackOperator",
    "FrameioCreateVersionStackOperator",
    "FrameioListVersionStacksOperator",
    "FrameioMirrorFolderOperator",
    "FrameioMoveVersionStackOperator",
    "FrameioUpdateMetadataOperator",
]
