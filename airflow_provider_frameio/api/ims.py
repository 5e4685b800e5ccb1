"""Adobe IMS, which issues access tokens: one operation and what its answers mean. Performs no I/O.

Source: https://developer.adobe.com/developer-console/docs/guides/authentication/ServerToServerAuthentication/ims/
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Request
from airflow_provider_frameio.api.replies import Reply, api_error, preview

_WHERE = "in the Adobe Developer Console, under the project's OAuth Server-to-Server credential"

_REMEDIES = {
    "invalid_client": f"Check Login (client ID) and Password (client secret) of the connection: both stand {_WHERE}.",
    "invalid_scope": f"Check the extra 'scopes' of the connection; the allowed ones stand {_WHERE}.",
    "unauthorized_client": f"Check Login (client ID) of the connection, and that the Frame.io API was added {_WHERE}.",
    "unsupported_grant_type": "Check the extra 'ims_url' of the connection: it must be Adobe IMS.",
}
_LONGEST_LIFE = 10 * 365 * 86400.0  # seconds; a token's life is about a day
_OTHERWISE = "Check Login, Password and the extras 'ims_url' and 'scopes' of the connection."


@dataclass(frozen=True)
class AccessToken:
    """What IMS issued.

    :ivar lifetime: seconds.
    """

    value: str = field(repr=False)
    lifetime: float


def client_credentials(client_id: str, client_secret: str, scopes: str) -> Operation[AccessToken]:
    """Get an access token for a server-to-server credential. Asking twice is harmless, asking often is throttled."""
    return Operation(
        name="get an access token from Adobe IMS",
        request=Request(
            "POST",
            "/ims/token/v3",
            form={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
                "scope": scopes,
            },
        ),
        read=_read_token,
        repeatable=True,
        refuse=_refuse,
    )


def _read_token(reply: Reply) -> AccessToken:
    body = reply.json_object() or {}
    token, lifetime = body.get("access_token"), body.get("expires_in")
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise ValueError("no usable 'access_token' in it")
    if isinstance(lifetime, bool) or not isinstance(lifetime, (int, float)) or not 0 < lifetime < _LONGEST_LIFE:
        raise ValueError("no usable 'expires_in' in it")
    return AccessToken(token, float(lifetime))


def _refuse(asked: str, reply: Reply) -> errors.CallError:
    """IMS's own error where it gave one; a 429 or 5xx passes by itself and keeps its usual meaning."""
    if reply.status in (408, 429) or reply.status >= 500 or reply.status < 400:
        return api_error(asked, reply, who="Adobe IMS")
    body = reply.json_object() or {}
    code = str(body.get("error") or reply.status)
    description = str(body.get("error_description") or preview(reply.body))
    return errors.ImsError(asked, code, description, _REMEDIES.get(code, _OTHERWISE))
