"""Processes that share a rate limit without knowing of each other, on one simulated clock.

A process is one ``Budget`` with its workers, or a client that only repeats what was refused, to compare it with.
"""

from __future__ import annotations

import heapq
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget, Quota
from tests.api.rate_limit.limiters import Server
from tests.copying.outcome import Made, Outcome

_TOO_LONG = 1e7  # seconds
TEN_A_MINUTE = RateLimit(10, 60.0)


class Agenda:
    """What is to happen, in the order of time."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._order = count()
        self._acts: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let ``act`` happen after that time."""
        heapq.heappush(self._acts, (self.now + seconds, next(self._order), act))

    def run(self) -> None:
        """Let everything happen."""
        while self._acts:
            self.now, _, act = heapq.heappop(self._acts)
            if self.now > _TOO_LONG:
                raise AssertionError("The simulated callers never get done.")
            act()


@dataclass
class Work:
    """Copies that nobody has begun."""

    copies: int

    def take(self) -> bool:
        """Begin one, if there is one."""
        self.copies -= 1
        return self.copies >= 0


@dataclass(frozen=True)
class Situation:
    """What a process is given.

    :ivar number: its own.
    :ivar latency: seconds on the way there and back, anew at each call.
    """

    number: int
    agenda: Agenda
    outcome: Outcome
    work: Work
    latency: Callable[[], tuple[float, float]]


class Process(ABC):
    """Workers that make one copy after the other until there is no more work."""

    def __init__(self, situation: Situation) -> None:
        self.agenda = situation.agenda
        self._situation = situation

    def next_copy(self) -> None:
        """A worker is free."""
        if self._situation.work.take():
            self.ask(self.agenda.now)

    def send(self, asked: float, answer: Callable[[int, dict[str, str]], None]) -> None:
        """Send the call of the copy that was begun at ``asked``; its answer comes with the status and the headers."""
        there, back = self._situation.latency()
        outcome = self._situation.outcome
        sent = self.agenda.now

        def arrive() -> None:
            status, headers = outcome.server.call(self.agenda.now)
            if status == 200:
                outcome.made.append(Made(self._situation.number, asked, sent))
            self.agenda.later(back, lambda: answer(status, headers))

        self.agenda.later(there, arrive)

    def fail(self, asked: float) -> None:
        """Give a copy up."""
        self._situation.outcome.failed.append(self.agenda.now - asked)
        self.next_copy()

    @abstractmethod
    def ask(self, asked: float) -> None:
        """Make a copy."""


class Paced(Process):
    """Workers that share one budget and queue for it in the order of asking; a refused call is made again."""

    def __init__(self, situation: Situation, budget: Budget) -> None:
        super().__init__(situation)
        self._budget = budget
        self._queue: deque[float] = deque()
        self._waiting = False

    def ask(self, asked: float) -> None:
        """Queue up."""
        self._queue.append(asked)
        self._admit()

    def _admit(self) -> None:
        while self._queue and not self._waiting:
            wait = self._budget.delay(self.agenda.now)
            if wait > 0:
                self._waiting = True
                self.agenda.later(wait, self._awake)
            else:
                self._call(self._queue.popleft())

    def _awake(self) -> None:
        self._waiting = False
        self._admit()

    def _call(self, asked: float) -> None:
        spent = self._budget.spend(self.agenda.now)

        def answer(status: int, headers: dict[str, str]) -> None:
            quota = Quota.from_headers(headers)
            if status == 200:
                self._budget.answered(spent, self.agenda.now, quota)
                self.next_copy()
            else:
                self._budget.refused(spent, self.agenda.now, quota, None)
                self.ask(asked)
            self._admit()

        self.send(asked, answer)


class Repeating(Process):
    """Workers that know nothing of the limit and repeat what was refused.

    :param pauses: gives the seconds after each refused attempt; after one more than there are, the copy has failed.
    """

    def __init__(self, situation: Situation, pauses: Callable[[], list[float]]) -> None:
        super().__init__(situation)
        self._pauses = pauses

    def ask(self, asked: float) -> None:
        """Send at once."""
        self._attempt(asked, self._pauses())

    def _attempt(self, asked: float, pauses: list[float]) -> None:
        def answer(status: int, _: dict[str, str]) -> None:
            if status == 200:
                self.next_copy()
            elif pauses:
                self.agenda.later(pauses[0], lambda: self._attempt(asked, pauses[1:]))
            else:
                self.fail(asked)

        self.send(asked, answer)


Client = Callable[[Situation, random.Random], Process]


def paced(documented: RateLimit = TEN_A_MINUTE) -> Client:
    """Processes with budgets, which begin with the limit that is documented."""
    return lambda situation, chance: Paced(situation, Budget(documented, chance.random))


BY_THE_DOCUMENTED_LIMIT = paced()


def simulate(
    server: Server,
    copies: int,
    seed: int = 0,
    *,
    client: Client = BY_THE_DOCUMENTED_LIMIT,
    processes: int = 1,
    workers: int = 1,
    latency: tuple[float, float] = (0.3, 0.3),
    start: float = 0.0,
    stagger: float = 0.0,
) -> Outcome:
    """Make copies, of which each process has its share; latencies are random up to those given, there and back.

    :param start: when the first process begins, in seconds.
    :param stagger: seconds between the starts of two processes.
    """
    chance = random.Random(seed)
    agenda = Agenda(start)
    outcome = Outcome(server, start)
    for number in range(processes):
        work = Work(len(range(number, copies, processes)))
        situation = Situation(
            number, agenda, outcome, work, lambda: (chance.random() * latency[0], chance.random() * latency[1])
        )
        process = client(situation, chance)
        for _ in range(workers):
            agenda.later(number * stagger, process.next_copy)
    agenda.run()
    return outcome
