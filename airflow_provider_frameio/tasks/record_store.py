"""What one task remembers over all its tries: a record for each copy, and which tries belong together.

Airflow 3.3 and newer keep it in the task state store, over retries, deaths, deferrals and clears. Older versions keep
nothing over a death: there a retry assumes that the try before it sent a copy, and looks for one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.endpoints.accounts import list_accounts
from airflow_provider_frameio.copying.mirror.folders import FolderRecord
from airflow_provider_frameio.copying.record import CopyRecord, Series
from airflow_provider_frameio.copying.restack.record import RESTACK, RestackRecord

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)

_TASK = "frameio_task"
"""The name of the task's own record. A record that is missing beside it was never stored, so nothing was sent."""


@dataclass(frozen=True)
class LostPast:
    """An earlier try may have sent copies of which nothing is stored.

    :ivar since: at the earliest then, in seconds since the epoch, on another machine's clock.
    :ivar until: the server's time by which all of them were sent; None: it is not known.
    """

    since: float
    until: float | None


@dataclass
class RecordStore:
    """The records of one task.

    :ivar store: Airflow's task state store; None: nothing outlives this process but what a deferral carries.
    :ivar lost: set where an earlier try left no records.
    :ivar resumed: whether this try was deferred before, so that what it knows is complete.
    :ivar taken: ids of what earlier tries made for what is no row any more.
    :ivar may_have_begun: whether an earlier try, or an earlier part of this one, may have left records.
    """

    hook: FrameioHook
    context: Context
    store: Any
    series: Series
    lost: LostPast | None = None
    resumed: bool = False
    taken: Sequence[str] = ()
    may_have_begun: bool = False
    _known: dict[str, JsonObject] = field(default_factory=dict)

    @classmethod
    def begin(cls, hook: FrameioHook, context: Context, *, durable: bool) -> RecordStore:
        """Go on with what was begun and not finished, or begin anew.

        :param durable: False: nothing is stored, nothing is looked for.
        """
        instance: Any = context["ti"]
        store = context.get("task_state_store") if durable else None
        begun = cls(hook, context, store, Series(0, _clear(context)))
        if store is None:
            if durable and is_retry(instance):
                begun.lost = begun.lost_past()
            return begun
        before = begun._task_record()
        if before is not None:
            series, finished, begun.lost = before
            cleared = series.clear != begun.series.clear
            begun.series = replace(begun.series, edition=series.edition + (finished and cleared))
        elif instance.try_number > 1:  # Airflow 3.4 discards a task's state at a clear, unless it is asked to keep it
            begun.lost = begun.lost_past()
        begun._keep(finished=False)
        return begun

    @classmethod
    def resume(cls, hook: FrameioHook, context: Context, job: JsonObject, *, durable: bool) -> RecordStore:
        """Go on in a try that was deferred, with ``edition``, ``lost`` and ``taken`` of what it stored."""
        store = context.get("task_state_store") if durable else None
        lost = LostPast(**job["lost"]) if job.get("lost") else None
        series, taken = Series(int(job["edition"]), _clear(context)), job.get("taken", ())
        return cls(hook, context, store, series, lost, resumed=True, taken=taken)

    def finish(self) -> None:
        """All is made: a user's clear from now on copies again."""
        if self.store is not None:
            self._keep(finished=True)

    def load(self, key: str) -> CopyRecord | RestackRecord | None:
        """The record of one copy.

        :raises ValueError: it cannot be read, so what was sent cannot be told.
        """
        stored = self._load(key)
        if stored is None:
            return None
        if isinstance(stored, dict) and stored.get("kind") == RESTACK:
            return RestackRecord.from_json(stored)
        return CopyRecord.from_json(stored)

    def load_folder(self, key: str) -> FolderRecord | None:
        """The record of one folder.

        :raises ValueError: it cannot be read.
        """
        stored = self._load(key)
        return None if stored is None else FolderRecord.from_json(stored)

    def lost_past(self) -> LostPast:
        """Since when copies may have been sent of which nothing is stored: one search's end for all of them."""
        run, instance = self.context["dag_run"], self.context["ti"]
        # A clear moves the run's start. Without a store it is a clear's only trace; with one it may not be relied on.
        # No run starts before its ``run_after``. ``logical_date`` may be a day earlier, when the run before copied.
        names = ("start_date",) if self.store is None else ("run_after", "start_date")
        moments = [moment for name in names if (moment := getattr(run, name, None)) is not None]
        since = min(moment.timestamp() for moment in moments or [instance.start_date])
        return self.lost or LostPast(since, self.hook.client.call(list_accounts()).date)

    def save(self, key: str, record: JsonObject) -> None:
        """Keep the record of one copy."""
        self._known[key] = record
        if self.store is not None:
            self._set(key, record)

    def carried(self, key: str) -> JsonObject | None:
        """What a deferral has to carry: the record, where nothing else keeps it."""
        return self._known.get(key) if self.store is None else None

    def _load(self, key: str) -> Any:
        if key not in self._known and self.store is not None:
            stored = self.store.get(key)
            if stored is not None:
                self._known[key] = stored
        return self._known.get(key)

    def _task_record(self) -> tuple[Series, bool, LostPast | None] | None:
        stored = self.store.get(_TASK)
        if stored is None:
            return None
        self.may_have_begun = True
        try:
            lost = LostPast(**stored["lost"]) if stored["lost"] else None
            return Series(int(stored["edition"]), str(stored["clear"])), bool(stored["finished"]), lost
        except (LookupError, TypeError, ValueError) as error:
            log.warning("The stored record of this task cannot be used, so copies may have been sent: %r", error)
            return None

    def _keep(self, *, finished: bool) -> None:
        lost = asdict(self.lost) if self.lost and not finished else None
        self._set(_TASK, {**asdict(self.series), "finished": finished, "lost": lost})

    def _set(self, key: str, record: JsonObject) -> None:
        from airflow_provider_frameio._compat import NEVER_EXPIRE  # where there is a store there is this

        self.store.set(key, record, retention=NEVER_EXPIRE)


def _clear(context: Context) -> str:
    """What a user's clear changes and a retry keeps: the number of tries, and the start of a run that was over."""
    instance, start = context["ti"], context["dag_run"].start_date
    return f"{instance.max_tries} {start.timestamp() if start else ''}".strip()


def is_retry(instance: Any) -> bool:
    """Whether Airflow runs this task again by itself. A user's clear sets ``max_tries`` so that it is a first try."""
    return bool(instance.try_number != instance.max_tries - instance.task.retries + 1)
