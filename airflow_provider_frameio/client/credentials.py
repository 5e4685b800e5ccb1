"""Who is calling: the headers that say so, and a process's access tokens. Performs no I/O; fetching is passed in."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_frameio.api.auth.ims import AccessToken
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK

_RENEW_AT = 0.9  # of a token's life: late enough to spare IMS, early enough that no call carries a dying one


@dataclass(frozen=True)
class AuthHeaders:
    """The headers that say who calls, on their way to the request.

    No mapping: what reports errors shows the local variables of each frame, and would unfold one.
    """

    headers: Mapping[str, str] = field(repr=False)


NO_AUTH = AuthHeaders({})


class Credential(Protocol):
    """How calls are authorized."""

    def headers(self) -> AuthHeaders:
        """The headers of one call."""

    def renew(self, refused: AuthHeaders) -> bool:
        """Take note that these headers got a 401. True when a second try would carry others."""


@dataclass(frozen=True)
class StaticCredential:
    """A token that is what it is: ``token`` and ``legacy_token``."""

    _headers: AuthHeaders

    def headers(self) -> AuthHeaders:
        """Always the same."""
        return self._headers

    def renew(self, refused: AuthHeaders) -> bool:
        """There is no other."""
        return False


@dataclass(frozen=True)
class ImsCredential:
    """Access tokens from Adobe IMS, by way of the process's cache."""

    _key: str
    _tokens: TokenCache
    _fetch: Callable[[], AccessToken]

    def headers(self) -> AuthHeaders:
        """A bearer token with some life left."""
        return self._tokens.get(self._key, self._fetch)

    def renew(self, refused: AuthHeaders) -> bool:
        """Drop the token if it is still the one refused; another thread may have renewed it already."""
        self._tokens.drop(self._key, refused)
        return True


@dataclass(frozen=True)
class StoredCredential(ImsCredential):
    """Access tokens of a user that another process refreshes and stores, by way of this process's cache."""

    def renew(self, refused: AuthHeaders) -> bool:
        """Look whether another one is stored meanwhile."""
        super().renew(refused)
        return self.headers() != refused


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    headers: AuthHeaders = NO_AUTH
    renew_at: float = 0.0


class TokenCache:
    """Access tokens of one process: one fetch at a time for each key, and none while a token lives."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.forget()

    def get(self, key: str, fetch: Callable[[], AccessToken]) -> AuthHeaders:
        """The headers with the token under a key, fetched when there is none or it is near its end."""
        entry = self._entry(key)
        with entry.lock:
            if entry.headers is NO_AUTH or self._monotonic() >= entry.renew_at:
                token = fetch()
                entry.headers = _bearer(token.value)
                entry.renew_at = self._monotonic() + token.lifetime * _RENEW_AT
            return entry.headers

    def drop(self, key: str, headers: AuthHeaders) -> None:
        """Forget a token, if it is still this one."""
        entry = self._entry(key)
        with entry.lock:
            if entry.headers == headers:
                entry.headers = NO_AUTH

    def forget(self) -> None:
        """Begin anew: after a fork, a lock may be held by a thread that is not there."""
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def _entry(self, key: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(key, _Entry())


def fingerprint(settings: Settings) -> str:
    """A name for the credential that does not show it: what budgets and tokens are kept under."""
    whose = (settings.client_id, settings.scopes, settings.secret, settings.auth_variable)
    parts = (settings.auth_type, settings.ims_url, *whose)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def credential(settings: Settings, tokens: TokenCache, fetch: Callable[[], AccessToken]) -> Credential:
    """The credential that a connection's ``auth_type`` asks for.

    :param fetch: gets an access token from IMS, or for a ``user`` from where it is stored.
    """
    if settings.auth_type == "server_to_server":
        return ImsCredential(fingerprint(settings), tokens, fetch)
    if settings.auth_type == "user":
        return StoredCredential(fingerprint(settings), tokens, fetch)
    legacy = {"x-frameio-legacy-token-auth": "true"} if settings.auth_type == "legacy_token" else {}
    return StaticCredential(_bearer(settings.secret, **legacy))


PROCESS_TOKENS = TokenCache(SYSTEM_CLOCK.monotonic)
os.register_at_fork(after_in_child=PROCESS_TOKENS.forget)


def _bearer(token: str, **others: str) -> AuthHeaders:
    return AuthHeaders({"Authorization": f"Bearer {token}", **others})
