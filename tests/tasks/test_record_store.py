"""What a task remembers of itself over its tries, and what it does where nothing remembers: retries, clears, losses."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_frameio.copying.record import CopyRecord, Snapshot
from airflow_provider_frameio.copying.restack.record import Item, RestackRecord
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.record_store import RecordStore, is_retry
from tests.harness.configuration import KEEPS_RECORDS

RETRIES = 2
NATIVE = CopyRecord(Snapshot(5.0, "s1", "p1", ("Cut.mov",), ("u1", ""), versions=2), sent=1)
RESTACK = RestackRecord(5.0, "s1", "p1", ("u1", ""), (Item("v1", "Cut.mov"),), newest_first=True)
with_a_store = pytest.mark.skipif(not KEEPS_RECORDS, reason="Airflow keeps no records before 3.3")


@dataclass
class Store:
    """Airflow's store of one task's state."""

    kept: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any, retention: Any) -> None:
        self.kept[key] = json.loads(json.dumps(value))


@pytest.fixture
def hook(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> FrameioHook:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
    return FrameioHook()


def hours(ago: float) -> datetime.datetime:
    return datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) - datetime.timedelta(hours=ago)


def context(store: Store | None, *, number: int = 1, max_tries: int = RETRIES, started: float = 1) -> Any:
    """Of a try of a DAG run that was started so many hours ago, due four hours ago, and whose interval began before."""
    run = SimpleNamespace(start_date=hours(started), run_after=hours(4), logical_date=hours(5))
    instance = SimpleNamespace(try_number=number, max_tries=max_tries, task=SimpleNamespace(retries=RETRIES))
    return {"ti": instance, "dag_run": run, **({"task_state_store": store} if store else {})}


def begin(hook: FrameioHook, store: Store | None, *, durable: bool = True, **of_try: Any) -> RecordStore:
    return RecordStore.begin(hook, context(store, **of_try), durable=durable)


@with_a_store
@pytest.mark.parametrize(
    ("finished", "max_tries", "started", "cleared", "edition"),
    [
        (False, 2, 1, False, 0),
        (True, 2, 1, False, 0),
        (False, 4, 1, True, 0),
        (True, 4, 1, True, 1),
        (True, 1, 1, True, 1),
        (True, 2, 0, True, 1),
    ],
    ids=[
        "retry",
        "retry of a finished",
        "clear",
        "clear of a finished",
        "clear with fewer retries",
        "clear that changes the run's start only",
    ],
)
def test_only_a_clear_of_a_finished_task_begins_a_new_edition(
    hook: FrameioHook, finished: bool, max_tries: int, started: float, cleared: bool, edition: int
) -> None:
    """A clear changes ``max_tries``, up or down, or the start of a run that was over.

    Of what is unfinished it goes on; what is finished it copies again.
    """
    store = Store()
    first = begin(hook, store)
    assert (first.series.edition, first.lost) == (0, None)
    if finished:
        first.finish()
    then = begin(hook, store, number=2, max_tries=max_tries, started=started)
    assert (then.series.edition, then.series.clear != first.series.clear, then.lost) == (edition, cleared, None)
    # And a retry of that try belongs to it, also where it was deferred.
    assert begin(hook, store, number=3, max_tries=max_tries, started=started).series == then.series
    deferred = context(store, number=3, max_tries=max_tries, started=started)
    assert RecordStore.resume(hook, deferred, {"edition": edition}, durable=True).series == then.series


@with_a_store
def test_a_store_without_a_trace_of_a_task_that_ran_before_means_search(hook: FrameioHook) -> None:
    """Airflow 3.4 discards a task's state at a clear. What is searched since then is nothing that a clear moves."""
    store = Store()
    assert begin(hook, store).lost is None
    store.kept.clear()
    cleared = begin(hook, store, number=2, max_tries=4)
    assert cleared.lost is not None
    assert cleared.lost.since == hours(4).timestamp()
    assert cleared.lost.until is not None
    # All copies that are lost were sent before this, however often the task is tried.
    assert begin(hook, store, number=3, max_tries=4).lost == cleared.lost
    cleared.finish()
    assert begin(hook, store, number=4, max_tries=4).lost is None


