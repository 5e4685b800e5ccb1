"""Checks an answer's JSON against Frame.io's documented shapes. Performs no I/O.

These checks cover the fields that this package reads; others pass, as long as Airflow can store them. A documented text
may be null or missing, since none is worth failing for. An id may not. Whatever is of another shape raises a
``ValueError`` that says why; ``where`` is its place in the answer, in words.

Source: https://developer.adobe.com/frameio/api/current/ and its OpenAPI document
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

_LONGEST_ID = 1000  # characters; Frame.io's have up to about a hundred
_LONGEST_TEXT = 10_000  # characters; a name has up to 255, an address some hundred
_TOO_DEEP = "it is nested too deeply"
_DEEPEST = 50  # objects and lists in each other; Frame.io's have six
_WHOLE_NUMBERS = range(-(2**63), 2**63)  # what Airflow's messages hold
_FRACTION = re.compile("[.,]([0-9]+)")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes no NUL, and nothing takes a lone surrogate


def read_json(body: bytes) -> object:
    """The value of a JSON body that Airflow can store; no error quotes anything of it."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check_storable(value)
    return value


def is_id(value: object) -> bool:
    """Whether a value can be an id: a printable text without blanks that is not a path. Any message may show it."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        return False
    return value.isprintable() and " " not in value and value not in (".", "..")


def time_of(text: str) -> datetime:
    """A time in ISO 8601, with any number of digits below the second; those beyond microseconds are cut."""
    # Python 3.10 itself reads three digits or six, and no "Z".
    return datetime.fromisoformat(_FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text).replace("Z", "+00:00"))


def items(value: object, where: str) -> Iterator[tuple[str, object]]:
    """The items of a list, each with its place."""
    if not isinstance(value, list):
        raise ValueError(f"no list under {where!r}")
    return ((f"{where}[{index}]", item) for index, item in enumerate(value))


def record(value: object, where: str) -> dict[str, Any]:
    """An asset, a project, an account or a user."""
    found = _with_id(value, where)
    for name, (fits, kind) in _FIELDS.items():
        if found.get(name) is not None and not fits(found[name]):
            raise ValueError(f"no {kind} under '{where}.{name}'")
    if found.get("head_version") is not None:
        record(found["head_version"], f"{where}.head_version")
    return found


def copied_file(value: object, where: str) -> dict[str, Any]:
    """A source's id and its copy."""
    found = _with_id(value, where, "source_file_id")
    record(found.get("file"), f"{where}.file")
    return found


def member(value: object, where: str) -> dict[str, Any] | None:
    """The user of an account's member; None for somebody who was invited and has no id yet."""
    user = value.get("user") if isinstance(value, dict) else None
    if isinstance(user, dict) and user.get("id") is None:
        return None
    return record(user, f"{where}.user")


def _with_id(value: object, where: str, name: str = "id") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"no object under {where!r}")
    if not is_id(value.get(name)):
        raise ValueError(f"no usable id under '{where}.{name}'")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_person(value: object) -> bool:
    return isinstance(value, dict) and all(value.get(name) is None or _is_text(value[name]) for name in ("id", "email"))


def _is_metadata(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and is_id(one.get("field_definition_id")) for one in value
    )


_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("name", "status", "type", "view_url", "adobe_id"), (_is_text, "text")),
    **dict.fromkeys(("created_at", "updated_at", "email", "display_name"), (_is_text, "text")),
    **dict.fromkeys(("parent_id", "project_id"), (is_id, "usable id")),
    "file_size": (_is_size, "number of bytes"),
    "creator": (_is_person, "user"),
    "metadata": (_is_metadata, "list of fields"),
}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one of its objects")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _check_storable(value: object) -> None:
    left = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
        if isinstance(one, dict):
            left.extend((each, depth + 1) for pair in one.items() for each in pair)
        elif isinstance(one, list):
            left.extend((each, depth + 1) for each in one)
        elif isinstance(one, str):
            if _UNSTORABLE.search(one):
                raise ValueError("a text in it has characters that cannot be stored")
        elif isinstance(one, int):
            if one not in _WHOLE_NUMBERS:
                raise ValueError("a whole number in it is too large")
        elif isinstance(one, float) and not math.isfinite(one):
            raise ValueError("a number in it is too large")
