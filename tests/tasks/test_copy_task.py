"""One task over all its tries: what a retry, a clear, a death and lost state lead to, in what Frame.io then holds."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import ServerError
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioCopyVersionStackOperator,
)
from tests.harness.configuration import KEEPS_RECORDS

pytestmark = pytest.mark.skipif(not KEEPS_RECORDS, reason="Airflow keeps no records before 3.3")

COPY, LIST = "copy_version_stack", "list_version_stacks"
RETRIES = 2


class Death(BaseException):
    """The worker dies: nothing is caught, and nothing more is stored."""


@dataclass
class Store:
    """Airflow's store of one task's state; the worker dies after the write of the number ``dies_at``."""

    kept: dict[str, Any] = field(default_factory=dict)
    dies_at: int = -1
    writes: int = 0

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any, retention: Any) -> None:
        self.writes += 1
        self.kept[key] = json.loads(json.dumps(value))
        if self.writes == self.dies_at:
            raise Death


@dataclass
class Task:
    """One task instance of a DAG run.

    :ivar store: None where Airflow keeps none.
    """

    frameio: Emulator
    store: Store | None = field(default_factory=Store)
    number: int = 0
    max_tries: int = RETRIES

    def __post_init__(self) -> None:
        self.began = self.started = self._now()
        description = self.frameio.description()
        self.sources, self.target = description["version_stacks"], description["folders"]["target"]
        self.xcoms: dict[str, Any] = {}

    def _now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(SYSTEM_CLOCK.epoch(), datetime.timezone.utc)

    def one(self, **more: Any) -> Any:
        """The operator of one copy."""
        given = {"version_stack_id": self.sources[0], "parent_id": self.target, "wait_for_completion": False, **more}
        return FrameioCopyVersionStackOperator(task_id="copy", retries=RETRIES, **given)

    def many(self, *stacks: Any, **more: Any) -> Any:
        """The operator of many."""
        given = {"version_stacks": stacks, "parent_id": self.target, "wait_for_completion": False, **more}
        return FrameioBulkCopyVersionStacksOperator(task_id="copy", retries=RETRIES, **given)

    def try_(self, operator: Any) -> Any:
        """The next try, which is the task's first or a retry: its result."""
        self.number += 1
        instance = SimpleNamespace(
            try_number=self.number,
            max_tries=self.max_tries,
            task=operator,
            map_index=-1,
            start_date=self.began,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
        )
        run = SimpleNamespace(start_date=self.started, run_after=self.began, logical_date=self.began)
        context = {"ti": instance, "dag_run": run, "outlet_events": {}}
        if self.store is not None:
            context["task_state_store"] = self.store
        return operator.execute(context)

    def clear(self, operator: Any, retries: int = RETRIES) -> Any:
        """A user clears the task, whose run was over: the result of the try that follows."""
        SYSTEM_CLOCK.sleep(60.0)
        self.max_tries = self.number + retries
        self.started = self._now()
        return self.try_(operator)

    def copies(self) -> list[str]:
        """What the target folder holds in the end."""
        SYSTEM_CLOCK.sleep(60.0)
        return [line["id"] for line in self.frameio.tree(self.target) if line["type"] == "version_stack"]

    def sent(self) -> int:
        """How many copies Frame.io was asked for."""
        return sum(request.route == COPY for request in self.frameio.requests)

    def delete(self, copy_id: str) -> None:
        """Somebody deletes a copy, once its versions are there."""
        SYSTEM_CLOCK.sleep(60.0)
        hook = FrameioHook()
        account_id = hook.account_id(None)
        for version in hook.run(all_pages(list_version_stack_children(account_id, copy_id))):
            hook.client.call(delete_file(account_id, version["id"]))


