"""How long copies are waited for, and the words in which a wait is told. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.foreign import foreign, listed


@dataclass(frozen=True)
class Terms:
    """How to wait. All times in seconds, those at which something happens since the epoch.

    :ivar started_at: since when; younger copies are looked at more often.
    :ivar end_time: when to give up.
    :ivar poll_interval: between two looks.
    :ivar tolerated_failures: how many looks in a row at one copy may fail for a passing reason. More, and the last
        error is raised.
    """

    started_at: float
    end_time: float
    poll_interval: float = 15.0
    tolerated_failures: int = 10


@dataclass(slots=True)
class FailedLooks:
    """The looks at one copy that failed in a row; ``tolerated``: how many may fail for a passing reason."""

    tolerated: int
    in_a_row: int = 0

    def bear(self, error: FrameioError) -> str:
        """Count one more, and tell it in words.

        :raises FrameioError: this one, where it does not pass or is one too many.
        """
        self.in_a_row += 1
        if not error.transient or self.in_a_row > self.tolerated:
            raise error
        return f"could not look ({self.in_a_row} in a row): {foreign(error, 1000)}"

    def end(self) -> None:
        """A look succeeded: the next failure is the first of another row."""
        self.in_a_row = 0


def describe_progress(progress: Sequence[str], seconds: float) -> str:
    """The progress of the copies that are not complete, in words, after so many seconds."""
    return f"{listed(progress)}, {max(0.0, seconds):.0f} s so far"
