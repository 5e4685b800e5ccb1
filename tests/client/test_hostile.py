"""Answers that a broken network or an attacker could give: each ends, is bounded, and makes no second copy."""

from __future__ import annotations

import gzip
import json
import socket
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.exchange import LARGEST_ANSWER
from airflow_provider_frameio.client.pacer import Pacing
from tests.client.conftest import JITTER, Studio
from tests.client.raw import RawServer, Script, says, without_end
from tests.client.test_transport import closed_port
from tests.fakes import FakeClock
from tests.reported import reported

OK = b"HTTP/1.1 200 OK\r\n"
ME = b'{"data": {"id": "u1"}}'
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS: dict[str, Script] = {
    "continue": without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "status line": without_end(b"HTTP/1.1 200 ", b"O"),
    "headers": without_end(OK, b"x-more: of the same\r\n"),
    "one header": without_end(OK + b"x-more: ", b"of the same "),
    "chunk extension": without_end(CHUNKED + b"5;", b"extension"),
    "chunks": without_end(CHUNKED, b"1\r\nx\r\n"),
    "trailers": without_end(CHUNKED + b"2\r\n{}\r\n0\r\n", b"x-more: of the same\r\n"),
    "body": without_end(OK + b"\r\n", b" "),
    "body of a known length": without_end(OK + b"Content-Length: 99999999999\r\n\r\n", b" "),
    "body of a redirect": without_end(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" "),
    "body of an error": without_end(b"HTTP/1.1 503 Oh no\r\n\r\n", b" "),
    "body of a refusal": without_end(b"HTTP/1.1 429 Slow down\r\n\r\n", b" "),
}

