"""The settings of a connection: read and checked once, so that nothing later reads the connection. Performs no I/O.

With what Airflow's form says of its extras. Light, since every Airflow command imports that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from airflow_provider_frameio.api.errors import InvalidConnection
from airflow_provider_frameio.api.parameters import identifier

API_URL = "https://api.frame.io"
IMS_URL = "https://ims-na1.adobelogin.com"
SCOPES = "openid AdobeID frame.s2s.all"
USER_SCOPES = "openid email profile offline_access additional_info.roles"
AUTH_TYPES = ("server_to_server", "user", "token", "legacy_token")
TIMEOUT = 60.0
_HIDDEN_WORDS = ("token", "secret", "password")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """A connection's settings.

    :ivar client_id: for ``server_to_server`` and ``user``, else "".
    :ivar secret: client secret or token; "" for a ``user`` whose client has none.
    :ivar auth_variable: name of the Airflow Variable that keeps the tokens of a ``user``, else "".
    :ivar account_id: default for every call, or "".
    :ivar timeout: seconds in which a whole answer must come; then it counts as lost.
    :ivar verify: whether to verify TLS certificates, or a path of certificates to trust.
    :ivar time_scale: multiplies the delays of this package; 1.0 but for an emulator that runs faster.
    """

    conn_id: str = "frameio_default"
    base_url: str = API_URL
    auth_type: str = "server_to_server"
    client_id: str = ""
    secret: str = field(default="", repr=False)
    account_id: str = ""
    ims_url: str = IMS_URL
    scopes: str = SCOPES
    timeout: float = TIMEOUT
    verify: bool | str = True
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_scale: float = 1.0
    auth_variable: str = ""

    @classmethod
    def from_connection(
        cls,
        conn_id: str,
        *,
        host: str | None = None,
        schema: str | None = None,
        port: int | None = None,
        login: str | None = None,
        password: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Settings:
        """Read the fields of an Airflow connection.

        :raises InvalidConnection: a field that cannot be right, with its name, and never with a secret.
        """
        values: dict[str, Any] = {}
        stored: Any = extra or {}
        name = "extra"
        try:
            if not isinstance(stored, Mapping):
                kind = type(stored).__name__
                raise ValueError(f'a JSON object belongs here, such as {{"account_id": "…"}}, and this is a {kind}')
            for each in _EXTRAS:
                name = each.name
                unused = name == "auth_variable" and values["auth_type"] != "user"
                values[name] = each.setting(None if unused else stored.get(name))
            user = values["auth_type"] == "user"
            name, client_id = "login", (login or "").strip()
            if values["auth_type"] in ("server_to_server", "user") and not client_id:
                raise ValueError(f"empty; {values['auth_type']} needs the client ID here (or set auth_type)")
            values["scopes"] = values["scopes"] or (USER_SCOPES if user else SCOPES)
            values["auth_variable"] = values["auth_variable"] or (f"frameio_token_{conn_id}" if user else "")
            name = "host"
            base_url = _url(_host(host, schema, port) or API_URL)
            if base_url.endswith("/v4"):
                raise ValueError("leave out the /v4 at its end: the path of every call begins with it")
            name = "password"
            secret = _secret(password or "", optional=user)
            return cls(conn_id=conn_id, base_url=base_url, client_id=client_id, secret=secret, **values)
        except ValueError as error:
            problem = str(error).rstrip(".")
        del password, extra, stored, values  # what reports an error shows the local variables of each frame
        raise InvalidConnection(conn_id, name, f"{problem}.")

    def secrets(self) -> Iterator[str]:
        """The texts to mask, each by itself: a proxy's password also without its address."""
        for secret in (self.secret, *self.proxies.values(), *self.headers.values()):
            if secret:
                yield secret
        for address in self.proxies.values():
            if password := urlsplit(address).password:
                yield from dict.fromkeys((password, unquote(password)))


def fields_of(connection: Any) -> dict[str, Any]:
    """An Airflow connection's fields, as ``from_connection`` takes them."""
    names = ("host", "schema", "port", "login", "password")
    return {**{name: getattr(connection, name) for name in names}, "extra": connection.extra_dejson}


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


def _host(host: str | None, schema: str | None, port: int | None) -> str:
    """The base URL, from a whole URL in Host or from the parts that a connection URI is split into."""
    text = (host or "").strip()
    if not text:
        return ""
    scheme, found, rest = text.rpartition("://")
    authority, slash, path = rest.partition("/")
    if not found and authority.count(":") > 1 and "[" not in authority:
        authority = f"[{authority}]"  # Airflow takes the brackets of an IPv6 address away
    # A form may store an empty port as 0, which leads nowhere.
    if port and not re.search(r":\d+$", authority):
        authority = f"{authority}:{port}"
    return f"{scheme or schema or 'https'}://{authority}{slash}{path}"


def _secret(password: str, *, optional: bool) -> str:
    secret = password.strip()
    if not secret and not optional:
        raise ValueError("empty; put the client secret, or the token, here")
    if set(secret) == {"*"}:
        raise ValueError("holds asterisks that Airflow's form saved in place of the secret; enter it again")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("has blanks, line ends or other characters no secret has; paste it again")
    return secret


def _text(value: object) -> str:
    """A text. Each reader here raises ``ValueError`` with the problem in words."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _url(value: object) -> str:
    """A base URL. Tokens and secrets travel to it, so plain http is for loopback only."""
    address = _text(value)
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
    name = _text(value)
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
    return _BOOLEANS.get(_text(value).lower(), _text(value))


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


_EXTRAS = (
    Extra(
        "auth_type",
        "server_to_server",
        _text,
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
        lambda value: identifier("account_id", _text(value)),
        "Account ID",
        "The Frame.io account to work in (a UUID), unless each task names its own."
        " Do not know it? With a wrong one the connection test lists the accounts you can use.",
    ),
    Extra(
        "ims_url",
        IMS_URL,
        _url,
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
        lambda value: " ".join(_text(value).replace(",", " ").split()),
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
FORM = tuple(extra for extra in _EXTRAS if extra.label)
"""What the connection form shows, in its order."""
