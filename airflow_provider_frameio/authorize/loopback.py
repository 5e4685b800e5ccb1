"""Waits on this machine for the browser that Adobe sends back. No other connection can end or block the wait."""

from __future__ import annotations

import errno
import re
import selectors
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

ADDRESSES = {"127.0.0.1": ("127.0.0.1",), "::1": ("::1",), "localhost": ("127.0.0.1", "::1")}
"""Where to listen, by the host of a redirect address: a browser tries both for ``localhost``."""

LONGEST_REQUEST = 64 * 1024  # the query, and every cookie that the browser keeps for this host
MOST_CONNECTIONS = 64

_REQUEST = re.compile(rb"GET ([!-~]+) HTTP/1\.[01]\r\n")
_PAGE = b"<!doctype html><title>Frame.io</title><p>Thank you. Go back to where you started; this page can be closed."
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n"
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
)


def listen(host: str, port: int, is_answer: Callable[[str], bool], listening: Callable[[], None]) -> str:
    """Wait for the answer as long as it takes; return its request target.

    A connection that sends no whole request stays open and idle: browsers open some in advance. Above
    ``MOST_CONNECTIONS`` the oldest is closed. Any other request than the answer gets a 404.

    :param host: a key of ``ADDRESSES``.
    :param is_answer: tells whether the target of a GET request is the answer.
    :param listening: is called once it listens.
    :raises OSError: another process listens there.
    """
    servers = _servers(host, port)
    received: dict[socket.socket, bytes] = {}  # by open connection, the oldest first
    try:
        listening()
        while True:
            for ready in _readable([*servers, *received]):
                if ready in servers:
                    _accept(ready, received)
                elif ready in received and (target := _read(ready, received, is_answer)):
                    return target
    finally:
        for each in (*servers, *received):
            each.close()


def _servers(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of the host that this machine has: another process on one of them could get the code."""
    servers: list[socket.socket] = []
    missing = None
    for address in ADDRESSES[host]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            server = socket.create_server((address, port), family=family)
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                missing = error
                continue
            for other in servers:
                other.close()
            raise
        server.setblocking(False)
        servers.append(server)
    if missing and not servers:
        raise missing
    return servers


def _readable(sockets: Iterable[socket.socket]) -> list[socket.socket]:
    """Those that have something to read; waits for the first. Not ``select``, which fails beyond 1,024 open files."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
        return [key.data for key, _ in selector.select()]


def _accept(server: socket.socket, received: dict[socket.socket, bytes]) -> None:
    try:
        connection, _ = server.accept()
    except OSError:  # it is gone again
        return
    connection.setblocking(False)
    if len(received) == MOST_CONNECTIONS:
        oldest = next(iter(received))
        del received[oldest]
        oldest.close()
    received[connection] = b""


def _read(connection: socket.socket, received: dict[socket.socket, bytes], is_answer: Callable[[str], bool]) -> str:
    """Read what has come; answer and close once the request is whole. Return the target of the answer, else ""."""
    try:
        more = connection.recv(LONGEST_REQUEST)
    except BlockingIOError:
        return ""
    except OSError:  # reset
        more = b""
    request = received[connection] + more
    whole = b"\r\n\r\n" in request
    if more and not whole and len(request) < LONGEST_REQUEST:
        received[connection] = request
        return ""
    del received[connection]
    found = _REQUEST.match(request) if whole else None
    target = found[1].decode("ascii") if found else ""
    if not is_answer(target):
        target = ""
    with connection, suppress(OSError):
        if whole:
            connection.send(_response(_PAGE) if target else _response(b"", "404 Not Found"))
    return target


def _response(page: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{_HEADERS.format(len(page))}".encode() + page
