"""The triggerer: what a deferred task is told, as Frame.io's truth and the triggerer's own mishaps have it.

It knows the package's triggers by what they serialize, and answers in the words of ``triggers/events.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.model.frameio import Frameio, Thing
from tests.model.process import World
from tests.model.timeline import EPOCH

_ROUND = 15.0  # seconds between two looks


class UnknownTrigger(Exception):
    """The model has to learn what a new trigger waits for."""


def answer(
    world: World, deferred: Any, skew: float, restarts: float, is_cleared: Callable[[], bool]
) -> dict[str, Any] | None:
    """The event with which the task goes on; None where none comes in the time that Airflow allows, or before a clear.

    :param skew: the triggerer's clock minus true time, in seconds.
    :param restarts: how likely the triggerer dies on the way, and another takes over minutes later; as likely it could
        not look in the end.
    """
    path, kwargs = deferred.trigger.serialize()
    kwargs = json.loads(json.dumps(kwargs))
    time = world.time
    world.tell(f"  deferred to {path.rpartition('.')[2]} {kwargs}")
    given_up = time.now + deferred.timeout.total_seconds() if deferred.timeout else float("inf")
    wait = _Slot(kwargs) if "ready_at" in kwargs else _Copies(world.service.world, kwargs)
    time.advance(world.random.random() * 3)
    while True:
        if world.random.random() < restarts:
            time.advance(world.random.uniform(30, 300))
        if is_cleared() or time.now >= given_up:
            return None
        event = wait.look(EPOCH + time.now + skew)
        if event is not None:
            break
        time.advance(min(_ROUND, max(0.1, wait.next_look - (EPOCH + time.now + skew))))
    if "version_stack_ids" in event and world.random.random() < restarts:
        event = {**event, "status": "unseen", "message": "nobody could look"}
    time.advance(world.random.choice((0.5, 0.5, 120.0)))
    world.tell(f"  the triggerer answers {event}")
    return None if is_cleared() else event


class _Slot:
    """A place under the rate limit."""

    def __init__(self, kwargs: dict[str, Any]) -> None:
        self._kwargs = kwargs
        self.next_look: float = kwargs["ready_at"]

    def look(self, now: float) -> dict[str, Any] | None:
        asked_at = self._kwargs["asked_at"]
        if now >= (self._kwargs.get("end_time") or float("inf")):
            return {"status": "timeout", "asked_at": asked_at}
        return {"status": "open", "asked_at": asked_at} if now >= self._kwargs["ready_at"] else None


class _Copies:
    """Copies that are to be complete, or copied files that are to be there."""

    next_look = float("inf")

    def __init__(self, world: Frameio, kwargs: dict[str, Any]) -> None:
        self._world, self._kwargs = world, kwargs
        self._stacks = kwargs.get("copies") or []
        self._files = kwargs.get("file_ids") or [one for row in self._stacks for one in row.get("file_ids", ())]
        if "end_time" not in kwargs or not (self._stacks or self._files):
            raise UnknownTrigger(f"what does this one wait for? {kwargs}")
        self._ids = [row["version_stack_id"] for row in self._stacks] or [kwargs.get("version_stack_id") or "files"]

    def look(self, now: float) -> dict[str, Any] | None:
        gone = [one for one in self._wanted() if self._thing(one) is None]
        if gone:
            return self._event("failed", f"gone: {', '.join(gone)}")
        if all(map(self._there, self._files)) and all(map(self._complete, self._stacks)):
            return self._event("complete")
        return self._event("timeout", "not complete in the time allowed") if now >= self._kwargs["end_time"] else None

    def _event(self, status: str, message: str = "") -> dict[str, Any]:
        return {"status": status, "version_stack_ids": self._ids, "message": message}

    def _wanted(self) -> list[str]:
        return [*self._files, *(row["version_stack_id"] for row in self._stacks if not row.get("file_ids"))]

    def _thing(self, asset_id: str) -> Thing | None:
        thing = self._world.things.get(self._world.aliases.get(asset_id, asset_id))
        return thing if thing and thing.gone is None else None

    def _there(self, file_id: str) -> bool:
        file, folder = self._thing(file_id), self._kwargs.get("folder_id")
        return file is not None and (file.uploaded <= self._world.time.now or file.parent != (folder or file.parent))

    def _complete(self, row: dict[str, Any]) -> bool:
        stack = self._thing(row["version_stack_id"])
        if stack is None or row.get("file_ids"):
            return stack is not None
        now = self._world.time.now
        ready = [one for one in self._world.versions(stack) if one.uploaded <= now]
        total = row.get("versions") or max(1, len(self._world.versions(stack)))
        return len(ready) >= total
