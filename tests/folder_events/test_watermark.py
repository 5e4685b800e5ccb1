"""What a watch remembers: its form as JSON, its size, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.folder_events.watermark import (
    MOST_REPLACED,
    MOST_STORED,
    NOTHING,
    Watermark,
    unwanted_mark,
)
from tests.copying.world import NOW

MARKS, HEADS = (
    st.text("abc-_9", min_size=7, max_size=7),
    (st.text("xyz-_0", min_size=5, max_size=5) | st.just(NOTHING) | st.floats(0, 1e10).map(unwanted_mark)),
)
WATERMARKS = st.builds(
    Watermark,
    at=st.floats(allow_nan=False, allow_infinity=False),
    heads=st.dictionaries(MARKS, HEADS, max_size=9),
    replaced=st.lists(st.builds("".join, st.tuples(MARKS, HEADS)), max_size=4).map(tuple),
    revision=st.integers(1, 99),
    whole=st.booleans(),
)
STORED = Watermark(NOW, {"abcdefg": "hijkl"}, ("abcdefghijkl",), 7).to_json()


@given(WATERMARKS)
def test_a_watermark_comes_back_from_the_store_as_it_was(watermark: Watermark) -> None:
    """By way of text, in the same order."""
    read = Watermark.from_json(json.loads(json.dumps(watermark.to_json())))
    assert read == watermark
    assert read is not None
    assert list(read.heads) == list(watermark.heads)


def test_the_largest_is_stored_without_complaint() -> None:
    """Airflow complains beyond 65,535 bytes; what does not fit is said to be missing, the latest is kept."""
    heads = {f"{number:07}": "abcde" for number in range(2 * MOST_STORED)}
    stored = Watermark(NOW, heads, tuple(f"{number:012}" for number in range(2 * MOST_REPLACED)), 10**9).to_json()
    assert len(json.dumps(stored)) < 65_535
    read = Watermark.from_json(stored)
    assert read is not None
    assert not read.whole
    assert list(read.heads) == list(heads)[MOST_STORED:]
    assert read.replaced[-1] == f"{2 * MOST_REPLACED - 1:012}"


def test_what_is_missing_is_not_found_again() -> None:
    """A part stays a part, however small it is by then."""
    assert not Watermark(NOW, {}, whole=False).to_json()["whole"]


def test_nothing_was_stored() -> None:
    assert Watermark.from_json(None) is None


@pytest.mark.parametrize(
    "stored",
    [
        "text",
        [],
        {},
        STORED | {"format": 2},
        STORED | {"at": "noon"},
        STORED | {"at": float("inf")},
        STORED | {"heads": "abcdefghijk"},
        STORED | {"heads": {"abcdefg": "hijkl"}},
        STORED | {"replaced": None},
        STORED | {"revision": "last"},
        {name: value for name, value in STORED.items() if name != "whole"},
    ],
)
def test_what_cannot_be_read_is_refused(stored: Any) -> None:
    """Also what a later version of this package stored: it is not taken for nothing."""
    with pytest.raises(ValueError, match="not a watermark of format 1: "):
        Watermark.from_json(stored)
