"""Airflow's rules for one task instance: tries, deaths, clears, deferral, the state store, and replaced processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from tests.model.process import MACHINE, Death, Process, World
from tests.model.store import Store
from tests.model.timeline import EPOCH
from tests.model.triggerer import answer

_SAME_TRY = 0.3  # how often a process that stands still is followed by another of the same try
_DETECTION = 300.0  # seconds until Airflow takes a process that tells nothing any more for dead


@dataclass(frozen=True)
class Rules:
    """How this Airflow runs the task. Times in seconds.

    :ivar make: the operator, anew for each process; its list may depend on the number of clears.
    :ivar deaths: for each process from the first on: the step at which it dies, or 0.
    :ivar clears: moments after the start at which the task is cleared, whatever it does then.
    :ivar final_clears: how often it is cleared once it has failed, or succeeded.
    :ivar discards: whether a clear discards what is stored, as Airflow 3.4 may.
    :ivar frozen: for each process: the step at which it stands still and is taken for dead, or 0.
    :ivar skew: how far the clocks of workers and scheduler are from the true time at most.
    :ivar run_age: how long before the task the DAG run began.
    :ivar restarts: how likely the triggerer dies between two of its looks.
    """

    make: Callable[[int], Any]
    retries: Callable[[int], int]
    map_index: int = -1
    execution_timeout: float | None = None
    retry_delay: float = 60.0
    deaths: tuple[int, ...] = ()
    frozen: tuple[int, ...] = ()
    freezes_in_send: bool = False
    clears: tuple[float, ...] = ()
    final_clears: int = 0
    discards: bool = False
    skew: float = 0.0
    run_age: float = 0.0
    restarts: float = 0.0


@dataclass
class Ended:
    """How one process's work ended.

    :ivar state: ``success``, ``failed`` (for good or not), ``deferred`` or ``dead``.
    :ivar began: when its try began.
    :ivar xcoms: what a try that failed says all the same.
    """

    state: str
    result: Any = None
    error: BaseException | None = None
    began: float = 0.0
    xcoms: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Instance:
    """What ``context["ti"]`` is for one process."""

    task: Any
    try_number: int
    max_tries: int
    map_index: int
    start_date: datetime
    task_id: str = "copy"
    dag_id: str = "model"
    run_id: str = "run"
    id: str = ""
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep it as JSON, or fail as Airflow does."""
        self.xcoms[key] = json.loads(json.dumps(value))


@dataclass(eq=False)
class DagRun:
    """What ``context["dag_run"]`` is: ``start_date`` moves on a clear, ``run_after`` and ``logical_date`` do not."""

    start_date: datetime
    run_after: datetime
    logical_date: datetime
    run_id: str = "run"
    clear_number: int = 0


class Watcher(Protocol):
    """Who looks on."""

    def ended(self, airflow: Airflow, ended: Ended) -> None:
        """A try ended."""

    def all_complete(self, airflow: Airflow) -> bool:
        """Whether all that the task is to make is there."""


