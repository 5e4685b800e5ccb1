"""A worker's process in virtual time, and the border at which the package meets the world: clock, network, connection.

What stands behind the border is replaced, nothing of the package's own. One process runs at a time; another may run
while the first stands still, nested in one of its steps.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.client import client, clock
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.client.credentials import NO_AUTH, AuthHeaders, TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from tests.model.answers import ACCOUNT, Answer, Asked, Service
from tests.model.faults import Faults
from tests.model.frameio import Call
from tests.model.timeline import EPOCH, Hang, Timeline

_MOST_STEPS = 20_000
_CONNECTION = Connection(
    conn_id="frameio_default",
    conn_type="frameio",
    host="https://api.frame.io",
    password="a-token",
    extra=json.dumps({"auth_type": "token", "account_id": ACCOUNT}),
)


class Death(BaseException):
    """The process was killed: nothing in it runs any more."""


@dataclass(eq=False)
class World:
    """What all processes of a run share.

    :ivar tell: takes a line of the story.
    """

    time: Timeline
    random: Random
    service: Service
    faults: Faults
    tell: Callable[[str], None]
    steps: int = 0


class Process:
    """One process of one try.

    :ivar skew: its clock minus true time, in seconds.
    :ivar asked: whether it raised ``CopyNeedsHelp``: of many copies, the task's own error holds only its words.
    :ivar dies_at: the number of the step at which it dies; None: it does not.
    :ivar stands_still_at: at which it is frozen while others run; ``meanwhile`` is what they do.
    """

    def __init__(self, world: World, number: int, clears: int, skew: float) -> None:
        self.world = world
        self.number = number
        self.clears = clears
        self.skew = skew
        self.steps = 0
        self.dies_at: int | None = None
        self.stands_still_at: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.may_freeze_in_send = False
        self.deadline = float("inf")
        self.dead = False
        self.asked = False
        self.killed = self.replaced = False
        self.calls: list[Call] = []
        self.pacing = Pacing(SYSTEM_CLOCK, world.random.random)
        self.tokens = TokenCache(SYSTEM_CLOCK.monotonic)

    def step(self, what: str, *, freezes: bool = True) -> None:
        """The next thing that it does: here it may die, or stand still."""
        world = self.world
        world.steps += 1
        if world.steps > _MOST_STEPS:
            raise Hang(f"no end after {_MOST_STEPS} steps")
        self.steps += 1
        if self.stands_still_at is not None and self.steps >= self.stands_still_at and freezes:
            self.stands_still_at = None
            world.tell(f"  process {self.number} stands still before: {what}")
            self.meanwhile()
            world.tell(f"  process {self.number} goes on with: {what}")
        if self.killed or (self.dies_at is not None and self.steps >= self.dies_at):
            self.die(what)
        if self.dead:
            raise Death

    def die(self, what: str) -> None:
        """Here it ends."""
        self.dead = True
        self.world.tell(f"  process {self.number} dies at: {what}")
        raise Death

    def wait(self, seconds: float) -> None:
        """Let time pass in it.

        :raises AirflowTaskTimeout: Airflow's ``execution_timeout`` has passed.
        """
        time = self.world.time
        if self.dead:
            raise Death
        left = self.deadline - time.now
        if seconds > left:
            time.advance(left)
            self.deadline = float("inf")
            self.world.tell(f"  process {self.number} meets its execution_timeout")
            raise AirflowTaskTimeout("execution_timeout")
        time.advance(seconds)

    def sleep(self, seconds: float) -> None:
        """As the package sleeps."""
        self.step(f"sleep {seconds:.1f} s")
        self.wait(seconds)

    def send(self, operation: Operation[object], patience: float) -> Reply:
        """As the package's transport sends."""
        world, request = self.world, operation.request
        asked = Asked.of(request.method, request.path, request.params, request.json)
        self.step(operation.name, freezes=self.may_freeze_in_send or not asked.changes)
        fault = world.faults.next(asked)
        now = world.time.now
        if fault.kind == "unsent":
            world.tell(f"  {operation.name}: no connection")
            self.wait(world.random.random() * 10)
            raise errors.HostUnreachable(operation.asked, "no connection", "Nothing was sent.")
        call = Call("task", operation.name, now, self.number, self.clears)
        if asked.changes:
            self.calls.append(call)
        perform = partial(world.service.answer, asked, call)
        answer = fault.refusal(world.service) or world.service.admit(asked)
        if answer is None and fault.effect == "now":
            answer = perform()
        elif answer is None and fault.effect == "late":
            world.time.at(now + fault.delay, perform)
            answer = Answer(0, {})
        told = f"{fault.kind}, effect {fault.effect} {fault.delay:.0f} s" if fault.kind else answer and answer.status
        world.tell(f"  {operation.name} {list(request.params.values())} {request.json or ''}: {told}")
        if fault.kind == "death":
            self.die(f"{operation.name}, effect {fault.effect}")
        if fault.kind == "lost" or answer is None:
            self.wait(world.random.choice((0.5, 30.0, patience)))
            raise errors.NoAnswer(operation.asked, "the connection broke", "Try again.")
        if fault.status:
            answer = world.service.refuse(fault.status, "an error of its own")
        self.wait(0.05 + world.random.random() * 0.3)
        call.known = answer.status < 300
        return Reply(answer.status, answer.headers, b"<html>" if fault.kind == "html" else answer.body)


