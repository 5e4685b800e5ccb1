"""Lists of many pages, driven by hand: complete, or an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply

URL = "https://api.frame.io/v4/accounts/a1/folders/p1/version_stacks"
PATH = "/v4/accounts/a1/folders/p1/version_stacks"
FIRST = list_version_stacks("a1", "p1", include="creator", sort="name_asc", page_size=2)
Item = dict[str, Any]


def answer(items: Any, following: Any = None) -> Reply:
    return Reply(200, {}, json.dumps({"data": items, "links": {"next": following}}).encode(), URL)


def drive(
    respond: Callable[[Operation[Page]], Page],
    *enough: Callable[[Page, Sequence[Item]], bool],
    first: Operation[Page] = FIRST,
) -> list[Item]:
    """Run the flow to its end, with ``respond`` in place of a client."""
    flow = all_pages(first, *enough)
    try:
        operation = next(flow)
        while True:
            assert isinstance(operation, Operation)
            try:
                page = respond(operation)
            except errors.FrameioError as error:
                operation = flow.throw(error)
            else:
                operation = flow.send(page)
    except StopIteration as end:
        found: list[Item] = end.value
        return found


def serve(pages: list[list[Item]]) -> Callable[[Operation[Page]], Page]:
    """A server of these pages, which numbers its cursors; its links hold nothing else, as Frame.io's do."""

    def respond(operation: Operation[Page]) -> Page:
        number = int(operation.request.params.get("after", "0"))
        following = f"{PATH}?after={number + 1}" if number + 1 < len(pages) else None
        return operation.result(answer(pages[number], following))

    return respond


@given(
    ids=st.lists(st.uuids().map(str), unique=True, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=6).map(sorted),
)
def test_a_list_comes_back_whole_however_it_is_cut_into_pages(ids: list[str], cuts: list[int]) -> None:
    """In its order; some of the pages may be empty."""
    items = [{"id": identifier} for identifier in ids]
    bounds = [0, *cuts, len(items)]
    pages = [items[start:end] for start, end in pairwise(bounds)]
    expected = [item for page in pages for item in page]
    assert drive(serve(pages)) == list({item["id"]: item for item in expected}.values())


def test_an_empty_list_is_one_call() -> None:
    """And no error."""
    assert drive(serve([[]])) == []


def test_every_page_is_asked_for_with_all_parameters() -> None:
    """The link carries nothing but the cursor; without the others, page two would be of another list."""
    asked: list[Any] = []

    def respond(operation: Operation[Page]) -> Page:
        asked.append((operation.request.path, dict(operation.request.params), operation.bucket, operation.read))
        return serve([[{"id": "1"}], [{"id": "2"}], [{"id": "3"}]])(operation)

    drive(respond)
    params = {"include": "creator", "sort": "name_asc", "page_size": "2"}
    same = (FIRST.bucket, FIRST.read)
    cursors: list[dict[str, str]] = [{}, {"after": "1"}, {"after": "2"}]
    assert asked == [(PATH, {**params, **cursor}, *same) for cursor in cursors]


def test_an_item_that_comes_twice_is_kept_once() -> None:
    """It moved to the next page while the list was read; the first sight keeps its place."""
    pages: list[list[Item]] = [[{"id": "1"}, {"id": "2", "seen": 1}], [{"id": "2", "seen": 2}, {"id": "3"}]]
    assert drive(serve(pages)) == [{"id": "1"}, {"id": "2", "seen": 1}, {"id": "3"}]


@pytest.mark.parametrize("item", [{}, {"id": None}, {"id": ["x"]}])
def test_an_item_without_an_id_is_an_error(item: Item) -> None:
    """Nothing can be done with it, and nothing tells it from the others."""
    with pytest.raises(errors.BadPage, match=r"no usable id under 'data\[1\]\.id'"):
        drive(serve([[{"id": "1"}, item]]))


def test_a_list_may_be_cut_short_by_who_reads_it() -> None:
    """It is shown each page with everything before it, and no page is asked for after it has enough."""
    pages: list[list[Item]] = [[{"id": "1"}], [{"id": "2"}], [{"id": "3"}]]
    shown: list[tuple[tuple[Item, ...], list[Item]]] = []

    def enough(page: Page, items: Sequence[Item]) -> bool:
        shown.append((page.items, list(items)))
        return len(items) == 2

    assert drive(serve(pages), enough) == [{"id": "1"}, {"id": "2"}]
    assert shown == [(({"id": "1"},), [{"id": "1"}]), (({"id": "2"},), [{"id": "1"}, {"id": "2"}])]


def test_a_page_knows_when_the_server_made_it() -> None:
    """Where it says so."""
    dated = Reply(200, {"date": "Thu, 01 Jan 1970 00:01:00 GMT"}, answer([]).body, URL)
    assert (FIRST.result(dated).date, FIRST.result(answer([])).date) == (60.0, None)


def test_a_cursor_that_comes_again_is_an_error() -> None:
    """The list would never end."""
    loop = {None: "a", "a": "b", "b": "a"}
    asked: list[Operation[Page]] = []

    def respond(operation: Operation[Page]) -> Page:
        asked.append(operation)
        assert len(asked) <= 3
        return operation.result(answer([], f"{PATH}?after={loop[operation.request.params.get('after')]}"))

    with pytest.raises(errors.BadPage, match="points back to a page already read"):
        drive(respond)