TELLS_NOTHING: dict[str, Script] = {
    "two lengths that differ": says(OK + b"Content-Length: 22\r\nContent-Length: 21\r\n\r\n" + ME),
    "shorter than it says": says(OK + b"Content-Length: 99\r\n\r\n" + ME),
    "a chunk cut short": says(CHUNKED + b"ff\r\n{}"),
    "a chunk size that is none": says(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a status that is none": says(b"HTTP/1.1 2OO OK\r\n\r\n"),
    "early hints and no answer": says(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"),
    "an upgrade": says(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    "not modified": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "nothing": says(b""),
    "a reset": says(b"", reset=True),
    "a reset in the body": says(OK + b"Content-Length: 22\r\n\r\n{", reset=True),
    "gzip": says(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(ME)),
    "br": says(OK + b"Content-Encoding: br, gzip\r\n\r\n" + ME),
    "a redirect of bytes that are no UTF-8": says(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n"),
    "a redirect to half an address": says(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://[\r\n\r\n"),
    "a redirect to a port that is none": says(b"HTTP/1.1 302 Found\r\nLocation: http://a:99999/\r\n\r\n"),
    "a redirect to a host that is none": says("HTTP/1.1 302 Found\r\nLocation: http://a\u2100b/\r\n\r\n".encode()),
    "see other": says(b"HTTP/1.1 303 See Other\r\nLocation: /v4/done\r\n\r\n"),
}


class TickingClock(FakeClock):
    """Each look at the clock takes a tenth of a second, so that a deadline comes without a wait."""

    def monotonic(self) -> float:
        self.advance(0.1)
        return super().monotonic()


@pytest.fixture
def to(studio: Studio) -> Callable[..., Client]:
    """Makes a client of another server, with a token that no server looks at."""

    def client(url: str, **changes: Any) -> Client:
        return studio.client(**{"base_url": url, "auth_type": "token", "secret": "t0ken", "timeout": 30.0, **changes})

    return client


def in_ticks(studio: Studio, url: str) -> Client:
    """A client whose exchanges may take a second, in ticks."""
    changes = {"base_url": url, "auth_type": "token", "secret": "t0ken", "timeout": 1.0, "time_scale": 0.01}
    client = studio.client(**changes)
    return Client(client.settings, pacing=Pacing(TickingClock(), lambda: JITTER))


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_given_up(studio: Studio, script: Script) -> None:
    """Whatever part of it goes on and on: the deadline is for the whole exchange."""
    with RawServer(script) as server:
        client = in_ticks(studio, server.url)
        with pytest.raises(errors.NoAnswer, match=r"no whole answer within 1 s|got more than 100 headers"):
            client.call(get_me())
        assert len(server.requests) == 4

        with pytest.raises(errors.CopyOutcomeUnknown, match=r"no whole answer within 1 s|got more than 100 headers"):
            client.call(studio.copy())
        assert len(server.requests) == 5


def test_a_proxys_answer_without_end_is_given_up(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had not let anything through, so nothing was sent."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(ENDLESS["headers"]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(errors.HostUnreachable, match="timed out"):
            in_ticks(studio, "https://api.frame.example").call(studio.copy())

    assert [request.split()[0] for request in proxy.requests] == [b"CONNECT"] * 4


@pytest.mark.parametrize("script", TELLS_NOTHING.values(), ids=TELLS_NOTHING)
def test_an_answer_that_tells_nothing_leaves_a_copy_unknown(
    studio: Studio, to: Callable[..., Client], script: Script
) -> None:
    """The copy may have been made: it is asked for once, and the error says so."""
    with RawServer(script) as server:
        with pytest.raises(errors.CopyOutcomeUnknown):
            to(server.url).call(studio.copy())
        assert len(server.requests) == 1

        with pytest.raises((errors.NoAnswer, errors.UnreadableAnswer, errors.Redirected)):
            to(server.url).call(get_me())


def test_a_lost_answer_is_unknown_whatever_the_caller_is_just_handling(
    studio: Studio, to: Callable[..., Client]
) -> None:
    """A refused connection of the caller's own is no reason of ours, nor does its text stand in the message."""
    with RawServer(TELLS_NOTHING["a reset"]) as server:
        client = to(server.url)
        try:
            socket.create_connection(("127.0.0.1", closed_port()))
        except ConnectionRefusedError:
            with pytest.raises(errors.CopyOutcomeUnknown, match="reset") as raised:
                client.call(studio.copy())

    assert len(server.requests) == 1
    assert "refused" not in str(raised.value)


def test_an_answer_larger_than_any_is_not_read_to_its_end(studio: Studio, to: Callable[..., Client]) -> None:
    """200 MB would take the memory of every other task of a worker."""
    script = without_end(OK + b"\r\n", b" " * 1_000_000)
    tracemalloc.start()
    try:
        with RawServer(script) as server, pytest.raises(errors.CopyOutcomeUnknown, match="larger than 32 MB"):
            to(server.url).call(studio.copy())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2 * LARGEST_ANSWER


def test_an_answer_may_be_large(studio: Studio, to: Callable[..., Client]) -> None:
    """A megabyte below the limit is read."""
    body = ME + b" " * (LARGEST_ANSWER - 1_000_000)
    with RawServer(says(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)) as server:
        assert to(server.url).call(get_me()) == {"id": "u1"}


def test_what_was_not_asked_for_is_not_unpacked(to: Callable[..., Client]) -> None:
    """300 KB of gzip can hold 300 MB."""
    bomb = gzip.compress(b" " * 50_000_000)
    script = says(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    tracemalloc.start()
    try:
        with RawServer(script) as server, pytest.raises(errors.UnreadableAnswer, match="encoded as 'gzip'"):
            to(server.url).call(get_me())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000


def test_identity_is_no_packing(to: Callable[..., Client]) -> None:
    """It is what is asked for."""
    with RawServer(says(OK + b"Content-Encoding: Identity\r\n\r\n" + ME)) as server:
        assert to(server.url).call(get_me()) == {"id": "u1"}


@pytest.mark.parametrize("status", [503, 429])
def test_a_server_cannot_dictate_a_wait(studio: Studio, to: Callable[..., Client], status: int) -> None:
    """A day is longer than any wait of ours: the call fails at once and names the time."""
    script = says(b"HTTP/1.1 %d No\r\nRetry-After: 86400\r\n\r\n" % status)
    with RawServer(script) as server:
        with pytest.raises(errors.ApiError, match=f"{status}: no reason given, and asks to wait 86400 s"):
            to(server.url).call(get_me())
        with pytest.raises(errors.ApiError, match="asks to wait 86400 s"):
            to(studio.settings.base_url, auth_type="server_to_server", ims_url=server.url).call(get_me())
        assert len(server.requests) == 2

    assert studio.clock.slept == []


@pytest.mark.parametrize("seconds", ["1e300", "9" * 400, "inf", "nan", "-1", "soon", "1e5"])
def test_a_wait_of_no_sense_does_no_harm(studio: Studio, to: Callable[..., Client], seconds: str) -> None:
    """Neither an error of arithmetic nor a sleep without end."""
    script = says(b"HTTP/1.1 503 No\r\nRetry-After: %s\r\n\r\n" % seconds.encode())
    with RawServer(script) as server, pytest.raises(errors.ServerError):
        to(server.url).call(get_me())

    assert sum(studio.clock.slept) < 300


@pytest.mark.parametrize("status", [400, 401, 422, 500])
def test_a_server_that_repeats_the_secret_is_not_quoted(to: Callable[..., Client], status: int) -> None:
    """Neither the token nor a header of the connection's or the call's, wherever they stand in the answer."""
    said = b"you sent Bearer t0ken-of-mine and k-5ecret, o-5ecret"
    call = any_endpoint("GET", "/v4/me", headers={"x-own": "o-5ecret"})
    for body in (said, json.dumps({"errors": [{"title": said.decode(), "detail": said.decode()}]}).encode()):
        script = says(b"HTTP/1.1 %d No\r\nx-request-id: %s\r\n\r\n%s" % (status, said, body))
        with RawServer(script) as server, pytest.raises(errors.CallError) as raised:
            to(server.url, secret="t0ken-of-mine", headers={"x-api-key": "k-5ecret"}).call(call)

        assert "you sent Bearer *** and ***, ***" in str(raised.value)
        assert [secret for secret in ("t0ken", "5ecret") if secret in reported(raised.value)] == []
