"""Listens on this machine for one browser that Adobe sends back."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

_PAGE = b"<!doctype html><title>Frame.io</title><p>Thank you. Go back to where you started; this page can be closed."


def listen(port: int, path: str, listening: Callable[[], None]) -> str:
    """The address, from its path on, with which a browser came to a path. Waits for it as long as it takes.

    :param port: of the loopback interface.
    :param listening: is called once it listens.
    """
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mine = urlsplit(self.path).path.rstrip("/") == path.rstrip("/") and not came
            if mine:
                came.append(self.path)
            self.send_response(200 if mine else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE if mine else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the line would show the code."""

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        listening()
        while not came:
            server.handle_request()
    return came[0]
