"""The settings of a connection, read and checked once: nothing later reads the connection. Performs no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_frameio.api.auth.extras import API_URL, EXTRAS, IMS_URL, SCOPES, TIMEOUT, USER_SCOPES, url
from airflow_provider_frameio.api.errors import InvalidConnection


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
            for each in EXTRAS:
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
            base_url = url(_host(host, schema, port) or API_URL)
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
