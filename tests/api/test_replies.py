"""What came back, and the error it stands for: every status, and what its message says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.foreign import Problem
from airflow_provider_frameio.api.pages import read_page
from airflow_provider_frameio.api.protocol import Operation, Request
from airflow_provider_frameio.api.replies import Reply, api_error, read_copied_files, read_nothing, read_record

ASKED = "copy version stack s1 (POST /v4/accounts/a1/version_stacks/s1/copy)"
COPY: Operation[Any] = Operation(
    "copy version stack s1", Request("POST", "/v4/accounts/a1/version_stacks/s1/copy"), read_record, repeatable=False
)
BODY = json.dumps({"errors": [{"detail": "is not a version stack", "source": {"pointer": "/data/id"}}]}).encode()
PLAIN = b"Rate limit exceeded"

# status → the error, transient?, ambiguous?, what its remedy speaks of
STATUSES: dict[int, tuple[type[errors.CallError], bool, bool, str]] = {
    400: (errors.BadRequest, False, False, "Check the values given"),
    401: (errors.Unauthorized, False, False, "Check auth_type and Password of the connection"),
    402: (errors.PaymentRequired, False, False, "The account's plan does not include this"),
    403: (errors.Forbidden, False, False, "Check that the connection's user may do this"),
    404: (errors.NotFound, False, False, "Check the id and account_id"),
    405: (errors.ApiError, False, False, "Look the status up"),
    408: (errors.ServerError, True, True, "try again later"),
    409: (errors.Conflict, True, True, "try again when it is at rest"),
    413: (errors.ApiError, False, False, "Look the status up"),
    422: (errors.Unprocessable, False, False, "Check that each id is of the right kind"),
    429: (errors.RateLimited, True, False, "Another client may be spending the same user's budget"),
    500: (errors.ServerError, True, True, "try again later"),
    502: (errors.ServerError, True, True, "try again later"),
    503: (errors.ServerError, True, True, "try again later"),
    504: (errors.ServerError, True, True, "try again later"),
    599: (errors.ServerError, True, True, "try again later"),
}


@pytest.mark.parametrize(("status", "row"), STATUSES.items(), ids=map(str, STATUSES))
def test_each_status_is_an_error_that_says_what_was_asked_what_came_and_what_to_do(
    status: int, row: tuple[type[errors.CallError], bool, bool, str]
) -> None:
    """Whether its body is Frame.io's JSON, plain text, or nothing."""
    kind, transient, ambiguous, remedy = row
    words = {BODY: "is not a version stack (at /data/id)", PLAIN: "'Rate limit exceeded'", b"": "no reason given"}
    for body, came in words.items():
        with pytest.raises(errors.ApiError) as caught:
            COPY.result(Reply(status, {}, body))
        error = caught.value
        assert (type(error), error.status) == (kind, status)
        assert (error.transient, error.ambiguous) == (transient, ambiguous)
        assert str(error).startswith(f"{ASKED}: Frame.io answered {status}: {came}. ")
        assert remedy in str(error)


@pytest.mark.parametrize(
    ("detail", "remedy"),
    [
        ("User is not linked to an Adobe ID", "its Adobe ID belongs to no user of Frame.io"),
        ("no user for this AdobeID", "its Adobe ID belongs to no user of Frame.io"),
        ("The token is missing the AdobeID scope", "lacks a scope. Set the extra 'scopes'"),
        ("Insufficient scopes", "lacks a scope. Set the extra 'scopes'"),
        ("No Product Profile assigned", "has no product profile of Frame.io"),
        ("Invalid or missing authorization token", "Check auth_type and Password"),
    ],
)
def test_a_good_token_that_is_refused_has_a_remedy_of_its_own(detail: str, remedy: str) -> None:
    """Another password would not help."""
    body = json.dumps({"errors": [{"title": "Unauthorized", "detail": detail}]}).encode()
    message = str(api_error(ASKED, Reply(401, {}, body)))
    assert f"Frame.io answered 401: {detail}. " in message
    assert remedy in message
    assert ("Check auth_type" in message) == (remedy == "Check auth_type and Password")
    assert "The token is good" not in str(api_error(ASKED, Reply(403, {}, body)))


