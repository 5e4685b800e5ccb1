"""Makes foreign text fit for messages: on one line, cut, and without the connection's secrets. Performs no I/O.

A server's text may forge a line of a log, color a terminal, fill a database, or repeat a password. So all of it goes
through ``foreign`` before it becomes a part of a message. Twice does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

MOST_NAMED = 10
_SHORTEST_SECRET = 5  # characters; Airflow does not mask shorter ones either, since they stand in too many words
_SECRET_FIELDS = ("client_secret", "refresh_token", "code", "code_verifier")


def foreign(text: object, limit: int = 300) -> str:
    """A text, or anything as Python shows it, on one line: at most ``limit`` characters, none of them unprintable."""
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text)[: limit + 1]
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def listed(texts: Iterable[str], separator: str = "; ", more: int = 0) -> str:
    """The first ten of many, and how many others there are: ``more`` are not in ``texts``."""
    named = list(texts)
    left = max(0, len(named) - MOST_NAMED) + max(0, more)
    return separator.join([*named[:MOST_NAMED], *([f"and {left} more"] if left else [])])


def address(url: str) -> str:
    """A URL's origin and path. Its query, fragment and user are left out: they may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return foreign(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))


def secrets_sent(secret: str, *headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The secrets that a request holds, longest first: the server may repeat them.

    :param secret: the connection's.
    :param headers: all of their values, since a connection's extra headers may hold anything.
    :param form: the body, of which only some fields are secret.
    """
    fields = [(form or {}).get(name, "") for name in _SECRET_FIELDS]
    values = [value.removeprefix("Bearer ") for each in headers for value in each.values()]
    found = {one for one in (secret, *fields, *values) if len(one) >= _SHORTEST_SECRET}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets, whether they stand as they are, encoded as in a URL, or escaped as in JSON.

    Call it before the text is cut: half of a secret would not be found.
    """
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            text = text.replace(form, "***")
    return text


@dataclass(frozen=True)
class Problem:
    """One entry of Frame.io's ``errors`` list, fit to be shown, with a JSON pointer to the value in question or ""."""

    title: str
    detail: str
    pointer: str = ""

    def __post_init__(self) -> None:
        for name, text in tuple(vars(self).items()):
            object.__setattr__(self, name, foreign(text))

    def __str__(self) -> str:
        text = self.detail or self.title
        return f"{text} (at {self.pointer})" if self.pointer else text
