"""Values from callers that no endpoint's own test covers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import boolean, identifier, one_of, seconds, unique_ids


@pytest.mark.parametrize("value", [1, 0.001, 3600])
def test_a_time_is_any_number_of_seconds_above_0(value: float) -> None:
    """Whole or not."""
    found = seconds("timeout", value)
    assert (found, type(found)) == (value, float)


def test_a_time_may_be_a_timedelta() -> None:
    """Under the same rules."""
    assert seconds("timeout", timedelta(minutes=1, milliseconds=500)) == 60.5
    with pytest.raises(InvalidParameter, match="more than 0 seconds"):
        seconds("timeout", timedelta(0))


@pytest.mark.parametrize(
    "value", ["477b4abc-b34e-41dc-81b3-61ef3e6f4a0e", "adobe:urn:aaid:sc:US:1b|2", "adobe:A1B2@AdobeOrg", "x/y", "a.b"]
)
def test_an_id_of_any_kind_passes(value: str) -> None:
    """Only what can never be one is refused."""
    assert identifier("parent_id", value) == value


def test_a_uuid_is_spelled_as_frameio_answers_it() -> None:
    """In lower case; other ids keep theirs."""
    capitals = "477B4ABC-B34E-41DC-81B3-61EF3E6F4A0E"
    assert identifier("parent_id", capitals) == capitals.lower()
    assert identifier("parent_id", "adobe:A1B2@AdobeOrg") == "adobe:A1B2@AdobeOrg"
    with pytest.raises(InvalidParameter, match="give each id once"):
        unique_ids("file_ids", [capitals, capitals.lower()], 2, 10)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "not NoneType"),
        ("None", "no id was given"),
        ("['id']", "a list or a template as text"),
        ('["id"]', "a list or a template as text"),
        ("{{x}}", "a list or a template as text"),
        ("{{ x }}", "a list or a template as text"),
        ("'id'", "a list or a template as text"),
        ("https://next.frame.io/project/p1/view/s1", "the id alone, not the whole address"),
        ("next.frame.io/project/p1", "the id alone, not the whole address"),
        ("f.io/abc", "the id alone, not the whole address"),
        ("a b", "no blanks"),
    ],
)
def test_what_can_be_no_id_is_refused(value: Any, said: str) -> None:
    """The message says what it looks like."""
    with pytest.raises(InvalidParameter, match=f"^parent_id=.* cannot be used: .*{said}"):
        identifier("parent_id", value)


@pytest.mark.parametrize("value", [True, "True", "true", " TRUE "])
def test_a_boolean_is_read_as_a_template_renders_it(value: Any) -> None:
    """The text "False" is not true."""
    assert boolean("copy_metadata", value) is True
    assert boolean("copy_metadata", str(value).lower().replace("true", "False")) is False


@pytest.mark.parametrize("value", [None, "", "None", "yes", 1, 0, [True]])
def test_what_is_no_boolean_is_refused(value: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidParameter, match="give True or False"):
        boolean("copy_metadata", value)


@pytest.mark.parametrize("value", [None, "c", ["a"], "None"])
def test_none_is_not_one_of_the_choices(value: Any) -> None:
    """Where the parameter has no such meaning."""
    assert one_of("strategy", "a", ("a", "b")) == "a"
    with pytest.raises(InvalidParameter, match=r"give one of a, b\."):
        one_of("strategy", value, ("a", "b"))


@pytest.mark.parametrize("value", [None, "5", True, float("nan"), float("inf"), [5]])
def test_what_is_no_number_is_no_time(value: Any) -> None:
    """Nor is an endless one."""
    with pytest.raises(InvalidParameter, match=r"^timeout=.*give a number of seconds\.$"):
        seconds("timeout", value)


@pytest.mark.parametrize(
    ("value", "least", "said"),
    [
        (0, 0.0, "more than 0 seconds"),
        (-5, 0.0, "more than 0 seconds"),
        (-float("inf"), 0.0, "more than 0 seconds"),
        (4.9, 5.0, "at least 5 seconds"),
        (-1, 5.0, "at least 5 seconds"),
    ],
)
def test_a_time_that_is_too_short_is_refused(value: float, least: float, said: str) -> None:
    """The message says how long it must be."""
    with pytest.raises(InvalidParameter, match=rf"^poll_interval=.*give {said}\.$"):
        seconds("poll_interval", value, least=least)
    assert seconds("poll_interval", 5, least=5.0) == 5.0


def test_ids_keep_their_order_and_become_a_list() -> None:
    """Oldest first stays oldest first."""
    assert unique_ids("file_ids", ("b", "a"), 1, 2) == ["b", "a"]


@pytest.mark.parametrize("values", [b"ab", {"a": 1}, 5, None, iter(["a"])])
def test_what_is_no_list_of_ids_is_refused(values: Any) -> None:
    """A generator could be read but once."""
    with pytest.raises(InvalidParameter, match=r"^file_ids"):
        unique_ids("file_ids", values, 1, 10)
