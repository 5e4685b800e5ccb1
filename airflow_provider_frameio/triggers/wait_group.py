"""One trigger's wait at the shared poller: for all of its copies at once, with a line in its own log now and then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from airflow_provider_frameio.api.errors import CopyTimeout
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Awaited, Done
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, TrackedCopy
from airflow_provider_frameio.copying.completion.wait import Terms, describe_progress

_FIRST_LOG, _LONGEST_SILENCE = 10.0, 60.0  # seconds of Frame.io's time
_MOST_NAMED = 5


class Log(Protocol):
    """A trigger's logger: the standard library's in Airflow 2, Airflow's own in Airflow 3."""

    def info(self, msg: str, /, *args: Any) -> object:
        """Log a message with its arguments."""


@dataclass(eq=False, slots=True)
class WaitGroup:
    """The copies that one trigger waits for.

    :ivar over: done when every copy is complete or out of time, or one has failed.
    """

    terms: Terms
    over: asyncio.Future[None]
    copies: list[TrackedCopy] = field(default_factory=list)
    outcomes: dict[Awaited, Outcome] = field(default_factory=dict)

    def settle(self, expected: Awaited, outcome: Outcome) -> None:
        """The wait for one copy is over."""
        self.outcomes[expected] = outcome
        complete = len(self.outcomes) == len(self.copies)
        if (complete or isinstance(outcome, Exception)) and not self.over.done():
            self.over.set_result(None)

    async def until_over(self, log: Log, scale: float) -> None:
        """Wait for the end.

        :param scale: seconds of this machine to one of Frame.io's.
        :raises CopyTimeout: the time is up, and not all copies are complete.
        :raises Exception: what the first failed wait failed for.
        """
        silence, logged = _FIRST_LOG, ""
        while not self.over.done():
            await asyncio.wait({self.over}, timeout=silence * scale)
            silence = min(2 * silence, _LONGEST_SILENCE)
            progress = self._progress()
            if progress and "; ".join(progress) != logged:
                logged = "; ".join(progress)
                log.info("%s", self._describe(progress))
        for outcome in self.outcomes.values():
            if isinstance(outcome, Exception):
                raise outcome.with_traceback(None)  # one error may end many waits: none adds to it
        if late := self._progress():
            raise CopyTimeout(self.copies[0].expected.too_late.format(self._describe(late)))

    def _describe(self, progress: list[str]) -> str:
        return describe_progress(progress, SYSTEM_CLOCK.epoch() - self.terms.started_at)

    def _progress(self) -> list[str]:
        """How far each copy is that is not complete."""
        left = [copy for copy in self.copies if not isinstance(self.outcomes.get(copy.expected), Done)]
        named = [
            f"{copy.expected.listed_ids[0]}: {copy.progress}" if len(self.copies) > 1 else copy.progress
            for copy in left[:_MOST_NAMED]
        ]
        return named + [f"and {len(left) - _MOST_NAMED} more"] * (len(left) > _MOST_NAMED)
