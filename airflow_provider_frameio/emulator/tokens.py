"""Credentials: which client may ask for tokens, which token belongs to whom, and for how long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_frameio.emulator.problems import unauthorized

LEGACY_HEADER = "x-frameio-legacy-token-auth"
LEGACY_PREFIX = "fio-"
SERVER_TO_SERVER = frozenset({"client_credentials"})
FOR_USERS = frozenset({"authorization_code", "refresh_token"})


@dataclass(frozen=True)
class Client:
    """A credential of the Developer Console; its tokens act as ``user_id``.

    :ivar client_secret: "" for a public client, which proves itself by PKCE.
    :ivar grants: what it may ask for.
    """

    client_id: str
    client_secret: str
    user_id: str
    grants: frozenset[str] = SERVER_TO_SERVER


@dataclass(frozen=True)
class Token:
    """An access token, good until ``expires_at``."""

    value: str
    user_id: str
    expires_at: float


@dataclass(frozen=True)
class Grant:
    """What a user consented to: behind an authorization code, and behind each refresh token that comes of it.

    :ivar challenge: of PKCE, or "".
    :ivar method: ``S256`` or ``plain``.
    """

    client_id: str
    user_id: str
    scopes: frozenset[str]
    expires_at: float
    challenge: str = ""
    method: str = "plain"


class TokenStore:
    """Clients and tokens. Not thread-safe: its owner locks."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}
        self._tokens: dict[str, Token] = {}
        self._codes: dict[str, Grant] = {}
        self._refresh_tokens: dict[str, Grant] = {}

    def add_client(self, client: Client) -> None:
        """Let a client ask for tokens."""
        self._clients[client.client_id] = client

    def client(self, client_id: str) -> Client | None:
        """The client with this id."""
        return self._clients.get(client_id)

    def add(self, value: str, user_id: str, expires_at: float = math.inf) -> None:
        """Accept a token until ``expires_at``."""
        self._tokens[value] = Token(value, user_id, expires_at)

    def add_code(self, value: str, grant: Grant) -> None:
        """Accept an authorization code."""
        self._codes[value] = grant

    def take_code(self, value: str, now: float) -> Grant | None:
        """What a code stands for; it is good for one use."""
        return _alive(self._codes.pop(value, None), now)

    def add_refresh_token(self, value: str, grant: Grant) -> None:
        """Accept a refresh token."""
        self._refresh_tokens[value] = grant

    def refresh_token(self, value: str, now: float) -> Grant | None:
        """What a refresh token stands for."""
        return _alive(self._refresh_tokens.get(value), now)

    def kill_refresh_token(self, value: str) -> None:
        """Accept it no longer."""
        self._refresh_tokens.pop(value, None)

    def revoke_refresh_tokens(self) -> None:
        """Accept none of those handed out so far, as when the user takes the consent back."""
        self._refresh_tokens.clear()

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


def _alive(grant: Grant | None, now: float) -> Grant | None:
    return grant if grant is not None and now < grant.expires_at else None
