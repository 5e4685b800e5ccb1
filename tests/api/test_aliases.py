"""Ids of Adobe's: which record they call, and what their own ids cost."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api.aliases import is_called, own_account_id, own_id
from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from tests.copying.driving import Driver

UUID = "477b4abc-b34e-41dc-81b3-61ef3e6f4a0e"
RECORD = {"id": UUID, "adobe_id": "urn:aaid:1b"}
KINDS = pytest.mark.parametrize(
    ("show", "asked"),
    [(get_folder, "show folder"), (get_version_stack, "show version stack"), (get_file, "show file")],
)


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ([UUID], True),
        (["other", "adobe:urn:aaid:1b"], True),
        (["adobe:urn:aaid:1b|7"], True),
        (["adobe:urn:aaid:1", "urn:aaid:1b", "adobe:", ""], False),
        ([], False),
    ],
)
def test_which_names_are_a_records(names: list[str], called: bool) -> None:
    """Its own id, and Adobe's with a version or without."""
    assert is_called(RECORD, names) is called


@pytest.mark.parametrize("adobe_id", [None, ""])
def test_a_record_without_an_id_of_adobes_has_its_own_name_only(adobe_id: str | None) -> None:
    """Nobody is called by an empty alias."""
    assert not is_called({"id": UUID, "adobe_id": adobe_id}, ["adobe:", "adobe:|1", "adobe:x"])


@KINDS
def test_an_alias_is_asked_for(show: Any, asked: str) -> None:
    """Once: the answer has the own id."""
    driver = Driver(lambda operation: RECORD)
    assert driver.run(own_id(show, "a1", "adobe:urn:aaid:1b|7")) == UUID
    assert [call.name for call in driver.calls] == [f"{asked} adobe:urn:aaid:1b|7"]


@KINDS
def test_any_other_id_is_its_own(show: Any, asked: str) -> None:
    """It costs no call, and is spelled as Frame.io answers it."""
    driver = Driver(lambda operation: pytest.fail(f"{asked} was called"))
    assert [driver.run(own_id(show, "a1", given)) for given in (UUID.upper(), "s1")] == [UUID, "s1"]
    with pytest.raises(InvalidParameter):
        driver.run(own_id(show, "a1", "None"))


def test_an_account_is_found_among_the_users() -> None:
    """By its organization; one that no account shows stays what it was."""

    def respond(operation: Operation[Any]) -> Page:
        return Page(({"id": "a0", "adobe_id": None}, {"id": UUID, "adobe_id": "1A@AdobeOrg"}), None)

    driver = Driver(respond)
    given = ("adobe:1A@AdobeOrg", "adobe:2B@AdobeOrg", UUID.upper())
    assert [driver.run(own_account_id(one)) for one in given] == [UUID, "adobe:2B@AdobeOrg", UUID]
    assert [call.name for call in driver.calls] == ["list accounts"] * 2
