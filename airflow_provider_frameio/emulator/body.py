"""Reads JSON bodies, all of the form ``{"data": {…}}``, as strictly as the reference documents them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_frameio.emulator.problems import invalid

Field = Callable[[Any, str], Any]
"""(value, pointer) → value; raises when it cannot be used."""


def required_data(body: Any, required: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a body in which ``data`` and each field must stand."""
    if body in (None, {}):
        raise invalid("missing field: data", "/data")
    data = optional_data(body, required)
    for name in required:
        if name not in data:
            raise invalid(f"missing field: {name}", f"/data/{name}")
    return data


def optional_data(body: Any, allowed: Mapping[str, Field]) -> dict[str, Any]:
    """The fields of a body that may be absent, as may ``data`` and each field in it."""
    if body is None:
        return {}
    data = _object(body, {"data"}, "").get("data", {})
    return {name: allowed[name](value, f"/data/{name}") for name, value in _object(data, set(allowed), "/data").items()}


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


def unique_texts(lowest: int, highest: int) -> Field:
    """A list of so many strings, no two alike."""

    def read(value: Any, pointer: str) -> list[str]:
        if not isinstance(value, list):
            raise invalid("is not an array", pointer)
        if not lowest <= len(value) <= highest:
            raise invalid(f"has {len(value)} items instead of {lowest} to {highest}", pointer)
        texts = [text_field(item, f"{pointer}/{position}") for position, item in enumerate(value)]
        if len(set(texts)) < len(texts):
            raise invalid("has items that are not unique", pointer)
        return texts

    return read


def _object(value: Any, allowed: set[str], pointer: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("is not an object", pointer or "/")
    for name in value:
        if name not in allowed:
            raise invalid(f"unexpected field: {name}", f"{pointer}/{name}")
    return value
