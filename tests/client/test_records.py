"""Flows that keep a record: it is stored before a copy is sent, at the last moment, or the copy is not sent."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Recorded, RecordedFlow, Room, Save
from airflow_provider_frameio.api.replies import JsonObject
from tests.client.conftest import Studio

COPY = "copy_version_stack"


def copying(studio: Studio) -> RecordedFlow[str]:
    """Copies a stack, with a record of where it stands."""
    yield Save({"state": "prepared"})
    copy = yield Recorded(studio.copy(), sending={"state": "sent"}, refused={"state": "refused"})
    yield Save({"state": "done"})
    return str(copy["id"])


class Store:
    """Keeps every record with how many copies had been asked for and how many seconds had passed by then."""

    def __init__(self, studio: Studio) -> None:
        self.records: list[tuple[str, int, float]] = []
        self._studio = studio
        self._start = studio.clock.monotonic()

    def __call__(self, record: JsonObject) -> None:
        passed = self._studio.clock.monotonic() - self._start
        self.records.append((record["state"], len(self._studio.calls(COPY)), passed))


def test_a_record_is_stored_before_and_after_each_step(studio: Studio) -> None:
    """``sent`` stands there while no request has reached Frame.io."""
    store = Store(studio)

    studio.client().run(copying(studio), store)

    assert store.records == [("prepared", 0, 0.0), ("sent", 0, 0.0), ("done", 1, 0.0)]


def test_the_record_is_stored_only_when_the_limit_admits_the_copy(studio: Studio) -> None:
    """A process that dies while it waits has sent nothing, and its record says so."""
    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())
    store = Store(studio)

    client.run(copying(studio), store)

    assert store.records == [("prepared", 10, 0.0), ("sent", 10, 6.0), ("done", 11, 6.0)]


@pytest.mark.parametrize("status", [401, 429])
def test_a_refused_copy_is_recorded_as_refused_until_it_is_sent_again(studio: Studio, status: int) -> None:
    """While it waits for another try nothing is unknown."""
    studio.emulator.fault(route=COPY, kind="status", status=status)
    store = Store(studio)

    studio.client().run(copying(studio), store)

    assert [record[:2] for record in store.records] == [
        ("prepared", 0),
        ("sent", 0),
        ("refused", 1),
        ("sent", 1),
        ("done", 2),
    ]
    assert studio.copies() == 1


def test_a_copy_whose_answer_was_lost_stays_recorded_as_sent(studio: Studio) -> None:
    """That is how whoever reads the record later knows that it must look."""
    studio.emulator.fault(route=COPY, kind="drop", when="after")
    store = Store(studio)

    with pytest.raises(errors.CopyOutcomeUnknown):
        studio.client().run(copying(studio), store)

    assert store.records[-1][0] == "sent"
    assert studio.copies() == 1


def test_a_copy_that_cannot_be_recorded_is_not_sent(studio: Studio) -> None:
    """What the store raised is raised as it is, and the slot of the limit is still there."""

    def full(record: JsonObject) -> None:
        if record["state"] == "sent":
            raise OSError("no space left")

    client = studio.client()
    with pytest.raises(OSError, match="no space left"):
        client.run(copying(studio), full)
    assert studio.calls(COPY) == []

    for _ in range(10):
        client.call(studio.copy())
    assert studio.clock.slept == []


def test_a_record_need_not_be_kept(studio: Studio) -> None:
    """Without a store the same flow runs to its end."""
    assert studio.client().run(copying(studio))
    assert studio.copies() == 1


def test_a_step_that_waits_for_room_spends_nothing(studio: Studio) -> None:
    """It waits as its call would, and the call after it is admitted at once."""

    def flow() -> RecordedFlow[None]:
        yield Room(studio.copy())
        yield Save({"state": "there is room"})
        yield studio.copy()

    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())
    store = Store(studio)

    client.run(flow(), store)

    assert store.records == [("there is room", 10, 6.0)]
    assert studio.clock.slept == [6.0]
    assert studio.calls(COPY) == [200] * 11


def test_where_room_takes_too_long_the_flow_is_told(studio: Studio) -> None:
    """Before anything is stored or sent, with how long it takes."""

    def flow() -> RecordedFlow[None]:
        yield Room(studio.copy())

    client = studio.client()
    for _ in range(10):
        client.call(studio.copy())
    with pytest.raises(errors.NoSlot) as busy:
        client.run(flow(), max_wait_slots=0.0)
    assert busy.value.delay == pytest.approx(6.0, rel=0.02)
    assert studio.clock.slept == []


def test_a_recorded_call_may_keep_no_record(studio: Studio) -> None:
    """It waits for the limit and is repeated as one that does, and nothing is stored."""
    studio.emulator.fault(route=COPY, kind="status", status=429)

    def flow() -> RecordedFlow[str]:
        return str((yield Recorded(studio.copy()))["id"])

    store = Store(studio)
    assert studio.client().run(flow(), store)
    assert store.records == []
    assert studio.calls(COPY) == [429, 200]


@pytest.mark.parametrize(("attempts", "sent"), [(1, 1), (2, 2), (None, 4)])
def test_how_often_a_recorded_call_is_tried_may_be_said(studio: Studio, attempts: int | None, sent: int) -> None:
    """Where Frame.io cannot be reached; a refusal by the limit does not count."""

    def flow() -> RecordedFlow[None]:
        yield Recorded(studio.copy(), sending={"state": "sent"}, refused={"state": "refused"}, attempts=attempts)

    client = studio.client(auth_type="token", secret=studio.emulator.token)
    studio.emulator.fault(route=COPY, kind="status", status=429)
    client.run(flow())
    assert studio.calls(COPY) == [429, 200]
    studio.emulator.stop()
    store = Store(studio)
    with pytest.raises(errors.HostUnreachable):
        client.run(flow(), store)
    assert [state for state, *_ in store.records].count("sent") == sent
