"""Reads query parameters and JSON bodies as strictly as the reference documents them: anything else is a 422.

Bodies have the form ``{"data": {…}}``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_frameio.emulator.wire.answers import invalid

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


Field = Callable[[Any, str], Any]
"""(value, pointer) → value; raises when it cannot be used."""


def required_data(body: Any, required: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a body in which ``data`` and each field must stand."""
    if body in (None, {}):
        raise invalid("missing field: data", "/data")
    data: dict[str, Any] = _object(body, {"data": object_of(required)}, "")["data"]
    return data


def optional_data(body: Any, allowed: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a body that may be absent, as may ``data`` and each field in it."""
    given = {} if body is None else body
    data: dict[str, Any] = _object(given, {"data": lambda value, at: _object(value, allowed, at)}, "").get("data", {})
    return data


def text_field(value: Any, pointer: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise invalid("is not a string", pointer)
    return value


def name_field(value: Any, pointer: str) -> str:
    """A string of 1 to 255 characters."""
    name = text_field(value, pointer)
    if not 1 <= len(name) <= 255:
        raise invalid(f"has {len(name)} characters instead of 1 to 255", pointer)
    return name


def list_of(item: Field, lowest: int, highest: int) -> Field:
    """A list of so many items."""

    def read(value: Any, pointer: str) -> list[Any]:
        if not isinstance(value, list):
            raise invalid("is not an array", pointer)
        if not lowest <= len(value) <= highest:
            raise invalid(f"has {len(value)} items instead of {lowest} to {highest}", pointer)
        return [item(one, f"{pointer}/{position}") for position, one in enumerate(value)]

    return read


def unique_texts(lowest: int, highest: int) -> Field:
    """A list of so many strings, no two alike."""
    read_all = list_of(text_field, lowest, highest)

    def read(value: Any, pointer: str) -> list[str]:
        texts: list[str] = read_all(value, pointer)
        if len(set(texts)) < len(texts):
            raise invalid("has items that are not unique", pointer)
        return texts

    return read


def object_of(required: Mapping[str, Field]) -> Field:
    """An object in which each field must stand."""
    return lambda value, pointer: _object(value, required, pointer, whole=True)


def _object(value: Any, known: Mapping[str, Field], pointer: str, *, whole: bool = False) -> dict[str, Any]:
    """The fields of an object, which has no others; ``whole``: each must be there."""
    if not isinstance(value, dict):
        raise invalid("is not an object", pointer or "/")
    for name in value:
        if name not in known:
            raise invalid(f"unexpected field: {name}", f"{pointer}/{name}")
    for name in known if whole else ():
        if name not in value:
            raise invalid(f"missing field: {name}", f"{pointer}/{name}")
    return {name: known[name](given, f"{pointer}/{name}") for name, given in value.items()}
