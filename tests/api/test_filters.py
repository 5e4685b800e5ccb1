"""Which stacks of a folder are listed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.filters import StackFilter, patterns_of, stack_filter, summaries
from airflow_provider_frameio.api.parameters import moment

NOON = datetime(2026, 1, 5, 12, tzinfo=timezone.utc).timestamp()


def stack(name: Any = "Hero.mov", updated_at: Any = "2026-01-05T12:00:00.000000Z") -> dict[str, Any]:
    return {"id": "s1", "name": name, "updated_at": updated_at, "view_url": "https://next.frame.io/s1", "type": "x"}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "Hero.mov", True),
        ("hero*", "Hero.mov", True),
        ("HERO.MOV", "Hero.mov", True),
        ("Hero", "Hero.mov", False),
        ("*_v?.mov", "Hero_v2.mov", True),
        ("*_v?.mov", "Hero_v12.mov", False),
        ("[A-C]*", "bali.mov", True),
        ("[!a]*", "Alba.mov", False),
        ("caf\u00e9*", "Cafe\u0301.mov", True),
        ("Cafe\u0301*", "CAF\u00c9.mov", True),
        ("stra\u00dfe*", "STRASSE.mov", True),
        (("a*", "h*"), "Hero.mov", True),
        (["a*", "b*"], "Hero.mov", False),
        ("*", None, True),
        ("?*", None, False),
    ],
)
def test_a_name_matches_as_in_a_shell_but_for_its_case(pattern: Any, name: Any, matches: bool) -> None:
    """However its accents are spelt; of several patterns one is enough."""
    assert stack_filter(pattern, None, by_name=True, by_age=False).admits(stack(name)) is matches


@pytest.mark.parametrize("pattern", ["[ab]*", "[12]", "[!x]['].mov", "(a) 'b'.mov", "None.mov", "(v2)"])
def test_brackets_and_quotes_may_stand_in_a_pattern(pattern: str) -> None:
    """Only what is a list as a whole is refused."""
    assert patterns_of("name_pattern", pattern) == (pattern.casefold(),)


@pytest.mark.parametrize(
    "pattern",
    ["", "  ", [], [""], ["a", None], None, 5, {"a": 1}, "None", "['a', 'b']", '["a"]', "[]", "('a',)", ["None"]],
)
def test_what_is_no_pattern_is_refused(pattern: Any) -> None:
    """A template that rendered to nothing, or to a list's text, must not list everything, or nothing."""
    with pytest.raises(InvalidParameter, match=r"^name_pattern="):
        patterns_of("name_pattern", pattern)


@pytest.mark.parametrize(
    "since",
    [
        "2026-01-05T12:00:00Z",
        "2026-01-05 12:00:00+00:00",
        " 2026-01-05T13:00:00.000000+01:00 ",
        datetime(2026, 1, 5, 12, tzinfo=timezone.utc),
        datetime(2026, 1, 5, 7, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_updated_since_takes_what_airflow_renders(since: Any) -> None:
    """And whatever else names the same moment, which itself counts."""
    wanted = stack_filter(None, since, by_name=False, by_age=True)
    assert wanted == StackFilter((), NOON)
    assert wanted.admits(stack())
    assert wanted.admits(stack(updated_at="2026-01-05T12:00:01Z"))
    assert not wanted.admits(stack(updated_at="2026-01-05T11:59:59.999999Z"))


@pytest.mark.parametrize("updated_at", [None, "", "yesterday"])
def test_a_stack_that_does_not_say_when_it_was_updated_is_listed(updated_at: Any) -> None:
    """Rather one too many than one forgotten."""
    assert StackFilter(since=NOON).admits(stack(updated_at=updated_at))


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("2026-01-05", "offset from UTC"),
        ("2026-01-05T12:00:00", "offset from UTC"),
        (datetime(2026, 1, 5), "offset from UTC"),
        ("None", "check what that rendered"),
        ("", "check what that rendered"),
        ("{{ ts }}", "check what that rendered"),
        (None, "check what that rendered"),
        (1767614400, "check what that rendered"),
    ],
)
def test_a_time_that_is_none_is_refused(since: Any, said: str) -> None:
    """Also one without an offset: it may mean any of a day's."""
    with pytest.raises(InvalidParameter, match=rf"^updated_since=.*{said}"):
        moment("updated_since", since)


def test_both_have_to_hold() -> None:
    """A stack of the right name that is too old is not listed; without either all are."""
    wanted = stack_filter("hero*", "2026-01-05T12:00:00Z", by_name=True, by_age=True)
    assert wanted.admits(stack())
    assert not wanted.admits(stack(updated_at="2025-01-05T12:00:00Z"))
    assert not wanted.admits(stack("Villain.mov"))
    assert stack_filter(None, None, by_name=False, by_age=False) == StackFilter()
    assert StackFilter().admits({})


def test_the_short_list_keeps_to_the_measure_of_an_xcom() -> None:
    """A thousand rows, with what a person looks for."""
    rows = summaries([stack() for _ in range(1001)])
    assert len(rows) == 1000
    assert rows[0] == {
        "id": "s1",
        "name": "Hero.mov",
        "view_url": "https://next.frame.io/s1",
        "updated_at": "2026-01-05T12:00:00.000000Z",
    }
