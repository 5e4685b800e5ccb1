"""Adobe IMS, which issues tokens: a user's consent, an operation for each grant, what its answers mean. No I/O.

Source: https://developer.adobe.com/developer-console/docs/guides/authentication/ServerToServerAuthentication/ims/
Source: https://developer.adobe.com/developer-console/docs/guides/authentication/UserAuthentication/ims/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.protocol import Operation, Request
from airflow_provider_frameio.api.replies import JsonObject, Reply, api_error

T = TypeVar("T")

_REMEDIES = {
    "invalid_client": "Check Login (client ID) and Password (client secret) of the connection: both stand {where}.",
    "invalid_scope": "Check the extra 'scopes' of the connection; the allowed ones stand {where}.",
    "unauthorized_client": "Check Login (client ID) of the connection, and that the Frame.io API was added {where}.",
    "invalid_grant": "Authorize again: the code is good for one use and a few minutes, with the same --redirect-uri.",
    "access_denied": "Ask an administrator of the Adobe organization to allow this credential to this user.",
    "unsupported_grant_type": "Check the extra 'ims_url' of the connection: it must be Adobe IMS.",
}
_WHERE = "in the Adobe Developer Console, under the project's {credential} credential"
_LONGEST_LIFE = 10 * 365 * 86400.0  # seconds; a token's life is an hour or a day
_OTHERWISE = "Check Login, Password and the extras 'ims_url' and 'scopes' of the connection."


@dataclass(frozen=True)
class AccessToken:
    """An access token with its lifetime in seconds."""

    value: str = field(repr=False)
    lifetime: float


@dataclass(frozen=True)
class UserGrant:
    """A user's tokens; no refresh token is ""."""

    access: AccessToken
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class LoneRefreshToken:
    """A refresh token that came without a usable access token, and why. The one before it may be dead: keep this."""

    refresh_token: str = field(repr=False)
    problem: str


@dataclass(frozen=True)
class Authorization:
    """One attempt to get a user's consent.

    :raises InvalidParameter: ``redirect_uri`` is no address.
    :ivar redirect_uri: where Adobe sends the browser afterwards; must be registered with the credential.
    :ivar state: a random text that the answer must repeat.
    :ivar verifier: likewise, of PKCE (RFC 7636); used where the client has no secret, else "".
    """

    settings: Settings
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.redirect_uri)
            right = bool(parts.scheme and parts.hostname) and parts.port != 0
        except ValueError:
            right = False
        if not right or re.search(r"[\s#\x00-\x1f\x7f]", self.redirect_uri):
            remedy = "give the address registered with the credential, such as https://localhost/frameio."
            raise errors.InvalidParameter("redirect_uri", self.redirect_uri, remedy)

    def url(self) -> str:
        """The address at which the user consents."""
        query = {
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.settings.scopes,
            "state": self.state,
            "response_type": "code",
        }
        if self.verifier:
            query |= {"code_challenge": challenge(self.verifier), "code_challenge_method": "S256"}
        return f"{self.settings.ims_url}/ims/authorize/v2?{urlencode(query)}"

    def is_answer(self, target: str) -> bool:
        """Whether a browser that asks for ``target`` brings Adobe's answer: a code or an error, with this state."""
        path, query = _parts(target)
        own_path, _ = _parts(self.redirect_uri)
        return path == own_path and self._has_state(query) and bool(query.get("code") or query.get("error"))

    def code_of(self, redirected: str) -> str:
        """The authorization code in the address that the browser came back to.

        :raises InvalidParameter: it is not the answer to this attempt, or the user refused; never shows a code.
        """
        _, query = _parts(redirected.strip())
        if not self._has_state(query):
            raise _not_ours("its 'state' is not that of this attempt: give the address of this attempt, whole.")
        if query.get("error"):
            reason = foreign(f"{query['error']} {query.get('error_description', '')}".strip())
            raise _not_ours(f"Adobe answered '{reason}'.")
        if not query.get("code"):
            raise _not_ours("there is no 'code' in it.")
        return query["code"]

    def _has_state(self, query: Mapping[str, str]) -> bool:
        return hmac.compare_digest(query.get("state", "").encode(errors="replace"), self.state.encode())