class Machine:
    """Where the processes of a run live: it knows which one runs."""

    def __init__(self) -> None:
        self.running: Process | None = None
        self.world: World | None = None

    @property
    def process(self) -> Process:
        """The one that runs."""
        assert self.running is not None, "the package acts outside any process"
        return self.running

    def monotonic(self) -> float:
        """Seconds since the run began."""
        assert self.world is not None
        return self.world.time.now

    def epoch(self) -> float:
        """What the running process's clock shows."""
        return EPOCH + self.monotonic() + (self.running.skew if self.running else 0.0)

    def sleep(self, seconds: float) -> None:
        """Let the running process sleep."""
        self.process.sleep(seconds)

    @contextmanager
    def inside(self, process: Process) -> Iterator[None]:
        """Let a process run, and then the one before go on."""
        before, self.running = self.running, process
        self.world = process.world
        try:
            yield
        finally:
            self.running = before


MACHINE = Machine()


class _Network:
    """What stands for the package's transport."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._settings = settings

    def send(self, base_url: str, operation: Operation[object], auth: AuthHeaders = NO_AUTH) -> Reply:
        return MACHINE.process.send(operation, self._settings.timeout)

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def border(*, logs: bool = False) -> Iterator[None]:
    """Let the package live in virtual time, and talk to the model's Frame.io, until the end.

    :param logs: whether to let the package's log lines through, which take more time than all the rest.
    """
    real = client.Client

    def client_of_process(settings: Settings, **more: Any) -> client.Client:
        return real(settings, **more, pacing=MACHINE.process.pacing, tokens=MACHINE.process.tokens)

    def ask(error: errors.CopyNeedsHelp, message: str) -> None:
        MACHINE.process.asked = True
        errors.FrameioError.__init__(error, message)

    fake = SimpleNamespace(monotonic=MACHINE.monotonic, time=MACHINE.epoch, sleep=MACHINE.sleep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", fake)
        patch.setattr(client, "Transport", _Network)
        patch.setattr(errors.CopyNeedsHelp, "__init__", ask)
        patch.setattr(client, "Client", client_of_process)
        patch.setattr(BaseHook, "get_connection", classmethod(lambda cls, conn_id: _CONNECTION))
        before = structlog.get_config()
        if not logs:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
            logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            structlog.configure(**before)
            logging.disable(logging.NOTSET)
