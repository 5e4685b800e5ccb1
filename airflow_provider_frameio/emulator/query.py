"""Reads query parameters as strictly as the reference documents them: anything else is refused with 422."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_frameio.emulator.problems import invalid

Parameter = Callable[[str, str], Any]
"""(text, pointer) → value; raises when the text cannot be one."""


def parse_query(text: str) -> dict[str, str]:
    """The parameters of a query string; of a repeated key only the last is kept, as Frame.io does."""
    return dict(parse_qsl(text, keep_blank_values=True))


def read_query(given: Mapping[str, str], known: Mapping[str, Parameter], *, refuse_unknown: bool) -> dict[str, Any]:
    """The values of those parameters that were given."""
    unknown = sorted(set(given) - set(known))
    if unknown and refuse_unknown:
        raise invalid(f"unexpected field: {unknown[0]}", f"/{unknown[0]}")
    return {name: known[name](text, f"/{name}") for name, text in given.items() if name in known}


def whole_number(lowest: int, highest: int) -> Parameter:
    """A whole number in a range."""

    def read(text: str, pointer: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise invalid(f"{text!r} is not a whole number from {lowest} to {highest}", pointer)
        return int(text)

    return read


def flag(text: str, pointer: str) -> bool:
    """``true`` or ``false``."""
    if text not in ("true", "false"):
        raise invalid(f"{text!r} is not a boolean", pointer)
    return text == "true"


def text(text: str, _: str) -> str:
    """Any text."""
    return text


def one_of(choices: Collection[str]) -> Parameter:
    """One of some words."""

    def read(text: str, pointer: str) -> str:
        if text not in choices:
            raise invalid(f"{text!r} is not one of {', '.join(sorted(choices))}", pointer)
        return text

    return read


def some_of(choices: Collection[str]) -> Parameter:
    """Some words, separated by commas."""
    read_one = one_of(choices)

    def read(text: str, pointer: str) -> frozenset[str]:
        return frozenset(read_one(word.strip(), pointer) for word in text.split(",") if text)

    return read
