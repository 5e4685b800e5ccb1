"""Processes that share a rate limit without knowing of each other, on one simulated clock, and measures of the outcome.

A process is one ``Budget`` with its workers, or a client that only repeats what was refused, to compare it with.
"""

from __future__ import annotations

import heapq
import random
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from airflow_provider_frameio.api.budget import Budget, Quota
from airflow_provider_frameio.api.protocol import RateLimit
from tests.api.limiters import Server

_TOO_LONG = 1e8  # seconds
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
    """Copies that nobody has begun; processes may share it."""

    copies: int

    def take(self) -> bool:
        """Begin one, if there is one."""
        self.copies -= 1
        return self.copies >= 0


@dataclass(frozen=True)
class Made:
    """One copy.

    :ivar process: who made it.
    :ivar asked: when a worker began with it, in seconds.
    :ivar sent: when the call was sent that was admitted.
    """

    process: int
    asked: float
    sent: float


@dataclass(frozen=True)
class Outcome:
    """What processes achieved together. Times in seconds."""

    server: Server
    start: float
    made: list[Made] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)

    @property
    def makespan(self) -> float:
        """From the start until the last call was sent that was admitted."""
        return max(copy.sent for copy in self.made) - self.start

    @property
    def ratio(self) -> float:
        """The makespan, divided by the least that a leaky bucket demands."""
        return self.makespan / self.server.optimum(len(self.made))

    @property
    def refusals(self) -> float:
        """429s per copy."""
        return self.server.refused / len(self.made)

    @property
    def waits(self) -> list[float]:
        """How long each copy waited for the rate limit."""
        return [copy.sent - copy.asked for copy in self.made]

    @property
    def fairness(self) -> float:
        """Jain's index of what each process made when half of all were made: 1 is equal shares."""
        half = self.made[: len(self.made) // 2]
        shares = Counter(copy.process for copy in half)
        return sum(shares.values()) ** 2 / (
            len({copy.process for copy in self.made}) * sum(share**2 for share in shares.values())
        )


class Process(ABC):
    """Workers that make one copy after the other until there is no more work."""

    def __init__(
        self, number: int, agenda: Agenda, outcome: Outcome, work: Work, latency: Callable[[], tuple[float, float]]
    ) -> None:
        self.agenda = agenda
        self._number = number
        self._outcome = outcome
        self._work = work
        self._latency = latency

    def next_copy(self) -> None:
        """A worker is free."""
        if self._work.take():
            self.ask(self.agenda.now)

    def send(self, asked: float, answer: Callable[[int, dict[str, str]], None]) -> None:
        """Send the call of the copy that was begun at ``asked``; its answer comes with the status and the headers."""
        there, back = self._latency()
        sent = self.agenda.now

        def arrive() -> None:
            status, headers = self._outcome.server.call(self.agenda.now)
            if status == 200:
                self._outcome.made.append(Made(self._number, asked, sent))
            self.agenda.later(back, lambda: answer(status, headers))

        self.agenda.later(there, arrive)

    def fail(self, asked: float) -> None:
        """Give a copy up."""
        self._outcome.failed.append(self.agenda.now - asked)
        self.next_copy()

    @abstractmethod
    def ask(self, asked: float) -> None:
        """Make a copy."""


class Paced(Process):
    """Workers that share one budget and queue for it in the order of asking; a refused call is made again."""

    def __init__(self, budget: Budget, *process: object) -> None:
        super().__init__(*process)  # type: ignore[arg-type]
        self._budget = budget
        self._queue: deque[float] = deque()
        self._waiting = False

    def ask(self, asked: float) -> None:
        """Queue up."""
        self._queue.append(asked)
        self._admit()

    def _admit(self) -> None:
        while self._queue and not self._waiting:
            wait = self._budget.wait(self.agenda.now)
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


def simulate(
    server: Server,
    copies: int,
    seed: int = 0,
    *,
    processes: int = 1,
    workers: int = 1,
    shared: bool = False,
    documented: RateLimit = TEN_A_MINUTE,
    latency: tuple[float, float] = (0.3, 0.3),
    start: float = 0.0,
    stagger: float = 0.0,
) -> Outcome:
    """Make copies with budgets; latencies are random up to those given, there and back.

    :param shared: whether all take from one queue; else each process has its share of the work from the beginning.
    :param stagger: seconds between the starts of two processes.
    """
    chance = random.Random(seed)
    agenda = Agenda(start)
    outcome = Outcome(server, start)
    queue = Work(copies)
    for number in range(processes):
        work = queue if shared else Work(len(range(number, copies, processes)))
        paced = Paced(
            Budget(documented, chance.random),
            number,
            agenda,
            outcome,
            work,
            lambda: (chance.random() * latency[0], chance.random() * latency[1]),
        )
        for _ in range(workers):
            agenda.later(number * stagger, paced.next_copy)
    agenda.run()
    return outcome
