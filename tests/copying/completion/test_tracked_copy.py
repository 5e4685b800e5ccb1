"""When a folder's copies are looked for."""

from __future__ import annotations

from math import inf

from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.tracked_copy import Folder


def test_a_folder_is_listed_once_at_a_time() -> None:
    """While it is being listed it is not due again; without waits it never is."""
    folder = Folder("f1", Expectation)
    assert folder.next_list(0.0) == inf
    folder.list_at = 5.0
    assert folder.next_list(0.0) == 5.0
    folder.busy = True
    assert folder.next_list(0.0) == inf
