"""Where an event trigger keeps its watermark beyond its own end: Airflow's asset state store, from Airflow 3.3 on."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import sync_to_async

from airflow_provider_frameio.folder_events.watermark import Watermark

# The triggerer hands its events on once a second, some time after they were fired.
_HANDED_ON = 3.0  # seconds


class WatermarkStore:
    """The watermark of one watch. It is kept for each asset that the trigger serves; the latest holds for all.

    :param trigger: one that Airflow has started; without a store of Airflow's nothing is kept.
    :param key: under which it is kept.
    """

    def __init__(self, trigger: object, key: str) -> None:
        given = getattr(trigger, "asset_state_store", None)
        # Airflow's own short cuts serve a trigger of a single asset, and the assets of others cannot be asked for.
        named = {**getattr(given, "_by_name", {}), **getattr(given, "_by_uri", {})}
        self._stores = [named[name] for name in sorted(named)] or ([] if given is None else [given])
        self._key = key

    def __bool__(self) -> bool:
        return bool(self._stores)

    async def load(self) -> Watermark | None:
        """The latest watermark.

        :raises ValueError: there are some, and none can be read.
        :raises Exception: a store could not be asked, in Airflow's words.
        """
        found: list[Watermark] = []
        unreadable: ValueError | None = None
        for store in self._stores:
            try:
                watermark = Watermark.from_json(await _ask(store, "get", self._key))
            except ValueError as error:
                unreadable = error
            else:
                found += [watermark] if watermark else []
        if unreadable and not found:
            raise unreadable
        return max(found, key=lambda watermark: watermark.revision, default=None)

    async def save(self, watermark: Watermark) -> None:
        """Store a watermark.

        :raises Exception: a store could not be written, in Airflow's words.
        """
        for store in self._stores:
            await _ask(store, "set", self._key, watermark.to_json())

    async def until_events_are_stored(self) -> None:
        """Return when the events fired before are in Airflow's database; a crash from then on does not lose them.

        Not guaranteed by Airflow, which confirms none; but its supervisor answers in order, and stores the events it
        was handed before it takes the next message.
        """
        for store in self._stores[:1]:
            await _ask(store, "get", self._key)  # answered: whatever kept the supervisor from taking events is over
            await asyncio.sleep(_HANDED_ON)


async def _ask(store: Any, verb: str, *arguments: Any) -> Any:
    # The awaitable ones came with 3.3.2.
    asked = getattr(store, f"a{verb}", None) or sync_to_async(getattr(store, verb))
    return await asked(*arguments)
