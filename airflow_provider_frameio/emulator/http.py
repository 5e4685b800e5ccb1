"""An HTTP/1.1 server that gives requests to a responder, and can close every connection at once."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from airflow_provider_frameio.emulator.service import Incoming, Outgoing
from airflow_provider_frameio.emulator.wire.answers import Problem, problem_answer
from airflow_provider_frameio.emulator.wire.delivery import ConnectionDropped, Delivery

Responder = Callable[[Incoming], Outgoing]
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


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
        self.server.delivery.deliver(self, problem_answer(problem), None)
        return False

    def answer(self) -> None:
        """Answer one request."""
        try:
            outgoing = self.server.respond(self._incoming())
        except Problem as problem:
            self.close_connection = True
            outgoing = Outgoing(problem_answer(problem))
        self.server.delivery.deliver(self, outgoing.answer, outgoing.fault)

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


def _authority(target: str) -> list[str]:
    """The host that a request's target names: none if it is a path, as it is unless meant for a proxy."""
    return [] if target.startswith("/") else [re.split(r"[/?#]", target.split("://", 1)[-1])[0]]


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface from its creation on; serves from ``start`` to ``stop``.

    :param port: 0 picks a free one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Responder, delivery: Delivery, stopping: threading.Event) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.respond = respond
        self.delivery = delivery
        self._stopping = stopping
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
        self._stopping.set()
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
            if self._stopping.is_set():
                raise ConnectionDropped
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._connections_lock:
                self._connections.discard(connection)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self.handle_request()
