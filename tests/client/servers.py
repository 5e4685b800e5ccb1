"""Servers that do what no Frame.io would: speak TLS with a certificate nobody trusts, be a proxy, break off."""

from __future__ import annotations

import atexit
import shutil
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ME = b'{"data": {"id": "u1", "name": "Scripted"}}'


def self_signed(*hosts: str) -> Path:
    """A certificate for these hosts, signed by itself and nobody else, with its key. Good until tomorrow."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = Path(tempfile.mkdtemp(prefix="frameio-tests-")) / "certificate.pem"
    atexit.register(shutil.rmtree, path.parent)
    path.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return path


CERTIFICATE = self_signed("localhost")
"""Not for 127.0.0.1."""


@dataclass(frozen=True)
class Heard:
    """A request as it reached the server; ``port`` is the client's, so equal ports mean one connection."""

    port: int
    method: str
    target: str
    headers: dict[str, str]


def answer_me(handler: BaseHTTPRequestHandler) -> None:
    """A good answer, whatever was asked."""
    handler.send_response_only(200)
    handler.send_header("Content-Length", str(len(ME)))
    handler.end_headers()
    handler.wfile.write(ME)


def in_pieces(handler: BaseHTTPRequestHandler) -> None:
    """A good answer in chunks, the last of which is empty."""
    handler.send_response_only(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for piece in (ME[:10], ME[10:], b""):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def plain_text_into_tls(handler: BaseHTTPRequestHandler) -> None:
    """Bytes that are no TLS, on a connection that is."""
    with suppress(OSError):
        raw = handler.connection.detach()
        with open(raw, "wb", buffering=0) as bare:
            bare.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n" * 4)
    handler.close_connection = True


def refuse(handler: BaseHTTPRequestHandler) -> None:
    """What a proxy says that wants a password."""
    handler.send_response_only(407)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


class ScriptedServer:
    """Answers every request by ``script`` and remembers what it heard.

    :param tls: whether to speak TLS, with ``CERTIFICATE``.
    """

    def __init__(
        self,
        script: Callable[[BaseHTTPRequestHandler], None] = answer_me,
        *,
        tls: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self.heard: list[Heard] = []
        self._server = _Server(("127.0.0.1", 0), self._handler(script))
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.context = context
        self.url = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{self._server.server_address[1]}"
        # Polled often: a stop need not wait.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self, script: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard.append(Heard(self.client_address[1], self.command, self.path, headers))
                script(self)

            do_GET = do_POST = do_CONNECT = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class _Server(ThreadingMixIn, TCPServer):
    """Not ``http.server``'s own, which looks its name up."""

    allow_reuse_address = True
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""
