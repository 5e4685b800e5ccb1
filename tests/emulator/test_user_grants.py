"""Users at the emulated IMS: consent, codes, PKCE, and refresh tokens that rotate and die."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.emulator.conftest import Studio

BACK = "https://localhost/frameio"
SCOPE = "openid email profile offline_access additional_info.roles"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
FOURTEEN_DAYS = 14 * 86400


def authorize(studio: Studio, **changes: Any) -> requests.Response:
    query = {"client_id": studio.emulator.web_app[0], "redirect_uri": BACK, "scope": SCOPE, "response_type": "code"}
    return studio.call("GET", "/ims/authorize/v2", params=query | changes)


def code(studio: Studio, **changes: Any) -> str:
    answer = authorize(studio, **changes)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def grant(studio: Studio, kind: str, **changes: Any) -> requests.Response:
    client_id, client_secret = studio.emulator.web_app
    form = {"grant_type": kind, "client_id": client_id, "client_secret": client_secret}
    return studio.call("POST", "/ims/token/v3", data=form | changes)


def first(studio: Studio, **changes: Any) -> dict[str, Any]:
    answer = grant(studio, "authorization_code", code=code(studio, **changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refresh(studio: Studio, token: str, **changes: Any) -> requests.Response:
    return grant(studio, "refresh_token", refresh_token=token, **changes)


def test_consent_sends_the_browser_back_with_a_code_and_the_state(studio: Studio) -> None:
    """To the address asked for, whatever else stands in it."""
    answer = authorize(studio, state="st4te", redirect_uri=f"{BACK}?x=1")
    assert (answer.status_code, answer.headers["Location"].startswith(f"{BACK}?x=1&code=")) == (302, True)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["state"] == ["st4te"]
    assert "state" not in authorize(studio).headers["Location"]


def test_a_code_gives_the_tokens_of_its_user_once(studio: Studio) -> None:
    """An access token for a day; the second time the code is worth nothing."""
    value = code(studio)
    granted = grant(studio, "authorization_code", code=value).json()
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 86399)
    studio.act_as(granted["access_token"])
    assert studio.data("/v4/me")["id"] == studio.emulator.user["id"]
    assert granted["refresh_token"] not in (granted["access_token"], value)
    assert grant(studio, "authorization_code", code=value).json()["error"] == "invalid_grant"


def test_a_code_expires(studio: Studio) -> None:
    """After ten minutes."""
    value = code(studio)
    studio.clock.advance(600)
    assert grant(studio, "authorization_code", code=value).json()["error"] == "invalid_grant"


def test_without_offline_access_there_is_no_refresh_token(studio: Studio) -> None:
    """As Adobe documents."""
    assert "refresh_token" not in first(studio, scope="openid,email")


def test_each_refresh_gives_another_refresh_token_and_ends_the_old_one(studio: Studio) -> None:
    """The old access token is good until its own end."""
    old = first(studio)
    new = refresh(studio, old["refresh_token"]).json()
    assert new["refresh_token"] != old["refresh_token"]
    refused = refresh(studio, old["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert refresh(studio, new["refresh_token"]).status_code == 200
    for token in (old, new):
        studio.act_as(token["access_token"])
        assert studio.get("/v4/me").status_code == 200


def test_the_old_refresh_token_may_live_on(studio: Studio) -> None:
    """Adobe does not say when it ends."""
    studio.emulator.configure(refresh_rotation="keep_old")
    old = first(studio)["refresh_token"]
    assert refresh(studio, old).json()["refresh_token"] != old
    assert refresh(studio, old).status_code == 200


@pytest.mark.parametrize(("life", "settings"), [(FOURTEEN_DAYS, {}), (60, {"refresh_token_life": 60})])
def test_a_refresh_token_dies_unless_it_is_used(studio: Studio, life: float, settings: dict[str, float]) -> None:
    """After 14 days, counted anew at each refresh."""
    studio.emulator.configure(**settings)
    token = first(studio)["refresh_token"]
    studio.clock.advance(life - 1)
    token = refresh(studio, token).json()["refresh_token"]
    studio.clock.advance(life - 1)
    token = refresh(studio, token).json()["refresh_token"]
    studio.clock.advance(life)
    assert refresh(studio, token).json()["error"] == "invalid_grant"


def test_a_consent_can_be_taken_back(studio: Studio) -> None:
    """From Python and over HTTP."""
    token = first(studio)["refresh_token"]
    studio.emulator.revoke_refresh_tokens()
    assert refresh(studio, token).json()["error"] == "invalid_grant"
    token = first(studio)["refresh_token"]
    assert studio.call("POST", "/_emulator/tokens/revoke").status_code == 200
    assert refresh(studio, token).json()["error"] == "invalid_grant"


class TestPublicClients:
    """Those without a secret, which prove themselves by PKCE."""

    @pytest.mark.parametrize(
        "proof", [{"code_challenge": S256, "code_challenge_method": "S256"}, {"code_challenge": VERIFIER}]
    )
    def test_the_verifier_opens_the_code(self, studio: Studio, proof: dict[str, str]) -> None:
        """By S256, or plain, which is the default."""
        public = {"client_id": studio.emulator.user["public_client_id"]}
        form = {"grant_type": "authorization_code", **public}
        right = code(studio, **public, **proof)
        wrong = code(studio, **public, **proof)
        answer = studio.call("POST", "/ims/token/v3", data={**form, "code": right, "code_verifier": VERIFIER})
        assert answer.status_code == 200
        answer = studio.call("POST", "/ims/token/v3", data={**form, "code": wrong, "code_verifier": f"{VERIFIER}x"})
        assert answer.json()["error"] == "invalid_grant"

    def test_the_client_may_stand_in_the_query(self, studio: Studio) -> None:
        """As in Adobe's example."""
        client_id = studio.emulator.user["public_client_id"]
        value = code(studio, client_id=client_id, code_challenge=VERIFIER)
        form = {"grant_type": "authorization_code", "code": value, "code_verifier": VERIFIER}
        answer = studio.call("POST", f"/ims/token/v3?client_id={client_id}", data=form)
        refresh_token = answer.json()["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
        assert studio.call("POST", "/ims/token/v3", data=form).status_code == 200

    @pytest.mark.parametrize("proof", [{}, {"code_challenge": S256, "code_challenge_method": "S512"}])
    def test_without_a_challenge_there_is_no_code(self, studio: Studio, proof: dict[str, str]) -> None:
        """Or by a method that does not exist."""
        answer = authorize(studio, client_id=studio.emulator.user["public_client_id"], **proof)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "frame.everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"redirect_uri": "http://studio.example/back"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"state": "x" * 4097}, "invalid_request"),
    ],
)
def test_who_asks_wrongly_gets_no_code(studio: Studio, changes: dict[str, str], error: str) -> None:
    """400, and no redirect anywhere."""
    refused = authorize(studio, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, error)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "[::1]:8765"])
