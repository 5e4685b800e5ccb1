"""Operators for version stacks: the address that DAGs import them from."""

from __future__ import annotations

from airflow_provider_frameio.operators.bulk_copy_version_stacks import FrameioBulkCopyVersionStacksOperator
from airflow_provider_frameio.operators.copy_version_stack import FrameioCopyVersionStackOperator

__all__ = ["FrameioBulkCopyVersionStacksOperator", "FrameioCopyVersionStackOperator"]
