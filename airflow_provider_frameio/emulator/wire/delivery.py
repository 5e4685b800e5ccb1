"""Puts an answer on a socket, whole or as a fault wants it: dropped, cut short, dripping or never."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from airflow_provider_frameio.emulator.clock import http_date
from airflow_provider_frameio.emulator.wire.answers import Answer
from airflow_provider_frameio.emulator.wire.faults import Fault

DRIPS = 20
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: closing sends RST."""


class ConnectionDropped(Exception):
    """The handler is done with its connection, which must be closed without another byte."""


class Delivery:
    """Delivers answers.

    :param now: emulated Unix time, for the ``Date`` header.
    :param outside: emulated seconds → the client's.
    :param stopping: ends every wait when set.
    """

    def __init__(self, now: Callable[[], float], outside: Callable[[float], float], stopping: threading.Event) -> None:
        self._now = now
        self._outside = outside
        self._stopping = stopping

    def deliver(self, handler: BaseHTTPRequestHandler, answer: Answer, fault: Fault | None) -> None:
        """Send ``answer``, or do what ``fault`` does to the connection.

        :raises ConnectionDropped: the connection is to be closed.
        """
        kind = fault.kind if fault else ""
        if fault is None or kind not in ("drop", "hang", "slow_body", "truncated_body"):
            self._send(handler, answer, answer.body)
        elif kind == "truncated_body":
            self._send(handler, answer, answer.body[: len(answer.body) // 2])
            raise ConnectionDropped
        elif kind == "slow_body":
            self._drip(handler, answer, fault.seconds)
        else:
            self._fall_silent(handler, fault)

    def _fall_silent(self, handler: BaseHTTPRequestHandler, fault: Fault) -> None:
        if fault.kind == "hang":
            self._stopping.wait(self._outside(fault.seconds))
        elif fault.how == "rst":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            # Both files hold the socket open, and a shutdown before the close would send FIN first.
            handler.rfile.close()
            handler.wfile.close()
            handler.connection.close()
        raise ConnectionDropped

    def _drip(self, handler: BaseHTTPRequestHandler, answer: Answer, seconds: float) -> None:
        self._send(handler, answer, b"")
        step = max(1, -(-len(answer.body) // DRIPS))
        for start in range(0, len(answer.body), step):
            if self._stopping.wait(self._outside(seconds) / DRIPS):
                raise ConnectionDropped
            handler.wfile.write(answer.body[start : start + step])
            handler.wfile.flush()

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, body: bytes) -> None:
        handler.send_response_only(answer.status)
        handler.send_header("Date", http_date(self._now()))
        handler.send_header("Server", "frameio-emulator")
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.status != 204:
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.send_header("Content-Type", answer.content_type)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
