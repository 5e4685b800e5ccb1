"""The simulated comparison of clients measures what it says."""

from __future__ import annotations

from dataclasses import astuple

from tests.harness.bench.simulated import ALONE, measure


def test_a_client_that_gives_up_loses_copies_and_has_no_makespan() -> None:
    """Three attempts within three seconds do not wait for a slot of six."""
    row = measure("official SDK", ALONE, 100, runs=2)
    assert row.ratio is None
    assert row.failed > 30
    assert row.refusals > 3 * row.failed / 100
    assert row.longest_wait < 6


def test_rows_are_the_same_at_each_run() -> None:
    """Chance is seeded; and this provider alone loses nothing."""
    row = measure("this provider", ALONE, 100, runs=2)
    assert astuple(row) == astuple(measure("this provider", ALONE, 100, runs=2))
    assert (row.refusals, row.failed) == (0, 0)
    assert row.ratio is not None
    assert 1.0 <= row.ratio <= 1.02
