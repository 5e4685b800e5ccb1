"""How calls get out of the triggerer's event loop, and what they say to Airflow on the way."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import async_to_sync

from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers import driver


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
