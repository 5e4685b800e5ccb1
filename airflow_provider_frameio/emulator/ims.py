"""Adobe IMS: hands out access tokens for client credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from airflow_provider_frameio.emulator.answers import Answer, json_answer
from airflow_provider_frameio.emulator.clock import Clock
from airflow_provider_frameio.emulator.tokens import Client, TokenStore

PATH = "/ims/token/v3"
SCOPES = frozenset(
    {"openid", "AdobeID", "frame.s2s.all", "email", "profile", "offline_access", "additional_info.roles"}
)


class Ims:
    """The token endpoint.

    :param new_id: gives every token a text of its own.
    """

    def __init__(self, tokens: TokenStore, clock: Clock, new_id: Callable[[], str]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._new_id = new_id

    def grant(self, form: Mapping[str, str], now: float, life: float) -> Answer:
        """Answer a token request.

        :param life: of the token, in emulated seconds; ``expires_in`` says it in the client's.
        """
        if form.get("grant_type") != "client_credentials":
            return _refusal("unsupported_grant_type", "this emulator grants client_credentials only")
        client = self._tokens.client(form.get("client_id", ""))
        if client is None or client.client_secret != form.get("client_secret"):
            parameter = "client_id" if client is None else "client_secret"
            return _refusal("invalid_client", f"invalid {parameter} parameter")
        scopes = set(re.split(r"[ ,]+", form.get("scope", "").strip()))
        if not scopes <= SCOPES:
            return _refusal("invalid_scope", f"unknown scope: {', '.join(sorted(scopes - SCOPES)) or 'none given'}")
        return self._issue(client, now, life)

    def _issue(self, client: Client, now: float, life: float) -> Answer:
        value = f"eyJ.{self._new_id()}"
        self._tokens.add(value, client.user_id, now + life)
        outside = round(self._clock.outside(life), 3)
        expires_in = int(outside) if outside == int(outside) else outside
        return json_answer(200, {"access_token": value, "token_type": "bearer", "expires_in": expires_in})


def _refusal(code: str, description: str) -> Answer:
    return json_answer(400, {"error": code, "error_description": description})
