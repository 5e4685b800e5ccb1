"""``test_connection()``: the answer tells which link between Airflow and the account is broken."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator

pytest.importorskip("airflow")

from airflow_provider_frameio.hooks.frameio import FrameioHook
from tests.consent import consent
from tests.hooks.conftest import Connect


def check(hook: FrameioHook) -> tuple[bool, str]:
    """The answer, which Airflow sends on as JSON."""
    passed, message = hook.test_connection()
    assert json.loads(json.dumps([passed, message])) == [passed, message]
    return passed, message


def test_all_well(connect: Connect, frameio: Emulator) -> None:
    """It says who one is, and in which account."""
    assert check(FrameioHook()) == (
        True,
        f"Connected as Ada Editor <ada@studio.example> to account 'Emulated Studio' ({frameio.account_id}).",
    )


def test_the_account_may_be_called_otherwise(connect: Connect, frameio: Emulator) -> None:
    """By its organization at Adobe, or by its id in capitals."""
    (account,) = FrameioHook().list_accounts()
    for name in (f"adobe:{account['adobe_id']}", account["id"].upper()):
        connect(extra={"account_id": name})
        passed, message = check(FrameioHook())
        assert passed, message
        assert message.endswith(f"to account 'Emulated Studio' ({frameio.account_id}).")


def test_the_host_cannot_be_reached(connect: Connect) -> None:
    """It names the host, and gives up at the first failure: somebody is waiting."""
    connect(host="http://127.0.0.1:1")

    passed, message = check(FrameioHook())

    assert not passed
    assert "no connection to http://127.0.0.1:1" in message


def test_adobe_ims_refuses(connect: Connect, frameio: Emulator) -> None:
    """It says why, and which fields to look at."""
    connect(password="wrong")

    passed, message = check(FrameioHook())

    assert not passed
    assert "Adobe IMS answered invalid_client" in message
    assert "Check Login (client ID) and Password (client secret)" in message
    assert {request.route for request in frameio.requests} == {"ims_token"}


class TestUser:
    """``auth_type`` ``user``: the Variable is a link more."""

    VARIABLE = "AIRFLOW_VAR_FRAMEIO_TOKEN_FRAMEIO_DEFAULT"

    @pytest.fixture(autouse=True)
    def _consent(self, frameio: Emulator, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        client_id, secret = frameio.web_app
        connect(login=client_id, password=secret, extra={"auth_type": "user"})
        self.token = consent(frameio)
        monkeypatch.setenv(self.VARIABLE, self.token.to_text())
        frameio.clear_requests()

    def test_all_well(self, frameio: Emulator) -> None:
        """The user is the one who consented; IMS is not asked, since only one task may."""
        passed, message = check(FrameioHook())
        assert (passed, message.partition(" to ")[0]) == (True, "Connected as Ada Editor <ada@studio.example>")
        assert {request.route for request in frameio.requests} == {"me", "list_accounts"}

    def test_nobody_has_consented_yet(self, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names the Variable, the command, the operator, and what the form's own test cannot know."""
        monkeypatch.delenv(self.VARIABLE)
        passed, message = check(FrameioHook())
        assert not passed
        assert "there is no Airflow Variable 'frameio_token_frameio_default'" in message
        assert "python -m airflow_provider_frameio.authorize" in message
        assert "FrameioRefreshTokenOperator" in message
        assert "set the extra 'auth_variable'" in message
        assert frameio.requests == []

    def test_a_variable_of_ones_own_is_looked_for(
        self, frameio: Emulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the name that was given, under whatever name the connection is tested."""
        client_id, secret = frameio.web_app
        connect(login=client_id, password=secret, extra={"auth_type": "user", "auth_variable": "adas_token"})
        passed, message = check(FrameioHook())
        assert (passed, "'auth_variable'" in message) == (False, False)
        monkeypatch.setenv("AIRFLOW_VAR_ADAS_TOKEN", self.token.to_text())
        assert check(FrameioHook())[0]

    def test_nobody_has_refreshed_for_a_day(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It points to the DAG."""
        past = SYSTEM_CLOCK.epoch() - 90000
        late = replace(self.token, expires_at=past + 86399, refreshed_at=past)
        monkeypatch.setenv(self.VARIABLE, late.to_text())
        passed, message = check(FrameioHook())
        assert not passed
        assert "has expired; it was refreshed 25.0 h ago" in message

    def test_the_user_took_the_consent_back(self, frameio: Emulator) -> None:
        """Frame.io takes the token no longer."""
        frameio.expire_tokens()
        passed, message = check(FrameioHook())
        assert not passed
        assert "revoked" in message

    def test_no_answer_shows_a_token(self, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where the Variable holds nothing but one."""
        monkeypatch.setenv(self.VARIABLE, self.token.refresh_token)
        passed, message = check(FrameioHook())
        assert (passed, self.token.refresh_token in message) == (False, False)


@pytest.mark.parametrize("auth_type", ["token", "legacy_token"])
def test_the_token_is_refused(connect: Connect, auth_type: str) -> None:
    """It points to the kind of token and to where it stands."""
    connect(password="wrong", extra={"auth_type": auth_type})

    passed, message = check(FrameioHook())

    assert not passed
    assert "answered 401" in message
    assert "Check auth_type and Password" in message


def test_the_account_is_not_one_of_this_users(connect: Connect, frameio: Emulator) -> None:
    """It lists those that are."""
    connect(extra={"account_id": "a-stranger"})

    passed, message = check(FrameioHook())

    assert not passed
    assert "account_id 'a-stranger' is none of this user's accounts" in message
    assert f"'Emulated Studio' ({frameio.account_id})" in message


def test_a_user_without_any_account(connect: Connect, frameio: Emulator) -> None:
    """There is nothing to list."""
    frameio.fault(route="list_accounts", kind="status", status=200, body={"data": [], "links": {"next": None}})

    passed, message = check(FrameioHook())

    assert not passed
    assert "none at all" in message


def test_no_account_is_set(connect: Connect, frameio: Emulator) -> None:
    """That works, but every task has to give one; it lists those there are."""
    connect(extra={"account_id": None})

    passed, message = check(FrameioHook())

    assert passed
    assert f"every task must give one of: 'Emulated Studio' ({frameio.account_id})" in message


def test_a_field_that_cannot_be_right(connect: Connect) -> None:
    """It is said as the answer, not raised."""
    connect(extra={"timeout": "soon"})

    passed, message = check(FrameioHook())

    assert not passed
    assert "field 'timeout': 'soon' is not a number above 0" in message


@pytest.mark.parametrize("status", [429, 503])
def test_a_passing_fault_is_told_at_once(connect: Connect, frameio: Emulator, status: int) -> None:
    """Nothing is tried again while somebody waits for the answer."""
    frameio.fault(route="me", kind="status", status=status)

    passed, message = check(FrameioHook())

    assert not passed
    assert f"answered {status}" in message
    assert sum(request.route == "me" for request in frameio.requests) == 1


def test_no_answer_shows_the_secret(connect: Connect, frameio: Emulator) -> None:
    """Whatever is wrong."""
    for password in ("wr0ng-secret", frameio.client_secret):
        for host in ("http://127.0.0.1:1", frameio.base_url):
            connect(password=password, host=host)
            assert password not in check(FrameioHook())[1]


def test_the_names_of_accounts_are_said_on_one_line(connect: Connect, frameio: Emulator) -> None:
    """And the first ten of many."""
    for number in range(12):
        frameio.seed_account(f"Studio {number}\nOK\x1b[2J")
    connect(extra={"account_id": ""})

    passed, message = check(FrameioHook())

    assert passed
    assert message.isprintable()
    assert "'Studio 0\\nOK\\x1b[2J' (" in message
    assert message.endswith(", and 3 more.")