def client_credentials(client_id: str, client_secret: str, scopes: str) -> Operation[AccessToken]:
    """Get an access token for a server-to-server credential. Asking twice is harmless, asking often is throttled."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret, "scope": scopes}
    name = "get an access token from Adobe IMS"
    return _operation(name, "OAuth Server-to-Server", _access_token, form, repeatable=True)


def refreshed(client_id: str, client_secret: str, refresh_token: str) -> Operation[UserGrant | LoneRefreshToken]:
    """Get a user's next tokens. The refresh token may be dead afterwards, whether or not the answer arrives.

    :param client_secret: "" for a client without one.
    """
    form = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
    form["grant_type"] = "refresh_token"
    return _operation("refresh the user's tokens at Adobe IMS", "OAuth Web App", _next_tokens, form)


def authorized(client_id: str, client_secret: str, code: str, redirect_uri: str, verifier: str) -> Operation[UserGrant]:
    """Get a user's first tokens for an authorization code, which is good for one use.

    :param client_secret: "" for a client without one, which has a ``verifier`` instead.
    """
    form = {"client_id": client_id, "client_secret": client_secret, "code_verifier": verifier}
    form |= {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _operation("get the user's tokens from Adobe IMS", "OAuth Web App", _user_grant, form)


def challenge(verifier: str) -> str:
    """PKCE's S256 challenge for a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _operation(
    name: str, credential: str, read: Callable[[JsonObject], T], form: Mapping[str, str], *, repeatable: bool = False
) -> Operation[T]:
    """A request for tokens of a ``credential``, in the Developer Console's words. Empty fields are left out."""
    return Operation(
        name=name,
        request=Request("POST", "/ims/token/v3", form={field: value for field, value in form.items() if value}),
        read=lambda reply: read(_object(reply.body)),
        repeatable=repeatable,
        refuse=partial(_refuse, credential),
    )


def _object(body: bytes) -> JsonObject:
    """The answer, whatever it holds besides the tokens. Each of its fields that is kept is checked by itself."""
    try:
        value = json.loads(body, parse_int=float)  # which takes a number of any length
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _access_token(body: JsonObject) -> AccessToken:
    token = _usable_token(body, "access_token")
    lifetime = body.get("expires_in")
    try:
        seconds = float(lifetime) if isinstance(lifetime, (str, float)) else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < _LONGEST_LIFE:
        raise ValueError("no usable 'expires_in' in it")
    return AccessToken(token, seconds)


def _user_grant(body: JsonObject) -> UserGrant:
    refresh_token = _usable_token(body, "refresh_token") if body.get("refresh_token") else ""
    return UserGrant(_access_token(body), refresh_token)


def _next_tokens(body: JsonObject) -> UserGrant | LoneRefreshToken:
    try:
        return _user_grant(body)
    except ValueError as problem:
        if not body.get("refresh_token"):
            raise
        return LoneRefreshToken(_usable_token(body, "refresh_token"), str(problem))


def _usable_token(body: JsonObject, name: str) -> str:
    token = body.get(name)
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise ValueError(f"no usable {name!r} in it")
    return token


def _refuse(credential: str, asked: str, reply: Reply) -> errors.CallError:
    """IMS's own error where it gave one; a 429, a 5xx or a gateway's page keeps its usual meaning."""
    if reply.status in (408, 429) or reply.status >= 500 or reply.status < 400 or reply.is_markup():
        return api_error(asked, reply, who="Adobe IMS")
    body = reply.json_object() or {}
    code = reply.shown(body.get("error") or reply.status, 100)
    description = reply.shown(body.get("error_description") or reply.preview())
    remedy = _REMEDIES.get(code, _OTHERWISE).format(where=_WHERE.format(credential=credential))
    return errors.ImsError(asked, code, description, remedy)


def _parts(address: str) -> tuple[str, dict[str, str]]:
    """Path, without a slash at its end, and query of an address; both empty if it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", {}
    return parts.path.rstrip("/"), dict(parse_qsl(parts.query))


def _not_ours(remedy: str) -> errors.InvalidParameter:
    return errors.InvalidParameter("redirected address", "…", remedy)
