"""Adobe IMS, which issues tokens: an operation for each grant, and what its answers mean. Performs no I/O.

Source: https://developer.adobe.com/developer-console/docs/guides/authentication/ServerToServerAuthentication/ims/
Source: https://developer.adobe.com/developer-console/docs/guides/authentication/UserAuthentication/ims/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from airflow_provider_frameio.api import errors
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
    """An access token.

    :ivar lifetime: seconds.
    """

    value: str = field(repr=False)
    lifetime: float


@dataclass(frozen=True)
class UserGrant:
    """A user's tokens.

    :ivar refresh_token: "" where none came.
    """

    access: AccessToken
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class LoneRefreshToken:
    """A refresh token that came without a usable access token. The one before it may be dead, so it must be kept.

    :ivar problem: what is wrong with the rest of the answer, in words.
    """

    refresh_token: str = field(repr=False)
    problem: str


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


def _operation(
    name: str, credential: str, read: Callable[[JsonObject], T], form: Mapping[str, str], *, repeatable: bool = False
) -> Operation[T]:
    """A request for tokens.

    :param credential: its kind, as Adobe's Developer Console calls it.
    :param form: the body's fields; empty ones are left out.
    """
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
