"""The server itself: its life, its connections, its size."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock
from tests.harness.patience import PATIENCE

pytest_plugins = ["pytester"]


def test_connections_are_kept_and_closed_when_it_stops(studio: Studio) -> None:
    """One connection serves many calls; after ``stop`` neither it nor a new one gets an answer."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(studio.emulator.base_url.rpartition(":")[2]), timeout=PATIENCE
    )
    connection.connect()
    connection.auto_open = False

    def ask() -> bytes:
        connection.request("GET", "/_emulator/requests")
        return connection.getresponse().read()

    assert [ask(), ask()] == [b"[]", b"[]"]
    studio.emulator.stop()
    with pytest.raises(ConnectionError):
        ask()
    connection.close()
    with pytest.raises(requests.ConnectionError):
        studio.get("/v4/me")


def test_a_port_can_be_chosen() -> None:
    """The one just freed, for example."""
    with Emulator() as first:
        port = int(first.base_url.rpartition(":")[2])
    with Emulator(port=port) as second:
        assert second.base_url == first.base_url


@pytest.mark.parametrize(("arguments", "reason"), [({"speed": 0}, "speed=0"), ({"seed": "other"}, "seed='other'")])
def test_impossible_arguments_are_refused(arguments: dict[str, object], reason: str) -> None:
    """Before a port is taken."""
    with pytest.raises(ValueError, match=reason):
        Emulator(**arguments)  # type: ignore[arg-type]


def test_many_clients_at_once_get_exactly_the_budget(studio: Studio) -> None:
    """Of 40 copies asked for by 8 threads at one moment, ten are made."""
    stack_id = studio.stack()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: studio.copy(stack_id, studio.client).status_code, range(40)))
    assert (statuses.count(200), statuses.count(429)) == (10, 30)
    assert len(studio.data(f"/folders/{studio.client}/version_stacks")) == 10


def test_thousands_of_stacks_and_copies(studio: Studio) -> None:
    """2,000 stacks in a folder, 1,000 copies of them: listed whole, each complete, without a thread each."""
    studio.emulator.configure(
        limits={name: {"limit": 10_000} for name in ("copy_version_stack", "list_version_stacks")}
    )
    sources = [studio.stack(f"{n}.mov", 2) for n in range(2_000)]
    made = {studio.copy(source, studio.client).json()["data"]["id"] for source in sources[:1_000]}
    studio.clock.advance(60)
    listed = studio.get(f"/folders/{studio.cuts}/version_stacks", page_size=500, include_total_count="true").json()
    assert (len(listed["data"]), listed["total_count"]) == (500, 2_000)
    page = studio.data(f"/folders/{studio.client}/version_stacks", page_size=500, sort="created_at_desc")
    assert made.issuperset(stack["id"] for stack in page)
    assert {stack["head_version"]["status"] for stack in page} == {"transcoded"}


def test_two_emulators_share_nothing() -> None:
    """What one is told the other does not know."""
    with Emulator(clock=FakeClock().monotonic) as one, Emulator(clock=FakeClock().monotonic) as other:
        one.configure(limits={"me": {"limit": 1}})
        one.expire_tokens()
        studio = Studio(other, FakeClock())
        assert studio.get("/v4/me").headers["x-ratelimit-limit"] == "100"
        assert one.requests == []


def test_the_view_url_shows_what_is_there(studio: Studio) -> None:
    """A person who follows a link sees the asset as text, without a token."""
    stack = studio.emulator.seed_version_stack(studio.cuts, "Épisode.mov", 2)
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(stack["view_url"], timeout=PATIENCE)
    assert page.status_code == 200
    assert page.text.splitlines()[:2] == ["Épisode.mov (version_stack)", "  Épisode v1.mov (transcoded)"]
    assert studio.session.get(f"{studio.emulator.base_url}/project/x/view/y", timeout=PATIENCE).status_code == 404


def head_of(studio: Studio, *lines: str) -> bytes:
    """The answer to a request that is sent as it is, one line after the other."""
    port = int(studio.emulator.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8765", "127.8.9.1", "[::1]", "[::1]:65535"]
)
def test_this_machine_by_any_of_its_loopback_names_is_answered(studio: Studio, host: str) -> None:
    """Whatever the port: somebody may forward one."""
    assert head_of(studio, "GET /_emulator/faults HTTP/1.1", f"Host: {host}").startswith(b"HTTP/1.1 200 ")


