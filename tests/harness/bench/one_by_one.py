"""What waits cost when each looks for itself: computed in virtual time, for comparison with the shared poller.

Every wait looks every 15 seconds. Its looks are admitted at Frame.io's 100 a minute in the order of asking, as one
process with one budget would do.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import replace
from typing import Any

from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Flow, Pause
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.wait import Terms
from tests.copying.waiting import wait_until_complete
from tests.harness.bench.loads import DURATIONS, START_INTERVAL, Load, Row, row

_SLOT, _BURST = 0.6, 100


def one_by_one(load: Load) -> Row:
    """The same load as for the shared poller."""
    latencies = []
    turns = _turns(load)
    calls, free, end = 0, -_SLOT * _BURST, 0.0
    while turns:
        now, number, flow, answer, complete_at = heapq.heappop(turns)
        try:
            step = flow.send(answer)
        except StopIteration:
            latencies.append(now - complete_at)
            end = max(end, now)
            continue
        if isinstance(step, Pause):
            later = now + step.seconds
            heapq.heappush(turns, (later, number, flow, later, complete_at))
            continue
        free = max(free + _SLOT, now - _SLOT * _BURST)
        at = max(now, free)
        calls += 1
        status = "uploaded" if at >= complete_at else "created"
        page = Page(({"id": "v", "type": "file", "status": status},), None)
        heapq.heappush(turns, (at, number, flow, page, complete_at))
    named = replace(load, name=f"{load.name}, one by one")
    return row(named, latencies, minutes=end / 60, calls=calls, refused=0)


def _turns(load: Load) -> list[tuple[float, int, Flow[None], Any, float]]:
    """When each flow goes on, with what; and when its copy is complete."""
    chance = random.Random(1)
    turns = []
    for number in range(load.copies):
        begin = 0.0 if load.at_once else number * START_INTERVAL
        seconds = 60.0 if load.at_once else chance.uniform(*DURATIONS)
        flow = wait_until_complete("a", [Expectation(f"c{number}", 1)], Terms(begin, begin + 1e6))
        turns.append((begin, number, flow, None, begin + seconds))
    return turns
