"""Access tokens: fetched once, renewed before they end or when they are refused, and never for nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.client import Client
from tests.client.conftest import Studio
from tests.harness.patience import PATIENCE

COPY, IMS, SHOW = "copy_version_stack", "ims_token", "show_version_stack"
TOKEN_LIFE = 86399.0
"""Seconds, of the emulator's tokens."""


class Connection:
    """Settings that may be read anew; counts how often they are.

    :param later: what is read; None for what is in use already.
    """

    def __init__(self, now: Settings, later: Settings | None = None) -> None:
        self.settings = later or now
        self.reads = 0

    def __call__(self) -> Settings:
        self.reads += 1
        return self.settings


def test_one_token_serves_every_client_of_the_process(studio: Studio) -> None:
    """Adobe IMS throttles: a token that lives is used again."""
    for _ in range(3):
        studio.client().call(studio.show())

    assert studio.calls(IMS) == [200]


def test_threads_that_need_a_token_at_once_share_one_fetch(studio: Studio) -> None:
    """Eight threads start together; one asks Adobe IMS and the others wait for its token."""
    together = threading.Barrier(8)

    def call(_: int) -> str:
        client = studio.client()
        together.wait(PATIENCE)
        return str(client.call(studio.show())["id"])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(call, range(8))) == {studio.stack}

    assert studio.calls(IMS) == [200]


def test_a_token_is_renewed_at_nine_tenths_of_its_life(studio: Studio) -> None:
    """Not before, and early enough that no call carries a token that is about to end."""
    client = studio.client()
    client.call(studio.show())

    studio.clock.sleep(TOKEN_LIFE * 0.9 - 1)
    client.call(studio.show())
    assert studio.calls(IMS) == [200]

    studio.clock.sleep(2)
    client.call(studio.show())
    assert studio.calls(IMS) == [200, 200]
    assert studio.calls(SHOW) == [200] * 3


@pytest.mark.parametrize("change", [{"secret": "another"}, {"scopes": "openid"}, {"client_id": "another"}])
def test_another_credential_gets_another_token(studio: Studio, change: dict[str, Any]) -> None:
    """No token is used for a connection it was not issued for."""
    studio.client().call(studio.show())

    if "scopes" in change:
        studio.client(**change).call(studio.show())
    else:
        with pytest.raises(errors.ImsError):
            studio.client(**change).call(studio.show())

    assert len(studio.calls(IMS)) == 2


def test_a_refused_token_is_renewed_once_and_the_copy_made_once(studio: Studio) -> None:
    """A 401 means that nothing was carried out, so the copy is asked for again with a new token, at once."""
    client = studio.client()
    client.call(studio.show())
    studio.emulator.expire_tokens()

    client.call(studio.copy())

    assert studio.calls(COPY) == [401, 200]
    assert studio.calls(IMS) == [200, 200]
    assert studio.copies() == 1
    assert sum(studio.clock.slept) == 0


def test_threads_whose_token_is_refused_renew_it_once(studio: Studio) -> None:
    """A thread whose refused token was already replaced by another thread takes the new one."""
    together = threading.Barrier(8)
    clients = [studio.client() for _ in range(8)]
    for client in clients:
        client.call(studio.show())
    studio.emulator.expire_tokens()

    def call(client: Client) -> str:
        together.wait(PATIENCE)
        return str(client.call(studio.show())["id"])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(call, clients)) == {studio.stack}

    assert studio.calls(IMS) == [200, 200]


def test_a_second_refusal_reads_the_connection_anew(studio: Studio) -> None:
    """The secret may have been rotated: the connection is read once and the call made once more."""
    other = studio.emulator.seed_user("Grace Grader")
    rotated = replace(studio.settings, client_id=other["client_id"], secret=other["client_secret"])
    connection = Connection(studio.settings, rotated)
    studio.emulator.fault(route=COPY, kind="status", status=401, times=2)

    studio.client(reload=connection).call(studio.copy())

    assert studio.calls(COPY) == [401, 401, 200]
    assert studio.copies() == connection.reads == 1
    assert studio.emulator.requests[-1].user_id == other["id"]


@pytest.mark.parametrize("changes", [{}, {"timeout": 5.0}], ids=["as it was", "with another timeout"])
def test_a_refused_token_is_final_when_the_connection_has_no_other(studio: Studio, changes: dict[str, Any]) -> None:
    """The connection is read once; the same secret would be refused again."""
    connection = Connection(replace(studio.settings, **changes))
    studio.emulator.fault(route=SHOW, kind="status", status=401, times=None)

    with pytest.raises(errors.Unauthorized):
        studio.client(reload=connection).call(studio.show())

    assert studio.calls(SHOW) == [401, 401]
    assert studio.calls(IMS) == [200, 200]
    assert connection.reads == 1


def test_a_connection_that_changes_all_the_time_is_read_once_for_a_call(studio: Studio) -> None:
    """Refusals do not go on for ever: after the third the call fails."""
    secrets = iter("abcdefgh")
    reads: list[Settings] = []

    def reload() -> Settings:
        reads.append(replace(studio.settings, auth_type="token", secret=next(secrets)))
        return reads[-1]

    with pytest.raises(errors.Unauthorized):
        studio.client(reload, auth_type="token", secret="wrong").call(studio.show())

    assert studio.calls(SHOW) == [401, 401]
    assert len(reads) == 1


