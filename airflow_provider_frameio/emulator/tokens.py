"""Credentials: which client may ask for tokens, which token belongs to whom, and for how long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_frameio.emulator.problems import unauthorized

LEGACY_HEADER = "x-frameio-legacy-token-auth"
LEGACY_PREFIX = "fio-"


@dataclass(frozen=True)
class Client:
    """A server-to-server credential; its tokens act as ``user_id``."""

    client_id: str
    client_secret: str
    user_id: str


@dataclass(frozen=True)
class Token:
    """An access token, good until ``expires_at``."""

    value: str
    user_id: str
    expires_at: float


class TokenStore:
    """Clients and tokens. Not thread-safe: its owner locks."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._tokens: dict[str, Token] = {}

    def add_client(self, client: Client) -> None:
        """Let a client ask for tokens."""
        self._clients[client.client_id] = client

    def client(self, client_id: str) -> Client | None:
        """The client with this id."""
        return self._clients.get(client_id)

    def add(self, value: str, user_id: str, expires_at: float = math.inf) -> None:
        """Accept a token until ``expires_at``."""
        self._tokens[value] = Token(value, user_id, expires_at)

    def expire(self) -> None:
        """Refuse every token handed out so far, but for legacy tokens, which know no expiry."""
        self._tokens = {value: token for value, token in self._tokens.items() if value.startswith(LEGACY_PREFIX)}

    def user_id_of(self, headers: Mapping[str, str], now: float) -> str:
        """Who sent these headers.

        :param headers: names in lower case.
        """
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not value:
            raise unauthorized("no bearer token was sent")
        token = self._tokens.get(value.strip())
        if token is None or token.expires_at <= now:
            raise unauthorized("the access token is unknown or expired")
        said_legacy = headers.get(LEGACY_HEADER, "").lower() == "true"
        if said_legacy != token.value.startswith(LEGACY_PREFIX):
            raise unauthorized(f"a legacy developer token, and only such a one, needs the header {LEGACY_HEADER}: true")
        return token.user_id
