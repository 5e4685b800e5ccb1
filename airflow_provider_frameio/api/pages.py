"""Lists of many pages: complete, or an error. Generators of operations; perform no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urljoin, urlsplit

from airflow_provider_frameio.api import errors, shapes
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject, PageProblem, Reply

_MOST_PAGES = 1000  # fifty thousand items, at the smallest page size that is used here
_SMALLER_PAGES = (100, 50)  # Adobe's document says 500 for assets, its guide 100, a user 50


@dataclass(frozen=True)
class Page:
    """One page of a list.

    :ivar items: the objects under ``data``.
    :ivar after: the cursor of the next page, or None on the last.
    :ivar date: the server's time when it answered, in seconds since the epoch; None if it did not say.
    """

    items: tuple[JsonObject, ...]
    after: str | None
    date: float | None = None


def read_page(reply: Reply, item: Callable[[object, str], JsonObject | None] = shapes.record) -> Page:
    """A page from its reply. ``links.next`` gives nothing but the cursor: it does not repeat the other parameters.

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
    return Page(items, _cursor(links["next"], reply), reply.date())


def all_pages(
    first: Operation[Page], enough: Callable[[Page, Sequence[JsonObject]], bool] = lambda page, items: False
) -> Flow[list[JsonObject]]:
    """Every item of a list, each id once, in the list's order.

    :param enough: receives each page and all items so far; returns True to stop.
    :raises BadPage: see ``walk``.
    """
    found: dict[str, JsonObject] = {}

    def take(page: Page) -> bool:
        """Keep a page's items; True to stop."""
        for item in page.items:
            found.setdefault(item["id"], item)  # an item that moved while the pages were read comes twice
        return enough(page, list(found.values()))

    yield from walk(first, take)
    return list(found.values())


def walk(first: Operation[Page], enough: Callable[[Page], bool]) -> Flow[bool]:
    """Read a list page by page; returns whether its end was reached.

    Where the server refuses the size of the pages, the list goes on in the next smaller ones.

    :param enough: receives each page; returns True to stop.
    :raises BadPage: a page that cannot be used, a link to another origin, or a list without an end: a cursor that was
        there before, or a thousand pages.
    """
    seen: set[str] = set()
    operation = first
    while len(seen) < _MOST_PAGES:
        try:
            page: Page = yield operation
        except (errors.BadRequest, errors.Unprocessable) as refused:
            size = _smaller_page(operation, refused)
            if size is None:
                raise
            first, operation = (_with_params(each, page_size=size) for each in (first, operation))
            continue
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


def _with_params(operation: Operation[Page], **params: str) -> Operation[Page]:
    return replace(operation, request=replace(operation.request, params={**operation.request.params, **params}))


def _smaller_page(operation: Operation[Page], refused: errors.ApiError) -> str | None:
    """The next smaller size where the refusal is about the size, and there is one."""
    about_size = any("page_size" in f"{problem.detail} {problem.pointer}" for problem in refused.problems)
    asked = int(operation.request.params.get("page_size", 0))
    return next((str(size) for size in _SMALLER_PAGES if size < asked), None) if about_size else None


def _cursor(link: object, reply: Reply) -> str | None:
    if link is None:
        return None
    if not isinstance(link, str):
        raise PageProblem("no text under 'links.next'")
    try:
        target, here = urlsplit(urljoin(reply.url, link)), urlsplit(reply.url)
    except ValueError:
        raise PageProblem("no address under 'links.next'") from None
    if (target.scheme, target.netloc) != (here.scheme, here.netloc):
        origin = reply.shown(f"{target.scheme}://{target.netloc.rpartition('@')[2]}")
        raise PageProblem(f"'links.next' leads to another origin, {origin}")
    cursors = parse_qs(target.query).get("after")
    if not cursors:
        raise PageProblem("'links.next' has no 'after'")
    return cursors[-1]
