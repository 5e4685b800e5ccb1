"""Tasks of a user's connection: they read the token that another task refreshes, and never ask Adobe IMS."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.errors import NoUserToken
from airflow_provider_frameio.client.credentials import TokenCache
from tests.client.conftest import Studio
from tests.client.user import UserStudio
from tests.harness.patience import PATIENCE

COPY, IMS, SHOW = "copy_version_stack", "ims_token", "show_version_stack"
TOKEN_LIFE = 86399.0


@pytest.fixture
def user(studio: Studio) -> UserStudio:
    begun = UserStudio.begin(studio)
    studio.emulator.clear_requests()
    return begun


def test_the_stored_token_is_used(user: UserStudio) -> None:
    """Adobe IMS is not asked, and the Variable is read once for many calls."""
    client = user.client()

    for _ in range(3):
        assert client.call(user.studio.show())["id"] == user.studio.stack

    assert user.studio.calls(IMS) == []
    assert user.variable.reads == 1


def test_threads_that_need_it_at_once_share_one_read(user: UserStudio) -> None:
    """Eight of them, of one process."""
    client, together = user.client(), threading.Barrier(8)

    def call(_: int) -> str:
        together.wait(PATIENCE)
        return str(client.call(user.studio.show())["id"])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(call, range(8))) == {user.studio.stack}

    assert user.variable.reads == 1


def test_near_its_end_the_variable_is_read_again(user: UserStudio) -> None:
    """At nine tenths of the life that was left: one refreshed meanwhile is found before the old one ends."""
    client = user.client()
    client.call(user.studio.show())
    user.studio.clock.sleep(TOKEN_LIFE * 0.9 - 3)
    user.refresh()  # takes two seconds
    reads = user.variable.reads
    client.call(user.studio.show())
    assert user.variable.reads == reads

    user.studio.clock.sleep(2)
    client.call(user.studio.show())
    user.studio.clock.sleep(TOKEN_LIFE * 0.5)
    client.call(user.studio.show())

    assert user.variable.reads == reads + 1
    assert user.studio.calls(SHOW) == [200] * 4


def test_one_that_is_late_to_be_refreshed_is_used_to_its_end(user: UserStudio) -> None:
    """It is good until then; the Variable is read more and more often."""
    client = user.client()
    client.call(user.studio.show())
    user.studio.clock.sleep(TOKEN_LIFE - 5)

    client.call(user.studio.show())
    user.refresh()
    user.studio.clock.sleep(5)
    client.call(user.studio.show())

    assert user.studio.calls(SHOW) == [200] * 3


def test_a_refused_token_that_was_refreshed_meanwhile_is_exchanged(user: UserStudio) -> None:
    """A lost race costs one refusal: nothing was carried out, so the copy is sent once more, at once."""
    client = user.client()
    client.call(user.studio.show())
    user.studio.emulator.expire_tokens()
    user.refresh()
    user.studio.clock.slept.clear()

    client.call(user.studio.copy())

    assert user.studio.calls(COPY) == [401, 200]
    assert user.studio.copies() == 1
    assert sum(user.studio.clock.slept) == 0


def test_a_refused_token_without_a_newer_one_is_final(user: UserStudio) -> None:
    """The Variable was read again first; the message says where to look."""
    client = user.client(reload=lambda: user.settings)
    client.call(user.studio.show())
    user.studio.emulator.expire_tokens()

    with pytest.raises(errors.Unauthorized, match="revoked"):
        client.call(user.studio.copy())

    assert user.studio.calls(COPY) == [401]
    assert user.variable.reads > 1


def test_another_variable_is_found_by_reading_the_connection_anew(user: UserStudio) -> None:
    """The connection may have been changed while the task ran."""
    client = user.client(reload=lambda: user.settings, auth_variable="another_token")

    with pytest.raises(NoUserToken, match="no Airflow Variable 'another_token'"):
        client.call(user.studio.show())

    static = replace(user.settings, auth_type="token", secret=user.studio.emulator.token)
    client = user.client(reload=lambda: static)
    client.call(user.studio.show())
    user.studio.emulator.fault(route=SHOW, kind="status", status=401)
    client.call(user.studio.show())
    assert user.studio.calls(SHOW) == [200, 401, 200]


def test_an_expired_token_is_not_sent(user: UserStudio) -> None:
    """The error names Variable and operator; once the DAG runs again the same client goes on."""
    client = user.client()
    client.call(user.studio.show())
    user.studio.clock.sleep(TOKEN_LIFE)

    with pytest.raises(NoUserToken, match=r"'frameio_token_frameio_default' has expired; it was refreshed 24\.0 h ago"):
        client.call(user.studio.copy())

    assert user.studio.calls(COPY) == []
    user.refresh()
    client.call(user.studio.copy())
    assert user.studio.copies() == 1


def test_a_refusal_whose_variable_is_gone_meanwhile_says_so(user: UserStudio) -> None:
    """Rather than that of Frame.io."""
    client = user.client()
    client.call(user.studio.show())
    user.studio.emulator.expire_tokens()
    user.variable.text = None

    with pytest.raises(NoUserToken, match="there is no Airflow Variable"):
        client.call(user.studio.copy())

    assert user.studio.copies() == 0


@pytest.mark.parametrize("changes", [{"client_id": "another"}, {"auth_variable": "another_token"}])
def test_users_of_one_process_do_not_share_a_token(user: UserStudio, changes: dict[str, str]) -> None:
    """Each client and each Variable has its own."""
    tokens = TokenCache(user.studio.clock.monotonic)
    first, second = user.client(tokens=tokens), user.client(tokens=tokens, **changes)
    first.call(user.studio.show())
    reads = user.variable.reads

    if "auth_variable" in changes:
        with pytest.raises(NoUserToken):
            second.call(get_me())
    else:
        second.call(get_me())
        assert user.variable.reads == reads + 1


def test_nothing_shows_a_token(user: UserStudio, caplog: pytest.LogCaptureFixture) -> None:
    """In whatever detail anything logs, through a refusal, a refresh and a repr; the mask hears of each before."""
    caplog.set_level("DEBUG")
    client = user.client()
    old = user.token
    client.call(user.studio.show())
    assert user.masked == [old.access_token, old.refresh_token]
    user.studio.emulator.expire_tokens()
    user.studio.emulator.fault(route=IMS, kind="drop", when="before")
    new = user.refresh()
    client.call(user.studio.copy())

    secrets = [old.access_token, old.refresh_token, new.access_token, new.refresh_token, user.settings.secret]
    assert set(secrets[:4]) <= set(user.masked)
    assert "POST /ims/token/v3" in caplog.text
    assert [secret for secret in secrets if secret in caplog.text] == []
    assert [secret for secret in secrets if secret in repr((vars(client), client, old, new, user.settings))] == []


def test_settings_of_other_kinds_need_no_variable(studio: Studio) -> None:
    """A client that is given no way to read one still works for them."""
    assert studio.client().call(studio.show())["id"] == studio.stack
    settings = Settings(**{**vars(studio.settings), "auth_type": "user", "auth_variable": "some_token"})
    with pytest.raises(NoUserToken):
        studio.client(**vars(settings)).call(studio.show())
