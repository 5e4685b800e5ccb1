"""Cuts lists into pages: an opaque cursor says after which item, in which order, the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from airflow_provider_frameio.emulator.wire.answers import Problem, invalid
from airflow_provider_frameio.emulator.wire.parameters import Parameter, flag, text, whole_number

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 50


def page_parameters(largest: int) -> dict[str, Parameter]:
    """The query parameters of a list whose pages hold up to ``largest`` items."""
    return {"after": text, "page_size": whole_number(1, largest), "include_total_count": flag}


@dataclass(frozen=True)
class Order(Generic[T]):
    """An order of items.

    :ivar name: stands in the cursor, which is good for this order only.
    :ivar key: a value and a number that is different for every item.
    """

    name: str
    key: Callable[[T], tuple[Any, int]]
    descending: bool = False


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after ``key`` (None: at the beginning); ``page`` counts from 1."""

    order: str
    key: tuple[Any, int] | None
    page: int

    def encode(self) -> str:
        """The cursor as clients see it."""
        content = json.dumps([self.order, self.key, self.page]).encode()
        return base64.urlsafe_b64encode(content).decode()

    @classmethod
    def decode(cls, code: str) -> Cursor:
        """Read a cursor back."""
        try:
            order, key, page = json.loads(base64.urlsafe_b64decode(code.encode()))
            return cls(order, None if key is None else (key[0], key[1]), int(page))
        except (ValueError, TypeError, IndexError, binascii.Error) as exc:
            raise invalid("is not a cursor", "/after") from exc


BEGINNING = Cursor("", None, 1)
"""Where the first page of any list begins."""


def page_number(query: Mapping[str, str]) -> int:
    """Which page a request asks for; 1 where the cursor cannot be read."""
    if not query.get("after"):
        return 1
    try:
        return Cursor.decode(query["after"]).page
    except Problem:
        return 1


def cut_page(
    items: Iterable[T], order: Order[T], query: Mapping[str, Any], path: str
) -> tuple[list[T], dict[str, Any]]:
    """The items of the page that ``query`` asks for, and what the answer holds besides its ``data``.

    :param path: of the request; ``links.next`` is relative and carries only the cursor.
    """
    cursor = Cursor.decode(query["after"]) if query.get("after") else BEGINNING
    if cursor.key is not None and cursor.order != order.name:
        raise invalid("is a cursor of a list in another order", "/after")
    everything = sorted(items, key=order.key, reverse=order.descending)
    rest = [item for item in everything if _is_after(order, order.key(item), cursor.key)]
    size = query.get("page_size", DEFAULT_PAGE_SIZE)
    page = rest[:size]
    rest_link = None
    if len(rest) > size:
        rest_link = next_link(path, Cursor(order.name, order.key(page[-1]), cursor.page + 1).encode())
    envelope: dict[str, Any] = {"links": {"next": rest_link}}
    if query.get("include_total_count"):
        envelope["total_count"] = len(everything)
    return page, envelope


def next_link(path: str, cursor: str) -> str:
    """A relative link to the page that begins at ``cursor``."""
    return f"{path}?after={quote(cursor, safe='')}"


def _is_after(order: Order[Any], key: tuple[Any, int], last: tuple[Any, int] | None) -> bool:
    if last is None:
        return True
    return key < last if order.descending else key > last
