"""Adobe IMS: what is asked, and what each of its answers means."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.ims import (
    AccessToken,
    LoneRefreshToken,
    UserGrant,
    authorized,
    client_credentials,
    refreshed,
)
from airflow_provider_frameio.api.replies import Reply

SECRET, TOKEN = "p8e-S3cret", "eyJ.hidden.token"
ASK = client_credentials("client-1", SECRET, "openid AdobeID")


def answer(status: int, body: Any) -> Reply:
    return Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_token_is_asked_for_in_a_form() -> None:
    """As IMS documents it; asking twice is harmless."""
    assert (ASK.request.method, ASK.request.path, ASK.request.json) == ("POST", "/ims/token/v3", None)
    assert ASK.request.form == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": SECRET,
        "scope": "openid AdobeID",
    }
    assert ASK.repeatable


@pytest.mark.parametrize("lifetime", [86399, 0.5, "86399", " 3600.0"])
def test_a_token_has_a_lifetime_in_seconds(lifetime: float | str) -> None:
    """As a number or as its text. What else is in the answer is left alone."""
    body = {"access_token": TOKEN, "token_type": "bearer", "expires_in": lifetime}
    assert ASK.result(answer(200, body)) == AccessToken(TOKEN, float(lifetime))


UNUSABLE: dict[str, Any] = {
    "no JSON": b"<html>",
    "no token": {"expires_in": 86399},
    "an empty token": {"access_token": "", "expires_in": 86399},
    "a token that is no text": {"access_token": 5, "expires_in": 86399},
    "a token with a line end": {"access_token": f"{TOKEN}\r\n", "expires_in": 86399},
    "a token beyond ASCII": {"access_token": f"{TOKEN}é", "expires_in": 86399},
    "no lifetime": {"access_token": TOKEN},
    "no life": {"access_token": TOKEN, "expires_in": 0},
    "a lifetime in words": {"access_token": TOKEN, "expires_in": "a day"},
    "a lifetime as a list": {"access_token": TOKEN, "expires_in": [86399]},
    "an endless one as text": {"access_token": TOKEN, "expires_in": "inf"},
    "a lifetime as a flag": {"access_token": TOKEN, "expires_in": True},
    "an endless one": {"access_token": TOKEN, "expires_in": float("inf")},
    "no number": {"access_token": TOKEN, "expires_in": float("nan")},
    "beyond numbers": {"access_token": TOKEN, "expires_in": 10**400},
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_without_a_usable_token_is_an_error_that_does_not_show_it(body: Any) -> None:
    """Not even in its traceback."""
    with pytest.raises(errors.UnreadableAnswer, match=r"the answer 200 cannot be used: no ") as caught:
        ASK.result(answer(200, body))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


REFUSALS: dict[str, tuple[int, Any, str, str, str]] = {
    "wrong secret": (400, {"error": "invalid_client"}, "invalid_client", "Login (client ID) and Password", ""),
    "wrong secret, 401": (401, {"error": "invalid_client"}, "invalid_client", "Login (client ID) and Password", ""),
    "wrong scope": (400, {"error": "invalid_scope", "error_description": "x"}, "invalid_scope", "extra 'scopes'", "x"),
    "not added": (403, {"error": "unauthorized_client"}, "unauthorized_client", "the Frame.io API was added", ""),
    "used code": (
        400,
        {"error": "invalid_grant"},
        "invalid_grant",
        "Authorize again: the code is good for one use",
        "",
    ),
    "not allowed": (403, {"error": "access_denied"}, "access_denied", "Ask an administrator of the Adobe organ", ""),
    "no IMS": (400, {"error": "unsupported_grant_type"}, "unsupported_grant_type", "extra 'ims_url'", ""),
    "unknown": (
        400,
        {"error": "odd", "error_description": "why"},
        "odd",
        "Check Login, Password and the extras",
        "why",
    ),
    "no JSON": (404, b"Not here", "404", "Check Login, Password and the extras", "'Not here'"),
    "empty": (400, b"", "400", "Check Login, Password and the extras", "an empty body"),
}


@pytest.mark.parametrize(("status", "body", "code", "remedy", "came"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_the_field_of_the_connection_to_look_at(
    status: int, body: Any, code: str, remedy: str, came: str
) -> None:
    """And Adobe's own code; it does not pass by itself."""
    with pytest.raises(errors.ImsError) as caught:
        ASK.result(answer(status, body))
    error = caught.value
    assert (error.code, error.transient) == (code, False)
    start = f"get an access token from Adobe IMS (POST /ims/token/v3): Adobe IMS answered {code}: {came}"
    assert str(error).startswith(start)
    assert remedy in str(error)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, errors.RateLimited),
        (408, errors.ServerError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (302, errors.Redirected),
    ],
)
def test_what_passes_by_itself_keeps_its_usual_meaning(status: int, kind: type[errors.CallError]) -> None:
    """Whatever the body says."""
    with pytest.raises(kind):
        ASK.result(answer(status, {"error": "invalid_client"}))


