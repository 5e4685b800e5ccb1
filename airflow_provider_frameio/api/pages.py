"""Lists of many pages: complete, or an error. Generators of operations; perform no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from airflow_provider_frameio.api import errors, shapes
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject, PageProblem, Reply

T = TypeVar("T")

LARGEST_PAGE = 500  # by Adobe's document
_MOST_PAGES = 1000  # fifty thousand items, at the smallest page size that is used here
_MOST_READINGS = 4
_SMALLER_PAGES = (100, 50)  # by Adobe's guide, and by a user


@dataclass(frozen=True)
class Page:
    """One page of a list.

    :ivar items: the objects under ``data``.
    :ivar after: the cursor of the next page, or None on the last.
    :ivar date: the server's time when it answered, in seconds since the epoch; None if it did not say.
    :ivar total: how many items the whole list had then; None if it did not say.
    """

    items: tuple[JsonObject, ...]
    after: str | None
    date: float | None = None
    total: int | None = None


def read_page(reply: Reply, item: Callable[[object, str], JsonObject | None] = shapes.record) -> Page:
    """A page from its reply.

    :param item: makes an item of what stands at a place of the answer; None leaves it out.
    """
    try:
        body = reply.json()
        found = [item(value, where) for where, value in shapes.items(body.get("data"), "data")]
    except ValueError as problem:
        raise PageProblem(str(problem)) from problem
    links = body.get("links")
    if not isinstance(links, dict) or "next" not in links:
        raise PageProblem("no 'links.next', so whether the list ends here cannot be told")
    items = tuple(one for one in found if one is not None)
    total = body.get("total_count")
    return Page(items, _cursor(links["next"]), reply.date(), total if isinstance(total, int) else None)


def all_pages(
    first: Operation[Page], enough: Callable[[Page, Sequence[JsonObject]], bool] = lambda page, items: False
) -> Flow[list[JsonObject]]:
    """Every item of a list, each id once, in the list's order.

    Where cursors are offsets, an item is skipped if an earlier one leaves between two pages. So a list from which
    something may have left is read again, until two readings agree.

    :param enough: receives each page and all items so far; returns True to stop.
    :raises BadPage: see ``walk``; or the list changed while it was read, again and again.
    """
    first = _with_params(first, include_total_count="true")
    before = None
    for _ in range(_MOST_READINGS):
        items, whole = yield from _read(first, enough)
        ids = [item["id"] for item in items]
        if whole or ids == before:
            return items
        before = ids
    raise errors.BadPage(first.asked, f"the list changed while it was read, {_MOST_READINGS} times", "Try again later.")


def walk(first: Operation[Page], enough: Callable[[Page], bool]) -> Flow[bool]:
    """Read a list page by page, once; returns whether its end was reached.

    :param enough: receives each page; returns True to stop.
    :raises BadPage: a page that cannot be used, or a list without an end: a cursor that was there before, or a thousand
        pages.
    """
    seen: set[str] = set()
    operation = first
    while len(seen) < _MOST_PAGES:
        page: Page = yield operation
        stop = enough(page)
        if page.after is None:
            return True
        if stop:
            return False
        if page.after in seen:
            raise errors.BadPage(operation.asked, "the list points back to a page already read", "Try again later.")
        seen.add(page.after)
        operation = _with_params(first, after=page.after)
    raise errors.BadPage(first.asked, f"the list goes on after {_MOST_PAGES} pages")


def in_pages_of(operation: Operation[T], most: int) -> Operation[T]:
    """The same; if it reads a page of a list, one of at most ``most`` items."""
    if _page_size(operation) <= most:
        return operation
    return _with_params(operation, page_size=str(most))


def smaller_page(operation: Operation[Any], refused: errors.ApiError) -> int:
    """The next smaller size where the page was refused for its size; 0 where it was not, or there is none."""
    about_size = any("page_size" in f"{problem.detail} {problem.pointer}" for problem in refused.problems)
    return next((size for size in _SMALLER_PAGES if about_size and size < _page_size(operation)), 0)


def _read(
    first: Operation[Page], enough: Callable[[Page, Sequence[JsonObject]], bool]
) -> Flow[tuple[list[JsonObject], bool]]:
    """The items that one reading finds, and whether none can have been skipped."""
    found: dict[str, JsonObject] = {}
    totals: list[int] = []

    def take(page: Page) -> bool:
        for item in page.items:
            found.setdefault(item["id"], item)  # an item that moved while the pages were read comes twice
        totals.extend([] if page.total is None else [page.total])
        return enough(page, list(found.values()))

    ended = yield from walk(first, take)
    shrank = any(later < earlier for earlier, later in pairwise(totals))
    short = ended and len(totals) > 1 and len(found) < totals[0]
    return list(found.values()), not (shrank or short)


def _page_size(operation: Operation[Any]) -> int:
    reads_page = getattr(operation.read, "func", operation.read) is read_page
    return int(operation.request.params.get("page_size", 0)) if reads_page else 0


def _with_params(operation: Operation[T], **params: str) -> Operation[T]:
    return replace(operation, request=replace(operation.request, params={**operation.request.params, **params}))


def _cursor(link: object) -> str | None:
    """All that is taken from ``links.next``: it lacks the other parameters, and may name a gateway's host."""
    if link is None:
        return None
    if not isinstance(link, str):
        raise PageProblem("no text under 'links.next'")
    try:
        cursors = parse_qs(urlsplit(link).query).get("after")
    except ValueError:
        raise PageProblem("no address under 'links.next'") from None
    if not cursors:
        raise PageProblem("'links.next' has no 'after'")
    return cursors[-1]
