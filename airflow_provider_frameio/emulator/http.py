"""An HTTP/1.1 server that gives requests to a responder, and can close every connection at once.

An answer goes out whole, or as a fault wants it: dropped, cut short, dripping or never.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from airflow_provider_frameio.emulator.clock import Clock, http_date
from airflow_provider_frameio.emulator.service import Incoming, Outgoing
from airflow_provider_frameio.emulator.wire.answers import Answer, Problem, problem_answer
from airflow_provider_frameio.emulator.wire.faults import Fault

_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_DRIPS = 20
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with a timeout of 0: closing sends RST


class ConnectionDropped(Exception):
    """The connection must be closed without another byte."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Without it every answer waits 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        """Serve the connection until either side closes it."""
        with contextlib.suppress(ConnectionDropped, ConnectionError), self.server.connected(self.connection):
            super().handle()

    def finish(self) -> None:
        """Close the files of the connection, which the client may have closed already."""
        with contextlib.suppress(OSError):
            super().finish()

    def parse_request(self) -> bool:
        """Refuse what names another host than this machine: a page on a name that was made to lead here (rebinding)."""
        if not super().parse_request():
            return False
        hosts = self.headers.get_all("Host", [])
        if len(hosts) == 1 and all(_LOOPBACK.fullmatch(host) for host in [*hosts, *_authority(self.path)]):
            return True
        self.close_connection = True
        problem = Problem(403, "Forbidden", "the emulator answers to localhost, 127.0.0.1 and [::1] only")
        self._send(problem_answer(problem))
        return False

    def answer(self) -> None:
        """Answer one request."""
        try:
            outgoing = self.server.respond(self._incoming())
        except Problem as problem:
            self.close_connection = True
            outgoing = Outgoing(problem_answer(problem))
        self._deliver(outgoing.answer, outgoing.fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the emulator keeps its own log."""

    def _incoming(self) -> Incoming:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or "Transfer-Encoding" in self.headers:
            raise Problem(411, "Length Required", "send a body with its Content-Length")
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Incoming(self.command, path, query, headers, self.rfile.read(int(length)))

    def _deliver(self, answer: Answer, fault: Fault | None) -> None:
        """Send ``answer``, or do what ``fault`` does to the connection.

        :raises ConnectionDropped: the connection is to be closed.
        """
        if fault is None or fault.kind not in ("drop", "hang", "slow_body", "truncated_body"):
            self._send(answer)
        elif fault.kind == "truncated_body":
            self._send(answer, answer.body[: len(answer.body) // 2])
            raise ConnectionDropped
        elif fault.kind == "slow_body":
            self._drip(answer, fault.seconds)
        else:
            self._fall_silent(fault)

    def _fall_silent(self, fault: Fault) -> None:
        if fault.kind == "hang":
            self.server.stopping.wait(self.server.clock.outside(fault.seconds))
        elif fault.how == "rst":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            # Both files hold the socket open, and a shutdown before the close would send FIN first.
            self.rfile.close()
            self.wfile.close()
            self.connection.close()
        raise ConnectionDropped

    def _drip(self, answer: Answer, seconds: float) -> None:
        self._send(answer, b"")
        step = max(1, -(-len(answer.body) // _DRIPS))
        for start in range(0, len(answer.body), step):
            if self.server.stopping.wait(self.server.clock.outside(seconds) / _DRIPS):
                raise ConnectionDropped
            self.wfile.write(answer.body[start : start + step])
            self.wfile.flush()

    def _send(self, answer: Answer, body: bytes | None = None) -> None:
        """Send an answer, with a part of its body in place of the whole where that is given."""
        self.send_response_only(answer.status)
        self.send_header("Date", http_date(self.server.clock.now()))
        self.send_header("Server", "frameio-emulator")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Content-Type", answer.content_type)
        self.end_headers()
        self.wfile.write(answer.body if body is None else body)
        self.wfile.flush()


def _authority(target: str) -> list[str]:
    """The host that a request's target names: none if it is a path, as it is unless meant for a proxy."""
    return [] if target.startswith("/") else [re.split(r"[/?#]", target.split("://", 1)[-1])[0]]


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface from its creation on; serves from ``start`` to ``stop``.

    :param port: 0 picks a free one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Incoming], Outgoing], clock: Clock) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.respond = respond
        self.clock = clock
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="frameio-emulator", daemon=True)

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, for which a name server may be asked."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close every connection, also those whose handler hangs."""
        self.stopping.set()
        if self._thread.is_alive():
            # The loop waits for a connection: give it one.
            socket.create_connection(("127.0.0.1", self.server_port)).close()
            self._thread.join()
        self.server_close()
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def connected(self, connection: socket.socket) -> Iterator[None]:
        """Keep a connection where ``stop`` finds it."""
        with self._connections_lock:
            if self.stopping.is_set():
                raise ConnectionDropped
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._connections_lock:
                self._connections.discard(connection)

    def _serve(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()