def test_a_gateways_page_is_no_refusal_of_ims() -> None:
    """It says nothing about the connection's fields."""
    with pytest.raises(errors.UnreadableAnswer, match="the answer 403 is a web page"):
        ASK.result(answer(403, b"<html>Access denied"))


class TestUsers:
    """The grants of ``auth_type`` ``user``."""

    REFRESH = refreshed("client-1", SECRET, "rt.old")
    FIRST = authorized("client-1", SECRET, "c0de", "https://localhost/frameio", "")

    def test_a_refresh_is_asked_for_in_a_form(self) -> None:
        """It must not be repeated without a thought: the old token may be dead."""
        assert (self.REFRESH.request.method, self.REFRESH.request.path) == ("POST", "/ims/token/v3")
        assert self.REFRESH.request.form == {
            "grant_type": "refresh_token",
            "client_id": "client-1",
            "client_secret": SECRET,
            "refresh_token": "rt.old",
        }
        assert not self.REFRESH.repeatable

    def test_a_code_is_exchanged_in_a_form(self) -> None:
        """It is good for one use."""
        assert self.FIRST.request.form == {
            "grant_type": "authorization_code",
            "client_id": "client-1",
            "client_secret": SECRET,
            "code": "c0de",
            "redirect_uri": "https://localhost/frameio",
        }
        assert not self.FIRST.repeatable

    def test_a_client_without_a_secret_sends_none(self) -> None:
        """But the verifier."""
        form = authorized("client-1", "", "c0de", "https://localhost/frameio", "v3rifier").request.form or {}
        assert (form.get("client_secret"), form["code_verifier"]) == (None, "v3rifier")
        assert "client_secret" not in (refreshed("client-1", "", "rt.old").request.form or {})

    @pytest.mark.parametrize(("came", "refresh_token"), [({"refresh_token": "rt.new"}, "rt.new"), ({}, "")])
    def test_an_answer_has_two_tokens_or_one(self, came: dict[str, str], refresh_token: str) -> None:
        """Without the scope offline_access no refresh token comes."""
        body = {"access_token": TOKEN, "expires_in": 86399, **came}
        assert self.REFRESH.result(answer(200, body)) == UserGrant(AccessToken(TOKEN, 86399.0), refresh_token)

    @pytest.mark.parametrize(
        ("rest", "problem"),
        [
            ('"access_token": "eyJ.x"', "no usable 'expires_in' in it"),
            ('"access_token": "eyJ.x", "expires_in": "soon"', "no usable 'expires_in' in it"),
            ('"access_token": "eyJ.x", "expires_in": NaN', "no usable 'expires_in' in it"),
            (f'"access_token": "eyJ.x", "expires_in": {"9" * 5000}', "no usable 'expires_in' in it"),
            ('"access_token": "\\ud800", "expires_in": 86399', "no usable 'access_token' in it"),
            ('"expires_in": 86399, "x": 1, "x": 2', "no usable 'access_token' in it"),
        ],
    )
    def test_a_refresh_token_is_kept_whatever_else_the_answer_says(self, rest: str, problem: str) -> None:
        """The one before it may be dead by now."""
        body = f'{{"refresh_token": "rt.new", {rest}}}'.encode()
        assert self.REFRESH.result(answer(200, body)) == LoneRefreshToken("rt.new", problem)
        with pytest.raises(errors.UnreadableAnswer, match=problem):  # a user can consent again at once
            self.FIRST.result(answer(200, body))

    @pytest.mark.parametrize("refresh_token", [5, "rt.new\r\n", ["rt.new"]])
    def test_an_unusable_refresh_token_is_an_unreadable_answer(self, refresh_token: Any) -> None:
        """It would be stored and be dead."""
        body = {"access_token": TOKEN, "expires_in": 86399, "refresh_token": refresh_token}
        with pytest.raises(errors.UnreadableAnswer, match="no usable 'refresh_token' in it") as caught:
            self.REFRESH.result(answer(200, body))
        assert "rt.new" not in str(caught.value)

    def test_a_refusal_names_the_credential_to_look_at(self) -> None:
        """A Web App is another one than that of a server."""
        with pytest.raises(errors.ImsError, match="under the project's OAuth Web App credential"):
            self.REFRESH.result(answer(400, {"error": "invalid_client"}))

    def test_nothing_is_shown(self) -> None:
        """By any repr."""
        found = UserGrant(AccessToken(TOKEN, 1.0), "rt.new"), LoneRefreshToken("rt.new", "x")
        shown = repr((self.REFRESH, self.FIRST, found))
        assert [text for text in (SECRET, "rt.old", "c0de", TOKEN, "rt.new") if text in shown] == []


def test_neither_the_secret_nor_the_token_is_shown() -> None:
    """By any repr."""
    assert SECRET not in repr(ASK)
    assert TOKEN not in repr(AccessToken(TOKEN, 1.0))
