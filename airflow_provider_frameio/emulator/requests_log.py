"""The request log: what clients asked, what they were answered, and whether the emulator acted. Holds no secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
SECRET_FIELDS = frozenset({"client_secret", "refresh_token", "code", "code_verifier"})


@dataclass
class LoggedRequest:
    """One request.

    :ivar at: emulated Unix time, in seconds.
    :ivar query: the parameters, the last of each.
    :ivar body: the JSON or form body, or None; text that is neither, as it came.
    :ivar headers: names in lower case, without those that hold secrets.
    :ivar route: name of the endpoint, or "" where there is none.
    :ivar status: what was answered; None where the connection was closed without an answer.
    :ivar acted: whether the request was carried out, be it later; False for anything refused.
    :ivar user_id: who asked, or None.
    """

    at: float
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    route: str = ""
    status: int | None = None
    acted: bool = False
    user_id: str | None = None


def without_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    """A form without what must not be kept."""
    return {name: value for name, value in fields.items() if name not in SECRET_FIELDS}


def loggable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without what must not be kept."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}
