"""A user's tokens and their form as text in one Airflow Variable. Performs no I/O.

One task refreshes them and writes the Variable, everyone else only reads it: each refresh may end the refresh token
before it, so two tasks that refresh would lose the account.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace

from airflow_provider_frameio.api.auth.ims import AccessToken, UserGrant
from airflow_provider_frameio.api.errors import NoUserToken

_OPERATOR = "FrameioRefreshTokenOperator"
_NO_MOMENT = 1e12  # seconds since the epoch: beyond all calendars


def authorize_again(conn_id: str) -> str:
    """The remedy where no refresh token is valid."""
    return f"Authorize again: python -m airflow_provider_frameio.authorize --conn-id {conn_id}"


@dataclass(frozen=True)
class UserToken:
    """The tokens of one user. All times in seconds since the epoch.

    :ivar refreshed_at: when IMS issued both.
    :ivar asked_at: when the last refresh began, if its answer is not stored yet, or never was; else None.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    refreshed_at: float
    asked_at: float | None = None

    @classmethod
    def issued(cls, grant: UserGrant, now: float, before: str = "") -> UserToken:
        """The tokens that IMS issued.

        :param now: a time before IMS was asked.
        :param before: the refresh token so far, which stays where IMS sent no other.
        """
        return cls(grant.access.value, grant.refresh_token or before, now + grant.access.lifetime, now)

    @classmethod
    def from_text(cls, text: str | None, variable: str, conn_id: str) -> UserToken:
        """Read the Variable's text.

        :param text: None where there is no such Variable.
        :raises NoUserToken: the text is empty or something else; the message never shows it.
        """
        if not text or not text.strip():
            raise NoUserToken(
                f"there is no Airflow Variable {variable!r}, or it cannot be read",
                f"{authorize_again(conn_id)}, and schedule a DAG with {_OPERATOR}.",
            )
        try:
            return cls._read(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError):
            del text  # what reports an error shows the local variables of each frame
        # Without the cause, which may quote the text.
        raise NoUserToken(
            f"the Airflow Variable {variable!r} does not hold a user's tokens as JSON", f"{authorize_again(conn_id)}."
        )

    @classmethod
    def _read(cls, value: dict[str, object]) -> UserToken:
        access_token, refresh_token = (_token(value[name]) for name in ("access_token", "refresh_token"))
        expires_at, refreshed_at = (_moment(value[name]) for name in ("expires_at", "refreshed_at"))
        asked_at = None if value.get("asked_at") is None else _moment(value["asked_at"])
        return cls(access_token, refresh_token, expires_at, refreshed_at, asked_at)

    def to_text(self) -> str:
        """The text for the Variable."""
        return json.dumps(asdict(self), indent=2)

    def asking(self, now: float) -> UserToken:
        """The same tokens, with a note that a refresh begins."""
        return replace(self, asked_at=now)

    def access(self, now: float, variable: str) -> AccessToken:
        """The access token and the rest of its life; raises ``NoUserToken`` where it has expired."""
        if self.expires_at > now:
            return AccessToken(self.access_token, self.expires_at - now)
        hours = (now - self.refreshed_at) / 3600
        raise NoUserToken(
            f"the access token in the Airflow Variable {variable!r} has expired; it was refreshed {hours:.1f} h ago",
            f"Look at the DAG with {_OPERATOR}: it must run every few hours, unpaused, and on this connection.",
        )


def _token(value: object) -> str:
    token = value.strip() if isinstance(value, str) else ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("no token")
    return token


def _moment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _NO_MOMENT:
        raise ValueError("no moment")
    return float(value)
