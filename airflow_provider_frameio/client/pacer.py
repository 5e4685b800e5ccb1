"""The rate-limit budgets that the threads of one process share: first come, first served. Performs no I/O.

Nothing is shared between processes: each predicts the server's buckets from its own calls and the answers' headers.
"""

from __future__ import annotations

import logging
import math
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget, Quota, Spent
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK, Clock

T = TypeVar("T")

log = logging.getLogger(__name__)

_REMEMBERED = 100  # calls: more than any burst of an endpoint whose calls are handed to another process


class Busy(Exception):
    """There is no room for ``delay`` seconds; a slot is ``slot`` seconds long."""

    def __init__(self, delay: float, slot: float) -> None:
        super().__init__(delay, slot)
        self.delay = delay
        self.slot = slot


class Pacer:
    """One budget with its queue."""

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self._budget = budget
        self._clock = clock
        self._queue: deque[object] = deque()
        self._sent: deque[float] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()

    def admit(self, max_wait_slots: float = math.inf) -> Spent:
        """Wait for the next slot, in the order of asking, and charge it. One of the ``close_`` methods is to close it.

        :param max_wait_slots: how long to wait at most, once nobody is before the caller.
        :raises Busy: it would take longer.
        """
        return self._in_turn(max_wait_slots, self._spend)

    def wait_for_room(self, max_wait_slots: float = math.inf) -> None:
        """The same, and charge nothing: somebody else may take the slot."""
        self._in_turn(max_wait_slots, lambda now: None)

    def _spend(self, now: float) -> Spent:
        self._sent.append(now)
        return self._budget.spend(now)

    def _in_turn(self, max_wait_slots: float, go: Callable[[float], T]) -> T:
        me = object()
        with self._changed:
            self._queue.append(me)
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._queue[0] is me)
                    now = self._clock.monotonic()
                    delay = self._budget.delay(now)
                    if delay <= 0:
                        return go(now)
                    if delay > max_wait_slots * self._budget.slot:
                        raise Busy(delay, self._budget.slot)
                if delay >= 1:
                    log.info("Waiting %.1f s for the rate limit.", delay)
                # Outside the lock: answers that come in meanwhile may change the delay.
                self._clock.sleep(delay)
        finally:
            with self._changed:
                self._queue.remove(me)
                self._changed.notify_all()

    def ages(self) -> list[float]:
        """How many seconds ago the latest calls were sent, oldest first, for a process that continues the work."""
        now = self._clock.monotonic()
        with self._changed:
            return [now - sent for sent in self._sent]

    def recall(self, ages: Sequence[float]) -> None:
        """Charge the calls of another process, by their ages. Does nothing if this process made calls itself."""
        with self._changed:
            if self._sent:
                return
            now = self._clock.monotonic()
            for age in ages:
                self._sent.append(now - age)
                self._budget.lost(self._budget.spend(now - age))

    def close_unsent(self, spent: Spent) -> None:
        """The call never reached the server."""
        with self._changed:
            self._budget.unsent(spent)

    def close_lost(self, spent: Spent) -> None:
        """The call was sent and its answer was lost."""
        with self._changed:
            self._budget.lost(spent)

    def close_answered(self, spent: Spent, reply: Reply) -> None:
        """The server answered; a 429 is its refusal."""
        quota = Quota.from_headers(reply.headers)
        with self._changed:
            now = self._clock.monotonic()
            if reply.status == 429:
                self._budget.refused(spent, now, quota, reply.retry_after())
            else:
                self._budget.answered(spent, now, quota)


class Pacing:
    """The pacers of one process, by (base URL, credential, bucket)."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, jitter: Callable[[], float] = random.random) -> None:
        self.clock = clock
        self.jitter = jitter
        self.forget()

    def pacer(self, key: tuple[str, ...], limit: RateLimit) -> Pacer:
        """The pacer of a budget, made at its first use."""
        with self._lock:
            if key not in self._pacers:
                self._pacers[key] = Pacer(Budget(limit, self.jitter), self.clock)
            return self._pacers[key]

    def forget(self) -> None:
        """Start over after a fork: threads that hold a lock are not copied, and the budgets are the parent's."""
        self._lock = threading.Lock()
        self._pacers: dict[tuple[str, ...], Pacer] = {}


PROCESS_PACING = Pacing()
os.register_at_fork(after_in_child=PROCESS_PACING.forget)
