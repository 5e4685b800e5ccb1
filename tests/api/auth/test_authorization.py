"""The address that a user is sent to, and what is made of the one that comes back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_frameio.api.auth.ims import Authorization, challenge
from airflow_provider_frameio.api.auth.settings import USER_SCOPES, Settings
from airflow_provider_frameio.api.errors import InvalidParameter

BACK = "https://localhost/frameio"
STATE, CODE, VERIFIER = "st4te", "c0de", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SETTINGS = Settings.from_connection("mine", login="client-1", password="s3cret", extra={"auth_type": "user"})
ATTEMPT = Authorization(SETTINGS, BACK, STATE)


def query(authorization: Authorization) -> dict[str, list[str]]:
    return parse_qs(urlsplit(authorization.url()).query)


def test_the_user_is_sent_to_adobe() -> None:
    """With everything Adobe documents for a Web App, and no secret."""
    assert ATTEMPT.url().startswith("https://ims-na1.adobelogin.com/ims/authorize/v2?")
    assert query(ATTEMPT) == {
        "client_id": ["client-1"],
        "redirect_uri": [BACK],
        "scope": [USER_SCOPES],
        "state": [STATE],
        "response_type": ["code"],
    }
    assert "s3cret" not in ATTEMPT.url()


def test_a_client_without_a_secret_proves_itself_by_pkce() -> None:
    """The example of RFC 7636: the challenge travels, the verifier stays."""
    attempt = Authorization(SETTINGS, BACK, STATE, VERIFIER)
    assert query(attempt)["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"] == [challenge(VERIFIER)]
    assert query(attempt)["code_challenge_method"] == ["S256"]
    assert VERIFIER not in attempt.url()


@pytest.mark.parametrize(
    "address",
    [
        f"{BACK}?code={CODE}&state={STATE}",
        f"{BACK}?state={STATE}&code={CODE}\r\n",
        f"  {BACK}?x=1&state={STATE}&code={CODE}#fragment",
        f"/frameio?code={CODE}&state={STATE}",
    ],
)
def test_the_code_is_taken_from_the_address_that_came_back(address: str) -> None:
    """Whole or from its path on, with whatever pasting adds."""
    assert ATTEMPT.code_of(address) == CODE


REFUSED = {
    "another's": (f"{BACK}?code={CODE}&state=other", "'state' is not that of this attempt"),
    "without state": (f"{BACK}?code={CODE}", "'state' is not that of this attempt"),
    "state beyond ASCII": (f"{BACK}?code={CODE}&state=%C3%A9", "'state' is not that of this attempt"),
    "nothing": ("\n", "'state' is not that of this attempt"),
    "no address": ("http://[", "'state' is not that of this attempt"),
    "an unusual host": (f"http://\u2100/?state={STATE}", "'state' is not that of this attempt"),
    "half a character": (f"{BACK}?code={CODE}&state=\udcff", "'state' is not that of this attempt"),
    "no code": (f"{BACK}?state={STATE}", "there is no 'code' in it"),
    "refused": (f"{BACK}?state={STATE}&error=access_denied", "Adobe answered 'access_denied'"),
    "with words": (f"{BACK}?state={STATE}&error=x&error_description=Not+you", "Adobe answered 'x Not you'"),
}


@pytest.mark.parametrize(("address", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_the_answer_is_refused_and_not_shown(address: str, said: str) -> None:
    """An answer without our state may be somebody else's, slipped in to make us use their account."""
    with pytest.raises(InvalidParameter, match=said) as caught:
        ATTEMPT.code_of(address)
    assert CODE not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "is_one"),
    [
        (f"/frameio?code={CODE}&state={STATE}", True),
        (f"/frameio/?state={STATE}&error=access_denied", True),
        (f"/frameio?code={CODE}&state=other", False),
        (f"/frameio?code={CODE}", False),
        (f"/frameio?state={STATE}", False),
        (f"/elsewhere?code={CODE}&state={STATE}", False),
        (f"//[?code={CODE}&state={STATE}", False),
        ("", False),
    ],
)
def test_only_its_own_answer_is_one(target: str, is_one: bool) -> None:
    """A code or an error, with the state, at the path that Adobe was given."""
    assert ATTEMPT.is_answer(target) is is_one


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "localhost/frameio",
        "https://",
        "https://[::1",
        "http://h:0/",
        "https://a b/",
        "https://h/\x00",
        "https://h/\x1b",
    ],
)
def test_the_way_back_must_be_an_address(uri: str) -> None:
    """Before anybody is sent away."""
    with pytest.raises(InvalidParameter, match=r"redirect_uri=.* give the address registered with the credential"):
        Authorization(SETTINGS, uri, STATE)


def test_a_native_app_has_an_address_of_its_own_kind() -> None:
    """As Adobe makes it."""
    assert "adobe%2Babc%3A%2F%2Fcallback" in Authorization(SETTINGS, "adobe+abc://callback", STATE).url()


def test_no_repr_shows_what_must_not_be_guessed() -> None:
    """Neither state nor verifier nor secret."""
    shown = repr(Authorization(SETTINGS, BACK, STATE, VERIFIER))
    assert [secret for secret in (STATE, VERIFIER, "s3cret") if secret in shown] == []