def test_ims_refusing_the_renewal_is_said_with_its_reason(studio: Studio) -> None:
    """When the secret was revoked meanwhile the error is Adobe's own, not the 401."""
    client = studio.client()
    client.call(studio.show())
    studio.emulator.expire_tokens()
    studio.emulator.fault(route=IMS, kind="status", status=400, body={"error": "invalid_client"})

    with pytest.raises(errors.ImsError, match="invalid_client"):
        client.call(studio.show())

    assert studio.calls(SHOW) == [200, 401]


class TestStaticTokens:
    """``auth_type`` ``token`` and ``legacy_token``."""

    def test_the_token_is_sent_as_it_is(self, studio: Studio) -> None:
        """Adobe IMS is not asked."""
        client = studio.client(auth_type="token", secret=studio.emulator.token)

        assert client.call(studio.show())["id"] == studio.stack
        assert studio.calls(IMS) == []

    def test_a_legacy_token_comes_with_its_header(self, studio: Studio) -> None:
        """Frame.io takes a legacy developer token only when a header says that it is one."""
        client = studio.client(auth_type="legacy_token", secret=studio.emulator.legacy_token)

        assert client.call(studio.show())["id"] == studio.stack
        assert studio.emulator.requests[-1].headers["x-frameio-legacy-token-auth"] == "true"

    def test_no_connection_to_read_anew_is_final(self, studio: Studio) -> None:
        """One request, and the error says where the token stands."""
        with pytest.raises(errors.Unauthorized, match="auth_type and Password"):
            studio.client(auth_type="token", secret="wrong").call(studio.show())

        assert studio.calls(SHOW) == [401]

    def test_the_same_token_is_not_tried_again(self, studio: Studio) -> None:
        """The connection is read once; it still says the same."""
        wrong = replace(studio.settings, auth_type="token", secret="wrong")
        connection = Connection(wrong)

        with pytest.raises(errors.Unauthorized):
            studio.client(connection, auth_type="token", secret="wrong").call(studio.show())

        assert studio.calls(SHOW) == [401]
        assert connection.reads == 1

    def test_threads_that_are_refused_at_once_all_get_the_rotated_token(self, studio: Studio) -> None:
        """A thread for which another one read the connection already goes on with the new token as well."""
        rotated = replace(studio.settings, auth_type="token", secret=studio.emulator.token)
        both_refused = threading.Barrier(2)

        def reload() -> Settings:
            both_refused.wait(PATIENCE)
            return rotated

        client = studio.client(reload, auth_type="token", secret="wrong")

        with ThreadPoolExecutor(2) as threads:
            records = list(threads.map(lambda _: client.call(studio.show()), range(2)))

        assert [record["id"] for record in records] == [studio.stack] * 2
        assert sorted(studio.calls(SHOW), key=str) == [200, 200, 401, 401]


def test_the_mask_is_told_each_token_that_arrives(studio: Studio) -> None:
    """Before anything could log it: what masks secrets hears of them from the client."""
    told: list[str] = []
    client = Client(studio.settings, mask=told.append, pacing=studio.pacing, tokens=studio.tokens)

    client.call(studio.show())
    studio.emulator.expire_tokens()
    client.call(studio.show())

    assert len(set(told)) == 2
    assert all(token.startswith("eyJ.") for token in told)


def test_nothing_that_is_logged_shows_a_secret(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """Not the secret and no token, through refusals and repeats, in whatever detail the HTTP library logs."""
    caplog.set_level("DEBUG")
    told: list[str] = []
    client = Client(studio.settings, mask=told.append, pacing=studio.pacing, tokens=studio.tokens)
    studio.emulator.fault(route=SHOW, kind="drop")

    client.call(studio.show())
    studio.emulator.expire_tokens()
    client.call(studio.copy())

    assert "Retrying" in caplog.text
    assert "POST /ims/token/v3" in caplog.text
    assert [secret for secret in (studio.settings.secret, *told) if secret in caplog.text] == []
    assert [secret for secret in (studio.settings.secret, *told) if secret in repr((vars(client), client))] == []


class TestAdobeIms:
    """What becomes of faults of Adobe IMS."""

    @pytest.mark.parametrize(
        ("order", "wait"),
        [
            ({"kind": "status", "status": 503}, 37.5),
            ({"kind": "status", "status": 429, "headers": {"Retry-After": "9"}}, 9.0),
            ({"kind": "drop"}, 1.25),
            ({"kind": "garbage"}, 1.25),
        ],
    )
    def test_a_passing_fault_is_waited_out(self, studio: Studio, order: dict[str, Any], wait: float) -> None:
        """Asking twice for a token is harmless."""
        studio.emulator.fault(route=IMS, **order)

        studio.client().call(studio.copy())

        assert studio.clock.slept == [wait]
        assert studio.copies() == 1

    def test_no_token_no_call(self, studio: Studio) -> None:
        """A refusal is final: IMS is asked once and Frame.io not at all."""
        with pytest.raises(errors.ImsError):
            studio.client(secret="wrong").call(studio.copy())

        assert [request.route for request in studio.emulator.requests] == [IMS]
        assert studio.clock.slept == []