class Airflow:
    """One task instance from its first try until nobody clears it any more.

    :ivar generation_began: when the task was cleared after it had succeeded, or when it began.
    :ivar finished: for each clear whether the task had succeeded before it, or was about to: then it may copy again.
    """

    def __init__(self, world: World, rules: Rules, store: Store | None, watcher: Watcher) -> None:
        self.world, self.rules, self.store, self._watcher = world, rules, store, watcher
        self.try_number = 0
        self.max_tries = rules.retries(0)
        self.state = "scheduled"
        self.clears = 0
        self.processes: list[Process] = []
        self.finished: list[bool] = []
        self.cleared_while_unfinished = False
        self._to_clear = False
        self._began = 0.0
        self.generation_began = 0.0
        self._left = rules.final_clears
        self._skew = self._some_skew()
        now = world.time.now
        age = rules.run_age
        self._run = DagRun(self._date(now - age), self._date(now - age), self._date(now - 86400))
        for moment in rules.clears:
            world.time.at(now + moment, self._clear_pressed)

    def play(self) -> None:
        """Until nothing is to be run any more."""
        while True:
            if self._to_clear:
                self._clear()
            if self.state in ("success", "failed"):
                if self._left <= 0:
                    return
                self._left -= 1
                self.world.time.advance(self.world.random.choice((5.0, 100.0, 3600.0)))
                self._clear()
            self._try()

    def _try(self) -> None:
        """One try, over its deferrals."""
        self.try_number += 1
        self.state = "running"
        self._began = self.world.time.now
        method, kwargs = "execute", dict[str, Any]()
        asked = False
        while True:
            process = self._process()
            process.asked = asked
            ended = self._run_in(process, method, kwargs)
            if process.replaced:
                return
            if ended.state != "deferred":
                self._end(ended)
                return
            event = answer(self.world, ended.error, self._some_skew(), self.rules.restarts, lambda: self._to_clear)
            if event is None:
                self.world.tell("  nothing came from the triggerer in time, or the task was cleared")
                self._end(Ended("failed", error=AirflowTaskTimeout("deferral timeout"), began=ended.began))
                return
            asked = process.asked
            deferred: Any = ended.error
            method = deferred.method_name
            kwargs = {**json.loads(json.dumps(deferred.kwargs or {})), "event": event}

    def _run_in(self, process: Process, method: str, kwargs: dict[str, Any]) -> Ended:
        world, number = self.world, process.number
        began = self._began
        world.tell(
            f"{world.time.now:.0f} try {self.try_number} (max_tries {self.max_tries}), process {number}: {method}"
        )
        task = self.rules.make(self.clears)
        context = self._context(task, process)
        with MACHINE.inside(process):
            try:
                process.step("start")
                result = getattr(task, method)(context, **kwargs)
                ended = Ended("success", json.loads(json.dumps(result)), began=began)
            except TaskDeferred as deferred:
                ended = Ended("deferred", error=deferred, began=began)
            except Death:
                ended = Ended("dead", began=began)
            except (Exception, AirflowTaskTimeout) as error:  # noqa: BLE001 - as Airflow does; the judge looks at its kind
                ended = Ended("dead" if process.dead else "failed", None, error, began, context["ti"].xcoms)
        if process.dead:
            for call in process.calls[-1:]:
                call.known = False
            ended = Ended("dead", began=began)
        world.tell(f"{world.time.now:.0f} process {number}: {ended.state} {_words(ended)}")
        return ended

    def _end(self, ended: Ended) -> None:
        """Decide what is next, as the scheduler does."""
        self._watcher.ended(self, ended)
        if ended.state == "success":
            self.state = "success"
            return
        if self._to_clear:
            return
        final = isinstance(ended.error, AirflowFailException) or self.try_number > self.max_tries
        self.state = "failed" if final else "up_for_retry"
        if ended.state == "dead":
            self.world.time.advance(self.world.random.random() * _DETECTION)
        if not final:
            self.world.time.advance(self.rules.retry_delay)

    def _process(self) -> Process:
        number = len(self.processes)
        process = Process(self.world, number, self.clears, self._some_skew())
        rules = self.rules
        process.dies_at = (rules.deaths[number] or None) if number < len(rules.deaths) else None
        process.stands_still_at = (rules.frozen[number] or None) if number < len(rules.frozen) else None
        process.may_freeze_in_send = rules.freezes_in_send
        process.meanwhile = lambda: self._replace(process)
        if rules.execution_timeout:
            process.deadline = self.world.time.now + rules.execution_timeout
        self.processes.append(process)
        return process

    def _replace(self, process: Process) -> None:
        """A process that stands still is taken for dead: others run, and it goes on a little when they are done."""
        if self.store:
            self.store.replaced.add(process.number)
        process.replaced = True
        self._end(Ended("dead", began=self._began))
        if self.state == "up_for_retry":
            self.try_number -= self.world.random.random() < _SAME_TRY
            self._try()
        process.dies_at = process.steps + self.world.random.randint(1, 30)

    def _clear_pressed(self) -> None:
        self._to_clear = True
        self.world.tell(f"{self.world.time.now:.0f} the task is cleared")
        for process in self.processes:
            process.killed = True

    def _clear(self) -> None:
        """As ``clear_task_instances`` does."""
        self.finished.append(self.state == "success" or self._watcher.all_complete(self))
        if self.state == "success":
            self.generation_began = self.world.time.now
        self.cleared_while_unfinished |= self.state != "success"
        self._to_clear = False
        self.clears += 1
        self.max_tries = self.try_number + self.rules.retries(self.clears)
        self._run.clear_number += 1
        self._run.start_date = self._date(self.world.time.now)
        if self.rules.discards and self.store:
            self.store.discard()
        self.state = "scheduled"
        self.world.tell(f"{self.world.time.now:.0f} cleared: max_tries {self.max_tries}")

    def _context(self, task: Any, process: Process) -> dict[str, Any]:
        start = self._date(self.world.time.now)
        instance = Instance(
            task, self.try_number, self.max_tries, self.rules.map_index, start, id=f"ti-{process.number}"
        )
        context: dict[str, Any] = {"ti": instance, "task_instance": instance, "dag_run": self._run, "task": task}
        if self.store:
            context["task_state_store"] = self.store.of(process)
        return {**context, "run_id": "run", "params": {}, "outlet_events": {}}

    def _date(self, moment: float) -> datetime:
        """On the scheduler's clock."""
        return datetime.fromtimestamp(EPOCH + moment + self._skew, timezone.utc)

    def _some_skew(self) -> float:
        return self.world.random.uniform(-self.rules.skew, self.rules.skew)


def delay(seconds: float | None) -> timedelta | None:
    """As operators take it."""
    return None if seconds is None else timedelta(seconds=seconds)


def _words(ended: Ended) -> str:
    if ended.state == "success":
        return str(ended.result)
    return f"{type(ended.error).__name__}: {str(ended.error)[:600]}" if ended.error and ended.state == "failed" else ""
