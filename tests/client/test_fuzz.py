"""Any bytes at all as an answer: an error of ours or a result comes of each, and of no answer a second copy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth import ims
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.accounts import get_me, list_accounts
from airflow_provider_frameio.api.endpoints.files import copy_files, delete_file, move_file
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack, create_version_stack
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from tests.client.raw import RawServer, says
from tests.fakes import FakeClock

BRIEF, WHOLE = 150, 2500  # answers for each kind of call

CALLS: dict[str, Callable[[Client], object]] = {
    "show": lambda client: client.call(get_me()),
    "list": lambda client: client.run(all_pages(list_accounts())),
    "copy": lambda client: client.call(copy_version_stack("a1", "s1", parent_id="p1")),
    "copy files": lambda client: client.call(copy_files("a1", ["f1"], "p1")),
    "create": lambda client: client.call(create_version_stack("a1", "p1", ["f1", "f2"])),
    "move": lambda client: client.call(move_file("a1", "f1", "p1")),
    "delete": lambda client: client.call(delete_file("a1", "f1")),
    "refresh": lambda client: client.call(ims.refreshed("id", "secret", "token")),
}
ONCE = ("copy", "copy files", "create", "refresh")

STATUS_LINES = st.one_of(
    st.sampled_from([200, 201, 204, 206, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503]).map(
        lambda status: b"HTTP/1.1 %d Words" % status
    ),
    st.integers(0, 1000).map(lambda status: b"HTTP/1.1 %d Words" % status),
    st.sampled_from(
        [
            b"",
            b"HTTP/1.1",
            b"HTTP/1.1 ",
            b"HTTP/1.1 2OO",
            b"HTTP/9.9 200 OK",
            b"200 OK",
            b"HTTP/1.0 429",
            b"\xff\xfe\x00",
        ]
    ),
    st.binary(max_size=30),
)
HEADERS = st.one_of(
    st.sampled_from(
        [
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: 5, 6",
            b"Content-Length: 99999999999999999999",
            b"Content-Length: five",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: \xff",
            b"Content-Type: text/html; charset=\xe2\x84\x80",
            b"Location: http://[",
            b"Location: \xff\xfe",
            b"Location: http://a:99999/\x1b[31m",
            b"Retry-After: 86400",
            b"Retry-After: 1e300",
            b"Retry-After: nan",
            b"Date: Thu, 01 Jan 1970 00:01:00 GMT",
            b"Date: Mon, 99 Foo 99999 99:99:99 +9999",
            b"Date: Thu, 01 Jan 0001 00:00:00 +2359",
            b"x-ratelimit-limit: 0\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-window: 0",
            b"x-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-window: 60000000",
            b"x-ratelimit-limit: 10\r\nx-ratelimit-remaining: 11\r\nx-ratelimit-window: 60000",
            b"x-ratelimit-limit: %s\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-window: 1" % (b"9" * 400),
            b"x-request-id: \x1b]0;title\x07",
            b"Set-Cookie: a=b; expires=\xff; Domain=..",
            b"no colon at all",
            b" folded",
            b": no name",
            b"x: " + b"y" * 70_000,
            b"x\x00y: z",
            b"Connection: upgrade\r\nUpgrade: h2c",
        ]
    ),
    st.binary(max_size=40),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "id", "links", "next", "errors", "detail", "source", "access_token", "expires_in", "file"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(
    st.sampled_from(
        [
            b'{"data": {"id": "u1"}}',
            b'{"data": [{"id": "a1"}], "links": {"next": null}}',
            b'{"data": [{"source_file_id": "f1", "file": {"id": "f9"}}]}',
            b'{"access_token": "t", "expires_in": 3600, "refresh_token": "r"}',
            b'{"errors": [{"title": "T", "detail": "D\\u001b[31m", "source": {"pointer": "/x"}}]}',
            b'{"error": "invalid_grant", "error_description": "\\ud800"}',
            b"[" * 100_000,
            b'{"data": {"id": "u1", "size": ' + b"9" * 5000 + b"}}",
            b"<html>no</html>",
            b"",
        ]
    ),
    JSON,
    st.binary(max_size=60),
)
FRAMINGS: dict[str, Callable[[bytes], bytes]] = {
    "length": lambda body: b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
    "chunked": lambda body: b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
    "to the end": lambda body: b"\r\n" + body,
    "too short": lambda body: b"Content-Length: %d\r\n\r\n%s" % (len(body) + 9, body),
    "a bad chunk": lambda body: b"Transfer-Encoding: chunked\r\n\r\n-1\r\n%s\r\n" % body,
    "a chunk with much to say": lambda body: (
        b"Transfer-Encoding: chunked\r\n\r\n%x;%s\r\n" % (len(body), b"x" * 70_000)
    ),
    "none": lambda body: body,
}


@dataclass(frozen=True)
class Answer:
    """What a server says, and how it hangs up."""

    text: bytes
    reset: bool


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    lines = [draw(STATUS_LINES), *draw(st.lists(HEADERS, max_size=3))]
    start = draw(
        st.sampled_from([b"", b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
    )
    framing = FRAMINGS[draw(st.sampled_from(list(FRAMINGS)))]
    text = start + b"".join(line + b"\r\n" for line in lines) + framing(draw(BODIES))
    cut = draw(st.none() | st.none() | st.integers(0, len(text)))
    return Answer(text if cut is None else text[:cut], draw(st.booleans()))


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(says(b"")) as listening:
        yield listening


def client_of(url: str) -> Client:
    """One that bears a few refusals, in a time of its own."""
    clock = FakeClock()
    tokens = TokenCache(clock.monotonic)
    there: dict[str, Any] = {"base_url": url, "auth_type": "token", "secret": "t0ken", "timeout": 30.0}
    backoff = Backoff(attempts=2, refusal_timeout=30.0)
    return Client(Settings(**there), backoff=backoff, pacing=Pacing(clock, lambda: 0.5), tokens=tokens)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_answer_does_harm(
    server: RawServer, call: Callable[[Client], object], request: pytest.FixtureRequest
) -> None:
    """The call ends with a result or an error of this package, and what must not be repeated was sent once."""
    once = request.node.callspec.id in ONCE
    examples = WHOLE if request.config.getoption("--whole") else BRIEF

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(answers())
    def holds(answer: Answer) -> None:
        server.requests.clear()
        server.script = says(answer.text, reset=answer.reset)
        client = client_of(server.url)
        outcome: object = None
        try:
            outcome = call(client)
        except errors.FrameioError as error:
            outcome = error
        finally:
            client.close()
        refused = re.match(rb"(HTTP/1.1 100 Continue\r\n\r\n)?HTTP/\d\.\d +(401|429)\b", answer.text)
        if once and not refused:
            assert len(server.requests) == 1
        assert not isinstance(outcome, errors.NotSent)

    holds()
