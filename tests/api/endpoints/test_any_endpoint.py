"""Any endpoint of the V4 API by its method and path."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints import accounts, build, files, version_stacks
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "/v4/",
        "/v2/me",
        "v4/me",
        "https://api.frame.io/v4/me",
        "/v4/../me",
        "/v4/%2e%2e/me",
        "/v4/./me",
        "/v4/me?x=1",
        "/v4/me#x",
        "/v4/a b",
        "/v4/me\r\n",
    ],
)
def test_any_endpoint_takes_only_the_path_of_a_v4_endpoint(path: Any) -> None:
    """What an HTTP library would cut, shorten or resolve would be another endpoint than the one given."""
    with pytest.raises(errors.InvalidParameter, match=r"^path="):
        build.any_endpoint("GET", path)


def test_any_endpoint_sends_what_it_is_given() -> None:
    """The method in capitals, the query as text, the body as it is; only a GET is repeatable by default."""
    params = {"flag": True, "off": False, "many": ["a", 2, False], "left_out": None, "number": 3}
    call = build.any_endpoint("patch", "/v4/accounts/a1/files/f1", params=params, json={"data": {"name": "x"}})
    assert call.request.method == "PATCH"
    assert call.request.params == {"flag": "true", "off": "false", "many": "a,2,false", "number": "3"}
    assert call.request.json == {"data": {"name": "x"}}
    assert not call.repeatable
    assert build.any_endpoint("PATCH", "/v4/me", repeatable=True).repeatable
    assert build.any_endpoint("GET", "/v4/me").repeatable


def test_any_endpoint_counts_by_route() -> None:
    """Ids are left out of the budget's name, the account is not, and a word stays."""
    bucket = build.any_endpoint("GET", "/v4/accounts/a1/comments/5f/replies").bucket
    assert bucket == "GET /v4/accounts/a1/comments/{}/replies"


@pytest.mark.parametrize(
    "known",
    [
        version_stacks.copy_version_stack("a1", "s1"),
        files.copy_files("a1", ["f1"], "p1"),
        files.move_files("a1", ["f1"], "p1"),
        files.get_file("a1", "f1"),
        accounts.get_me(),
        accounts.list_accounts(),
    ],
    ids=lambda known: known.name,
)
def test_any_endpoint_spends_the_budget_of_the_function_for_it(known: Operation[Any]) -> None:
    """A route that is called by its path is the same to the server as one that has a function."""
    assert build.any_endpoint(known.request.method, known.request.path).bucket == known.bucket


def test_any_endpoint_returns_the_whole_body() -> None:
    """Or None where there is none."""
    call = build.any_endpoint("GET", "/v4/me")
    assert call.result(Reply(200, {}, b'{"data": [], "links": {}}')) == {"data": [], "links": {}}
    assert call.result(Reply(204, {}, b" \n")) is None
    with pytest.raises(errors.UnreadableAnswer, match="no usable JSON"):
        call.result(Reply(200, {}, b"<html>"))
    with pytest.raises(errors.UnreadableAnswer, match="no JSON object"):
        call.result(Reply(200, {}, b"[]"))


HEADERS: dict[str, Any] = {
    "a list": [("a", "5ecret")],
    "a number": {"a": 5},
    "a name that is none": {"a b": "5ecret"},
    "no name": {"": "5ecret"},
    "a line end": {"a": "5ecret\r\nb: c"},
    "a letter beyond ASCII": {"a": "5ecret…"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_headers_that_cannot_be_sent_are_refused_without_showing_them(headers: Any) -> None:
    """They may hold a secret."""
    with pytest.raises(errors.InvalidParameter, match=r"^headers='…' cannot be used: give a dict of texts"):
        build.any_endpoint("GET", "/v4/me", headers=headers)


def test_a_calls_headers_are_cut_to_what_may_be_sent_and_never_shown() -> None:
    """As the connection's are."""
    call = build.any_endpoint("GET", "/v4/me", headers={"api-version": " 5ecret "})
    assert call.request.headers == {"api-version": "5ecret"}
    assert "5ecret" not in repr(call)
