"""Cuts lists into pages: an opaque cursor says where, in which order, the next page begins.

Most cursors name the last item of their page, so that whatever changes meanwhile hides nothing. Some are an offset: the
number of items before the next page. Where one of those leaves meanwhile, the next page begins an item too late.
"""

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
    """Where a page begins; ``page`` counts from 1.

    :ivar place: after this key, or after so many items; None: at the beginning.
    """

    order: str
    place: tuple[Any, int] | int | None
    page: int

    def encode(self) -> str:
        """The cursor as clients see it."""
        kind = "offset" if isinstance(self.place, int) else "key"
        content = json.dumps({"order": self.order, kind: self.place, "page": self.page}).encode()
        return base64.urlsafe_b64encode(content).decode()

    @classmethod
    def decode(cls, code: str) -> Cursor:
        """Read a cursor back."""
        try:
            content = json.loads(base64.urlsafe_b64decode(code.encode()))
            key = content.get("key")
            place = int(content["offset"]) if "offset" in content else key and (key[0], key[1])
            return cls(content["order"], place, int(content["page"]))
        except (ValueError, TypeError, LookupError, AttributeError, binascii.Error) as exc:
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
    items: Iterable[T], order: Order[T], query: Mapping[str, Any], path: str, *, by_offset: bool = False
) -> tuple[list[T], dict[str, Any]]:
    """The items of the page that ``query`` asks for, and what the answer holds besides its ``data``.

    :param path: of the request; ``links.next`` is relative and carries only the cursor.
    :param by_offset: whether the cursor is an offset.
    """
    cursor = Cursor.decode(query["after"]) if query.get("after") else BEGINNING
    if cursor.place is not None and cursor.order != order.name:
        raise invalid("is a cursor of a list in another order", "/after")
    everything = sorted(items, key=order.key, reverse=order.descending)
    place = cursor.place
    if not isinstance(place, int):
        place = sum(not _is_after(order, order.key(item), place) for item in everything)
    end = place + query.get("page_size", DEFAULT_PAGE_SIZE)
    page = everything[place:end]
    rest_link = None
    if end < len(everything):
        following = end if by_offset else order.key(page[-1])
        rest_link = next_link(path, Cursor(order.name, following, cursor.page + 1).encode())
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
