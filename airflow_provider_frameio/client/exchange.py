"""How far one HTTP exchange has come, how long it may take and how large its answer may be.

It sits inside urllib3's connections. The connection that sends says whether a byte of the request may have left, and
each read from the socket gets the time that is left. So no server can hold a call for longer, whichever part of its
answer it delays, and no error of the HTTP stack has to be interpreted.
Not guaranteed: an end to the look-up of the host's name, which the operating system limits.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

LARGEST_ANSWER = 32 * 1024 * 1024  # bytes; a page of 500 assets with all that can be included is below 5 MB


class Exchange:
    """One request and its answer, with a deadline for each.

    :ivar connect_timeout: seconds, from now on, in which the request must begin to be sent.
    :ivar timeout: seconds, from then on, in which the answer must be whole.
    :ivar sent: whether a byte of the request may have left.
    :ivar received: bytes of the answer so far, headers included.
    """

    def __init__(self, monotonic: Callable[[], float], connect_timeout: float, timeout: float) -> None:
        self._monotonic = monotonic
        self.connect_timeout = connect_timeout
        self.timeout = timeout
        self._deadline = monotonic() + connect_timeout
        self.sent = False
        self.received = 0

    @property
    def too_large(self) -> bool:
        """Whether more has come than any answer of the API needs."""
        return self.received > LARGEST_ANSWER

    def begin_sending(self) -> None:
        """The connection stands, and the request leaves now. Does nothing the second time.

        :raises TimeoutError: too late; whoever asked for it may not wait for it any more.
        """
        if not self.sent:
            self.left()
            self.sent = True
            self._deadline = self._monotonic() + self.timeout

    def left(self) -> float:
        """Seconds until the deadline.

        :raises TimeoutError: none.
        """
        seconds = self._deadline - self._monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds

    def receive(self, size: int) -> None:
        """Count what has come.

        :raises AnswerTooLarge: it is too much.
        """
        self.received += size
        if self.too_large:
            raise AnswerTooLarge


class AnswerTooLarge(Exception):
    """No answer of the API is this large, so the rest is not read."""


class ExchangeAdapter(HTTPAdapter):
    """Keeps every connection to the exchange that is under way. For one thread.

    :ivar exchange: the one under way; to be set before each ``send``.
    """

    exchange: Exchange

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """For connections straight to the host."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """For connections through a proxy."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not known:
            self._watch(manager)
        return manager

    def _watch(self, manager: PoolManager) -> None:
        def watched(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
            connection = _watched(pool.ConnectionCls, lambda: self.exchange)
            return type(pool.__name__, (pool,), {"ConnectionCls": connection})

        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: watched(pool) for scheme, pool in pools.items()}


def _watched(kind: type[Any], current: Callable[[], Exchange]) -> type[HTTPConnection]:
    """A kind of connection that tells its exchange when it sends, and reads no longer than the exchange may take."""

    class Watched(kind):  # type: ignore[misc] # urllib3's for http, https or SOCKS
        _connecting = False

        def connect(self) -> None:
            self._connecting = True  # what is sent meanwhile is a proxy's business
            try:
                super().connect()
            finally:
                self._connecting = False

        def send(self, data: Any) -> None:
            if self.sock is None and self.auto_open:
                self.connect()  # else urllib3 1 would do so only after the exchange counts as sent
            if not self._connecting:
                current().begin_sending()
            self.sock.settimeout(current().left())
            super().send(data)

        def response_class(self, sock: Any, *args: Any, **kwargs: Any) -> HTTPResponse:
            # As far as http.client needs a socket to read an answer.
            answer: Any = SimpleNamespace(makefile=lambda mode: io.BufferedReader(_Reader(sock, current())))
            return HTTPResponse(answer, *args, **kwargs)

    return Watched


class _Reader(io.RawIOBase):
    """Reads from a socket within the bounds of an exchange."""

    def __init__(self, sock: Any, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._exchange.left())
        size: int | None = self._raw.readinto(buffer)
        self._exchange.receive(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
