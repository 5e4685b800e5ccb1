"""Who may go next at a rate limit, in seconds that the test counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from airflow_provider_frameio.api.rate_limit.slot_queue import SlotQueue, Ticket

SLOT = 6.0


@dataclass
class Queue:
    """A queue with a clock, and the moments at which each ticket went."""

    now: float = 1000.0
    queue: SlotQueue = field(default_factory=SlotQueue)

    def join(self, asked_at: float, *, slots: int = 1, ready_in: float = SLOT, refused: bool = False) -> Ticket:
        return self.queue.join(asked_at, self.now, slots=slots, ready_at=self.now + ready_in, refused=refused)

    def run(self, tickets: list[Ticket]) -> list[tuple[Ticket, float]]:
        """Let everybody go as soon as possible: who, and after how many seconds."""
        begin, went = self.now, []
        waiting = list(tickets)
        while waiting:
            waits = {one: self.queue.delay(one, self.now, SLOT) for one in waiting}
            (first, wait), *others = [(one, wait) for one, wait in waits.items() if wait is not None]
            assert others == []
            assert wait is not None
            self.now += wait
            self.queue.go(first, self.now, SLOT)
            waiting.remove(first)
            went.append((first, self.now - begin))
        return went


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_one_goes_each_slot_whoever_asked_first(queue: Queue) -> None:
    """Whatever the order in which they arrive."""
    late, early, middle = queue.join(30.0), queue.join(10.0), queue.join(20.0)
    assert queue.run([late, early, middle]) == [(early, 6.0), (middle, 12.0), (late, 18.0)]


def test_those_who_asked_at_the_same_moment_go_in_the_order_of_arrival(queue: Queue) -> None:
    """Mapped tasks often do."""
    tickets = [queue.join(5.0) for _ in range(4)]
    assert [one for one, _ in queue.run(tickets)] == tickets


def test_newcomers_do_not_put_the_others_off(queue: Queue) -> None:
    """Each newcomer thinks that there is room a slot from now; who waits knows the pace better."""
    first = queue.join(1.0)
    queue.now += 5.0
    second = queue.join(2.0)
    assert queue.run([first, second]) == [(first, 1.0), (second, 7.0)]


def test_whoever_comes_back_refused_is_the_first_again_and_all_wait_with_it(queue: Queue) -> None:
    """Its slot was somebody else's: the budget is full, and drains one call in a slot."""
    first, second = queue.join(1.0), queue.join(2.0)
    queue.now += SLOT
    queue.queue.go(first, queue.now, SLOT)
    queue.now += 5.0
    again = queue.join(1.0, refused=True)
    assert queue.run([second, again]) == [(again, 6.0), (second, 12.0)]


def test_after_a_calm_time_a_newcomer_waits_as_long_as_it_thinks_it_must(queue: Queue) -> None:
    """And right after somebody went, at least the rest of that slot."""
    assert queue.run([queue.join(1.0, ready_in=2.0)])[0][1] == 2.0
    queue.now += 1.0
    assert queue.run([queue.join(2.0, ready_in=0.0)])[0][1] == 5.0
    queue.now += 100.0
    assert queue.run([queue.join(3.0, ready_in=0.5)])[0][1] == 0.5


def test_room_for_several_calls_takes_as_many_slots(queue: Queue) -> None:
    """The one behind follows a slot after the last of them."""
    several, single = queue.join(1.0, slots=5), queue.join(2.0)
    assert queue.run([several, single]) == [(several, 30.0), (single, 36.0)]


def test_a_place_given_up_holds_nobody_up(queue: Queue) -> None:
    """A task that is cleared or marked while it waits; giving up twice does no harm."""
    first, second = queue.join(1.0), queue.join(2.0)
    queue.queue.leave(first)
    queue.queue.leave(first)
    assert queue.run([second]) == [(second, 6.0)]
