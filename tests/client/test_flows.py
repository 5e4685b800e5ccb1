"""Flows driven over sockets: lists of many pages, pauses, errors thrown into them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.folders import list_folder_children
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow, Now, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from tests.client.conftest import Studio

LIST = "list_version_stacks"


def stacks(studio: Studio) -> Flow[list[JsonObject]]:
    """All version stacks of the source folder, five a page."""
    source = studio.emulator.description()["folders"]["source"]
    return all_pages(list_version_stacks(studio.settings.account_id, source, sort="name_asc", page_size=5))


def test_a_list_is_complete(studio: Studio) -> None:
    """Twelve stacks on three pages; each request repeats all parameters."""
    found = studio.client().run(stacks(studio))

    assert {stack["id"] for stack in found} == set(studio.emulator.description()["version_stacks"])
    assert studio.calls(LIST) == [200] * 3
    pages = [request for request in studio.emulator.requests if request.route == LIST]
    assert all({"sort": "name_asc", "page_size": "5"}.items() <= page.query.items() for page in pages)


def test_a_list_whose_pages_are_too_large_comes_in_smaller_ones(studio: Studio) -> None:
    """Two refusals, and the whole list; the client remembers, and asks for other lists so."""
    studio.emulator.configure(largest_page=50)
    source = studio.emulator.description()["folders"]["source"]
    first, client = list_version_stacks(studio.settings.account_id, source), studio.client()

    assert [len(client.run(all_pages(first))) for _ in range(2)] == [12, 12]
    assert studio.calls(LIST) == [422, 422, 200, 200]
    client.call(list_folder_children(studio.settings.account_id, source))
    assert studio.calls("list_folder_children") == [200]


def test_a_page_that_is_refused_for_another_reason_is_an_error(studio: Studio) -> None:
    """At once: a smaller one would be refused, too."""
    studio.emulator.fault(route=LIST, kind="status", status=422, times=None)

    with pytest.raises(errors.Unprocessable):
        studio.client().run(stacks(studio))
    assert studio.calls(LIST) == [422]


@pytest.mark.parametrize("asset_type", [None, "version_stack"])
def test_what_leaves_while_a_folder_is_listed_hides_nothing(studio: Studio, asset_type: str | None) -> None:
    """A folder's children are told by offsets: one of them would be skipped."""
    account_id, client = studio.settings.account_id, studio.client()
    folder_id = studio.emulator.seed_folder(studio.emulator.description()["folders"]["source"], "Many")["id"]
    made = [studio.emulator.seed_version_stack(folder_id, f"{number}.mov", 1) for number in range(6)]

    def delete_the_first(page: Page, items: Sequence[JsonObject]) -> bool:
        if len(items) == 2 and items[0]["name"] == "0.mov":
            client.call(delete_file(account_id, made[0]["head_version"]["id"]))
        return False

    first = list_folder_children(account_id, folder_id, type=asset_type, page_size=2)
    found = client.run(all_pages(first, delete_the_first))
    assert [stack["name"] for stack in found] == [f"{number}.mov" for number in range(1, 6)]


def test_a_link_to_another_host_is_used_for_its_cursor_only(studio: Studio) -> None:
    """As one of a gateway before the API; nobody listens there, and no token goes there."""
    studio.emulator.fault(route=LIST, kind="bad_page", how="foreign_next", times=None)

    assert len(studio.client().run(stacks(studio))) == 12
    assert studio.calls(LIST) == [200] * 3


def test_a_page_that_fails_for_a_while_is_asked_for_again(studio: Studio) -> None:
    """The list is complete all the same, and the pages before it are not asked for twice."""
    studio.emulator.fault(route=LIST, page=2, kind="status", status=503)

    assert len(studio.client().run(stacks(studio))) == 12
    assert studio.calls(LIST) == [200, 503, 200, 200]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("repeated_cursor", "points back to a page already read"),
        ("not_a_list", "no list under 'data'"),
    ],
)
def test_a_page_that_cannot_be_right_is_an_error(studio: Studio, how: str, words: str) -> None:
    """Never a list that is only half of one."""
    studio.emulator.fault(route=LIST, page=2, kind="bad_page", how=how, times=None)

    with pytest.raises(errors.BadPage, match=words):
        studio.client().run(stacks(studio))


def test_a_pause_sleeps_and_says_why(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """Its answer is the time after it; a pause of no length only asks for the time."""

    def flow() -> Flow[tuple[float, float]]:
        before: float = yield Now()
        after: float = yield Sleep(15.0, "2 of 3 versions uploaded")
        return before, after

    caplog.set_level("INFO")
    before, after = studio.client().run(flow())

    assert after - before == 15.0
    assert studio.clock.slept == [15.0]
    assert caplog.messages == ["2 of 3 versions uploaded"]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_an_error_can_be_handled_inside_the_flow(studio: Studio, status: int) -> None:
    """A flow decides itself what a failed step means, and may go on with other steps."""

    def flow() -> Flow[str]:
        try:
            yield studio.show()
        except errors.ApiError as error:
            me = yield get_me()
            return f"{me['name']}: {error.status}"
        return "found"

    studio.emulator.fault(route="show_version_stack", kind="status", status=status)
    client = studio.client()

    assert client.run(flow()) == f"Ada Editor: {status}"
    assert client.run(flow()) == "found"


def test_an_error_that_the_flow_does_not_handle_ends_it(studio: Studio) -> None:
    """It is raised as it is."""

    def flow() -> Flow[None]:
        yield studio.show()

    studio.emulator.fault(route="show_version_stack", kind="status", status=404)

    with pytest.raises(errors.NotFound):
        studio.client().run(flow())
