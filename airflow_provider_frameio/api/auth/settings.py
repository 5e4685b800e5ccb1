"""What a connection says, read once and checked: nothing later looks at the connection. Performs no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_frameio.api.errors import InvalidConnection, InvalidParameter
from airflow_provider_frameio.api.parameters import identifier

API_URL = "https://api.frame.io"
IMS_URL = "https://ims-na1.adobelogin.com"
SCOPES = "openid AdobeID frame.s2s.all"
USER_SCOPES = "openid email profile offline_access additional_info.roles"
AUTH_TYPES = ("server_to_server", "user", "token", "legacy_token")
_WITH_CLIENT = ("server_to_server", "user")
_HIDDEN_WORDS = ("token", "secret", "password")


@dataclass(frozen=True)
class Settings:
    """A connection's settings.

    :ivar client_id: for ``server_to_server`` and ``user``, else "".
    :ivar secret: client secret or token; "" for a ``user`` whose client has none.
    :ivar auth_variable: name of the Airflow Variable that keeps the tokens of a ``user``, else "".
    :ivar account_id: default for every call, or "".
    :ivar timeout: seconds in which a whole answer must come; then it counts as lost.
    :ivar verify: whether to verify TLS certificates, or a path of certificates to trust.
    :ivar time_scale: multiplies the waits this package prescribes in seconds; 1.0 but for an emulator that runs faster.
    """

    conn_id: str = "frameio_default"
    base_url: str = API_URL
    auth_type: str = "server_to_server"
    client_id: str = ""
    secret: str = field(default="", repr=False)
    account_id: str = ""
    ims_url: str = IMS_URL
    scopes: str = SCOPES
    timeout: float = 60.0
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
        read = _Fields(conn_id, extra or {}, password or "")
        del password, extra  # what reports an error shows the local variables of each frame
        auth_type = read.text("auth_type", "server_to_server")
        if auth_type not in AUTH_TYPES:
            raise read.wrong("auth_type", f"{auth_type!r} is none of {', '.join(AUTH_TYPES)}")
        client_id = (login or "").strip()
        if auth_type in _WITH_CLIENT and not client_id:
            raise read.wrong("login", f"empty; {auth_type} needs the client ID here (or set auth_type)")
        scopes = USER_SCOPES if auth_type == "user" else SCOPES
        return cls(
            conn_id=conn_id,
            base_url=read.url("host", _host(host, schema, port) or API_URL),
            auth_type=auth_type,
            client_id=client_id,
            secret=read.secret(optional=auth_type == "user"),
            account_id=read.account_id(),
            ims_url=read.url("ims_url", read.text("ims_url", IMS_URL)),
            scopes=" ".join(read.text("scopes", scopes).replace(",", " ").split()),
            timeout=read.positive("timeout", 60.0),
            verify=read.verify(),
            proxies=read.proxies(),
            headers=read.mapping("headers"),
            time_scale=read.positive("time_scale", 1.0),
            auth_variable=read.auth_variable() if auth_type == "user" else "",
        )

    def secrets(self) -> Iterator[str]:
        """What nobody must see, each by itself: a proxy's password also without its address."""
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


def _host(host: str | None, schema: str | None, port: int | None) -> str:
    """The base URL, from a whole URL in Host or from the parts that a connection URI is split into.

    A form may store an empty port as 0, which leads nowhere.
    """
    text = (host or "").strip()
    if not text:
        return ""
    scheme, found, rest = text.rpartition("://")
    authority, slash, path = rest.partition("/")
    if not found and authority.count(":") > 1 and "[" not in authority:
        authority = f"[{authority}]"  # Airflow takes the brackets of an IPv6 address away
    if port and not re.search(r":\d+$", authority):
        authority = f"{authority}:{port}"
    return f"{scheme or schema or 'https'}://{authority}{slash}{path}"


@dataclass(frozen=True)
class _Fields:
    """Reads one extra after the other; every mistake names its field."""

    conn_id: str
    extra: Mapping[str, Any] = field(repr=False)
    password: str = field(repr=False)

    def wrong(self, name: str, problem: str) -> InvalidConnection:
        return InvalidConnection(self.conn_id, name, f"{problem}.")

    def text(self, name: str, default: str = "") -> str:
        value = self.extra.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str):
            raise self.wrong(name, f"{value!r} is not text")
        return value.strip() or default

    def url(self, name: str, text: str) -> str:
        """Tokens and secrets travel to it, so plain http is for loopback only."""
        try:
            parts = urlsplit(text)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            host = ""
        if not host or parts.scheme not in ("http", "https") or re.search(r"[@?#\\\s\x00-\x1f\x7f]", text):
            # Neither the text nor the ValueError is shown: there may be a password in them.
            raise self.wrong(name, f"give a URL such as {API_URL}, without user, query or fragment")
        if parts.scheme == "http" and not _is_loopback(host):
            raise self.wrong(name, f"plain http to {host!r} would show the token to the network; use https")
        return text.rstrip("/")

    def auth_variable(self) -> str:
        """Airflow shows the values of Variables in its UI, but for names with such a word in them."""
        name = self.text("auth_variable", f"frameio_token_{self.conn_id}")
        if not any(word in name.lower() for word in _HIDDEN_WORDS):
            words = " or ".join(map(repr, _HIDDEN_WORDS))
            raise self.wrong("auth_variable", f"{name!r} would be shown in Airflow's UI; have {words} in the name")
        return name

    def secret(self, *, optional: bool) -> str:
        secret = self.password.strip()
        if not secret and optional:
            return ""
        if not secret:
            raise self.wrong("password", "empty; put the client secret, or the token, here")
        if set(secret) == {"*"}:
            raise self.wrong(
                "password", "holds asterisks that Airflow's form saved in place of the secret; enter it again"
            )
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise self.wrong("password", "has blanks, line ends or other characters no secret has; paste it again")
        return secret

    def account_id(self) -> str:
        value = self.text("account_id")
        try:
            return identifier("account_id", value) if value else ""
        except InvalidParameter as error:
            raise self.wrong("account_id", str(error).rstrip(".")) from error

    def positive(self, name: str, default: float) -> float:
        value = self.extra.get(name)
        if value is None or value == "":
            return default
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = 0.0
        if isinstance(value, bool) or not 0 < number < float("inf"):
            raise self.wrong(name, f"{value!r} is not a number above 0")
        return number

    def verify(self) -> bool | str:
        value = self.extra.get("verify")
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        text = self.text("verify", "true")
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        return words.get(text.lower(), text)

    def proxies(self) -> dict[str, str]:
        addresses = self.mapping("proxies")
        if not all(_has_host(address) for address in addresses.values()):
            raise self.wrong("proxies", "give a URL for each scheme, such as http://proxy.example.com:3128")
        return addresses

    def mapping(self, name: str) -> dict[str, str]:
        value = self.extra.get(name)
        if isinstance(value, str):
            try:
                value = value.strip() and json.loads(value)
            except ValueError as error:
                raise self.wrong(name, f"not a JSON object: {error}") from error
        if not value:
            return {}
        if not isinstance(value, dict) or not all(isinstance(part, str) for pair in value.items() for part in pair):
            raise self.wrong(name, "give a JSON object of texts")
        stripped = {key.strip(): text.strip() for key, text in value.items()}
        if any(not part.isascii() or not part.isprintable() for pair in stripped.items() for part in pair):
            raise self.wrong(name, "has a line end, another control character or a letter beyond ASCII in it")
        return stripped


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname) and " " not in url
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
