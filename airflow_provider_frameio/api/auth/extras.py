"""The extras of a ``frameio`` connection: how each is read, and what Airflow's form says of it. Performs no I/O.

Light, since every Airflow command imports the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from airflow_provider_frameio.api.parameters import identifier

API_URL = "https://api.frame.io"
IMS_URL = "https://ims-na1.adobelogin.com"
SCOPES = "openid AdobeID frame.s2s.all"
USER_SCOPES = "openid email profile offline_access additional_info.roles"
AUTH_TYPES = ("server_to_server", "user", "token", "legacy_token")
TIMEOUT = 60.0
_HIDDEN_WORDS = ("token", "secret", "password")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def text(value: object) -> str:
    """A text. Each reader here raises ``ValueError`` with the problem in words."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def url(value: object) -> str:
    """A base URL. Tokens and secrets travel to it, so plain http is for loopback only."""
    address = text(value)
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or re.search(r"[@?#\\\s\x00-\x1f\x7f]", address):
        raise ValueError(f"give a URL such as {API_URL}, without user, query or fragment")  # it may hold a password
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"plain http to {host!r} would show the token to the network; use https")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _variable(value: object) -> str:
    """Airflow shows the values of Variables in its UI, but for names with such a word in them."""
    name = text(value)
    if not any(word in name.lower() for word in _HIDDEN_WORDS):
        required = " or ".join(map(repr, _HIDDEN_WORDS))
        raise ValueError(f"{name!r} would be shown in Airflow's UI; have {required} in the name")
    return name


def _positive(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = 0.0
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise ValueError(f"{value!r} is not a number above 0")
    return number


def _verify(value: object) -> bool | str:
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    return _BOOLEANS.get(text(value).lower(), text(value))


def _mapping(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"not a JSON object: {error}") from error
    if not isinstance(value, dict) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise ValueError("give a JSON object of texts")
    stripped = {key.strip(): part.strip() for key, part in value.items()}
    if any(not part.isascii() or not part.isprintable() for pair in stripped.items() for part in pair):
        raise ValueError("has a line end, another control character or a letter beyond ASCII in it")
    return stripped


def _proxies(value: object) -> dict[str, str]:
    addresses = _mapping(value)
    if not all(_has_host(address) for address in addresses.values()):
        raise ValueError("give a URL for each scheme, such as http://proxy.example.com:3128")
    return addresses


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname) and " " not in address
    except ValueError:
        return False


@dataclass(frozen=True)
class Extra:
    """One extra of the connection.

    :ivar default: the setting where the extra is missing, ``null`` or empty; ``""`` where it depends on other fields.
    :ivar read: makes the setting from what is stored; raises ``ValueError`` with the problem in words.
    :ivar label: its name on the form; "" for an extra that the form does not show.
    :ivar enum: the values to choose from; () where any may be entered.
    """

    name: str
    default: Any
    read: Callable[[Any], Any]
    label: str = ""
    description: str = ""
    type: Literal["string", "integer"] = "string"
    enum: tuple[str, ...] = ()

    def setting(self, stored: Any) -> Any:
        """The setting; raises ``ValueError`` where what is stored cannot be right."""
        value = stored.strip() if isinstance(stored, str) else stored
        setting = self.default if value is None or value == "" else self.read(value)
        if self.enum and setting not in self.enum:
            raise ValueError(f"{setting!r} is none of {', '.join(self.enum)}")
        return setting


EXTRAS = (
    Extra(
        "auth_type",
        "server_to_server",
        text,
        "Authentication",
        "server_to_server: Client ID and Client secret of the OAuth Server-to-Server credential of your"
        " project in the Adobe Developer Console (Projects > your project > Credentials)."
        " user: those of its OAuth Web App credential; the user consents once, by"
        " python -m airflow_provider_frameio.authorize, and FrameioRefreshTokenOperator keeps the tokens alive."
        " token: an access token as the password, no Client ID."
        " legacy_token: a Frame.io developer token (fio-...) as the password, no Client ID;"
        " for accounts that are not administered in the Adobe Admin Console.",
        enum=AUTH_TYPES,
    ),
    Extra(
        "account_id",
        "",
        lambda value: identifier("account_id", text(value)),
        "Account ID",
        "The Frame.io account to work in (a UUID), unless each task names its own."
        " Do not know it? With a wrong one the connection test lists the accounts you can use.",
    ),
    Extra(
        "ims_url",
        IMS_URL,
        url,
        "Adobe IMS URL",
        f"Where server_to_server and user ask for access tokens. Leave empty for {IMS_URL}",
    ),
    Extra(
        "auth_variable",
        "",
        _variable,
        "Variable of the user's tokens",
        "For user: the name of the Airflow Variable that keeps the tokens; it must contain token, secret or"
        " password, so that Airflow hides its value. Leave empty for frameio_token_ and the connection's id;"
        " to test from this form, give it.",
    ),
    Extra(
        "scopes",
        "",
        lambda value: " ".join(text(value).replace(",", " ").split()),
        "Scopes",
        "What server_to_server and user ask access to, separated by spaces, as the credential's page in the Adobe"
        f" Developer Console lists it. Leave empty for: {SCOPES}; user: {USER_SCOPES}",
    ),
    Extra(
        "timeout",
        TIMEOUT,
        _positive,
        "Timeout (seconds)",
        "After how many seconds without an answer it counts as lost. Frame.io itself gives up after 30: stay above"
        f" that, or copies that were made will look lost. Leave empty for {TIMEOUT:.0f}.",
        type="integer",
    ),
    Extra(
        "verify",
        True,
        _verify,
        "Verify TLS",
        "Leave empty (or true) to check certificates as usual; the path of a CA bundle where the network"
        " inspects TLS; false to check nothing, which exposes your credentials.",
    ),
    Extra(
        "proxies",
        {},
        _proxies,
        "Proxies (JSON)",
        'Proxy by scheme, as a JSON object: {"https": "http://proxy.example.com:3128"}',
    ),
    Extra(
        "headers",
        {},
        _mapping,
        "Extra headers (JSON)",
        'Sent to Frame.io with every call, not to Adobe IMS, as a JSON object: {"x-api-key": "<client id>"}',
    ),
    Extra("time_scale", 1.0, _positive),
)
FORM = tuple(extra for extra in EXTRAS if extra.label)
"""What the connection form shows, in its order."""
