"""Waiting for one task's copies as a flow, and the words in which a wait ends. Performs no I/O.

In the triggerer many tasks wait at once: there ``poll_scheduler`` decides when to look, with the same judge and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.errors import CopyTimeout, FrameioError
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.protocol import Flow, Now, Sleep
from airflow_provider_frameio.copying.completion.judge import Awaited, Done, look


@dataclass(frozen=True)
class Terms:
    """How to wait. All times in seconds, those at which something happens since the epoch.

    :ivar started_at: since when; for the log only.
    :ivar end_time: when to give up.
    :ivar poll_interval: between two looks.
    :ivar tolerated_failures: how many looks in a row at one copy may fail for a passing reason. More, and the last
        error is raised.
    """

    started_at: float
    end_time: float
    poll_interval: float = 15.0
    tolerated_failures: int = 10


def wait_until_complete(account_id: str, copies: Sequence[Awaited], terms: Terms) -> Flow[None]:
    """Look at the copies again and again until all are complete.

    :raises CopyFailed: one never will be, or is gone.
    :raises CopyTimeout: one was not at ``end_time``; a last look was taken then.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures = {copy: FailedLooks(terms.tolerated_failures) for copy in copies}
    open_copies = list(failures)
    while True:
        now: float = yield Now()
        last = now >= terms.end_time
        progress = []
        for copy in tuple(open_copies):
            try:
                verdict = yield from look(account_id, copy)
            except FrameioError as error:
                progress.append(failures[copy].bear(error))
                continue
            failures[copy].end()
            if isinstance(verdict, Done):
                open_copies.remove(copy)
            else:
                name = f"{copy.listed_ids[0]}: " if len(copies) > 1 else ""
                progress.append(name + verdict.progress)
        if not open_copies:
            return
        summary = describe_progress(progress, now - terms.started_at)
        if last:
            raise CopyTimeout(open_copies[0].too_late.format(summary))
        yield Sleep(min(terms.poll_interval, terms.end_time - now), summary)


@dataclass(slots=True)
class FailedLooks:
    """The looks at one copy that failed in a row.

    :ivar tolerated: how many of them may fail for a passing reason.
    """

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
