"""The machine's clock, which everything but tests is given."""

from __future__ import annotations

import time

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK


def test_it_tells_the_time_and_waits() -> None:
    """Both clocks are the machine's own, and a sleep is not shorter than asked for."""
    before, epoch = time.monotonic(), time.time()
    SYSTEM_CLOCK.sleep(0.001)
    assert before + 0.001 <= SYSTEM_CLOCK.monotonic() <= time.monotonic()
    assert epoch <= SYSTEM_CLOCK.epoch() <= time.time()