REBOUND = {
    "another name": ["GET /_emulator/faults HTTP/1.1", "Host: evil.example"],
    "with the port": ["GET /_emulator/faults HTTP/1.1", "Host: evil.example:8765"],
    "a name like it": ["GET /_emulator/faults HTTP/1.1", "Host: localhost.evil.example"],
    "an address in a name": ["GET /_emulator/faults HTTP/1.1", "Host: 127.0.0.1.evil.example"],
    "another address": ["GET /_emulator/faults HTTP/1.1", "Host: 192.0.2.1"],
    "none": ["GET /_emulator/faults HTTP/1.1"],
    "empty": ["GET /_emulator/faults HTTP/1.1", "Host:"],
    "two": ["GET /_emulator/faults HTTP/1.1", "Host: localhost", "Host: evil.example"],
    "user and host": ["GET /_emulator/faults HTTP/1.1", "Host: localhost@evil.example"],
    "of the API": ["GET /v4/me HTTP/1.1", "Host: evil.example"],
    "of IMS": ["POST /ims/token/v3 HTTP/1.1", "Host: evil.example", "Content-Length: 0"],
    "a method of no route": ["OPTIONS /v4/me HTTP/1.1", "Host: evil.example"],
    "an order": ["DELETE /_emulator/faults HTTP/1.1", "Host: evil.example"],
    "a whole address": ["GET http://evil.example/_emulator/faults HTTP/1.1", "Host: localhost"],
    "an address in a query": ["GET http://evil.example/?://localhost HTTP/1.1", "Host: localhost"],
    "an address with a user": ["GET http://localhost@evil.example/ HTTP/1.1", "Host: localhost"],
    "a tunnel": ["CONNECT evil.example:443 HTTP/1.1", "Host: localhost"],
    "the server": ["OPTIONS * HTTP/1.1", "Host: localhost"],
    "HTTP/1.0": ["GET /_emulator/faults HTTP/1.0"],
}


@pytest.mark.parametrize("lines", REBOUND.values(), ids=REBOUND)
def test_any_other_host_is_refused(studio: Studio, lines: list[str]) -> None:
    """A page whose name was made to lead to this machine would be of one origin with the emulator, and could read."""
    studio.emulator.fault(kind="drop")
    answer = head_of(studio, *lines)
    assert answer.split(b" ")[1] == b"403"
    assert b"the emulator answers to localhost, 127.0.0.1 and [::1] only" in answer
    assert studio.emulator.requests == []
    assert len(studio.emulator.faults()) == 1


def test_a_body_that_was_refused_is_no_request(studio: Studio) -> None:
    """The connection is closed before what stands in it could be taken for one."""
    order = "DELETE /_emulator/faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    studio.emulator.fault(kind="drop")
    port = int(studio.emulator.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        head = f"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {len(order)}\r\n\r\n"
        connection.sendall(f"{head}{order}".encode())
        with suppress(ConnectionResetError):  # by what was not read
            assert b"".join(iter(lambda: connection.recv(4096), b"")).count(b"HTTP/1.1 403") == 1
    assert len(studio.emulator.faults()) == 1


def test_the_fixture_gives_each_test_a_fresh_emulator(pytester: pytest.Pytester) -> None:
    """``frameio_emulator`` works in a project that only names the plugin."""
    pytester.makeconftest('pytest_plugins = ["airflow_provider_frameio.emulator.pytest_plugin"]')
    pytester.makepyfile(
        """
        import json, urllib.request

        def ask(emulator):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(emulator.base_url + "/_emulator/tree?folder_id=" + emulator.root, timeout=300) as answer:
                return json.load(answer)

        def prepare(emulator):
            emulator.root = emulator.seed_project("P")["root_folder_id"]

        def test_one(frameio_emulator):
            prepare(frameio_emulator)
            frameio_emulator.seed_folder(frameio_emulator.root, "F")
            assert len(ask(frameio_emulator)) == 2

        def test_two(frameio_emulator):
            prepare(frameio_emulator)
            assert len(ask(frameio_emulator)) == 1
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