@pytest.mark.parametrize("status", [100, 101, 103, 300, 304, 305])
def test_a_status_that_no_api_answers_with_tells_nothing(status: int) -> None:
    """Least of all that a copy was not made."""
    with pytest.raises(errors.UnreadableAnswer, match=f"no API gives an answer {status}") as caught:
        COPY.result(Reply(status, {}, b""))
    assert caught.value.ambiguous


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_says_where_it_leads_and_that_it_is_not_followed(status: int) -> None:
    """The token would travel along."""
    with pytest.raises(errors.Redirected) as caught:
        COPY.result(Reply(status, {"location": "https://login.example/"}, b""))
    assert str(caught.value) == (
        f"{ASKED}: the answer is {status}, a redirect to https://login.example/. "
        "Redirects are not followed: set the connection's Host to the API's own address."
    )
    assert "to nowhere" in str(api_error(ASKED, Reply(status, {}, b"")))


def test_an_error_carries_what_the_server_said() -> None:
    """For code that decides, and for Adobe's support."""
    entries = [{"title": "Invalid", "detail": "too long", "source": {"pointer": "/data/name"}}, {"title": "Bad"}]
    reply = Reply(429, {"x-request-id": "r-1", "retry-after": "7"}, json.dumps({"errors": entries}).encode())
    error = api_error(ASKED, reply)
    assert isinstance(error, errors.RateLimited)
    assert error.problems == (Problem("Invalid", "too long", "/data/name"), Problem("Bad", ""))
    assert (error.request_id, error.retry_after, error.asked) == ("r-1", 7.0, ASKED)
    assert "Frame.io answered 429: too long (at /data/name); Bad [request r-1], and asks to wait 7 s. " in str(error)


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ({"errors": []}, "no reason given"),
        ({"errors": ["just text"]}, "just text"),
        ({"errors": [{"detail": "x", "source": "no object"}]}, "x"),
        ({"errors": [{"detail": "x", "source": {"pointer": None}}]}, "x"),
        ({"errors": [{"detail": {"name": ["is long"]}}]}, "{'name': ['is long']}"),
        ({"errors": [{}, {"detail": "x"}]}, "x"),
        ({"errors": [{}]}, "no reason given"),
        ({"errors": "text"}, '\'{"errors": "text"}\''),
        ({"message": "Forbidden"}, '\'{"message": "Forbidden"}\''),
        (["a list"], "'[\"a list\"]'"),
    ],
)
def test_an_error_whose_body_is_unusual_still_says_what_it_can(body: Any, came: str) -> None:
    """Gateways have shapes of their own."""
    assert f"Frame.io answered 400: {came}. " in str(api_error(ASKED, Reply(400, {}, json.dumps(body).encode())))


@given(st.binary(max_size=300), st.sampled_from(sorted(STATUSES)))
def test_no_body_breaks_the_making_of_its_error(body: bytes, status: int) -> None:
    """Whatever bytes they are."""
    assert isinstance(api_error(ASKED, Reply(status, {}, body)), errors.ApiError | errors.UnreadableAnswer)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:29:30 GMT", 90.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        (f"Wed, 21 Oct {'9' * 30} 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_a_time_or_nothing(header: str, seconds: float | None) -> None:
    """A date counts from the server's own time; an endless one would stop every call for ever."""
    now = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert Reply(429, {"retry-after": header, "date": now}, b"").retry_after() == seconds
    assert Reply(429, {"date": now}, b"").retry_after() is None
    assert Reply(429, {"retry-after": now}, b"").retry_after() is None


PAGES = {
    "HTML": b"<!doctype html><h1>Access denied</h1>",
    "HTML after blanks": b"\xef\xbb\xbf \r\n<html>Access denied",
    "XML": b"<?xml version='1.0'?><Error>Access denied</Error>",
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 422])
def test_a_gateways_page_is_no_refusal_of_the_api(status: int, body: bytes) -> None:
    """A page with 404 does not say that a copy is gone, and one with 403 not that it was not made."""
    with pytest.raises(errors.UnreadableAnswer) as caught:
        COPY.result(Reply(status, {}, body))
    assert (caught.value.transient, caught.value.ambiguous) == (True, True)
    message = str(caught.value)
    assert message.startswith(f"{ASKED}: the answer {status} is a web page and none of the API's: '")
    assert "Access denied" in message
    assert message.endswith(". A proxy or gateway gave it: check Host, 'proxies' and the network.")


