"""Runs a flow inside the triggerer: its calls on a few threads, its pauses on the event loop, which it never blocks."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from airflow_provider_frameio._compat import mask_secret
from airflow_provider_frameio.api.backoff import Backoff
from airflow_provider_frameio.api.errors import FrameioError, Unauthorized
from airflow_provider_frameio.api.protocol import Flow, Operation, Pause
from airflow_provider_frameio.api.settings import Settings
from airflow_provider_frameio.client import Client
from airflow_provider_frameio.hooks.connection import load_settings

T = TypeVar("T")

log = logging.getLogger(__name__)

_THREADS = 4  # Frame.io admits five calls a second at most: more threads would only wait
_ONCE = Backoff(attempts=1)  # a flow that waits looks again anyway; a thread that sleeps would keep others waiting


async def drive(flow: Flow[T], frameio_conn_id: str) -> T:
    """Run a flow to its end.

    :raises FrameioError: what the flow raises.
    """
    client = _client(await _load(frameio_conn_id))
    resume: Callable[[], Operation[Any] | Pause] = partial(next, flow)
    try:
        while True:
            step = resume()
            try:
                if isinstance(step, Pause):
                    answer: Any = await _pause(step)
                else:
                    client, answer = await _call(client, step, frameio_conn_id)
            except FrameioError as error:
                resume = partial(flow.throw, error)
            else:
                resume = partial(flow.send, answer)
    except StopIteration as end:
        result: T = end.value
        return result


async def _call(client: Client, operation: Operation[T], frameio_conn_id: str) -> tuple[Client, T]:
    """The answer, and the client to go on with: a new one where the connection holds other credentials by now."""
    try:
        return client, await _in_thread(partial(client.call, operation))
    except Unauthorized:
        settings = await _load(frameio_conn_id)
        if settings == client.settings:
            raise
        client = _client(settings)
        return client, await _in_thread(partial(client.call, operation))


async def _pause(pause: Pause) -> float:
    if pause.reason:
        log.info("%s", pause.reason)
    if pause.seconds > 0:
        await asyncio.sleep(pause.seconds)
    return time.time()


async def _load(frameio_conn_id: str) -> Settings:
    # sync_to_async, not a thread of our own: Airflow's access to connections is bound to the thread it runs on.
    settings: Settings = await sync_to_async(load_settings)(frameio_conn_id)
    return settings


def _client(settings: Settings) -> Client:
    return Client(settings, backoff=_ONCE, mask=mask_secret)


async def _in_thread(call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_pool(os.getpid()), call)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """One pool a process: a forked child has none of its parent's threads."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="frameio")
