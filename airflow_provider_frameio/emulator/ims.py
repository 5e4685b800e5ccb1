"""Adobe IMS: the credentials that may ask for access tokens, the tokens it issued, and for how long each lives."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from airflow_provider_frameio.emulator.clock import Clock
from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.wire.answers import Answer, json_answer, unauthorized

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


PATH = "/ims/token/v3"
AUTHORIZE_PATH = "/ims/authorize/v2"
SCOPES = frozenset(
    {"openid", "AdobeID", "frame.s2s.all", "email", "profile", "offline_access", "additional_info.roles"}
)
_CODE_LIFE = 600.0
_LONGEST_STATE = 4096
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Refused(Exception):
    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.answer = json_answer(400, {"error": code, "error_description": description})


class Ims:
    """The token endpoint, and the one to which a browser is sent. Not thread-safe: its owner locks.

    :param new_id: gives every token a text of its own.
    """

    def __init__(self, clock: Clock, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._clients: dict[str, Client] = {}
        self._tokens: dict[str, Token] = {}
        self._codes: dict[str, Grant] = {}
        self._refresh_tokens: dict[str, Grant] = {}

    def add_client(self, client: Client) -> None:
        """Let a client ask for tokens."""
        self._clients[client.client_id] = client

    def add_token(self, value: str, user_id: str, expires_at: float = math.inf) -> None:
        """Accept a token until ``expires_at``."""
        self._tokens[value] = Token(user_id, expires_at)

    def expire_tokens(self) -> None:
        """Refuse every token handed out so far, but for legacy tokens, which know no expiry."""
        self._tokens = {value: token for value, token in self._tokens.items() if value.startswith(LEGACY_PREFIX)}

    def revoke_refresh_tokens(self) -> None:
        """Accept none of those handed out so far, as when the user takes the consent back."""
        self._refresh_tokens.clear()

    def user_id_of(self, headers: Mapping[str, str], now: float) -> str:
        """Who sent these headers.

        :param headers: names in lower case.
        """
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not value:
            raise unauthorized("no bearer token was sent")
        value = value.strip()
        token = self._tokens.get(value)
        if token is None or token.expires_at <= now:
            raise unauthorized("the access token is unknown or expired")
        if (headers.get(LEGACY_HEADER, "").lower() == "true") != value.startswith(LEGACY_PREFIX):
            raise unauthorized(f"a legacy developer token, and only such a one, needs the header {LEGACY_HEADER}: true")
        return token.user_id

    def authorize(self, query: Mapping[str, str], now: float) -> Answer:
        """Send a browser back with a code, as if the client's user had signed in and consented at once."""
        try:
            client = self._client(query, FOR_USERS)
            redirect_uri = _redirect_uri(query)
            grant = Grant(
                client.client_id, client.user_id, _scopes(query), now + _CODE_LIFE, *_challenge(query, client)
            )
        except _Refused as refused:
            return refused.answer
        code = f"code.{self._new_id()}"
        self._codes[code] = grant
        returned = {"code": code, **({"state": query["state"]} if "state" in query else {})}
        separator = "&" if urlsplit(redirect_uri).query else "?"
        return Answer(302, headers={"Location": f"{redirect_uri}{separator}{urlencode(returned)}"})

    def grant(self, form: Mapping[str, str], headers: Mapping[str, str], now: float, settings: Settings) -> Answer:
        """Answer a token request.

        :param form: the parameters, of body and query.
        :param headers: names in lower case.
        """
        try:
            kind = form.get("grant_type", "")
            if kind not in SERVER_TO_SERVER | FOR_USERS:
                known = ", ".join(sorted(SERVER_TO_SERVER | FOR_USERS))
                raise _Refused("unsupported_grant_type", f"this emulator grants {known}")
            given = {**form, **_basic(headers)}
            client = self._client(given, frozenset({kind}))
            if client.client_secret != given.get("client_secret", ""):
                raise _Refused("invalid_client", "invalid client_secret parameter")
            if kind == "client_credentials":
                _scopes(form)
                return json_answer(200, self._access_token(client.user_id, now, settings))
            granted = (
                self._of_code(form, client, now)
                if kind == "authorization_code"
                else self._of_refresh_token(form, client, now, settings)
            )
            return json_answer(200, self._user_tokens(granted, now, settings))
        except _Refused as refused:
            return refused.answer

    def _client(self, form: Mapping[str, str], grants: frozenset[str]) -> Client:
        client = self._clients.get(form.get("client_id", ""))
        if client is None:
            raise _Refused("invalid_client", "invalid client_id parameter")
        if not grants <= client.grants:
            raise _Refused("unauthorized_client", f"this credential is not for {', '.join(sorted(grants))}")
        return client

    def _of_code(self, form: Mapping[str, str], client: Client, now: float) -> Grant:
        grant = _usable("code", self._codes.pop(form.get("code", ""), None), client, now)
        if grant.challenge and _challenge_of(form.get("code_verifier", ""), grant.method) != grant.challenge:
            raise _Refused("invalid_grant", "code_verifier does not fit code_challenge")
        return grant

    def _of_refresh_token(self, form: Mapping[str, str], client: Client, now: float, settings: Settings) -> Grant:
        value = form.get("refresh_token", "")
        grant = _usable("refresh token", self._refresh_tokens.get(value), client, now)
        if settings.refresh_rotation == "kill_old":
            del self._refresh_tokens[value]
        return grant

    def _user_tokens(self, grant: Grant, now: float, settings: Settings) -> dict[str, object]:
        body = self._access_token(grant.user_id, now, settings)
        if "offline_access" in grant.scopes:
            body["refresh_token"] = f"rt.{self._new_id()}"
            lasting = replace(grant, expires_at=now + settings.refresh_token_life)
            self._refresh_tokens[str(body["refresh_token"])] = lasting
        return body

    def _access_token(self, user_id: str, now: float, settings: Settings) -> dict[str, object]:
        value = f"eyJ.{self._new_id()}"
        self.add_token(value, user_id, now + settings.token_life)
        outside = round(self._clock.outside(settings.token_life), 3)
        expires_in = int(outside) if outside == int(outside) else outside
        return {"access_token": value, "token_type": "bearer", "expires_in": expires_in}


