"""Deferred waits for thousands of copies: in parts that fit into what MySQL has for a trigger's arguments.

So does the wait for the copied versions of one stack; those of the longest stacks are waited for in the worker.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.crypto import get_fernet
from airflow.models.trigger import Trigger
from cryptography.fernet import Fernet

from airflow_provider_frameio._compat import TaskDeferred
from airflow_provider_frameio.api.errors import ServerError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.restack.record import Item, RestackRecord
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioCopyVersionStackOperator,
)
from airflow_provider_frameio.sensors.version_stacks import FrameioVersionStackCopySensor
from airflow_provider_frameio.triggers.events import CopyEvent

MYSQL_TEXT = 65_535  # bytes
HOUR = 3600.0

Go = Callable[..., Any]


@pytest.fixture(autouse=True)
def outage(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look succeeds, so that all copies are left to the triggerer."""
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
    for route in ("show_version_stack", "list_version_stack_children", "list_files"):
        frameio.fault(route=route, kind="status", status=503, times=10**6)


def long_id(number: int) -> str:
    """As long as Frame.io's longest."""
    return f"adobe:urn:aaid:sc:US:{number:08}-0000-4000-8000-000000000000|{number:08}-0000-4000-8000-000000000001"


def wait_of_a_sensor(count: int) -> tuple[list[str], Go, dict[str, Any]]:
    """The ids of the copies, and how the task goes on."""
    copies = [long_id(number) for number in range(count)]
    sources = [long_id(number + count) for number in range(count)]

    def go(event: object = None, **kept: Any) -> Any:
        sensor = FrameioVersionStackCopySensor(
            task_id="wait", version_stack_id=copies, source_version_stack_id=sources, deferrable=True, timeout=HOUR
        )
        return sensor.execute({}) if event is None else sensor.execute_complete({}, event, **kept)

    return copies, go, {}


def context_of(operator: Any) -> Any:
    """Of the first try."""
    began = datetime.datetime.fromtimestamp(SYSTEM_CLOCK.epoch(), datetime.timezone.utc)
    instance = SimpleNamespace(
        try_number=1, max_tries=0, task=operator, map_index=-1, start_date=began, xcom_push=lambda key, value: None
    )
    return {"ti": instance, "dag_run": SimpleNamespace(start_date=began), "outlet_events": {}}


def wait_of_a_bulk_task(count: int) -> tuple[list[str], Go, dict[str, Any]]:
    """A task that was deferred once all copies were made."""
    copies = [long_id(number) for number in range(count)]
    rows = [
        {
            "source_id": long_id(number + count),
            "state": "copied",
            "copy_id": copy,
            "versions": 2,
            "folder_id": copies[0],
        }
        for number, copy in enumerate(copies)
    ]

    def go(event: object = None, **kept: Any) -> Any:
        operator = FrameioBulkCopyVersionStacksOperator(
            task_id="copy", version_stacks=[], parent_id="target", deferrable=True, timeout=HOUR
        )
        return operator.execute_complete(context_of(operator), event, **kept)

    nobody_could_look = CopyEvent("unseen", ("copy",), "")
    return copies, go, {"event": nobody_could_look.payload(), "job": {"rows": rows, "edition": 0}}


def wait_for_files(count: int) -> tuple[Go, dict[str, Any]]:
    """A task that was deferred once the versions of one stack were copied."""
    items = tuple(Item(long_id(n), "Cut.mov", 1, long_id(n + count), answered=True) for n in range(count))
    record = RestackRecord(0.0, "s1", long_id(0), ("u1", ""), items, newest_first=True)
    row = {"source_id": "s1", "parent_id": "target", "state": "files", "record": record.to_json()}

    def go(event: object = None, **kept: Any) -> Any:
        operator = FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id="s1", parent_id="target", strategy="restack", deferrable=True, timeout=HOUR
        )
        return operator.execute_complete(context_of(operator), event, **kept)

    nobody_could_look = CopyEvent("unseen", ("s1",), "")
    return go, {"event": nobody_could_look.payload(), "job": {"rows": [row], "edition": 0}}


def waits(go: Go, begin: dict[str, Any], results: list[Any]) -> Iterator[TaskDeferred]:
    """Each wait of the task, of which the triggerer says that it ended well; in the end its result."""
    kept = begin
    for _ in range(10):
        try:
            results.append(go(**kept))
        except TaskDeferred as deferred:
            yield deferred
            ids = [copy["version_stack_id"] for copy in deferred.trigger.copies]
            kept = {**json.loads(json.dumps(deferred.kwargs)), "event": CopyEvent("complete", tuple(ids)).payload()}
        else:
            return


WAITS = pytest.mark.parametrize("wait", [wait_of_a_sensor, wait_of_a_bulk_task])


def encrypted(deferred: TaskDeferred) -> str:
    """The trigger's arguments as Airflow stores them where it has a Fernet key, which it should."""
    stored = Trigger.from_object(deferred.trigger).encrypted_kwargs
    plain = stored.encode() if stored.startswith("{") else get_fernet().decrypt(stored.encode())
    return Fernet(Fernet.generate_key()).encrypt(plain).decode()


@WAITS
def test_a_wait_for_5000_copies_fits_into_mysql(wait: Any) -> None:
    """With the longest ids that Frame.io has."""
    _, go, begin = wait(5000)
    deferred = next(waits(go, begin, []))
    assert 0.5 * MYSQL_TEXT < len(encrypted(deferred)) <= MYSQL_TEXT


@pytest.mark.parametrize(("count", "deferred"), [(400, True), (401, False)])
def test_a_wait_for_copied_versions_fits_into_mysql_or_stays_in_the_worker(count: int, deferred: bool) -> None:
    """There ten looks that fail in a row are borne."""
    go, begin = wait_for_files(count)
    with pytest.raises(TaskDeferred if deferred else ServerError) as ended:
        go(**begin)
    if isinstance(ended.value, TaskDeferred):
        assert 0.5 * MYSQL_TEXT < len(encrypted(ended.value)) <= MYSQL_TEXT


@WAITS
def test_every_copy_is_waited_for(wait: Any) -> None:
    """One part after the other, all until the same time; the task ends with the last one, and has all copies."""
    copies, go, begin = wait(250)
    results: list[Any] = []
    found = list(waits(go, begin, results))
    assert [copy["version_stack_id"] for deferred in found for copy in deferred.trigger.copies] == copies
    assert len({deferred.trigger.end_time for deferred in found}) == 1
    assert results == [copies]


def test_what_a_deferral_forgot_is_waited_for_again() -> None:
    """``dag.test()`` of some Airflow versions forgets it: then nothing may count as complete."""
    copies, go, _ = wait_of_a_sensor(250)
    found = waits(go, {}, [])
    last = [next(found) for _ in range(3)][-1]
    with pytest.raises(TaskDeferred) as deferred:
        go(CopyEvent("complete", tuple(copy["version_stack_id"] for copy in last.trigger.copies)).payload())
    assert deferred.value.trigger.copies[0]["version_stack_id"] == copies[0]
