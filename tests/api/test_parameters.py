"""Values from callers that no endpoint's own test covers."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import seconds, unique_ids


@pytest.mark.parametrize("value", [1, 0.001, 3600])
def test_a_time_is_any_number_of_seconds_above_0(value: float) -> None:
    """Whole or not."""
    found = seconds("timeout", value)
    assert (found, type(found)) == (value, float)


@pytest.mark.parametrize("value", [None, "5", True, float("nan"), float("inf"), [5]])
def test_what_is_no_number_is_no_time(value: Any) -> None:
    """Nor is an endless one."""
    with pytest.raises(InvalidParameter, match=r"^timeout=.*give a number of seconds\.$"):
        seconds("timeout", value)


@pytest.mark.parametrize(
    ("value", "least", "said"),
    [
        (0, 0.0, "more than 0 seconds"),
        (-5, 0.0, "more than 0 seconds"),
        (-float("inf"), 0.0, "more than 0 seconds"),
        (4.9, 5.0, "at least 5 seconds"),
        (-1, 5.0, "at least 5 seconds"),
    ],
)
def test_a_time_that_is_too_short_is_refused(value: float, least: float, said: str) -> None:
    """The message says how long it must be."""
    with pytest.raises(InvalidParameter, match=rf"^poll_interval=.*give {said}\.$"):
        seconds("poll_interval", value, least=least)
    assert seconds("poll_interval", 5, least=5.0) == 5.0


def test_ids_keep_their_order_and_become_a_list() -> None:
    """Oldest first stays oldest first."""
    assert unique_ids("file_ids", ("b", "a"), 1, 2) == ["b", "a"]


@pytest.mark.parametrize("values", [b"ab", {"a": 1}, 5, None, iter(["a"])])
def test_what_is_no_list_of_ids_is_refused(values: Any) -> None:
    """A generator could be read but once."""
    with pytest.raises(InvalidParameter, match=r"^file_ids"):
        unique_ids("file_ids", values, 1, 10)
