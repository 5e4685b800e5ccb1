"""Emulated time: starts at an epoch and runs ``speed`` times as fast as the clock it is given; never sleeps.

Nothing else in the emulator reads this machine's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime
from math import inf

DEFAULT_EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc).timestamp()
"""Where emulated time starts unless told otherwise: fixed, so that a run can be repeated exactly."""


class Clock:
    """Emulated time.

    :param source: any monotonic clock in seconds; default: this machine's.
    :param speed: emulated seconds per second of ``source``; above 0.
    :param epoch: Unix time at which emulated time starts; default: this machine's.
    """

    def __init__(self, source: Callable[[], float] | None, speed: float, epoch: float | None) -> None:
        if speed <= 0:
            raise ValueError(f"speed={speed!r}: give a number above 0")
        self._source = source or time.monotonic
        self._start = self._source()
        self.speed = speed
        self.epoch = time.time() if epoch is None else epoch

    def now(self) -> float:
        """Emulated Unix time, in seconds."""
        return self.epoch + (self._source() - self._start) * self.speed

    def advance(self, seconds: float) -> None:
        """Let emulated seconds pass at once."""
        if not isinstance(seconds, (int, float)) or not 0 <= seconds < inf:
            raise ValueError(f"seconds={seconds!r}: give seconds, 0 or more")
        self.epoch += seconds

    def outside(self, seconds: float) -> float:
        """How long ``seconds`` of emulated time last for a client, in seconds."""
        return seconds / self.speed


def iso(moment: float) -> str:
    """Unix time as the API writes it."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def http_date(moment: float) -> str:
    """Unix time as the ``Date`` header writes it."""
    return format_datetime(datetime.fromtimestamp(moment, timezone.utc), usegmt=True)
