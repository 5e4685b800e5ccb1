"""The time, as the rest of the package is given it: nothing else here reads a clock or sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Three ways to meet time, injected so that tests need not wait.

    :ivar monotonic: seconds that only grow; for intervals within one process.
    :ivar epoch: seconds since 1970; for what crosses processes.
    :ivar sleep: waits that many seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


SYSTEM_CLOCK = Clock()
