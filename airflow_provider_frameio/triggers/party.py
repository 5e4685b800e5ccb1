"""One trigger's wait at the shared poller: for all of its copies at once, with a word in its own log now and then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Done, Expectation
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, Wait
from airflow_provider_frameio.copying.completion.wait import Terms, how_far, time_is_up

_FIRST_WORD, _LONGEST_SILENCE = 10.0, 60.0  # seconds of Frame.io's time
_MOST_NAMED = 5


class Log(Protocol):
    """A trigger's logger: of the standard library's in 2.x, Airflow's own in 3.x."""

    def info(self, msg: str, /, *args: Any) -> object:
        """Log a message with its arguments."""


@dataclass(eq=False, slots=True)
class Party:
    """The waits of one trigger.

    :ivar over: done when every wait is over, or one has failed.
    """

    terms: Terms
    over: asyncio.Future[None]
    waits: list[Wait] = field(default_factory=list)
    outcomes: dict[Expectation, Outcome] = field(default_factory=dict)

    def settle(self, expected: Expectation, outcome: Outcome) -> None:
        """One wait is over."""
        self.outcomes[expected] = outcome
        complete = len(self.outcomes) == len(self.waits)
        if (complete or isinstance(outcome, Exception)) and not self.over.done():
            self.over.set_result(None)

    async def until_over(self, log: Log, scale: float) -> None:
        """Wait for the end.

        :param scale: seconds of this machine to one of Frame.io's.
        :raises CopyTimeout: the time is up, and not all copies are complete.
        :raises Exception: what the first failed wait failed for.
        """
        silence, told = _FIRST_WORD, ""
        while not self.over.done():
            await asyncio.wait({self.over}, timeout=silence * scale)
            silence = min(2 * silence, _LONGEST_SILENCE)
            progress = self._progress()
            if progress and "; ".join(progress) != told:
                told = "; ".join(progress)
                log.info("%s", self._how_far(progress))
        for outcome in self.outcomes.values():
            if isinstance(outcome, Exception):
                raise outcome.with_traceback(None)  # one error may end many waits: none adds to it
        if late := self._progress():
            raise time_is_up(self._how_far(late))

    def _how_far(self, progress: list[str]) -> str:
        return how_far(progress, SYSTEM_CLOCK.epoch() - self.terms.started_at)

    def _progress(self) -> list[str]:
        """How far each copy is that is not complete."""
        left = [wait for wait in self.waits if not isinstance(self.outcomes.get(wait.expected), Done)]
        words = [
            f"{wait.expected.version_stack_id}: {wait.progress}" if len(self.waits) > 1 else wait.progress
            for wait in left[:_MOST_NAMED]
        ]
        return words + [f"and {len(left) - _MOST_NAMED} more"] * (len(left) > _MOST_NAMED)
