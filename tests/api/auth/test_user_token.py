"""A user's tokens: what the Variable's text may be, and what is made of it."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api.auth.ims import AccessToken, UserGrant
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import AuthorizationLost, NoUserToken, TokenNotKept

ACCESS, REFRESH = "eyJ.acc3ss", "rt.r3fresh"
VARIABLE, CONN_ID = "frameio_token_mine", "mine"
TOKEN = UserToken(ACCESS, REFRESH, expires_at=2000.0, refreshed_at=1000.0)


def read(text: str | None) -> UserToken:
    return UserToken.from_text(text, VARIABLE, CONN_ID)


@pytest.mark.parametrize("token", [TOKEN, TOKEN.asking(1500.0)])
def test_what_is_stored_reads_back(token: UserToken) -> None:
    """With the note that the next pair was asked for, or without it."""
    assert read(token.to_text()) == token


def test_issued_tokens_are_counted_from_before_they_were_asked_for() -> None:
    """An answer takes its time: a token must not be taken to live longer than it does."""
    assert UserToken.issued(UserGrant(AccessToken(ACCESS, 1000.0), REFRESH), now=1000.0) == TOKEN


def test_without_a_new_refresh_token_the_old_one_stays() -> None:
    """OAuth allows an issuer to leave it as it is."""
    token = UserToken.issued(UserGrant(AccessToken(ACCESS, 1.0), ""), 0.0, before=REFRESH)
    assert token.refresh_token == REFRESH


@pytest.mark.parametrize("end", ["\n", "\r\n", "  "])
def test_line_ends_of_pasting_are_cut_off(end: str) -> None:
    """Around the text and around each token."""
    body = json.loads(TOKEN.to_text())
    body |= {"access_token": ACCESS + end, "refresh_token": end + REFRESH}
    assert read(end + json.dumps(body) + end) == TOKEN


GOOD = json.loads(TOKEN.to_text())
BAD: dict[str, Any] = {
    "no JSON": f"{ACCESS}",
    "cut off": TOKEN.to_text()[:60],
    "a list": [ACCESS],
    "a text": ACCESS,
    "no access token": {name: GOOD[name] for name in GOOD if name != "access_token"},
    "no refresh token": {name: GOOD[name] for name in GOOD if name != "refresh_token"},
    "an empty token": GOOD | {"access_token": ""},
    "a token with a blank": GOOD | {"access_token": "a b"},
    "a token beyond ASCII": GOOD | {"access_token": "é"},
    "a token with a line end": GOOD | {"access_token": "a\nb"},
    "a token that is no text": GOOD | {"refresh_token": 1},
    "no end": {name: GOOD[name] for name in GOOD if name != "expires_at"},
    "an end in words": GOOD | {"expires_at": "soon"},
    "an end as a flag": GOOD | {"expires_at": True},
    "no number": GOOD | {"expires_at": float("nan")},
    "an end beyond numbers": GOOD | {"refreshed_at": 10**400},
    "a bad note": GOOD | {"asked_at": "x"},
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_variable_that_holds_something_else_is_named_and_not_shown(content: Any) -> None:
    """The message says how to fill it; not even the traceback shows what is in it."""
    with pytest.raises(NoUserToken, match="'frameio_token_mine' does not hold a user's tokens") as caught:
        read(content if isinstance(content, str) else json.dumps(content))
    shown = "".join(traceback.format_exception(caught.value))
    assert "python -m airflow_provider_frameio.authorize --conn-id mine" in shown
    assert ACCESS not in shown
    assert REFRESH not in shown


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_variable_that_is_missing_tells_what_to_set_up(text: str | None) -> None:
    """Both steps: the consent, and the DAG. It is worth a retry: in Airflow 3 a fault of the API looks the same."""
    with pytest.raises(NoUserToken, match="there is no Airflow Variable 'frameio_token_mine'") as caught:
        read(text)
    assert "airflow_provider_frameio.authorize --conn-id mine" in str(caught.value)
    assert "FrameioRefreshTokenOperator" in str(caught.value)
    assert caught.value.transient


def test_an_access_token_has_the_life_that_is_left() -> None:
    """As the process's cache counts it."""
    assert TOKEN.access(1250.0, VARIABLE) == AccessToken(ACCESS, 750.0)


@pytest.mark.parametrize("now", [2000.0, 1000.0 + 7200])
def test_an_expired_one_points_to_the_dag_that_should_have_run(now: float) -> None:
    """With the Variable's name, the operator's, and since when nothing has been refreshed."""
    with pytest.raises(NoUserToken, match="'frameio_token_mine' has expired; it was refreshed") as caught:
        TOKEN.access(now, VARIABLE)
    assert f"{(now - 1000) / 3600:.1f} h ago" in str(caught.value)
    assert "FrameioRefreshTokenOperator" in str(caught.value)
    assert caught.value.transient


def test_no_repr_shows_a_token() -> None:
    """Neither the tokens' own nor that of what IMS issued."""
    for shown in (repr(TOKEN), repr(replace(TOKEN, asked_at=1.0)), repr(UserGrant(AccessToken(ACCESS, 1.0), REFRESH))):
        assert ACCESS not in shown
        assert REFRESH not in shown


def test_what_cannot_pass_by_itself_is_no_case_for_a_retry() -> None:
    """A dead refresh token, and a Variable that something else hides."""
    assert not AuthorizationLost.transient
    assert not TokenNotKept.transient
