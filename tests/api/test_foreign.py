"""Foreign words made fit to be shown: printable, cut, and without secrets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api.foreign import Problem, address, foreign, listed, redacted, secrets_sent
from airflow_provider_frameio.api.protocol import Log

ANY_CHARACTER = st.text(st.characters(), max_size=400)  # lone surrogates too


@given(text=ANY_CHARACTER, limit=st.integers(2, 400))
def test_any_text_becomes_printable_and_no_longer_than_it_may(text: str, limit: int) -> None:
    """Shown twice it stays as it is, so that a word may pass through several messages."""
    shown = foreign(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert foreign(shown, limit) == shown


@given(text=ANY_CHARACTER)
def test_what_is_printable_and_short_stays_as_it_is(text: str) -> None:
    """Names in any script."""
    if text.isprintable():
        assert foreign(text, 400) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("\x1b[31mred\x9b", "\\x1b[31mred\\x9b"),
        ("\u202etxt.exe\u2066", "\\u202etxt.exe\\u2066"),
        ("line\u2028line\x85line", "line\\u2028line\\x85line"),
        ("\ud800", "\\ud800"),
        ("x" * 301, "x" * 299 + "…"),
        (None, "None"),
        (["a\nb"], "['a\\\\nb']"),
        (b"\xff", "b'\\\\xff'"),
    ],
)
def test_what_could_forge_or_color_a_line_is_escaped(text: Any, shown: str) -> None:
    """Line ends, control sequences, changes of direction, halves of characters."""
    assert foreign(text) == shown.replace("\\\\", "\\")


def test_of_many_the_first_ten_are_named() -> None:
    """And how many more there are, be they given or only counted."""
    assert listed([]) == ""
    assert listed("abc", ", ") == "a, b, c"
    assert listed("abcdefghijkl", "") == "abcdefghijand 2 more"
    assert listed("ab", more=3) == "a; b; and 3 more"
    assert listed("ab", more=-3) == "a; b"


@given(st.text(st.characters(), max_size=60))
def test_no_url_breaks_its_showing(url: str) -> None:
    """Whatever a server sends as ``Location``."""
    shown = address(f"https://user:secret@host/path{url}?query=secret#secret")
    assert shown.isprintable()
    assert address(url).isprintable()


@given(secret=st.text(min_size=5, max_size=20), before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_taken_out_wherever_it_stands(secret: str, before: str, after: str) -> None:
    """Whole."""
    assert (
        secret == "*****" or secret not in redacted(before + "|" + secret + "|" + after, (secret,)) or secret in "|***|"
    )


def test_the_secrets_of_a_request_are_known() -> None:
    """The connection's, its token, extra headers, and of a form what is secret; short words stand everywhere."""
    form = {
        "grant_type": "refresh_token",
        "client_id": "client-id",
        "client_secret": "s3cret",
        "refresh_token": "r3fresh",
    }
    sent = secrets_sent(
        "s3cret", {"Authorization": "Bearer t0ken-of-ada", "x-legacy": "true"}, {"x-key": "k3y-key"}, form=form
    )
    assert sent == ("t0ken-of-ada", "k3y-key", "r3fresh", "s3cret")
    assert secrets_sent("") == ()


def test_a_longer_secret_is_taken_out_before_one_that_is_its_part() -> None:
    """Else its rest would stay."""
    assert redacted("token-of-ada", secrets_sent("token", {"a": "token-of-ada"})) == "***"


def test_a_problem_and_a_pause_are_bounded_whoever_makes_them() -> None:
    """A place that forgets it does no harm."""
    problem = Problem("a\n", "b" * 1000, "c\x1b")
    assert (problem.title, len(problem.detail), problem.pointer) == ("a\\n", 300, "c\\x1b")
    assert Log("a\nb").reason == "a\\nb"
    assert len(Log("a" * 5_000_000).reason) == 2000