@pytest.mark.parametrize(
    ("status", "kind"), [(408, errors.ServerError), (429, errors.RateLimited), (502, errors.ServerError)]
)
def test_a_gateways_page_may_ask_for_patience(status: int, kind: type[errors.ApiError]) -> None:
    """Those that answer for an overloaded API do so with pages."""
    assert type(api_error(ASKED, Reply(status, {}, PAGES["HTML"]))) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1792567680.0),
        ({"date": "Wed, 21 Oct 2026 09:28:00 +0200"}, 1792567680.0),
        ({"date": "Wed, 21 Oct 2026 07:28:00 -0000"}, 1792567680.0),
        ({"date": "Wed, 21 Oct 2026 07:28:00"}, 1792567680.0),
        ({"date": "Wed, 21 Oct 2026 07:28:00 +9999"}, None),
        ({"date": f"Wed, 21 Oct 2026 07:28:00 +{'9' * 30}"}, None),
        ({"date": "Wed, 21 Oct 10000 07:28:00 GMT"}, None),
        ({"date": f"Wed, 21 Oct {'9' * 30} 07:28:00 GMT"}, None),
        ({"date": "Wed, 31 Feb 2026 07:28:00 GMT"}, None),
        ({"date": "yesterday"}, None),
        ({"date": ""}, None),
        ({}, None),
    ],
)
def test_the_servers_time_is_told_or_not(headers: dict[str, str], seconds: float | None) -> None:
    """In seconds since the epoch."""
    assert Reply(200, headers, b"").date() == seconds


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_date_breaks_its_reading(header: str) -> None:
    """Whatever a server or a proxy writes there."""
    moment = Reply(200, {"date": header}, b"").date()
    assert moment is None or abs(moment) < 1e12


UNREADABLE = {
    "empty": (b"", "an empty body"),
    "a page": (b"<html><title>Sign in</title>", "'<html><title>Sign in</title>'"),
    "cut short": (b'{"data": {"id": "s', """'{"data": {"id": "s'"""),
    "a list": (b"[1]", "'[1]'"),
    "nested too deeply": (b"[" * 100_000, "'" + "[" * 80 + "…'"),
    "bytes that are no text": (b"\xff\xfe\x00", "'��\\x00'"),
    "a byte order mark": (b'\xef\xbb\xbf{"data": {"id": "s1"}}', """'\\ufeff{"data": {"id": "s1"}}'"""),
    "many lines": (b"<html>\r\n\x1b[31m", "'<html> \\x1b[31m'"),
}


