"""What a call reports of itself while it runs: that it is about to be sent, and that it was not carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Recorded, RecordedFlow, Save, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Journal
from airflow_provider_frameio.client.exchange import Exchange
from tests.client.conftest import Studio
from tests.fakes import FakeClock

COPY, TOKEN = "copy_version_stack", "ims_token"
Line = tuple[str, int, float]


@dataclass
class Log:
    """Each report, with the requests that had reached Frame.io by then and the seconds that had passed."""

    studio: Studio
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self.studio.clock.monotonic()
        self.journal = Journal(self._writes("sending"), self._writes("not carried out"))

    def _writes(self, word: str) -> Callable[[], None]:
        def write() -> None:
            passed = self.studio.clock.monotonic() - self._start
            self.lines.append((word, len(self.studio.calls(COPY)), passed))

        return write


def with_token(studio: Studio) -> dict[str, Any]:
    """Settings with a token, so that no call of IMS comes in between."""
    return {"auth_type": "token", "secret": studio.emulator.token}


def test_a_call_reports_once_that_it_is_being_sent(studio: Studio) -> None:
    """Before its request, and nothing after a good answer."""
    log = Log(studio)
    studio.client().call(studio.copy(), log.journal)
    assert log.lines == [("sending", 0, 0.0)]


def test_a_call_that_queues_for_its_limit_reports_at_the_end_of_the_queue(studio: Studio) -> None:
    """Not for each second of it: nothing has been sent until then, and a process that dies has sent nothing."""
    client = studio.client()
    for _ in range(12):
        client.call(studio.copy())
    log = Log(studio)

    client.call(studio.copy(), log.journal)

    assert log.lines == [("sending", 12, pytest.approx(6.0, rel=0.02))]
    assert studio.clock.slept[-1] == pytest.approx(6.0, rel=0.02)


def test_nothing_comes_between_the_report_and_the_request(studio: Studio) -> None:
    """The token is there before: a token that cannot be had leaves no record of a copy."""
    studio.emulator.fault(route=TOKEN, kind="status", status=400)
    log = Log(studio)

    with pytest.raises(errors.ImsError):
        studio.client().call(studio.copy(), log.journal)

    assert log.lines == []


def test_a_refusal_by_the_limit_is_reported_before_the_wait_and_the_next_try_after_it(studio: Studio) -> None:
    """Between the two nothing is under way."""
    studio.emulator.fault(route=COPY, kind="status", status=429, times=2)
    log = Log(studio)

    studio.client().call(studio.copy(), log.journal)

    words = [word for word, _, _ in log.lines]
    assert words == ["sending", "not carried out", "sending", "not carried out", "sending"]
    assert [requests for _, requests, _ in log.lines] == [0, 1, 1, 2, 2]
    moments = [moment for _, _, moment in log.lines]
    assert moments[0] == moments[1] < moments[2] == moments[3] < moments[4]


def test_a_refused_token_is_reported_as_a_call_that_was_not_carried_out(studio: Studio) -> None:
    """It is sent again with another token."""
    studio.emulator.fault(route=COPY, kind="status", status=401)
    log = Log(studio)

    studio.client().call(studio.copy(), log.journal)

    assert [line[:2] for line in log.lines] == [("sending", 0), ("not carried out", 1), ("sending", 1)]


def test_a_refused_connection_is_reported_before_each_repeat_only(studio: Studio) -> None:
    """Of the last try it is the error that tells: nobody tries again."""
    client = studio.client(**with_token(studio))
    studio.emulator.stop()
    log = Log(studio)

    with pytest.raises(errors.HostUnreachable):
        client.call(studio.copy(), log.journal)

    assert [(word, moment) for word, _, moment in log.lines] == [
        ("sending", 0.0),
        ("not carried out", 0.0),
        ("sending", 1.25),
        ("not carried out", 1.25),
        ("sending", 3.75),
        ("not carried out", 3.75),
        ("sending", 8.75),
    ]


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "drop", "when": "before"},
        {"kind": "drop", "when": "after"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 409},
        {"kind": "truncated_body", "when": "after"},
        {"kind": "garbage"},
    ],
    ids=str,
)
def test_a_lost_answer_is_never_reported_as_not_carried_out(studio: Studio, order: dict[str, Any]) -> None:
    """Nobody knows: the report that it was being sent is the last word."""
    studio.emulator.fault(route=COPY, **order)
    log = Log(studio)

    with pytest.raises(errors.CopyOutcomeUnknown):
        studio.meeting_faults().call(studio.copy(), log.journal)

    assert log.lines == [("sending", 0, 0.0)]


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_final_refusal_is_an_error_and_no_report(studio: Studio, status: int) -> None:
    """Whoever asked hears it from the error."""
    studio.emulator.fault(route=COPY, kind="status", status=status)
    log = Log(studio)

    with pytest.raises(errors.ApiError):
        studio.client().call(studio.copy(), log.journal)

    assert log.lines == [("sending", 0, 0.0)]


class Full(Exception):
    """What is to keep the record keeps nothing more."""


def full() -> None:
    raise Full


def test_a_call_whose_report_fails_is_not_sent_and_spends_nothing(studio: Studio) -> None:
    """Its slot of the limit is given back: a dozen wait for nothing, and ten more calls are admitted at once."""
    client = studio.client()
    for _ in range(12):
        with pytest.raises(Full):
            client.call(studio.copy(), Journal(sending=full))
    assert studio.calls(COPY) == []

    for _ in range(10):
        client.call(studio.copy())
    assert studio.clock.slept == []
    assert studio.calls(COPY) == [200] * 10


def test_a_call_is_not_repeated_when_that_cannot_be_reported(studio: Studio) -> None:
    """The record would go on saying that it was sent, which is the safe mistake."""
    studio.emulator.fault(route=COPY, kind="status", status=429)

    with pytest.raises(Full):
        studio.client().call(studio.copy(), Journal(not_carried_out=full))

    assert studio.calls(COPY) == [429]


def test_a_flow_does_not_go_on_when_its_record_cannot_be_saved(studio: Studio) -> None:
    """The error ends it as it is, and is not offered to the flow: its next step rests on the record."""
    caught: list[BaseException] = []

    def flow() -> RecordedFlow[None]:
        try:
            yield Save({})
        except Exception as error:  # noqa: BLE001 - to see that none comes
            caught.append(error)
        yield studio.copy()

    def refuse(record: JsonObject) -> None:
        raise Full

    with pytest.raises(Full):
        studio.client().run(flow(), refuse)
    assert caught == []
    assert studio.calls(COPY) == []


def test_a_flow_may_handle_the_error_of_a_recorded_call(studio: Studio) -> None:
    """It is thrown where the call stands, after the last record of it."""
    studio.emulator.fault(route=COPY, kind="drop", when="after")
    saved: list[JsonObject] = []

    def flow() -> RecordedFlow[str]:
        try:
            yield Recorded(studio.copy(), sending={"sent": 1}, refused={"sent": 0})
        except errors.CopyOutcomeUnknown as lost:
            yield Sleep(2.0, "looking for it")
            return lost.came
        return "made"

    assert "connection" in studio.meeting_faults().run(flow(), saved.append)
    assert saved == [{"sent": 1}]
    assert studio.clock.slept == [2.0]


def test_a_process_that_stood_still_between_its_record_and_the_call_sends_nothing(studio: Studio) -> None:
    """Another may have taken the copy over meanwhile. The next try stores its record anew, and sends."""
    still = [61.0, 0.0]
    log = Log(studio)

    def sending() -> None:
        log.journal.sending()
        studio.clock.advance(still.pop(0))

    client = studio.client(**with_token(studio))
    with pytest.raises(errors.NotSent, match="stood still"):
        client.call(studio.copy(), Journal(sending), attempts=1)
    assert studio.calls(COPY) == []
    client.call(studio.copy(), Journal(sending), attempts=1)
    assert [(word, calls) for word, calls, _ in log.lines] == [("sending", 0), ("sending", 0)]
    assert studio.calls(COPY) == [200]


def test_a_call_whose_connection_came_too_late_is_not_sent() -> None:
    """Whoever waits for it may have given up."""
    clock = FakeClock()
    exchange = Exchange(clock.monotonic, connect_timeout=10.0, timeout=60.0)
    clock.advance(11.0)
    with pytest.raises(TimeoutError):
        exchange.begin_sending()
    assert not exchange.sent
