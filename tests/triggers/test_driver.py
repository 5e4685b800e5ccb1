"""How calls get out of the triggerer's event loop, and back into it."""

from __future__ import annotations

import asyncio
import threading

from asgiref.sync import async_to_sync

from airflow_provider_frameio.triggers.driver import _in_thread


async def where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


def test_what_a_call_says_to_airflow_is_said_in_the_triggerers_loop() -> None:
    """A token that arrives is masked on the call's thread, and Airflow 3.0 tells its supervisor so: from another loop
    that would take the answers that the triggerer waits for, which ends it."""

    async def scenario() -> None:
        home = await where()
        called_on, said_in = await _in_thread(lambda: (threading.current_thread(), async_to_sync(where)()))
        assert said_in == home
        assert called_on is not home[1]

    asyncio.run(scenario())
