"""The time, as the rest of the package is given it: nothing else here reads a clock or sleeps.

In an event loop nobody sleeps but on the loop's own clock, which its maker gives.
"""

from __future__ import annotations

import time


class Clock:
    """Three ways to meet time; a test gives a clock that need not wait."""

    def monotonic(self) -> float:
        """Seconds that only grow; for intervals within one process."""
        return time.monotonic()

    def epoch(self) -> float:
        """Seconds since 1970; for what crosses processes."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        time.sleep(seconds)


SYSTEM_CLOCK = Clock()
"""What Airflow makes runs on this one: operators, sensors, triggers and hooks, to which nobody can give another."""