@pytest.mark.parametrize("read", [read_record, read_copied_files, read_page])
@pytest.mark.parametrize(("body", "shown"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_is_no_json_object_is_an_error_that_shows_its_beginning(
    body: bytes, shown: str, read: Any
) -> None:
    """It may have been carried out all the same."""
    operation: Operation[Any] = Operation("copy version stack s1", COPY.request, read, repeatable=False)
    with pytest.raises(errors.UnreadableAnswer) as caught:
        operation.result(Reply(200, {}, body))
    error = caught.value
    assert (error.transient, error.ambiguous) == (True, True)
    assert str(error).startswith(f"{ASKED}: the answer 200 cannot be used: no ")
    assert str(error).endswith(f"but {shown}. Check that Host is Frame.io's API and no proxy answers for it.")


def test_answers_are_read_as_documented() -> None:
    """A record keeps every field; an answer without content is None, whatever it holds."""
    assert read_record(Reply(200, {}, b'{"data": {"id": "s1", "x": 1}, "more": 2}')) == {"id": "s1", "x": 1}
    pairs = b'{"data": [{"source_file_id": "f1", "file": {"id": "f2"}}]}'
    assert read_copied_files(Reply(200, {}, pairs)) == [{"source_file_id": "f1", "file": {"id": "f2"}}]
    read_nothing(Reply(204, {}, b"anything"))


@given(st.binary(max_size=500))
def test_a_preview_is_one_short_line(body: bytes) -> None:
    """Whatever the body is."""
    shown = Reply(200, {}, body).preview()
    assert shown.isprintable()
    assert shown == "an empty body" or len(shown) <= 83


EVIL = "x\nMarking task as SUCCESS\r\x1b[2J\u202e\u2028"
TAMED = "x\\nMarking task as SUCCESS\\r\\x1b[2J\\u202e\\u2028"


def test_an_error_shows_foreign_words_cut_and_on_one_line() -> None:
    """Else a server writes lines of its own into the log, and megabytes into Airflow's database."""
    huge = EVIL + "y" * 5_000_000
    entry = {"title": huge, "detail": huge, "source": {"pointer": huge}}
    error = api_error(ASKED, Reply(422, {"x-request-id": huge}, json.dumps({"errors": [entry]}).encode()))
    assert isinstance(error, errors.ApiError)
    assert f"Frame.io answered 422: {TAMED}y" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1100
    (problem,) = error.problems
    assert [*map(len, (problem.title, problem.detail, problem.pointer, error.request_id))] == [300, 300, 300, 100]


def test_an_error_names_ten_problems_and_how_many_more_there_are() -> None:
    """A gateway may send thousands."""
    body = json.dumps({"errors": [{"detail": f"no {number}"} for number in range(5000)]}).encode()
    error = api_error(ASKED, Reply(400, {}, body))
    assert isinstance(error, errors.ApiError)
    assert "Frame.io answered 400: no 0; no 1; " in str(error)
    assert "; no 9; and 4990 more. " in str(error)
    assert len(error.problems) == 10


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://ada:s3cret@login.example:8443/sign/in?token=s3cret#s3cret", "https://login.example:8443/sign/in"),
        ("/sign/in?next=%2Fv4", "/sign/in"),
        ("//ada@login.example", "//login.example"),
        ("https://login.example/a\x1bb\u202e", "https://login.example/a\\x1bb\\u202e"),
        ("http://[", "an address that cannot be read"),
        ("", "nowhere"),
    ],
)
def test_a_redirect_shows_neither_query_nor_user(location: str, shown: str) -> None:
    """Sign-on services put tokens there."""
    assert f"a redirect to {shown}. " in str(api_error(ASKED, Reply(302, {"location": location}, b"")))


SECRET = 'p@ss/wörd "quoted"'
ECHOES = {
    "in a detail": ({}, {"errors": [{"detail": f"Authorization: Bearer {SECRET} is wrong"}]}),
    "in a title": ({}, {"errors": [{"title": f"{'x' * 290} {SECRET}"}]}),
    "in a pointer": ({}, {"errors": [{"detail": "x", "source": {"pointer": f"/{SECRET}"}}]}),
    "in an entry that is a text": ({}, {"errors": [SECRET]}),
    "in an object": ({}, {"errors": [{"detail": {"sent": [SECRET]}}]}),
    "in a body of another shape": ({}, {"sent": SECRET}),
    "at the cut of a body": ({}, {"sent": "x" * 60 + SECRET}),
    "encoded for a URL": ({}, {"sent": quote(SECRET, safe="") + quote_plus(SECRET)}),
    "in the id of the request": ({"x-request-id": SECRET}, {}),
    "in the path of a redirect": ({"location": f"https://login.example/{quote(SECRET, safe='')}"}, {}),
}


@pytest.mark.parametrize(("headers", "body"), ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("status", [200, 302, 400, 500])
def test_a_secret_that_a_server_repeats_is_not_shown(headers: dict[str, str], body: Any, status: int) -> None:
    """Debugging proxies and gateways show what they were sent."""
    reply = Reply(status, headers, json.dumps(body).encode(), secrets=(SECRET,))
    with pytest.raises(errors.CallError) as caught:
        COPY.result(reply)
    for part in ("p@ss", "p%40ss", "p\\u0040ss", "wörd", "w%C3%B6rd", "w\\u00f6rd"):
        assert part not in str(caught.value)
    assert SECRET not in repr(Reply(status, {}, b"", secrets=(SECRET,)))
