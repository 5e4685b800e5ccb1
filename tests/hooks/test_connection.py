"""From a connection to settings, in every form that a connection comes in; and its secrets in Airflow's masker."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from airflow_provider_frameio.emulator.server import Emulator

pytest.importorskip("airflow")

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.hooks.connection import load_settings
from airflow_provider_frameio.hooks.frameio import FrameioHook
from tests.hooks.conftest import Connect

ENVIRONMENT = "AIRFLOW_CONN_FRAMEIO_DEFAULT"


@pytest.mark.parametrize("host", ["as a whole URL", "in parts"])
def test_a_connection_uri(frameio: Emulator, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The host is a whole URL, percent-encoded, or the parts of one: host, port, and ``http`` for loopback as path."""
    address = frameio.base_url.removeprefix("http://")
    user = f"{frameio.client_id}:{quote(frameio.client_secret, safe='')}"
    extras = f"account_id={frameio.account_id}&ims_url={quote(frameio.base_url, safe='')}"
    uri = {
        "as a whole URL": f"frameio://{user}@{quote(frameio.base_url, safe='')}/?{extras}",
        "in parts": f"frameio://{user}@{address}/http?{extras}",
    }[host]
    monkeypatch.setenv(ENVIRONMENT, uri)

    settings = load_settings("frameio_default")

    assert settings.base_url == frameio.base_url
    assert settings.account_id == frameio.account_id
    assert FrameioHook().get_me()["name"] == "Ada Editor"


def test_a_connection_as_json(connect: Connect, frameio: Emulator) -> None:
    """As the emulator prints it."""
    settings = load_settings("frameio_default")

    assert settings.base_url == settings.ims_url == frameio.base_url
    assert settings.secret == frameio.client_secret


def test_a_connection_that_says_only_what_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else has a default: the real Frame.io, the real Adobe IMS."""
    monkeypatch.setenv(ENVIRONMENT, '{"conn_type": "frameio", "login": "id", "password": "s3cret"}')

    settings = load_settings("frameio_default")

    assert settings.base_url == "https://api.frame.io"
    assert settings.ims_url == "https://ims-na1.adobelogin.com"
    assert settings.auth_type == "server_to_server"


def test_a_line_end_that_was_pasted_with_the_secret_does_no_harm(connect: Connect, frameio: Emulator) -> None:
    """It cannot be seen in a form."""
    connect(password=f"{frameio.client_secret}\r\n")

    assert FrameioHook().get_me()["name"] == "Ada Editor"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("***", "asterisks that Airflow's form saved in place of the secret"),
        ("", "empty; put the client secret, or the token, here"),
        ("two words", "has blanks"),
    ],
)
def test_a_password_that_cannot_be_the_secret_fails_before_any_request(
    connect: Connect, frameio: Emulator, password: str, words: str
) -> None:
    """The error names the connection and the field."""
    connect(password=password)

    with pytest.raises(errors.InvalidConnection, match=f"'frameio_default', field 'password': .*{words}"):
        FrameioHook().get_me()

    assert frameio.requests == []


def test_plain_http_is_for_loopback_only(connect: Connect) -> None:
    """Elsewhere everybody on the way would see the token."""
    connect(host="http://api.frame.example")

    with pytest.raises(errors.InvalidConnection, match="use https"):
        FrameioHook().get_me()


def test_a_connection_that_does_not_exist() -> None:
    """No retry makes it appear; the connection test says so, too."""
    words = "Connection 'no_such_connection', field 'conn_id': there is no such connection"
    with pytest.raises(errors.InvalidConnection, match=words):
        FrameioHook("no_such_connection").get_me()
    works, message = FrameioHook("no_such_connection").test_connection()
    assert (works, message.startswith(words)) == (False, True)


def test_an_extra_that_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow stores any JSON there, and 3.0 then does not read the connection at all. None of it is shown."""
    stored = '{"conn_type": "frameio", "login": "id", "password": "s3cret", "extra": "[\\"5ecret\\"]"}'
    monkeypatch.setenv(ENVIRONMENT, stored)
    with pytest.raises(
        errors.InvalidConnection, match=r"'extra': a JSON object belongs|cannot be read where this runs"
    ) as caught:
        load_settings("frameio_default")
    assert "5ecret" not in str(caught.value)


def test_secrets_are_masked_as_soon_as_they_are_read(connect: Connect, shown: Callable[[str], str]) -> None:
    """The secret without the line end that was pasted with it, proxies and headers: whatever may hold a secret."""
    secrets = ["c1ient-Kq7x-Zw3v", "http://user:pa55word@proxy.example", "k3y-of-the-header"]
    assert [shown(secret) for secret in secrets] == secrets
    connect(
        password=f"{secrets[0]}\r\n", extra={"proxies": {"https": secrets[1]}, "headers": {"x-api-key": secrets[2]}}
    )

    load_settings("frameio_default")

    assert [shown(f"it is {secret}.") for secret in secrets] == ["it is ***."] * 3


def test_an_access_token_is_masked_as_soon_as_it_arrives(
    connect: Connect, frameio: Emulator, shown: Callable[[str], str]
) -> None:
    """Nobody typed it in, so nobody but the client knows it."""
    hook = FrameioHook()
    hook.get_me()

    header = hook.client._credential.headers().headers["Authorization"]

    assert header.startswith("Bearer eyJ.")
    assert shown(header) == "Bearer ***"
