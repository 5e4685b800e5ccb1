"""The rate limit, met over sockets: nothing refused that could be foreseen, nothing lost, in the order of asking."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.protocol import RateLimit
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Budget
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client import transport
from airflow_provider_frameio.client.pacer import Pacer, Pacing
from tests.client.conftest import Studio
from tests.fakes import FakeClock
from tests.harness.patience import PATIENCE

COPY = "copy_version_stack"
SLOT = 6.0
"""Seconds: ten copies a minute."""


def test_thirty_copies_take_the_time_that_the_limit_needs(studio: Studio) -> None:
    """A burst of ten, then one a slot: no copy is refused and none lost."""
    client = studio.client()
    start = studio.clock.monotonic()

    made = {client.call(studio.copy())["id"] for _ in range(30)}

    assert studio.calls(COPY) == [200] * 30
    assert len(made) == studio.copies() == 30
    assert 20 * SLOT <= studio.clock.monotonic() - start <= 20 * SLOT * 1.02


def test_threads_share_one_budget(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads are no faster than one and are refused no more, also through clients of their own."""
    hours = 1e6  # for while one thread connects, another one's sleep lets seconds pass at once
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", hours)
    start = studio.clock.monotonic()

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: studio.client(timeout=hours).call(studio.copy())["id"], range(30)))

    assert studio.calls(COPY) == [200] * 30
    assert len(made) == studio.copies() == 30
    # A slot more than one thread takes: where one sleeps while another's call is under way, that call arrives later.
    assert studio.clock.monotonic() - start <= 21 * SLOT


def test_each_endpoint_has_its_own_budget(studio: Studio) -> None:
    """Waiting for the copies' limit holds up no other call."""
    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())

    for _ in range(10):
        client.call(studio.show())

    assert studio.clock.slept == []


def test_each_user_has_its_own_budget(studio: Studio) -> None:
    """Frame.io counts by user: another credential begins with a whole burst."""
    other = studio.emulator.seed_user("Grace Grader")
    clients = studio.client(), studio.client(client_id=other["client_id"], secret=other["client_secret"])

    for client in clients:
        for _ in range(10):
            client.call(studio.copy())

    assert studio.clock.slept == []
    assert studio.calls(COPY) == [200] * 20


def test_another_process_with_the_same_budget_is_noticed(studio: Studio) -> None:
    """A rival that takes a fifth of the slots costs a few refusals, its time and, once, a reserve of four slots."""
    studio.emulator.configure(rival={COPY: 2.0})
    client = studio.client()
    start = studio.clock.monotonic()

    made = {client.call(studio.copy())["id"] for _ in range(30)}

    assert len(made) == studio.copies() == 30
    assert studio.calls(COPY).count(429) <= 6
    assert studio.clock.monotonic() - start <= 20 * 60 / 8 * 1.1 + 4 * SLOT


def test_a_server_that_counts_by_fixed_windows_is_obeyed_as_well(studio: Studio) -> None:
    """Where the limit is another than documented a few refusals teach it; no copy is lost."""
    studio.emulator.configure(limit_mode="fixed")
    client = studio.client()
    start = studio.clock.monotonic()

    made = {client.call(studio.copy())["id"] for _ in range(30)}

    assert len(made) == studio.copies() == 30
    assert studio.calls(COPY).count(429) <= 4
    assert studio.clock.monotonic() - start <= 4 * 60


def test_the_limit_in_the_headers_replaces_the_documented_one(studio: Studio) -> None:
    """Frame.io may change its limits: five calls in ten seconds mean one every two seconds after the burst."""
    studio.emulator.configure(limits={COPY: {"limit": 5, "window": 10.0}})
    client = studio.client()

    for _ in range(8):
        client.call(studio.copy())

    assert studio.calls(COPY) == [200] * 8
    assert studio.clock.slept == [pytest.approx(2.0, rel=0.02)] * 3


@pytest.mark.parametrize(
    ("order", "least", "most"),
    [
        pytest.param({}, SLOT, 2 * SLOT, id="with its headers: one to two slots"),
        pytest.param({"ratelimit_headers": False}, 1.0, 2.0, id="without: somebody else's limit, a second or two"),
        pytest.param({"headers": {"Retry-After": "17"}}, 17.0, 17.0, id="with Retry-After: that long"),
    ],
)
def test_a_refused_copy_is_repeated(studio: Studio, order: dict[str, Any], least: float, most: float) -> None:
    """A 429 means that nothing was carried out, so that even a copy is made again, and once only."""
    studio.emulator.fault(route=COPY, kind="status", status=429, **order)

    studio.client().call(studio.copy())

    assert studio.calls(COPY) == [429, 200]
    assert studio.copies() == 1
    assert least <= sum(studio.clock.slept) <= most


def test_refusals_without_end_are_given_up_after_an_hour(studio: Studio) -> None:
    """The hour begins with the first refusal, and the error says who may be spending the budget."""
    studio.emulator.fault(route=COPY, kind="status", status=429, times=None)
    start = studio.clock.monotonic()

    with pytest.raises(errors.RateLimited, match="Another client may be spending"):
        studio.client().call(studio.copy())

    assert 3600 <= studio.clock.monotonic() - start <= 3700
    assert studio.copies() == 0


def test_a_call_that_never_left_costs_nothing(studio: Studio) -> None:
    """However often the host cannot be reached, the limit holds nobody up."""
    client = studio.client(auth_type="token", secret=studio.emulator.token, backoff=Backoff(attempts=1))
    studio.emulator.stop()

    for _ in range(15):
        with pytest.raises(errors.HostUnreachable):
            client.call(studio.copy())

    assert studio.clock.slept == []


