"""Runs flows inside the triggerer: their calls on a few threads, all waiting on the event loop, which is never blocked.

All triggers of an event loop that use one connection share one caller, and with it its sockets and its token.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import cache, partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from asgiref.sync import sync_to_async

from airflow_provider_frameio._compat import mask_secret
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import FrameioError, NoSlot, Unauthorized
from airflow_provider_frameio.api.protocol import Flow, Operation, Pause
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.connection import load_settings, read_variable

T = TypeVar("T")

log = logging.getLogger(__name__)

_THREADS = 4  # Frame.io admits five calls a second at most: more threads would only wait
_MASKED_WITHIN = 60.0  # seconds; a loop that has ended would be waited for without end
_LONGEST_WAIT, _SHORTEST_WAIT = 600.0, 0.001  # seconds for a rate limit: of Frame.io's time, and of this machine's
_ONCE = Backoff(attempts=1)  # a flow that waits looks again anyway; a thread that sleeps would keep others waiting
_READ_AGAIN_AT = 0.8  # of the life that a token had left: before the process's cache of tokens asks for it


# Weak in both ways: a caller lives by those who call with it, and must not keep a closed loop alive.
_callers: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakSet[Caller]] = WeakKeyDictionary()


async def caller_for(frameio_conn_id: str) -> Caller:
    """The running loop's caller for a connection as it is now: one that was changed since gets another."""
    settings = await load(frameio_conn_id)
    callers = _callers.setdefault(asyncio.get_running_loop(), WeakSet())
    for caller in callers:
        if (caller.frameio_conn_id, caller.settings) == (frameio_conn_id, settings):
            return caller
    made = Caller(frameio_conn_id, settings)
    callers.add(made)
    return made


class Caller:
    """Calls Frame.io with what a connection holds: read again when Frame.io refuses it, since it may have changed."""

    def __init__(self, frameio_conn_id: str, settings: Settings) -> None:
        self.frameio_conn_id = frameio_conn_id
        self._variable = _VariableCache()
        self._client = self._made(settings)

    @property
    def settings(self) -> Settings:
        """What it calls with at present."""
        return self._client.settings

    async def call(self, operation: Operation[T]) -> T:
        """Run one operation on a thread, as soon as its rate limit has room.

        :raises CallError: what became of it.
        """
        client = self._client
        text = await self._variable.read(client.settings)
        try:
            return await _in_turn(client, operation)
        except Unauthorized:
            settings = await load(self.frameio_conn_id)
            if await self._variable.read(settings, anew=True) == text and settings == client.settings:
                raise
            if settings != self.settings:  # else another call has noticed before
                self._client = self._made(settings)
            return await _in_turn(self._client, operation)

    def _made(self, settings: Settings) -> Client:
        mask = partial(_mask, asyncio.get_running_loop())
        return Client(settings, backoff=_ONCE, stored=self._variable, mask=mask)


class _VariableCache:
    """Text of the Variable with a user's tokens: read in the event loop, for threads, which must not ask Airflow."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._good_until = float("-inf")

    def __call__(self, variable: str) -> str | None:
        return self._text

    async def read(self, settings: Settings, *, anew: bool = False) -> str | None:
        """Read it where that is due, or ``anew``, and give its text; None for other kinds of connection."""
        now = SYSTEM_CLOCK.epoch()
        if settings.auth_type == "user" and (anew or now >= self._good_until):
            # As in ``load``: Airflow's access to its Variables is bound to the thread it runs on.
            self._text = await sync_to_async(read_variable)(settings.auth_variable)
            self._good_until = now + _READ_AGAIN_AT * _left(self._text, settings, now)
        return self._text


def _left(text: str | None, settings: Settings, now: float) -> float:
    try:
        return UserToken.from_text(text, settings.auth_variable, settings.conn_id).expires_at - now
    except FrameioError:
        return 0.0  # whoever needs the token says what is wrong


async def load(frameio_conn_id: str) -> Settings:
    """Read a connection in a running event loop."""
    # sync_to_async, not a thread of our own: Airflow's access to connections is bound to the thread it runs on.
    settings: Settings = await sync_to_async(load_settings)(frameio_conn_id)
    return settings


async def drive(flow: Flow[T], caller: Caller, now: Callable[[], float] = SYSTEM_CLOCK.epoch) -> T:
    """Run a flow to its end.

    :param now: the time, as pauses are answered with it; default: seconds since the epoch.
    :raises FrameioError: what the flow raises.
    """
    resume: Callable[[], Operation[Any] | Pause] = partial(next, flow)
    try:
        while True:
            step = resume()
            try:
                if isinstance(step, Pause):
                    await _pause(step)
                    answer: Any = now()
                else:
                    answer = await caller.call(step)
            except FrameioError as error:
                resume = partial(flow.throw, error)
            else:
                resume = partial(flow.send, answer)
    except StopIteration as end:
        result: T = end.value
        return result


def detached(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task in a context of its own: in the current one Airflow would write its log into the first trigger's."""
    return Context().run(asyncio.get_running_loop().create_task, coroutine)


async def _pause(pause: Pause) -> None:
    if pause.reason:
        log.log(pause.level, "%s", pause.reason)
    if pause.seconds > 0:
        await asyncio.sleep(pause.seconds)


def _mask(loop: asyncio.AbstractEventLoop, secret: str) -> None:
    """Mask a token on the thread that got it: a word with the supervisor, which Airflow may only have in this loop.

    In Airflow 3.0 any other way takes an answer that the triggerer itself waits for, and ends it.
    """
    asyncio.run_coroutine_threadsafe(sync_to_async(mask_secret)(secret), loop).result(_MASKED_WITHIN)


async def _in_turn(client: Client, operation: Operation[T]) -> T:
    """Call once the rate limit has room: the wait for that is the event loop's, and keeps no thread from other calls.

    :raises NoSlot: there was none for ten minutes.
    """
    left = _LONGEST_WAIT * client.settings.time_scale
    while True:
        try:
            call = partial(client.call, operation, max_wait_slots=0.0)
            return await asyncio.get_running_loop().run_in_executor(_pool(os.getpid()), call)
        except NoSlot as busy:
            delay = max(busy.delay, _SHORTEST_WAIT)
            if delay > left:
                raise
        left -= delay
        await asyncio.sleep(delay)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """One pool a process: a forked child has none of its parent's threads."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="frameio")
