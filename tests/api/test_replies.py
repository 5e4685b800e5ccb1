"""What came back, and the error it stands for: every status, and what its message says."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Request
from airflow_provider_frameio.api.replies import Reply, api_error, preview, read_list, read_nothing, read_record

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
    402: (errors.ApiError, False, False, "Look the status up"),
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
    assert error.problems == (errors.Problem("Invalid", "too long", "/data/name"), errors.Problem("Bad", ""))
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
    assert isinstance(api_error(ASKED, Reply(status, {}, body)), errors.ApiError)


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
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_a_time_or_nothing(header: str, seconds: float | None) -> None:
    """A date would need a clock; an endless one would stop every call for ever."""
    assert Reply(429, {"retry-after": header}, b"").retry_after() == seconds
    assert Reply(429, {}, b"").retry_after() is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1792567680.0),
        ({"date": "Wed, 21 Oct 2026 09:28:00 +0200"}, 1792567680.0),
        ({"date": "yesterday"}, None),
        ({"date": ""}, None),
        ({}, None),
    ],
)
def test_the_servers_time_is_told_or_not(headers: dict[str, str], seconds: float | None) -> None:
    """In seconds since the epoch."""
    assert Reply(200, headers, b"").date() == seconds


UNREADABLE = {
    "empty": (b"", "an empty body"),
    "a page": (b"<html><title>Sign in</title>", "'<html><title>Sign in</title>'"),
    "cut short": (b'{"data": {"id": "s', """'{"data": {"id": "s'"""),
    "a list": (b"[1]", "'[1]'"),
    "no data": (b"{}", "'{}'"),
    "data null": (b'{"data": null}', """'{"data": null}'"""),
    "nested too deeply": (b"[" * 100_000, "'" + "[" * 80 + "…'"),
    "bytes that are no text": (b"\xff\xfe\x00", "'��\\x00'"),
}


@pytest.mark.parametrize("read", [read_record, read_list])
@pytest.mark.parametrize(("body", "shown"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_of_another_shape_is_an_error_that_shows_its_beginning(body: bytes, shown: str, read: Any) -> None:
    """It may have been carried out all the same."""
    operation: Operation[Any] = Operation("copy version stack s1", COPY.request, read, repeatable=False)
    with pytest.raises(errors.UnreadableAnswer) as caught:
        operation.result(Reply(200, {}, body))
    error = caught.value
    assert (error.transient, error.ambiguous) == (True, True)
    assert str(error).startswith(f"{ASKED}: the answer 200 cannot be used: no ")
    assert str(error).endswith(f"but {shown}. Check that Host is Frame.io's API and no proxy answers for it.")


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": ""}, {"id": 5}, [], "x"])
def test_a_record_without_an_id_is_unreadable(data: Any) -> None:
    """Nothing could be done with what was made."""
    with pytest.raises(ValueError, match="no JSON object with an 'id'"):
        read_record(Reply(200, {}, json.dumps({"data": data}).encode()))


@pytest.mark.parametrize("data", [{"id": "x"}, ["x"], [{}, None]])
def test_a_list_of_anything_but_objects_is_unreadable(data: Any) -> None:
    """As are objects in place of a list."""
    with pytest.raises(ValueError, match="no list of objects"):
        read_list(Reply(200, {}, json.dumps({"data": data}).encode()))


def test_answers_are_read_as_documented() -> None:
    """A record keeps every field; an answer without content is None, whatever it holds."""
    assert read_record(Reply(200, {}, b'{"data": {"id": "s1", "x": 1}, "more": 2}')) == {"id": "s1", "x": 1}
    assert read_list(Reply(200, {}, b'{"data": [{"id": "s1"}, {}]}')) == [{"id": "s1"}, {}]
    read_nothing(Reply(204, {}, b"anything"))


@given(st.binary(max_size=500))
def test_a_preview_is_one_short_line(body: bytes) -> None:
    """Whatever the body is."""
    shown = preview(body)
    assert "\n" not in shown
    assert shown == "an empty body" or len(ast.literal_eval(shown)) <= 81
