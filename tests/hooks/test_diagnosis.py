"""``test_connection()``: the answer tells which link between Airflow and the account is broken."""

from __future__ import annotations

import json

import pytest

from airflow_provider_frameio.emulator.server import Emulator

pytest.importorskip("airflow")

from airflow_provider_frameio.hooks.frameio import FrameioHook
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
    connect(extra={"account_id": "a-stranger's"})

    passed, message = check(FrameioHook())

    assert not passed
    assert "account_id \"a-stranger's\" is none of this user's accounts" in message
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
