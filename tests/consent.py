"""A user who consented at the emulator, as the browser step leaves things."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from airflow_provider_frameio.api.auth.ims import AccessToken, UserGrant
from airflow_provider_frameio.api.auth.settings import USER_SCOPES
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.patience import PATIENCE


def come_back(address: str) -> str:
    """Where a browser ends that is sent to an address of Adobe IMS; it does not go there."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(address, timeout=PATIENCE, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])


def consent(emulator: Emulator, now: float | None = None) -> UserToken:
    """The first tokens of the default user's Web App.

    :param now: seconds since the epoch; default: this machine's.
    """
    client_id, client_secret = emulator.web_app
    query = {"client_id": client_id, "redirect_uri": "https://localhost/frameio", "response_type": "code"}
    request = requests.Request("GET", f"{emulator.base_url}/ims/authorize/v2", params={**query, "scope": USER_SCOPES})
    code = parse_qs(urlsplit(come_back(str(request.prepare().url))).query)["code"][0]
    form = {"grant_type": "authorization_code", "client_id": client_id, "client_secret": client_secret, "code": code}
    with requests.Session() as session:
        session.trust_env = False
        body = session.post(f"{emulator.base_url}/ims/token/v3", data=form, timeout=PATIENCE).json()
    grant = UserGrant(AccessToken(body["access_token"], body["expires_in"]), body["refresh_token"])
    return UserToken.issued(grant, SYSTEM_CLOCK.epoch() if now is None else now)


def user_connection(emulator: Emulator, **extra: Any) -> dict[str, Any]:
    """An Airflow connection of that user."""
    connection = emulator.description()["airflow_connection"]
    client_id, client_secret = emulator.web_app
    extra = {**connection["extra"], "auth_type": "user", **extra}
    return {**connection, "login": client_id, "password": client_secret, "extra": extra}
