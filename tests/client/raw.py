"""A server that says any bytes at all, and a proxy in front of one."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from tests.harness.patience import PATIENCE

Script = Callable[[socket.socket], None]


class RawServer:
    """Reads one whole request from each connection, lets ``script`` answer it, and hangs up.

    :ivar requests: the head of each request, oldest first.
    :ivar script: what answers; may be replaced between two requests.
    """

    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self.script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):  # the client hung up, as it should
                    self.requests.append(_whole_request(connection))
                    self.script(connection)


class Tunnel(RawServer):
    """A proxy that lets every client through to one server, whatever address it asks for."""

    def __init__(self, url: str) -> None:
        super().__init__(self._connect)
        host, port = url.rpartition("//")[2].split(":")
        self._to = host, int(port)

    def _connect(self, client: socket.socket) -> None:
        with socket.create_connection(self._to) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_relay, args=(server, client), daemon=True)
            back.start()
            _relay(client, server)
            back.join(PATIENCE)


def says(answer: bytes, *, reset: bool = False) -> Script:
    """A script that sends some bytes; ``reset`` ends the connection the hard way."""

    def script(connection: socket.socket) -> None:
        connection.sendall(answer)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def without_end(start: bytes, piece: bytes) -> Script:
    """A script that repeats a piece for as long as the client listens."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return script


def _whole_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += _some(connection)
    return head


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise OSError("the client hung up")
    return received


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
