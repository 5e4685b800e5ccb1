"""The clock that the rest of the package is given: nothing else reads the time or sleeps.

Coroutines sleep with asyncio, on the event loop's own clock.
"""

from __future__ import annotations

import time


class Clock:
    """The machine's clock; a test gives one that does not wait."""

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
"""The clock of what Airflow makes: operators, sensors, triggers and hooks, to which nobody can pass another."""
