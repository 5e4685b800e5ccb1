"""Runs the probe's inquiries against Frame.io, keeps what came back, and stops when it is told to.

A signal ends the inquiry at once, but never while an answer to a write is awaited: what was made must be known.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Pause
from airflow_provider_frameio.client.client import Client, Journal
from airflow_provider_frameio.client.clock import Clock
from airflow_provider_frameio.probe.redacted import failure
from airflow_provider_frameio.probe.scene import Ledger
from airflow_provider_frameio.probe.steps import Answer, Inquiry, Refused, Write, whole

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Stop:
    """Whether somebody asked for an end: the first signal is obeyed when that is safe, the second at once."""

    asked: int = 0
    held: bool = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self.asked += 1
        if self.asked > 1 or not self.held:
            raise KeyboardInterrupt

    def obey(self) -> None:
        """End here if a signal was held back, and is no longer."""
        if self.asked and not self.held:
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take signals here, meanwhile."""
        before = {number: signal.signal(number, self.hear) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Hold a signal back until the end, if that is asked for meanwhile; ``obey`` then obeys it."""
        try:
            yield
        finally:
            self.held = False


@dataclass(frozen=True)
class Exchange:
    """A call as the report shows it."""

    operation: Operation[Any]
    answer: Answer


@dataclass
class Driver:
    """Runs inquiries with a client.

    :ivar say: tells the person at the terminal.
    """

    client: Client
    clock: Clock
    say: Callable[[str], None]
    ledger: Ledger = field(default_factory=Ledger)
    stop: Stop = field(default_factory=Stop)
    exchanges: list[Exchange] = field(default_factory=list)

    def run(self, inquiry: Inquiry) -> None:
        """Run one to its end; it is told of errors, and may go on after them.

        :raises FrameioError: the inquiry ended with it.
        :raises KeyboardInterrupt: somebody asked for an end.
        """
        resume: Callable[[], Operation[Any] | Write | Pause] = partial(next, inquiry)
        try:
            while True:
                step = resume()
                try:
                    resume = partial(inquiry.send, self.take(step))
                except errors.FrameioError as error:
                    resume = partial(inquiry.throw, error)
        except StopIteration:
            return

    def take(self, step: Operation[Any] | Write | Pause) -> Any:
        """Carry one step out: an ``Answer`` for a call, the time for a pause."""
        self.stop.obey()
        if isinstance(step, Pause):
            self.say(step.reason)
            self.clock.sleep(step.seconds)
            return self.clock.monotonic()
        return self._write(step) if isinstance(step, Write) else self._call(step, whole(step))

    def _write(self, write: Write) -> Answer:
        number = len(self.exchanges) if write.bare else None
        with self.stop.awaited():
            try:
                answer = self._call(write.operation, whole(write.operation, number), hold=True)
            except errors.OutcomeUnknown as error:
                self.ledger.unsure.append(_unsure(write.operation, f"{failure(error)}."))
                raise
            if answer.untold:
                self.ledger.unsure.append(_unsure(write.operation, f"{answer.status}, and not what was made."))
            if answer.made:
                self.ledger.made(answer.record, write.source_versions)
        return answer

    def _call(self, operation: Operation[Any], raw: Operation[Any], *, hold: bool = False) -> Answer:
        sent = self.clock.monotonic()

        def sending() -> None:
            nonlocal sent
            sent = self.clock.monotonic()
            self.stop.held = self.stop.held or hold

        def not_carried_out() -> None:
            if hold:
                self.stop.held = False
            self.stop.obey()

        try:
            reply = self.client.call(raw, Journal(sending, not_carried_out))
        except Refused as refusal:
            reply = refusal.reply
        answer = Answer(reply, sent, self.clock.monotonic())
        self.exchanges.append(Exchange(operation, answer))
        return answer


def _unsure(operation: Operation[Any], came: str) -> str:
    return f"Perhaps made, with {operation.request.json}, look for it: {came}"
