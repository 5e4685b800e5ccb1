"""Starting DAGs by what happens to the version stacks of a folder: a trigger for Airflow 3's AssetWatcher."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseEventTrigger, BaseTrigger, TriggerEvent
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.metadata import wanted_values
from airflow_provider_frameio.api.models import TARGET_STATUSES
from airflow_provider_frameio.api.parameters import choice, csv, flag, identifier, seconds
from airflow_provider_frameio.folder_events.diff import KINDS, compare, news_since, payloads
from airflow_provider_frameio.folder_events.watermark import Watermark, watch_key
from airflow_provider_frameio.triggers.base import ErrorsLogged, stored_form
from airflow_provider_frameio.triggers.watermark_store import WatermarkStore

if TYPE_CHECKING:
    from airflow_provider_frameio.folder_events.snapshot import FolderSnapshot
    from airflow_provider_frameio.triggers.folder_watcher import FolderWatcher, PollResult

# A run takes the events up to the one that made Airflow's scheduler plan it: one that comes before the run is made is
# left to the next run, whenever that is. So a look's changes are one event, and the scheduler is given time.
_BETWEEN_EVENTS = 5.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds, while Airflow's store does not answer
_NO_ANSWER = "Airflow's store of what was told of the folder %s did not answer"


@dataclass(eq=False, repr=False, kw_only=True)
class FrameioVersionStackEventTrigger(BaseEventTrigger):
    """Fires when version stacks appear in a folder, get another head version, or get the wanted metadata.

    For an ``AssetWatcher``. An event's payload holds all that a look found changed: ``{"watched_folder_id",
    "version_stack_ids": [...], "changes": [{"event": "created", "version" or "metadata", "event_id",
    "version_stack_id", "name", "head_version_id", "head_version_status", "folder_id", "project_id", "account_id",
    "view_url"}, ...]}``, each change of one stack and one head version. Airflow may start one run for several events:
    read all of ``triggering_asset_events``.

    The first look at a folder tells nothing; afterwards each change is told **at least once**, and again only if the
    triggerer dies within seconds after: the same change then bears the same ``event_id``. From Airflow 3.3 on what was
    told is kept in the asset's state store, and changes made while no triggerer ran, or the DAG was paused, are told
    afterwards. Below, each start tells what changed in the last ``lookback`` seconds, perhaps once more.

    All triggers of one triggerer that watch the same folder the same way share its looks, one call for each 500 stacks.
    Frame.io's outages are borne; what does not pass by itself, such as a folder that is not there, is logged as an
    error about every ten minutes, until it is corrected.

    Not guaranteed: to tell of a head version that was replaced by the next one between two looks, or of metadata that
    was taken away and given again between two looks; below Airflow 3.3, to tell of metadata that was given while no
    triggerer ran, where Frame.io changes no time of the stack with it; and that Airflow starts a run at once for an
    event that comes while its scheduler has been standing still since the event before: it leaves that event to the run
    after, which the next event starts.

    :param folder_id: the folder to watch.
    :param frameio_conn_id: the connection; it is read in the triggerer, and again after each look that failed.
    :param account_id: default: the connection's.
    :param include_subfolders: whether to watch the folders in it too, at any depth; then a look takes a call for each
        folder, and Frame.io admits 100 a minute.
    :param target_status: what a head version must have reached: ``uploaded`` (or better) or ``transcoded``.
    :param events: what to tell: ``created``, a stack was made in the folder, or copied or moved there; ``version``, one
        that was there has another head version, be it because its newest one was taken away; ``metadata``, one that was
        there has the ``metadata`` that it had not, once for each head version and each time that it gets them.
    :param metadata: tells of stacks only while they have these values, or their newest version has them:
        ``{"Status": "Approved"}``, as of ``FrameioListVersionStacksOperator``; then a look takes a call for each 100
        stacks. A name that is not there is logged as an error until it is. Default: whatever they have.
    :param poll_interval: seconds between two looks. Not kept where looks would use more than half of a rate limit.
    :param lookback: seconds; of what happened so shortly before a start, all is told again where Airflow has kept
        nothing of it. 0: nothing is.
    :raises InvalidParameter: one of these cannot be right.
    :raises RuntimeError: this is Airflow 2.
    """

    folder_id: str
    frameio_conn_id: str = "frameio_default"
    account_id: str | None = None
    include_subfolders: bool = False
    target_status: str = "uploaded"
    events: Sequence[str] = KINDS
    metadata: Mapping[str, Any] | None = None
    poll_interval: float = 60.0
    lookback: float = 3600.0

    def __post_init__(self) -> None:
        if BaseEventTrigger is BaseTrigger:
            raise RuntimeError("FrameioVersionStackEventTrigger needs Airflow 3: Airflow 2 has no event triggers.")
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow
        wanted = csv("events", self.events, KINDS).get("events", "").split(",")
        if wanted == [""]:
            raise InvalidParameter("events", self.events, f"give at least one of {', '.join(KINDS)}.")
        if wanted == ["metadata"] and self.metadata is None:
            raise InvalidParameter("events", self.events, "give metadata too, such as {'Status': 'Approved'}.")
        choice("target_status", self.target_status or "", TARGET_STATUSES)
        flag("include_subfolders", self.include_subfolders)
        self.folder_id = identifier("folder_id", self.folder_id)
        if self.account_id is not None:
            self.account_id = identifier("account_id", self.account_id)
        self.events = [kind for kind in KINDS if kind in wanted]
        values = None if self.metadata is None else wanted_values("metadata", self.metadata)
        self.metadata = values and dict(sorted(values.items()))
        self.poll_interval = seconds("poll_interval", self.poll_interval)
        self.lookback = 0.0 if self.lookback == 0 else seconds("lookback", self.lookback)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and everything it was given. The same watch gives the same: Airflow runs it once for all assets."""
        return stored_form(self)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again, and tell what changed. Never ends by itself."""
        # Not while a DAG file is parsed: it imports the HTTP stack.
        from airflow_provider_frameio.triggers.folder_watcher import WatchKey, folder_watcher

        now = asyncio.get_running_loop().time
        started = now()
        metadata = self.metadata or {}
        key = watch_key(self.folder_id, self.include_subfolders, self.target_status, metadata)
        store = WatermarkStore(self, key)
        saved, remembers = await self._load(store)
        watermark, since, told_at = saved, None, -inf
        fired = False
        watched = (self.folder_id, self.include_subfolders, json.dumps(metadata))
        watcher = folder_watcher(WatchKey(self.frameio_conn_id, self.account_id, *watched))
        result: PollResult | None = None
        with watcher.watched(self.poll_interval):
            while True:
                result, look = await self._next_look(watcher, result)
                if since is None:
                    start = look.at - (now() - started) / result.scale
                    since = news_since(saved, remembers=remembers, started_at=start, lookback=self.lookback)
                changes, watermark = compare(watermark, look, self.target_status, since=since)
                since = -inf
                wanted = [change for change in changes if change.kind in self.events]
                for payload in payloads(wanted, self.folder_id, result.account_id):
                    await asyncio.sleep(max(0.0, told_at + _BETWEEN_EVENTS - now()))
                    fired, told_at = True, now()
                    yield TriggerEvent(payload)
                if watermark is not saved and await self._save(store, watermark, fired=fired):
                    saved, fired = watermark, False

    async def _load(self, store: WatermarkStore) -> tuple[Watermark | None, bool]:
        """The watermark, and whether that is all there is to know. Waits for a store that does not answer."""
        pause = _FIRST_PAUSE
        while True:
            with ErrorsLogged(self.log, _NO_ANSWER, self.folder_id):  # without one nothing may be taken for known
                try:
                    return await store.load(), bool(store)
                except ValueError as unreadable:
                    self.log.warning(
                        "What was told of the folder %s cannot be read: %s. The last %.0f seconds are told again.",
                        *(self.folder_id, unreadable, self.lookback),
                    )
                    return None, False
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _next_look(self, watcher: FolderWatcher, last: PollResult | None) -> tuple[PollResult, FolderSnapshot]:
        """The next look that succeeds; those that do not are logged."""
        while True:
            result = await watcher.next_result(last)
            if result.look is not None:
                if last is not None and last.look is None:
                    self.log.info("The folder %s can be looked into again.", self.folder_id)
                return result, result.look
            log = self.log.error if result.lasting else self.log.warning
            log(
                "The folder %s could not be looked into (%d in a row), next try in %.0f s: %s",
                *(self.folder_id, result.failures, result.rest, result.trouble),
            )
            last = result

    async def _save(self, store: WatermarkStore, watermark: Watermark, *, fired: bool) -> bool:
        """Store what was told once the events are stored; if that fails, the next look tries again."""
        with ErrorsLogged(self.log, _NO_ANSWER, self.folder_id):
            if fired:
                await store.until_events_are_stored()
            await store.save(watermark)
            return True
        return False
