"""Flows driven over sockets: lists of many pages, pauses, errors thrown into them."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.pages import all_pages
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
    """Two refusals, and the whole list."""
    studio.emulator.configure(largest_page=50)
    source = studio.emulator.description()["folders"]["source"]

    found = studio.client().run(all_pages(list_version_stacks(studio.settings.account_id, source)))

    assert len(found) == 12
    assert studio.calls(LIST) == [422, 422, 200]


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
        ("foreign_next", "another origin, http://127.0.0.2:9"),
    ],
)
def test_a_page_that_cannot_be_right_is_an_error(studio: Studio, how: str, words: str) -> None:
    """Never a list that is only half of one, and the token goes to no other host."""
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
