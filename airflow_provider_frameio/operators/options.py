"""Options that the copying operators share, checked while a DAG file is parsed."""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.files import COPY_COMMENTS
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import choice
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.duplicates import ON_LATE_TWIN
from airflow_provider_frameio.copying.exactly_once import ON_AMBIGUOUS

STRATEGIES = ("auto", "native", "restack")
PATIENCE = 2.0
"""Slots: a shorter wait for the rate limit is not worth the way through the triggerer."""


def check_copy_options(
    *, strategy: str, copy_comments: str, on_ambiguous: str, on_late_twin: str, target_status: str
) -> None:
    """Refuse what cannot be right.

    :raises InvalidParameter: one of them.
    """
    choice("strategy", strategy, STRATEGIES)
    choice("copy_comments", copy_comments, COPY_COMMENTS)
    choice("on_ambiguous", on_ambiguous, ON_AMBIGUOUS)
    choice("on_late_twin", on_late_twin, ON_LATE_TWIN)
    Expectation("", target_status=target_status)
    if strategy == "native" and copy_comments != "none":
        remedy = "Frame.io's own copy of a stack leaves comments behind; give strategy='restack' or 'auto'."
        raise InvalidParameter("copy_comments", copy_comments, remedy)