def test_a_list_that_always_has_another_page_is_an_error() -> None:
    """A server that counts its cursors up would hold a task for ever."""
    asked: list[Operation[Page]] = []

    def respond(operation: Operation[Page]) -> Page:
        asked.append(operation)
        return operation.result(answer([], f"{PATH}?after={len(asked)}"))

    with pytest.raises(errors.BadPage, match="goes on after 1000 pages"):
        drive(respond)
    assert len(asked) == 1000


def refusing(largest: int, asked: list[str], detail: str = "", pointer: str = "/page_size") -> Callable[[Any], Page]:
    """A server of two pages that refuses those that are too large, and notes what it is asked for."""

    def respond(operation: Operation[Page]) -> Page:
        params = operation.request.params
        asked.append(f"{params['page_size']}{params.get('after', '')}")
        if int(params["page_size"]) > largest:
            body = {"errors": [{"title": "Invalid value", "detail": detail, "source": {"pointer": pointer}}]}
            return operation.result(Reply(422, {}, json.dumps(body).encode(), URL))
        return serve([[{"id": "1"}], [{"id": "2"}]])(operation)

    return respond


@pytest.mark.parametrize(
    ("largest", "asked"), [(500, ["500", "5001"]), (100, ["500", "100", "1001"]), (50, ["500", "100", "50", "501"])]
)
def test_where_pages_are_too_large_the_list_comes_in_smaller_ones(largest: int, asked: list[str]) -> None:
    """Adobe's document, its guide and its users name other sizes."""
    seen: list[str] = []
    large = list_version_stacks("a1", "p1", page_size=500)
    assert drive(refusing(largest, seen), first=large) == [{"id": "1"}, {"id": "2"}]
    assert seen == asked


@pytest.mark.parametrize(
    ("largest", "detail", "pointer", "asked"),
    [(10, "", "/page_size", ["500", "100", "50"]), (10, "is not a folder", "/folder_id", ["500"])],
)
def test_a_refusal_that_smaller_pages_do_not_mend_is_an_error(
    largest: int, detail: str, pointer: str, asked: list[str]
) -> None:
    """And costs no further call if it is about something else."""
    seen: list[str] = []
    with pytest.raises(errors.Unprocessable):
        drive(refusing(largest, seen, detail, pointer), first=list_version_stacks("a1", "p1", page_size=500))
    assert seen == asked


def test_an_error_on_the_second_page_is_not_the_end_of_the_list() -> None:
    """It reaches the caller: half a list looks like a whole one."""
    flow = all_pages(FIRST)
    operation = next(flow)
    assert isinstance(operation, Operation)
    flow.send(operation.result(answer([{"id": "1"}], f"{PATH}?after=x")))
    lost = errors.NoAnswer("list", "the connection broke", "Try again.")
    with pytest.raises(errors.NoAnswer) as caught:
        flow.throw(lost)
    assert caught.value is lost


@pytest.mark.parametrize(
    "link",
    [
        f"{PATH}?after=c%2B%3D",
        f"{URL}?after=c%2B%3D",
        "?after=c%2B%3D",
        f"{PATH}?page_size=50&after=c%2B%3D",
        "//api.frame.io/x?after=c%2B%3D",
    ],
)
def test_a_link_gives_its_cursor_decoded(link: str) -> None:
    """Relative, or absolute on the same origin."""
    assert FIRST.result(answer([], link)).after == "c+="


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_any_cursor_survives(cursor: str) -> None:
    """It is opaque."""
    assert FIRST.result(answer([], f"{PATH}?after={quote(cursor, safe='')}")).after == cursor


BAD_LINKS: dict[str, tuple[Any, str]] = {
    "another host": ("https://evil.example/v4/x?after=1", "leads to another origin, https://evil.example"),
    "another host without scheme": ("//evil.example/v4/x?after=1", "another origin"),
    "another scheme": (f"http://api.frame.io{PATH}?after=1", "another origin"),
    "another user": (f"https://ada:s3cret@api.frame.io{PATH}?after=1", "another origin, https://api.frame.io"),
    "no URL": ("http://[", "no address under 'links.next'"),
    "another port": (f"https://api.frame.io:8443{PATH}?after=1", "another origin"),
    "no cursor": (PATH, "has no 'after'"),
    "an empty cursor": (f"{PATH}?after=", "has no 'after'"),
    "an empty link": ("", "has no 'after'"),
    "a number": (5, "no text under 'links.next'"),
    "an object": ({"href": PATH}, "no text under 'links.next'"),
}


@pytest.mark.parametrize(("link", "problem"), BAD_LINKS.values(), ids=BAD_LINKS)
def test_a_link_that_cannot_be_followed_is_an_error(link: Any, problem: str) -> None:
    """And says what is wrong with it."""
    with pytest.raises(errors.BadPage, match=problem) as caught:
        FIRST.result(answer([], link))
    assert caught.value.asked == f"list version stacks p1 (GET {PATH})"


BAD_BODIES = {
    "no JSON": b"<html>",
    "cut short": b'{"data": [',
    "a list": b"[]",
    "no data": b'{"links": {"next": null}}',
    "data an object": b'{"data": {}, "links": {"next": null}}',
    "data of texts": b'{"data": ["x"], "links": {"next": null}}',
    "no links": b'{"data": []}',
    "links null": b'{"data": [], "links": null}',
    "links without next": b'{"data": [], "links": {}}',
    "empty": b"",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_page_from_which_the_list_cannot_be_told_is_an_error(body: bytes) -> None:
    """Whether it is the last cannot be known."""
    with pytest.raises(errors.BadPage, match=r"the answer 200 cannot be used: no "):
        FIRST.result(Reply(200, {}, body, URL))
