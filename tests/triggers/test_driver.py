"""How calls get out of the triggerer's event loop, and what they say to Airflow on the way."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from airflow_provider_frameio.api.endpoints.accounts import get_me, list_accounts
from airflow_provider_frameio.api.errors import NoSlot
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers import driver
from tests.fakes import FakeClock


@pytest.mark.usefixtures("connection")
def test_a_token_that_arrives_is_masked_by_way_of_the_triggerers_loop(
    frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow 3.0 tells its supervisor of it, as here: from another loop that would end the triggerer."""
    masked: list[tuple[str, asyncio.AbstractEventLoop, threading.Thread]] = []

    async def tell(secret: str) -> None:
        masked.append((secret, asyncio.get_running_loop(), threading.current_thread()))

    async def scenario() -> None:
        caller = driver.Caller("frameio_default", await driver.load("frameio_default"))
        monkeypatch.setattr(driver, "mask_secret", async_to_sync(tell))
        assert (await caller.call(get_me()))["id"]
        ((secret, *place),) = masked
        assert len(secret) > 20
        assert place == [asyncio.get_running_loop(), threading.current_thread()]

    asyncio.run(scenario())


@pytest.mark.usefixtures("connection")
def test_a_full_rate_limit_keeps_no_thread_from_other_calls(frameio: Emulator, clock: FakeClock) -> None:
    """Who waits for it waits in the event loop, so that a call under another limit is made at once."""
    frameio.configure(limits={"me": {"limit": 2}})
    ended: list[str] = []

    async def call(operation: Operation[Any]) -> None:
        await (await driver.caller_for("frameio_default")).call(operation)
        ended.append(operation.name)

    async def scenario() -> None:
        await call(get_me())
        slept = len(clock.slept)
        crowd = [asyncio.ensure_future(call(get_me())) for _ in range(8)]
        while not ended[1:]:
            await asyncio.sleep(0)
        await call(list_accounts())
        assert ended.index(list_accounts().name) < 8
        await asyncio.gather(*crowd)
        assert clock.slept[slept:] == []

    asyncio.run(scenario())
    assert {request.status for request in frameio.requests} == {200}


@pytest.mark.usefixtures("connection")
def test_a_rate_limit_without_room_for_ten_minutes_is_said(frameio: Emulator) -> None:
    """Whoever waits for a copy counts it as a look that failed, and is not kept beyond its own end."""
    frameio.fault(route="me", kind="status", status=429, headers={"retry-after": "20"}, times=None)

    async def scenario() -> None:
        caller = await driver.caller_for("frameio_default")
        with pytest.raises(NoSlot):
            await caller.call(get_me())

    asyncio.run(scenario())


def test_a_connection_that_was_changed_gets_another_caller(
    frameio: Emulator, connection: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is as it was shares the one that is there."""

    async def scenario() -> None:
        first = await driver.caller_for("frameio_default")
        assert await driver.caller_for("frameio_default") is first
        changed = {**frameio.description()["airflow_connection"], "password": "rotated"}
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(changed))
        assert await driver.caller_for("frameio_default") is not first

    asyncio.run(scenario())
