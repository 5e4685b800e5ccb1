"""A driver for flows in tests: answers pauses from a clock, and calls from a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded, RecordedFlow


@dataclass
class Driver:
    """Runs a flow.

    :ivar respond: gives the result of an operation, or raises or returns its error.
    :ivar now: epoch seconds; pauses let them pass.
    """

    respond: Callable[[Operation[Any]], Any]
    now: float = 1000.0
    pauses: list[Pause] = field(default_factory=list)
    calls: list[Operation[Any]] = field(default_factory=list)

    def run(self, flow: RecordedFlow[Any]) -> Any:
        """What the flow returns."""
        try:
            step = next(flow)
            while True:
                answer = self._answer(step)
                step = flow.throw(answer) if isinstance(answer, errors.FrameioError) else flow.send(answer)
        except StopIteration as end:
            return end.value

    def _answer(self, step: object) -> Any:
        if isinstance(step, Pause):
            if step.seconds or step.reason:
                self.pauses.append(step)
            self.now += step.seconds
            return self.now
        if isinstance(step, Recorded):
            assert step.sending is step.refused is None, "this driver keeps no records"
            step = step.operation
        assert isinstance(step, Operation), step
        self.calls.append(step)
        return self.respond(step)