def test_a_call_whose_answer_was_lost_counts_as_spent(studio: Studio) -> None:
    """Frame.io counted it: ten lost copies leave nothing of the burst."""
    studio.emulator.fault(route=COPY, kind="drop", times=10)
    client = studio.client()
    for _ in range(10):
        with pytest.raises(errors.CopyOutcomeUnknown):
            client.call(studio.copy())

    client.call(studio.copy())

    assert studio.clock.slept == [pytest.approx(SLOT)]
    assert 429 not in studio.calls(COPY)


def test_long_waits_are_logged(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """A task that seems to stand still says why; short waits are nobody's concern."""
    caplog.set_level("INFO")
    client = studio.client()
    studio.emulator.configure(limits={"me": {"limit": 2, "window": 1.0}})
    for _ in range(11):
        client.call(studio.copy())
    for _ in range(4):
        client.call(get_me())

    assert [line for line in caplog.messages if "rate limit" in line] == ["Waiting 6.0 s for the rate limit."]


class HeldClock(FakeClock):
    """A clock whose sleepers wake up only when they are told to, whoever fell asleep last the first."""

    def __init__(self) -> None:
        super().__init__()
        self.sleepers: list[threading.Event] = []
        self._asleep = threading.Semaphore(0)

    def sleep(self, seconds: float) -> None:
        woken = threading.Event()
        self.sleepers.append(woken)
        self._asleep.release()
        assert woken.wait(PATIENCE)
        super().sleep(seconds)

    def wake_one(self) -> None:
        assert self._asleep.acquire(timeout=PATIENCE)
        self.sleepers.pop().set()


def test_whoever_asks_first_is_admitted_first() -> None:
    """Threads are admitted in the order of asking."""
    clock = HeldClock()
    pacer = Pacer(Budget(RateLimit(1, 60.0), lambda: 0.0), clock)
    admitted: list[int] = []

    def ask(number: int) -> None:
        spent = pacer.admit()
        admitted.append(number)
        pacer.close_lost(spent)

    ask(0)
    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(1, 6)]
    for asking, thread in enumerate(threads, 1):
        thread.start()
        # Only when each stands in the queue or sleeps does the next one ask later.
        while len(pacer._changed._waiters) + len(clock.sleepers) < asking:  # type: ignore[attr-defined]
            threading.Event().wait(0.001)
    for thread in threads:
        clock.wake_one()
        thread.join(PATIENCE)

    assert admitted == [0, 1, 2, 3, 4, 5]
    assert clock.slept == [60.0] * 5


def test_a_thread_that_is_interrupted_while_it_waits_gives_up_its_place() -> None:
    """A task that is killed must not hold up those behind it."""

    class Killed(BaseException):
        pass

    class KillingClock(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise Killed

    clock = KillingClock()
    pacer = Pacer(Budget(RateLimit(1, 60.0), lambda: 0.0), clock)
    pacer.close_lost(pacer.admit())
    with pytest.raises(Killed):
        pacer.admit()

    clock.advance(60)

    assert pacer.admit().number == 2


def test_another_process_that_goes_on_knows_what_was_spent(studio: Studio) -> None:
    """A deferred task may go on elsewhere: the calls it made are charged by their ages, and none is refused."""
    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())
    ages = client.pacer(studio.copy()).ages()
    elsewhere = replace(studio, pacing=Pacing(studio.clock, lambda: 0.5))
    studio.clock.sleep(13.0)

    other = elsewhere.client()
    other.pacer(studio.copy()).recall([age + 13.0 for age in ages])
    for _ in range(3):
        other.call(studio.copy())

    assert studio.calls(COPY) == [200] * 13
    assert studio.clock.slept[1:] == [pytest.approx(5.0, abs=0.2)]  # without its answers a little is left for doubt


def test_a_process_that_made_calls_itself_needs_no_reminder(studio: Studio) -> None:
    """They are not charged twice."""
    client = studio.client()
    for _ in range(5):
        client.call(studio.copy())
    pacer = client.pacer(studio.copy())

    pacer.recall(pacer.ages())
    for _ in range(5):
        client.call(studio.copy())

    assert studio.clock.slept == []


@pytest.mark.parametrize(("max_wait_slots", "waits"), [(0.9, False), (1.1, True)])
def test_a_caller_may_rather_come_back_than_wait(studio: Studio, max_wait_slots: float, waits: bool) -> None:
    """Its longest wait is in slots; beyond it nothing is sent, and the error says how long it would take."""
    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())

    if waits:
        client.call(studio.copy(), max_wait_slots=max_wait_slots)
    else:
        with pytest.raises(errors.NoSlot, match=r"no room for 6\.0 s") as busy:
            client.call(studio.copy(), max_wait_slots=max_wait_slots)
        assert (busy.value.delay, busy.value.slot) == (pytest.approx(6.0), 6.0)

    assert len(studio.calls(COPY)) == (11 if waits else 10)


def test_a_refusal_is_beyond_any_patience(studio: Studio) -> None:
    """Whoever would rather come back does so then; the refused call was not carried out and costs nothing."""
    studio.emulator.fault(route=COPY, kind="status", status=429)

    with pytest.raises(errors.NoSlot):
        studio.client().call(studio.copy(), max_wait_slots=100.0)

    assert studio.calls(COPY) == [429]
    assert sum(studio.clock.slept) == 0
