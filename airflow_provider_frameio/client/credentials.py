"""The headers that authorize a call, and the access tokens of a process. Performs no I/O; fetching is passed in."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from airflow_provider_frameio.api.auth.ims import AccessToken
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK

_RENEW_AT = 0.9  # of a token's life: late enough to spare IMS, early enough that no call carries a dying one


@dataclass(frozen=True)
class AuthHeaders:
    """The headers that authorize a call.

    Not a mapping: error reporters show the local variables of each frame, and would unfold one.
    """

    headers: Mapping[str, str] = field(repr=False)


NO_AUTH = AuthHeaders({})


@dataclass(frozen=True)
class Credential:
    """How calls are authorized.

    :ivar headers: gives the headers of one call.
    :ivar renew: is told the headers that got a 401; returns True when a second try would carry others.
    """

    headers: Callable[[], AuthHeaders]
    renew: Callable[[AuthHeaders], bool]


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
        """Start over after a fork: a thread that holds a lock is not copied."""
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def _entry(self, key: str) -> _Entry:
        with self._lock:
            return self._entries.setdefault(key, _Entry())


def fingerprint(settings: Settings) -> str:
    """A hash of the credential: the key of its budgets and tokens."""
    whose = (settings.client_id, settings.scopes, settings.secret, settings.auth_variable)
    parts = (settings.auth_type, settings.ims_url, *whose)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def credential(settings: Settings, tokens: TokenCache, fetch: Callable[[], AccessToken]) -> Credential:
    """The credential that a connection's ``auth_type`` asks for.

    :param fetch: gets an access token from IMS, or for a ``user`` from where it is stored.
    """
    if settings.auth_type not in ("server_to_server", "user"):
        legacy = {"x-frameio-legacy-token-auth": "true"} if settings.auth_type == "legacy_token" else {}
        static = _bearer(settings.secret, **legacy)
        return Credential(lambda: static, lambda refused: False)
    key = fingerprint(settings)
    headers = partial(tokens.get, key, fetch)

    def renew(refused: AuthHeaders) -> bool:
        tokens.drop(key, refused)  # unless another thread has renewed it already
        # A user's token comes from another process, which may not have stored the next one yet.
        return settings.auth_type == "server_to_server" or headers() != refused

    return Credential(headers, renew)


PROCESS_TOKENS = TokenCache(SYSTEM_CLOCK.monotonic)
os.register_at_fork(after_in_child=PROCESS_TOKENS.forget)


def _bearer(token: str, **others: str) -> AuthHeaders:
    return AuthHeaders({"Authorization": f"Bearer {token}", **others})
