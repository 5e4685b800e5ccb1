"""The operator and the rate limit: a deferrable task leaves its worker instead of waiting for a slot."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import KEEPS_RECORDS
from tests.inline import InlineAirflow

COPY = "copy_version_stack"
GATE = "Waiting in the triggerer for the rate limit"


def copy(airflow: InlineAirflow, frameio: Emulator, more: str, tail: str = "", stacks: int = 12) -> object:
    description = frameio.description()
    return airflow.run(
        f"""
        FrameioCopyVersionStackOperator.partial(
            task_id="copy", parent_id=TARGET, wait_for_completion=False, retries=0, {more}
        ).expand(version_stack_id=STACKS){tail}
        """,
        STACKS=description["version_stacks"][:stacks],
        TARGET=description["folders"]["target"],
    )


def statuses(frameio: Emulator) -> Counter[int | None]:
    return Counter(request.status for request in frameio.requests if request.route == COPY)


@pytest.mark.parametrize("durable", [True, False])
def test_a_refusal_sends_a_deferrable_task_to_the_triggerer(
    airflow: InlineAirflow, frameio: Emulator, durable: bool
) -> None:
    """It comes back when its turn has come, and makes its copy once."""
    frameio.fault(route=COPY, kind="status", status=429)
    outcome = copy(airflow, frameio, f"deferrable=True, durable={durable}")
    assert outcome.state == "success"
    assert GATE in outcome.log
    assert statuses(frameio) == {200: 12, 429: 1}


def test_one_that_is_refused_again_keeps_its_place(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Three refusals, three ways through the triggerer, one copy."""
    frameio.fault(route=COPY, kind="status", status=429, times=3)
    outcome = copy(airflow, frameio, "deferrable=True")
    assert outcome.state == "success"
    assert statuses(frameio) == {200: 12, 429: 3}


def test_mapped_tasks_beyond_the_burst_queue_before_they_ask(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The eleventh and the twelfth would only be refused, and the calls before a copy made twice."""
    outcome = copy(airflow, frameio, "deferrable=True")
    assert outcome.state == "success"
    assert outcome.log.count(GATE) >= 2
    calls = Counter(request.route for request in frameio.requests)
    assert calls[COPY] == 12
    if KEEPS_RECORDS:  # else ``dag.test()`` forgets that nothing was sent, and the task looks
        assert (calls["show_version_stack"], calls["me"]) == (12, 12)


def test_in_place_the_task_waits_in_its_worker(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Where there may be no triggerer."""
    frameio.fault(route=COPY, kind="status", status=429)
    outcome = copy(airflow, frameio, "deferrable=False")
    assert outcome.state == "success"
    assert GATE not in outcome.log
    assert statuses(frameio) == {200: 12, 429: 1}


def test_a_lost_answer_before_the_gate_is_not_forgotten_in_it(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The first copy was never made, the second is refused by the limit: what was sent is known after the wait.

    None is far back in the queue: ``dag.test()`` runs mapped tasks in any order.
    """
    frameio.fault(route=COPY, kind="status", status=503)
    frameio.fault(route=COPY, kind="status", status=429)
    outcome = copy(airflow, frameio, "deferrable=True", stacks=9)
    assert outcome.state == "success"
    assert statuses(frameio) == {200: 9, 429: 1, 503: 1}
