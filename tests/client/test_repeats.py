"""What is repeated, after how long, how often, and what never: counted by what reached Frame.io."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from tests.client.conftest import Studio
from tests.fakes import FakeClock

SHOW, COPY = "show_version_stack", "copy_version_stack"

# An answer that leaves it open whether the call was carried out, and the wait before the next try, jitter included.
LOST: Mapping[str, tuple[dict[str, Any], float]] = {
    "500": ({"kind": "status", "status": 500}, 37.5),
    "502": ({"kind": "status", "status": 502}, 37.5),
    "503": ({"kind": "status", "status": 503}, 37.5),
    "408": ({"kind": "status", "status": 408}, 37.5),
    "409": ({"kind": "status", "status": 409}, 1.25),
    "reset": ({"kind": "drop", "how": "rst"}, 1.25),
    "closed": ({"kind": "drop", "how": "fin"}, 1.25),
    "truncated": ({"kind": "truncated_body", "when": "after"}, 1.25),
    "garbage": ({"kind": "garbage"}, 1.25),
    "silence": ({"kind": "hang", "seconds": 60.0}, 1.25),
    "drip": ({"kind": "slow_body", "seconds": 10.0}, 1.25),
}
MOMENTS = [
    pytest.param({**order, **moment}, id=f"{name}-{moment['when']}")
    for name, (order, _) in LOST.items()
    for moment in ({"when": "before"}, {"when": "after"})
    if order.get("when", moment["when"]) == moment["when"] and (name, moment["when"]) != ("drip", "before")
]


@pytest.fixture
def clock() -> FakeClock:
    """Real time passes as well: a slow answer takes some."""
    return FakeClock(running=True)


@pytest.mark.parametrize(("order", "wait"), LOST.values(), ids=LOST)
def test_a_call_that_may_be_repeated_is_repeated_after_a_wait(
    studio: Studio, order: dict[str, Any], wait: float
) -> None:
    """The same call is made again when its answer was lost: 30 seconds and more after a fault of Frame.io's own."""
    studio.emulator.fault(route=SHOW, **order)

    record = studio.meeting_faults().call(studio.show())

    assert record["id"] == studio.stack
    assert len(studio.calls(SHOW)) == 2
    assert studio.clock.slept == [wait]


@pytest.mark.parametrize("order", MOMENTS)
def test_a_copy_whose_answer_was_lost_is_never_repeated(studio: Studio, order: dict[str, Any]) -> None:
    """One request reaches Frame.io, and the error says that the copy may have been made, whether it was or not."""
    studio.emulator.fault(route=COPY, **order)

    with pytest.raises(errors.CopyOutcomeUnknown, match="a second attempt could copy twice"):
        studio.meeting_faults().call(studio.copy())

    assert len(studio.calls(COPY)) == 1
    assert studio.copies() == (order["when"] == "after")
    assert studio.clock.slept == []


def test_a_call_is_given_up_after_four_tries(studio: Studio) -> None:
    """Each wait is longer than the one before, and the last error is the one that is raised."""
    studio.emulator.fault(route=SHOW, kind="status", status=503, times=None)

    with pytest.raises(errors.ServerError, match="answered 503"):
        studio.client().call(studio.show())

    assert studio.calls(SHOW) == [503] * 4
    assert studio.clock.slept == [37.5, 75.0, 150.0]


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_is_final(studio: Studio, status: int) -> None:
    """What would be refused again is not asked again."""
    studio.emulator.fault(route=SHOW, kind="status", status=status)

    with pytest.raises(errors.ApiError):
        studio.client().call(studio.show())

    assert studio.calls(SHOW) == [status]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(studio: Studio, status: int) -> None:
    """Not even to the same origin: where a token may go is said by the connection and by nobody else."""
    location = f"{studio.emulator.base_url}/v4/me"
    studio.emulator.fault(route=SHOW, kind="redirect", status=status, location=location)

    with pytest.raises(errors.Redirected, match=location):
        studio.client().call(studio.show())

    assert studio.calls(SHOW) == [status]
    assert studio.calls("me") == []


def test_a_copy_that_was_never_sent_is_repeated(studio: Studio) -> None:
    """A refused connection means that nothing happened, so even a copy is tried again, four times in all."""
    client = studio.client(auth_type="token", secret=studio.emulator.token)
    studio.emulator.stop()

    with pytest.raises(errors.HostUnreachable):
        client.call(studio.copy())

    assert studio.clock.slept == [1.25, 2.5, 5.0]