def _usable(kind: str, grant: Grant | None, client: Client, now: float) -> Grant:
    if grant is None or now >= grant.expires_at or grant.client_id != client.client_id:
        raise _Refused("invalid_grant", f"the {kind} is unknown, used or expired")
    return grant


def _scopes(form: Mapping[str, str]) -> frozenset[str]:
    scopes = frozenset(re.split(r"[ ,]+", form.get("scope", "").strip()))
    if not scopes <= SCOPES:
        raise _Refused("invalid_scope", f"unknown scope: {', '.join(sorted(scopes - SCOPES)) or 'none given'}")
    return scopes


def _redirect_uri(query: Mapping[str, str]) -> str:
    if query.get("response_type") != "code":
        raise _Refused("unsupported_response_type", "this emulator knows response_type=code only")
    if len(query.get("state", "")) > _LONGEST_STATE:
        raise _Refused("invalid_request", f"state has more than {_LONGEST_STATE} characters")
    uri = query.get("redirect_uri", "")
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        host = None
    # It goes into a header: no line end, and nothing else that no address holds.
    if not host or not re.fullmatch(r"[!-~]+", uri):
        raise _Refused("invalid_request", "redirect_uri must be an address, without blanks and control characters")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise _Refused("invalid_request", "redirect_uri must be https, or http on loopback")
    return uri


def _challenge(query: Mapping[str, str], client: Client) -> tuple[str, str]:
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
    if method not in ("S256", "plain") or (not challenge and not client.client_secret):
        raise _Refused("invalid_request", "a client without a secret needs code_challenge, by S256 or plain")
    return challenge, method


def _challenge_of(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _basic(headers: Mapping[str, str]) -> dict[str, str]:
    """The client's id and secret where they come in the ``Authorization`` header."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(value).decode().partition(":")
    except ValueError:
        raise _Refused("invalid_client", "the Authorization header cannot be read") from None
    return {"client_id": client_id, "client_secret": secret}
