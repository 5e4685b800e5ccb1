"""Frame.io's and Adobe's own addresses, for clients that cannot be given others: a proxy that is both, on loopback."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.client.servers import self_signed
from tests.harness.patience import PATIENCE

HOSTS = ("api.frame.io", "ims-na1.adobelogin.com")


@contextmanager
def adobes_hosts(base_url: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Lead a client to the emulator at ``base_url``.

    Yield the environment variables that the client needs, and the names of other hosts it asked for, which are refused.
    """
    certificate = self_signed(*HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    refused: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            host = self.path.partition(":")[0]
            if host not in HOSTS:
                refused.append(host)
                self.send_error(502)
                return
            self.send_response_only(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            del self.headers["Host"]  # the emulator answers to no other than its own
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    self.command,
                    base_url + self.path,
                    data=body,
                    headers=dict(self.headers),
                    timeout=PATIENCE,
                    allow_redirects=False,
                )
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = forward

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield {"HTTPS_PROXY": url, "HTTP_PROXY": url, "SSL_CERT_FILE": str(certificate)}, refused
        server.shutdown()
