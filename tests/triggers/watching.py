"""A folder whose changes triggers tell, what they have told, and an Airflow that keeps what they want to remember."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

LIST, CHILDREN = "list_version_stacks", "list_folder_children"
LOG = "tests.event_trigger"
_APART = 0.1  # seconds between two changes, which tell their order


@dataclass
class Inbox:
    """A folder of the emulator's, into which editors put their cuts."""

    frameio: Emulator
    id: str = ""
    count: int = 0

    def __post_init__(self) -> None:
        self.id = self.id or str(self.frameio.seed_project("Inbox")["root_folder_id"])

    def stack(self, **properties: Any) -> str:
        """A new version stack; the id of that change."""
        self.count += 1
        made = self.frameio.seed_version_stack(self.id, f"Cut {self.count}.mov", 2, **properties)
        self.frameio.advance(_APART)
        return f"{made['id']}/{made['head_version']['id']}"

    def version(self, event_id: str) -> str:
        """A new version on top of a stack that was told of; the id of that change."""
        stack_id = event_id.partition("/")[0]
        self.count += 1
        file = self.frameio.seed_file(self.id, f"New {self.count}.mov")
        FrameioHook().move_file(file["id"], stack_id)
        self.frameio.advance(_APART)
        return f"{stack_id}/{file['id']}"

    def folder(self, name: str) -> Inbox:
        """A new folder in it."""
        return Inbox(self.frameio, str(self.frameio.seed_folder(self.id, name)["id"]))

    def known(self) -> str:
        """A version stack that is old enough to be known without a memory; the id that a change would have."""
        return self.stack(age=86400.0)

    def trigger(self, **changes: Any) -> FrameioVersionStackEventTrigger:
        made = FrameioVersionStackEventTrigger(**{"folder_id": self.id, "poll_interval": 0.02, **changes})
        made._log = logging.getLogger(LOG)  # Airflow's own writes past the standard library's
        return made

    def looks(self, route: str = LIST) -> int:
        """How often it was listed successfully."""
        return sum(request.route == route and request.status == 200 for request in self.frameio.requests)


@dataclass
class Supervisor:
    """What a triggerer's supervisor answers to Airflow's own accessors of the asset state store.

    :ivar kept: by asset and key.
    :ivar sent: the kinds of all messages.
    :ivar refuses: the kind of messages that it answers with an error.
    """

    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    refuses: str = "nothing"

    async def asend(self, message: Any) -> Any:
        from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
        from airflow.sdk.execution_time.comms import AssetStateStoreResult, ErrorResponse

        kind = type(message).__name__
        self.sent.append(kind)
        if kind.startswith(self.refuses):
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))
        if kind.startswith("Set"):
            self.kept[message.name, message.key] = json.loads(json.dumps(message.value))
            return None
        value = self.kept.get((message.name, message.key))
        if value is None:
            return ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND)
        return AssetStateStoreResult(value=value)

    def serve(self, trigger: FrameioVersionStackEventTrigger, *assets: str) -> FrameioVersionStackEventTrigger:
        """Do to a trigger what the triggerer does before it runs it."""
        from airflow.sdk import Asset
        from airflow.sdk.execution_time.context import AssetStateStoreAccessors

        served = assets or ("cuts",)
        trigger.asset_state_store = AssetStateStoreAccessors(inlets=[Asset(name=name, uri=name) for name in served])
        return trigger


@dataclass
class Run:
    """A trigger that runs in the current event loop, and the events that it has fired."""

    trigger: FrameioVersionStackEventTrigger
    payloads: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.task = asyncio.ensure_future(self._run())

    @property
    def told(self) -> list[str]:
        """The ids of the changes that its events told."""
        return [change["event_id"] for change in self.changes]

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [change for payload in self.payloads for change in payload["changes"]]

    async def _run(self) -> None:
        async for event in self.trigger.run():
            self.payloads.append(json.loads(json.dumps(event.payload)))

    async def until(self, condition: Callable[[], object]) -> None:
        """Let time pass while it goes on."""
        while not condition():
            assert not self.task.done(), self.task.result()
            await asyncio.sleep(0.002)

    async def until_looked(self, inbox: Inbox, times: int = 1, route: str = LIST) -> None:
        """Let it look so many times more, and see to what it found."""
        before = inbox.looks(route)
        await self.until(lambda: inbox.looks(route) > before + times)

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
