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
from airflow_provider_frameio.api.endpoints.accounts import list_users
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.foreign import Problem
from airflow_provider_frameio.api.pages import Page, all_pages, in_pages_of, smaller_page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply

URL = "https://api.frame.io/v4/accounts/a1/folders/p1/version_stacks"
PATH = "/v4/accounts/a1/folders/p1/version_stacks"
FIRST = list_version_stacks("a1", "p1", include="creator", sort="name_asc", page_size=2)
Item = dict[str, Any]


def answer(items: Any, following: Any = None, total: Any = None) -> Reply:
    return Reply(200, {}, json.dumps({"data": items, "links": {"next": following}, "total_count": total}).encode())


def drive(
    respond: Callable[[Operation[Page]], Page],
    *enough: Callable[[Page, Sequence[Item]], bool],
) -> list[Item]:
    """Run the flow to its end, with ``respond`` in place of a client."""
    flow = all_pages(FIRST, *enough)
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
    params = {"include": "creator", "sort": "name_asc", "page_size": "2", "include_total_count": "true"}
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
    dated = Reply(200, {"date": "Thu, 01 Jan 1970 00:01:00 GMT"}, answer([]).body)
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


class Offsets:
    """A folder whose cursors are offsets, two items a page. Before the second page of a reading, something happens.

    :ivar happens: to the items, in the first reading, the second, and so on; the last one again and again.
    :ivar hidden: how many items it counts and does not show.
    """

    def __init__(self, items: str, *happens: Callable[[list[str]], None], hidden: int = 0) -> None:
        self.items = list(items)
        self.calls = 0
        self._happens = list(happens) or [nothing]
        self._hidden = hidden

    def __call__(self, operation: Operation[Page]) -> Page:
        assert operation.request.params["include_total_count"] == "true"
        self.calls += 1
        start = int(operation.request.params.get("after", "0"))
        if start == 2:
            (self._happens.pop(0) if len(self._happens) > 1 else self._happens[0])(self.items)
        following = f"{PATH}?after={start + 2}" if start + 2 < len(self.items) else None
        items = [{"id": item} for item in self.items[start : start + 2]]
        return operation.result(answer(items, following, len(self.items) + self._hidden))

    def read(self) -> str:
        """All of it."""
        return "".join(item["id"] for item in drive(self))


def leaves(item: str) -> Callable[[list[str]], None]:
    """An item leaves."""
    return lambda items: items.remove(item)


def nothing(items: list[str]) -> None:
    """Nothing happens."""


def test_what_an_item_that_leaves_would_hide_is_found() -> None:
    """The third one moves to the first page, after that was read."""
    folder = Offsets("abcdef", leaves("a"), nothing)
    assert (folder.read(), folder.calls) == ("bcdef", 6)


def test_also_where_another_one_arrives_meanwhile() -> None:
    """Then as many are found as there were, but their number sank in between."""
    folder = Offsets("abcdefgh", leaves("a"), nothing)

    def respond(operation: Operation[Page]) -> Page:
        if operation.request.params.get("after") == "6" and "x" not in folder.items:
            folder.items.append("x")
        return folder(operation)

    assert "".join(item["id"] for item in drive(respond)) == "bcdefghx"


def test_also_where_the_reader_stops_before_the_end() -> None:
    """What it looked for may be what was hidden."""
    folder = Offsets("abcdef", leaves("a"), nothing)
    found = drive(folder, lambda page, items: len(items) > 3)
    assert ("".join(item["id"] for item in found), folder.calls) == ("bcde", 4)


def test_what_leaves_before_its_page_is_read_costs_a_reading() -> None:
    """It hides nothing, but nobody can tell."""
    folder = Offsets("abcdef", leaves("f"), nothing)
    assert (folder.read(), folder.calls) == ("abcde", 6)


@pytest.mark.parametrize(("place", "found"), [(0, "abc"), (9, "abcx")])
def test_an_arrival_costs_nothing(place: int, found: str) -> None:
    """Found at the end, or not: it was not there when the reading began."""
    folder = Offsets("abc", lambda items: items.insert(place, "x"))
    assert (folder.read(), folder.calls) == (found, 2)


@pytest.mark.parametrize(("items", "calls"), [("abcd", 4), ("ab", 1)])
def test_a_number_that_counts_more_than_the_list_shows_costs_one_more_reading(items: str, calls: int) -> None:
    """Two readings that agree are the list; of one page nothing can be lost."""
    folder = Offsets(items, hidden=1)
    assert (folder.read(), folder.calls) == (items, calls)


def test_a_list_that_changes_each_time_is_an_error() -> None:
    """Whether it is whole cannot be told."""
    folder = Offsets("abcdefghijkl", lambda items: items.__delitem__(0))
    with pytest.raises(errors.BadPage, match=r"the list changed while it was read, 4 times\. Try again later"):
        folder.read()


@pytest.mark.parametrize("total", [None, "3", 1.5])
def test_where_nobody_counts_a_list_is_read_once(total: Any) -> None:
    """The number is optional, and may be null."""
    pages = {"0": answer([{"id": "1"}], f"{PATH}?after=1", total), "1": answer([], None, total)}
    asked: list[str] = []

    def respond(operation: Operation[Page]) -> Page:
        asked.append(operation.request.params.get("after", "0"))
        return operation.result(pages[asked[-1]])

    assert drive(respond) == [{"id": "1"}]
    assert asked == ["0", "1"]


def refusal(detail: str = "", pointer: str = "/page_size") -> errors.ApiError:
    """Of a page."""
    return errors.Unprocessable("list", 422, [Problem("Invalid value", detail, pointer)])


@pytest.mark.parametrize(("asked", "smaller"), [(500, 100), (101, 100), (100, 50), (51, 50), (50, 0), (1, 0)])
def test_where_a_page_is_too_large_there_are_two_smaller_sizes(asked: int, smaller: int) -> None:
    """Adobe's document, its guide and its users name other ones."""
    page = list_version_stacks("a1", "p1", page_size=asked)
    assert smaller_page(page, refusal()) == smaller_page(page, refusal("page_size is too large", "")) == smaller
    assert smaller_page(page, refusal("is not a folder", "/folder_id")) == 0


def test_only_pages_of_lists_get_smaller() -> None:
    """Whoever calls any other endpoint turns its pages himself."""
    own = any_endpoint("GET", PATH, params={"page_size": 500})
    assert in_pages_of(list_users("a1"), 50).request == list_users("a1", page_size=50).request
    assert (in_pages_of(own, 100), smaller_page(own, refusal())) == (own, 0)
    assert in_pages_of(FIRST, 100) is FIRST
    assert in_pages_of(list_version_stacks("a1", "p1"), 100) == list_version_stacks("a1", "p1", page_size=100)


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
        "https://gateway.example:8443/frameio/v4/x?after=c%2B%3D",
    ],
)
def test_a_link_gives_its_cursor_decoded(link: str) -> None:
    """It is followed nowhere: the next page is asked for where the first one was."""
    assert FIRST.result(answer([], link)).after == "c+="


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_any_cursor_survives(cursor: str) -> None:
    """It is opaque."""
    assert FIRST.result(answer([], f"{PATH}?after={quote(cursor, safe='')}")).after == cursor


BAD_LINKS: dict[str, tuple[Any, str]] = {
    "no URL": ("http://[", "no address under 'links.next'"),
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
        FIRST.result(Reply(200, {}, body))