@pytest.fixture
def task(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
    return Task(frameio)


def test_a_retry_finds_the_copy_and_a_clear_makes_another(task: Task) -> None:
    """A worker died before Airflow took the result; a user clears a task that had finished."""
    first = task.try_(task.one())
    assert task.try_(task.one()) == first
    second = task.clear(task.one())
    assert task.try_(task.one()) == second
    assert task.copies() == [first, second]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_clear_is_one_also_where_max_tries_falls_or_stays(task: Task, retries: int) -> None:
    """``retries`` were lowered before it."""
    first = task.try_(task.one())
    assert task.clear(task.one(), retries=retries) != first
    assert len(task.copies()) == 2


def test_a_bulk_that_was_cleared_goes_on_with_what_is_missing_though_its_list_changed(task: Task) -> None:
    """Each copy has a record of its own."""
    a, b, c, d = task.sources[:4]
    with pytest.raises(AirflowFailException, match="1 of 3 copies failed"):
        task.try_(task.many(a, "gone", b))
    made = task.copies()
    assert len(made) == 2
    result = task.clear(task.many(d, b, a, c))
    assert [result[2], result[1]] == made
    assert len(task.copies()) == 4


def test_where_a_connection_ends_the_task_what_failed_before_is_named_too(task: Task) -> None:
    """With what its row says, which may name files to look at."""
    task.frameio.fault(route=COPY, kind="status", status=401, times=2)
    with pytest.raises(AirflowFailException, match=r"(?s)401.* 1 of 2 copies failed .*gone: "):
        task.try_(task.many("gone", task.sources[0]))


def test_a_bulk_that_finished_is_copied_again_by_a_clear_once(task: Task) -> None:
    """All of its rows; the retry of that clear makes none again."""
    first = task.try_(task.many(*task.sources[:3]))
    assert task.try_(task.many(*task.sources[:3])) == first
    second = task.clear(task.many(*task.sources[:3]))
    assert not {*first} & {*second}
    assert task.try_(task.many(*task.sources[:3])) == second
    assert len(task.copies()) == 6


@pytest.mark.parametrize("write", range(1, 7))
def test_a_death_after_any_write_leaves_each_copy_once(task: Task, write: int) -> None:
    """The task's own record, two for each copy, and that it finished: whatever came last, the next try goes on."""
    task.store = Store(dies_at=write)
    with pytest.raises(Death):
        task.try_(task.many(*task.sources[:2]))
    result = task.try_(task.many(*task.sources[:2]))
    assert sorted(task.copies()) == sorted(result)


def test_state_that_airflow_discarded_at_a_clear_makes_nothing_twice(task: Task) -> None:
    """Airflow 3.4 does so unless it is asked to keep it: what the tries before it made is found."""
    a, b = task.sources[:2]
    with pytest.raises(AirflowFailException):
        task.try_(task.many(a, "gone"))
    (made,) = task.copies()
    task.store = Store()
    result = task.clear(task.many(a, b))
    assert result[0] == made
    assert len(task.copies()) == 2


def test_a_copy_that_is_gone_is_an_error_for_a_retry_and_made_again_by_a_clear(task: Task) -> None:
    """Somebody deleted it: they meant it, until somebody asks for it again."""
    first = task.try_(task.one())
    task.delete(first)
    with pytest.raises(AirflowFailException, match=f"The copy that an earlier try made, {first}, is gone"):
        task.try_(task.one())
    second = task.clear(task.one())
    assert task.copies() == [second]


@pytest.mark.parametrize("waits", [True, False])
def test_a_bulks_copy_that_is_gone_is_made_again_by_a_clear(task: Task, waits: bool) -> None:
    """Where the task had not finished, only that one."""
    a, b = task.sources[:2]
    with pytest.raises(AirflowFailException):
        task.try_(task.many(a, b, "gone"))
    first, second = task.copies()
    task.delete(first)
    more = {"wait_for_completion": waits, "poll_interval": 0.05}
    result = task.clear(task.many(a, b, **more))
    assert result[1] == second
    assert result[0] not in (first, second)
    assert sorted(task.copies()) == sorted(result)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("strategy", ["native", "restack"])
def test_sources_of_equal_content_get_a_copy_each(task: Task, kept: bool, strategy: str) -> None:
    """A retry knows nothing of the try before it, which died at once: the copy that it makes is not another row's.

    No store is kept, or Airflow discarded what was in it.
    """
    source = task.frameio.description()["folders"]["source"]
    versions = [{"name": f"Same_v{number}.mov", "file_size": number} for number in (1, 2)]
    a, b = (task.frameio.seed_version_stack(source, "Same.mov", versions=versions)["id"] for _ in range(2))
    task.store = Store() if kept else None
    task.number = 1
    result = task.try_(task.many(a, b, strategy=strategy))
    assert len({*result}) == 2
    assert sorted(task.copies()) == sorted(result)


def test_a_record_that_cannot_be_read_leads_to_a_search(task: Task) -> None:
    """The copy that it spoke of is found."""
    first = task.try_(task.one())
    assert task.store is not None
    task.store.kept = {key: {**kept, "format": 99} if "kind" in kept else kept for key, kept in task.store.kept.items()}
    assert task.try_(task.one()) == first
    assert task.copies() == [first]


ATTEMPTS = 4
"""How often a call is repeated before its 5xx is an error."""


@pytest.mark.parametrize(("failures", "made"), [(1, 2), (2, 0)])
def test_one_source_that_answers_5xx_keeps_no_other_from_being_made(task: Task, failures: int, made: int) -> None:
    """The try ends with its error once the others are made. Two of them in a row are an outage, which ends it at once.

    In either case a retry makes what is missing.
    """
    task.frameio.fault(route="show_version_stack", kind="status", status=500, times=failures * ATTEMPTS)
    with pytest.raises(ServerError):
        task.try_(task.many(*task.sources[:3]))
    assert len(task.copies()) == made
    assert sorted(task.try_(task.many(*task.sources[:3]))) == sorted(task.copies())
    assert len(task.copies()) == 3


def test_a_retry_goes_on_with_what_was_begun_before_anything_new(task: Task) -> None:
    """Rows that fail in every try must not keep back, try after try, one whose copy is to be found."""
    a, b, c = task.sources[:3]
    task.store = Store(dies_at=2)  # when b is about to be sent
    with pytest.raises(Death):
        task.try_(task.many(b))
    # Ten looks at b while its copy is searched for and one before it is sent go well, then nothing does.
    task.frameio.fault(route="show_version_stack", kind="status", status=500, skip=11, times=2 * ATTEMPTS)
    with pytest.raises(ServerError):
        task.try_(task.many(a, c, b))
    (made,) = task.copies()
    assert task.try_(task.many(b)) == [made]


@pytest.mark.parametrize(
    ("wish", "words"), [("fail", "2 of 2 copies failed"), ("adopt_oldest", "1 of 2 copies failed")]
)
def test_a_copy_that_may_be_either_of_two_rows_is_nobodys_for_certain(task: Task, wish: str, words: str) -> None:
    """Of two sources of equal content both answers were lost, and one copy is there.

    The first row could not look. So the second asks a person, unless the user decided beforehand.
    """
    source = task.frameio.description()["folders"]["source"]
    versions = [{"name": f"Same_v{number}.mov", "file_size": number} for number in (1, 2)]
    a, b = (task.frameio.seed_version_stack(source, "Same.mov", versions=versions)["id"] for _ in range(2))
    task.frameio.fault(route=COPY, kind="drop", when="before")
    task.frameio.fault(route=COPY, kind="drop", when="after")
    task.frameio.fault(route=LIST, kind="status", status=403, skip=1)
    with pytest.raises(AirflowFailException, match=words):
        task.try_(task.many(a, b, on_ambiguous=wish))
    assert len(task.copies()) == 1