def test_a_loopback_address_may_be_plain_http(studio: Studio, host: str) -> None:
    """Unlike at Adobe."""
    assert authorize(studio, redirect_uri=f"http://{host}/back").status_code == 302


def test_a_client_proves_itself_by_basic_authorization_too(studio: Studio) -> None:
    """Adobe documents both ways."""
    form = {"grant_type": "authorization_code", "code": code(studio)}
    assert studio.call("POST", "/ims/token/v3", data=form, auth=studio.emulator.web_app).status_code == 200
    for header in ("Basic ???", "Basic AAA"):
        answer = studio.call("POST", "/ims/token/v3", data=form, headers={"Authorization": header})
        assert answer.json()["error"] == "invalid_client"


def test_another_client_cannot_use_the_tokens(studio: Studio) -> None:
    """Neither a code nor a refresh token; and a server's credential is for no user."""
    other = studio.emulator.seed_user("Grace Grader")
    theirs = {"client_id": other["web_app_client_id"], "client_secret": other["web_app_client_secret"]}
    token = first(studio)["refresh_token"]
    assert grant(studio, "authorization_code", code=code(studio), **theirs).json()["error"] == "invalid_grant"
    assert refresh(studio, token, **theirs).json()["error"] == "invalid_grant"
    assert refresh(studio, token, client_secret="wrong").json()["error"] == "invalid_client"
    server = {"client_id": studio.emulator.client_id, "client_secret": studio.emulator.client_secret}
    assert refresh(studio, token, **server).json()["error"] == "unauthorized_client"
    assert grant(studio, "client_credentials", scope="openid").json()["error"] == "unauthorized_client"


def test_a_lost_answer_has_used_the_refresh_token_up(studio: Studio) -> None:
    """The fault that rotation is about: ``when="after"`` on ``ims_token``."""
    token = first(studio)["refresh_token"]
    studio.emulator.fault(kind="drop", route="ims_token", when="after")
    with pytest.raises(requests.ConnectionError):
        refresh(studio, token)
    assert refresh(studio, token).json()["error"] == "invalid_grant"


def test_the_log_shows_who_asked_for_what_and_no_secret(studio: Studio) -> None:
    """Wherever it was sent: in the form, in the query, in a header."""
    value = code(studio, state="st4te")
    client_id, secret = studio.emulator.web_app
    query = f"?client_id={client_id}&client_secret={secret}&code={value}"
    granted = studio.call("POST", f"/ims/token/v3{query}", data={"grant_type": "authorization_code"}).json()
    granted |= {"newer": refresh(studio, granted["refresh_token"]).json()["refresh_token"]}
    assert [request.route for request in studio.emulator.requests] == ["ims_authorize", "ims_token", "ims_token"]
    written = repr(studio.emulator.requests)
    hidden = (secret, value, granted["access_token"], granted["refresh_token"], granted["newer"])
    assert [text for text in hidden if text in written] == []
    assert client_id in written
