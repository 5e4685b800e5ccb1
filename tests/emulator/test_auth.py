"""Who may call: IMS grants, static and legacy tokens, expiry, and accounts that are somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.emulator.conftest import Studio

SCOPE = "openid AdobeID frame.s2s.all"


def grant(studio: Studio, **changes: Any) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": studio.emulator.client_id,
        "client_secret": studio.emulator.client_secret,
        "scope": SCOPE,
    }
    return studio.call("POST", "/ims/token/v3", data=form | changes)


def test_a_granted_token_acts_as_its_user_until_it_expires(studio: Studio) -> None:
    """IMS hands out a token for about 24 h of emulated time."""
    granted = grant(studio).json()
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 86399)
    studio.act_as(granted["access_token"])
    assert studio.data("/v4/me")["id"] == studio.emulator.user["id"]
    studio.clock.advance(86398)
    assert studio.get("/v4/me").status_code == 200
    studio.clock.advance(1)
    assert studio.get("/v4/me").status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"scope": "frame.everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_ims_says_what_is_wrong(studio: Studio, changes: dict[str, str], error: str) -> None:
    """400 with IMS's ``error`` and ``error_description``."""
    refused = grant(studio, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert refused.json()["error_description"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer {legacy}"},
        {"Authorization": "Bearer {token}", "x-frameio-legacy-token-auth": "true"},
    ],
)
def test_other_credentials_are_refused(studio: Studio, headers: dict[str, str]) -> None:
    """No token, another scheme, an unknown token, a legacy token without its header and the reverse: 401."""
    known = {"legacy": studio.emulator.legacy_token, "token": studio.emulator.token}
    sent = {name: value.format(**known) for name, value in headers.items()}
    assert studio.call("GET", "/v4/me", headers=sent).status_code == 401


def test_a_legacy_token_needs_its_header(studio: Studio) -> None:
    """With ``x-frameio-legacy-token-auth: true`` it is as good as any, and outlives an expiry of the others."""
    studio.emulator.expire_tokens()
    assert studio.get("/v4/me").status_code == 401
    studio.act_as(studio.emulator.legacy_token)
    assert studio.call("GET", "/v4/me", headers={"x-frameio-legacy-token-auth": "true"}).status_code == 200


def test_accounts_of_others_are_closed(studio: Studio) -> None:
    """A user sees its own accounts; another's is forbidden, one that does not exist is not found."""
    agency = studio.emulator.seed_account("Agency")
    eve = studio.emulator.seed_user("Eve", account_id=agency["id"])
    assert [account["display_name"] for account in studio.data("/v4/accounts")] == ["Emulated Studio", "Agency"]
    studio.act_as(eve["token"])
    assert [account["id"] for account in studio.data("/v4/accounts")] == [agency["id"]]
    assert studio.get(f"/folders/{studio.cuts}").status_code == 403
    assert studio.get(f"/v4/accounts/{studio.cuts}/folders/{studio.cuts}").status_code == 404
    assert studio.get(f"/v4/accounts/{agency['id']}/folders/{studio.cuts}").status_code == 404


def test_accounts_are_sorted_as_asked(studio: Studio) -> None:
    """By name or age, either way round."""
    studio.emulator.seed_account("Agency")
    names = [account["display_name"] for account in studio.data("/v4/accounts", sort="display_name_asc")]
    assert names == ["Agency", "Emulated Studio"]
    ages = [account["display_name"] for account in studio.data("/v4/accounts", sort="created_at_desc")]
    assert ages == ["Agency", "Emulated Studio"]
