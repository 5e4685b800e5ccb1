"""Who may go next at a rate limit: one after another at its pace, whoever asked first. Performs no I/O, has no clock.

For many tasks that spend one budget, each in a process of its own: alone, each would learn only from its refusals.
A queue sees who waits, not what is spent. So whoever it lets go may be refused all the same, and comes back.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from itertools import count


@dataclass(frozen=True, order=True)
class Ticket:
    """A place in the queue.

    :ivar asked_at: when the call was first asked for, in seconds since the epoch: it decides, over all later tries.
    :ivar number: in the order of arrival, for those who asked at the same moment.
    :ivar slots: how many calls its holder will make at once.
    """

    asked_at: float
    number: int
    slots: int = field(compare=False)


class SlotQueue:
    """The queue at one rate limit. All times in seconds since the epoch."""

    def __init__(self) -> None:
        self._queue: list[Ticket] = []
        self._numbers = count()
        self._opens_at = 0.0

    def join(self, asked_at: float, now: float, *, slots: int, ready_at: float, refused: bool) -> Ticket:
        """Take a place.

        :param ready_at: when the budget may have room again, as far as the holder knows. Counts only where nobody
            waits and nobody just went: the pace of those who do is the better knowledge.
        :param refused: the queue admitted this caller and Frame.io still refused. Somebody else spends the budget, so
            the queue stays closed until ``ready_at``.
        """
        if refused or (not self._queue and self._opens_at <= now):
            self._opens_at = max(self._opens_at, ready_at)
        ticket = Ticket(asked_at, next(self._numbers), slots)
        insort(self._queue, ticket)
        return ticket

    @property
    def first(self) -> Ticket | None:
        """Who may go next, if anybody waits."""
        return self._queue[0] if self._queue else None

    def leave(self, ticket: Ticket) -> None:
        """Give up a place. Nothing happens if it was used."""
        if ticket in self._queue:
            self._queue.remove(ticket)

    def delay(self, ticket: Ticket, now: float, slot: float) -> float | None:
        """Seconds until this ticket's holder may go; 0.0 means now. None while others are before it.

        :param slot: seconds between two calls at the limit's pace.
        """
        if ticket != self.first:
            return None
        # Room for several calls takes as many slots to come.
        return max(0.0, self._opens_at + (ticket.slots - 1) * slot - now)

    def go(self, ticket: Ticket, now: float, slot: float) -> None:
        """Let the first one go; the next may follow a slot later."""
        self.leave(ticket)
        self._opens_at = max(now, self._opens_at + (ticket.slots - 1) * slot) + slot
