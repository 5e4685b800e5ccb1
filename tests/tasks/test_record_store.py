"""What an automatic retry does with an earlier try's record, and what a user's clear does.

``dag.test()`` knows no clear, so the task instance stands for Airflow's: its ``max_tries`` rise with a clear.
"""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_frameio.copying.record import CopyRequest
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.record_store import Records, copy_durably
from tests.harness.configuration import KEEPS_RECORDS

pytestmark = pytest.mark.skipif(not KEEPS_RECORDS, reason="Airflow keeps no records before 3.3")


@pytest.fixture
def request_(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> CopyRequest:
    description = frameio.description()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(description["airflow_connection"]))
    stack, target = description["version_stacks"][0], description["folders"]["target"]
    return CopyRequest(description["airflow_connection"]["extra"]["account_id"], stack, target)


def try_(request_: CopyRequest, stored: list[Any], *, number: int, max_tries: int) -> str:
    """A try of a task with two retries; ``stored`` outlives it. The copy's id."""
    instance = SimpleNamespace(try_number=number, max_tries=max_tries, task=SimpleNamespace(retries=2))
    run = SimpleNamespace(start_date=datetime.datetime.now(datetime.timezone.utc))
    store = SimpleNamespace(
        get=lambda key: stored[-1] if stored else None, set=lambda key, record, retention: stored.append(record)
    )
    context: Any = {"ti": instance, "dag_run": run}
    records = Records(request_.key(), store)
    record = copy_durably(FrameioHook(), request_, context, records, on_ambiguous="fail")
    assert record.copy is not None
    return str(record.copy["id"])


def test_a_retry_finds_the_copy_and_a_clear_makes_another(request_: CopyRequest) -> None:
    """Airflow's automatic retry leaves ``max_tries`` as they are; a user's clear raises them."""
    stored: list[Any] = []
    first = try_(request_, stored, number=1, max_tries=2)
    assert try_(request_, stored, number=2, max_tries=2) == first

    second = try_(request_, stored, number=3, max_tries=4)
    assert second != first
    assert try_(request_, stored, number=4, max_tries=4) == second