@with_a_store
@pytest.mark.parametrize("stored", ["x", {}, {"edition": None, "clear": "", "finished": True, "lost": None}])
def test_a_record_of_the_task_that_cannot_be_read_is_as_good_as_none(
    hook: FrameioHook, stored: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Copies may have been sent."""
    store = Store()
    begin(hook, store)
    (key,) = store.kept
    store.kept[key] = stored
    assert begin(hook, store, number=2).lost is not None
    assert "The stored record of this task cannot be used" in caplog.text


@pytest.mark.parametrize(("number", "max_tries", "retry"), [(1, 2, False), (2, 2, True), (3, 4, False), (4, 4, True)])
def test_without_a_store_a_retry_searches_and_a_clear_does_not(
    hook: FrameioHook, number: int, max_tries: int, retry: bool
) -> None:
    """Since the run was started, which a clear moves: so what was made before the clear is not found."""
    begun = begin(hook, None, number=number, max_tries=max_tries)
    assert begun.series.edition == 0
    assert (begun.lost is not None) is retry
    if begun.lost is not None:
        assert begun.lost.since == hours(1).timestamp()


@pytest.mark.parametrize(
    ("number", "max_tries", "retries", "retry"),
    [
        (1, 2, 2, False),
        (2, 2, 2, True),
        (3, 2, 2, True),
        (3, 4, 2, False),
        (2, 2, 1, False),
        (2, 2, 0, True),
        (3, 2, 0, False),
    ],
)
def test_a_clear_is_told_from_a_retry(number: int, max_tries: int, retries: int, retry: bool) -> None:
    """It sets ``max_tries`` to the tries before it and all retries.

    The last one is both: a clear, or the last retry of a task whose ``retries`` were lowered to 0 meanwhile.
    """
    instance = SimpleNamespace(try_number=number, max_tries=max_tries, task=SimpleNamespace(retries=retries))
    assert is_retry(instance) is retry


@pytest.mark.parametrize("number", [1, 2])
def test_a_task_that_is_not_durable_stores_and_searches_nothing(hook: FrameioHook, number: int) -> None:
    """Not even that it ran; while it is deferred its records are carried."""
    store = Store()
    begun = begin(hook, store, durable=False, number=number)
    assert begun.lost is None
    begun.save("k", NATIVE.to_json())
    begun.finish()
    assert store.kept == {}
    assert begun.carried("k") == NATIVE.to_json()
    assert begun.load("k") == NATIVE


@with_a_store
def test_a_record_is_read_as_what_it_is(hook: FrameioHook) -> None:
    """A stack that Frame.io copied, or one that was stacked anew; none, where none was stored."""
    store = Store()
    begun = begin(hook, store)
    begun.save("native", NATIVE.to_json())
    begun.save("restack", RESTACK.to_json())
    again = begin(hook, store, number=2)
    assert (again.load("native"), again.load("restack"), again.load("other")) == (NATIVE, RESTACK, None)
    assert again.carried("native") is None


@with_a_store
@pytest.mark.parametrize("stored", ["x", 5, [], {"kind": "restack"}, {"kind": "other"}])
def test_a_record_that_cannot_be_read_is_an_error(hook: FrameioHook, stored: Any) -> None:
    """Not none: a copy may have been sent."""
    with pytest.raises(ValueError, match="not a record"):
        begin(hook, Store({"k": stored})).load("k")


def test_a_task_that_was_deferred_goes_on_with_what_it_carried(hook: FrameioHook) -> None:
    """It searches nothing: the deferral knew all."""
    resumed = RecordStore.resume(hook, context(None, number=2), {"edition": 3}, durable=True)
    assert (resumed.series.edition, resumed.lost, resumed.resumed) == (3, None, True)
    resumed.save("k", NATIVE.to_json())
    assert resumed.load("k") == NATIVE
