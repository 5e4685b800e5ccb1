"""Runs the probe's inquiries against Frame.io, keeps what came back, and stops when it is told to.

A signal ends the inquiry at once, but never while an answer to a write is awaited: what was made must be known.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Pause
from airflow_provider_frameio.client.client import Client, Journal, drive
from airflow_provider_frameio.client.clock import Clock
from airflow_provider_frameio.probe.redacted import failure
from airflow_provider_frameio.probe.scene import Ledger
from airflow_provider_frameio.probe.steps import Answer, Inquiry, Refused, Write, whole

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Stop:
    """Whether somebody asked for an end: the first signal is obeyed when that is safe, the second at once.

    :ivar held: whether it is not safe now.
    """

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


@dataclass
class Driver:
    """Runs inquiries with a client.

    :ivar say: tells the person at the terminal.
    :ivar answers: to all calls so far.
    """

    client: Client
    clock: Clock
    say: Callable[[str], None]
    ledger: Ledger = field(default_factory=Ledger)
    stop: Stop = field(default_factory=Stop)
    answers: list[Answer] = field(default_factory=list)

    def run(self, inquiry: Inquiry) -> None:
        """Run one to its end; it is told of errors, and may go on after them.

        :raises FrameioError: the inquiry ended with it.
        :raises KeyboardInterrupt: somebody asked for an end.
        """
        drive(inquiry, self.take)

    def take(self, step: Operation[Any] | Write | Pause) -> Any:
        """Carry one step out: an ``Answer`` for a call, the time for a pause."""
        self.stop.obey()
        if isinstance(step, Pause):
            self.say(step.reason)
            self.clock.sleep(step.seconds)
            return self.clock.monotonic()
        return self._write(step) if isinstance(step, Write) else self._call(step, whole(step))

    def _write(self, write: Write) -> Answer:
        number = len(self.answers) if write.bare else None
        try:
            answer = self._call(write.operation, whole(write.operation, number), hold=True)
            if answer.untold:
                self.ledger.unsure.append(_unsure(write.operation, f"{answer.status}, and not what was made."))
            if answer.made:
                self.ledger.made(answer.record, write.source_versions)
        except errors.OutcomeUnknown as error:
            self.ledger.unsure.append(_unsure(write.operation, f"{failure(error)}."))
            raise
        finally:
            self.stop.held = False
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
        self.answers.append(Answer(operation, reply, sent, self.clock.monotonic()))
        return self.answers[-1]


def _unsure(operation: Operation[Any], came: str) -> str:
    return f"Perhaps made, with {operation.request.json}, look for it: {came}"
