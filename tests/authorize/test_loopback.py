"""What listens for the browser: one request ends the wait, and whatever else connects neither ends nor blocks it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from airflow_provider_frameio.authorize import loopback
from tests.harness.patience import PATIENCE

ANSWER = "/back?code=c0de&state=st4te"
WHOLE = f"GET {ANSWER} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Listener:
    """A wait for ``ANSWER`` on a port of this machine, in a thread; ``/pause`` makes it wait for ``go_on``."""

    def __init__(self, host: str) -> None:
        self.paused, self.go_on = Event(), Event()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port: int = taken.getsockname()[1]
        self._pool = ThreadPoolExecutor(1)
        self._open = ExitStack()
        listening = Event()
        self.target: Future[str] = self._pool.submit(loopback.listen, host, self.port, self._is_answer, listening.set)
        self.target.add_done_callback(lambda _: listening.set())
        assert listening.wait(PATIENCE)

    def _is_answer(self, target: str) -> bool:
        if target == "/pause":
            self.paused.set()
            assert self.go_on.wait(PATIENCE)
        return target == ANSWER

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        """An open connection."""
        return self._open.enter_context(socket.create_connection((address, self.port), timeout=PATIENCE))

    def ask(self, request: bytes, address: str = "127.0.0.1") -> bytes:
        """What is answered, to the end of the connection."""
        connection = self.connect(address)
        connection.sendall(request)
        return to_the_end(connection)

    def close(self) -> None:
        if not self.target.done():
            self.ask(WHOLE)
        self._open.close()
        self._pool.shutdown()


def to_the_end(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while more := connection.recv(4096):
            answer += more
    except ConnectionResetError:
        pass
    return answer


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener("127.0.0.1")
    yield made
    made.close()


def test_the_answer_ends_it(listener: Listener) -> None:
    """Its target is returned, and the browser told that it may be closed."""
    answer = listener.ask(WHOLE)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Thank you" in answer
    assert b"Referrer-Policy: no-referrer" in answer
    assert listener.target.result(PATIENCE) == ANSWER


OTHERS = {
    "another state": b"GET /back?code=c0de&state=other HTTP/1.1\r\n\r\n",
    "another path": b"GET /favicon.ico HTTP/1.1\r\n\r\n",
    "HEAD": WHOLE.replace(b"GET", b"HEAD"),
    "POST": WHOLE.replace(b"GET", b"POST"),
    "no HTTP": b"GET\r\n\r\n",
    "beyond ASCII": b"GET /b\xff HTTP/1.1\r\n\r\n",
    "HTTP/0.9": b"GET " + ANSWER.encode() + b"\r\n\r\n",
}


@pytest.mark.parametrize("request_", OTHERS.values(), ids=OTHERS)
def test_any_other_request_is_answered_404(listener: Listener, request_: bytes) -> None:
    """Again and again; then the answer still counts."""
    for _ in range(2):
        assert listener.ask(request_).startswith(b"HTTP/1.1 404 Not Found\r\nContent-Type")
    assert not listener.target.done()
    listener.ask(WHOLE)
    assert listener.target.result(PATIENCE) == ANSWER


def test_what_sends_nothing_or_half_a_request_does_not_block(listener: Listener) -> None:
    """As a browser's connections in advance, TLS where none is spoken, and a client that hangs up."""
    listener.connect()
    for half in (b"GET /back?code=", b"\x16\x03\x01\x02\x00\x01", b"POST /back HTTP/1.1\r\nContent-Length: 9\r\n"):
        listener.connect().sendall(half)
    gone = listener.connect()
    gone.sendall(b"GET /")
    gone.shutdown(socket.SHUT_WR)
    assert to_the_end(gone) == b""
    listener.ask(WHOLE)
    assert listener.target.result(PATIENCE) == ANSWER


def test_a_request_may_come_in_pieces(listener: Listener) -> None:
    """Nothing is decided before its end."""
    connection = listener.connect()
    for byte in WHOLE[:-1]:
        connection.sendall(bytes([byte]))
        assert not listener.target.done()
    connection.sendall(WHOLE[-1:])
    assert listener.target.result(PATIENCE) == ANSWER


def test_a_request_is_bounded(listener: Listener) -> None:
    """What goes on for ever is closed unanswered."""
    assert listener.ask(b"GET /" + b"x" * loopback.LONGEST_REQUEST) == b""


def test_open_connections_are_bounded(listener: Listener) -> None:
    """The oldest is closed for a new one; all others stay, and the newest brings the answer."""
    connections = [listener.connect() for _ in range(loopback.MOST_CONNECTIONS + 1)]
    assert to_the_end(connections[0]) == b""
    connections[-1].sendall(WHOLE)
    assert to_the_end(connections[-1]).startswith(b"HTTP/1.1 200")
    assert listener.target.result(PATIENCE) == ANSWER


def test_it_listens_in_a_process_with_many_open_files(listener: Listener) -> None:
    """Beyond the 1,024 that ``select`` can name."""
    with ExitStack() as many:
        made = [many.enter_context(socket.socket()) for _ in range(1100)]
        assert made[-1].fileno() > 1024
        assert listener.ask(WHOLE).startswith(b"HTTP/1.1 200")
    assert listener.target.result(PATIENCE) == ANSWER


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@needs_ipv6
def test_a_connection_may_speak_just_when_it_is_closed_for_new_ones() -> None:
    """What it says is not heard, not even the answer; nothing else is harmed."""
    listener = Listener("localhost")
    connections = [listener.connect() for _ in range(loopback.MOST_CONNECTIONS)]
    connections[-1].sendall(b"GET /pause HTTP/1.1\r\n\r\n")
    assert listener.paused.wait(PATIENCE)
    connections[0].sendall(WHOLE)
    new = [listener.connect("127.0.0.1"), listener.connect("::1")]
    listener.go_on.set()
    assert to_the_end(connections[0]) == b""
    new[-1].sendall(WHOLE)
    assert listener.target.result(PATIENCE) == ANSWER
    listener.close()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        pytest.param("::1", "::1", marks=needs_ipv6),
        pytest.param("localhost", "::1", marks=needs_ipv6),
    ],
)
def test_it_listens_where_the_browser_will_go(host: str, address: str) -> None:
    """A browser takes either address for ``localhost``."""
    listener = Listener(host)
    assert listener.ask(WHOLE, address).startswith(b"HTTP/1.1 200")
    assert listener.target.result(PATIENCE) == ANSWER
    listener.close()


@needs_ipv6
@pytest.mark.parametrize("taken", ["127.0.0.1", "::1"])
def test_no_other_process_may_listen_on_either_address(taken: str) -> None:
    """It could be the one that gets the code. The port is free again afterwards."""
    family = socket.AF_INET6 if ":" in taken else socket.AF_INET
    with socket.create_server((taken, 0), family=family) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            loopback.listen("localhost", port, bool, lambda: None)
    for address, kind in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        socket.create_server((address, port), family=kind).close()


def test_an_address_that_this_machine_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ::1 where there is no IPv6; unless there is no other."""
    monkeypatch.setitem(loopback.ADDRESSES, "localhost", ("192.0.2.1", "127.0.0.1"))
    listener = Listener("localhost")
    listener.ask(WHOLE)
    assert listener.target.result(PATIENCE) == ANSWER
    listener.close()
    monkeypatch.setitem(loopback.ADDRESSES, "localhost", ("192.0.2.1",))
    with pytest.raises(OSError, match=r"192\.0\.2\.1"):
        loopback.listen("localhost", listener.port, bool, lambda: None)
