"""Checks parameters and turns them into parts of a request: bad values raise before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.api.shapes import is_id, time_of

_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+")

Include: TypeAlias = "str | Sequence[str] | None"
"""Names of a record's further parts: several as a list or separated by commas."""
NO_VALUE = ("", "none", "null", "undefined")
"""What a template renders to where there is no value, in lower case."""
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z]+://|([\w-]+\.)+[a-z]+/", re.IGNORECASE)


def identifier(name: str, value: object) -> str:
    """An id: a UUID, in lower case as Frame.io answers it, or an ``adobe:`` id.

    Only what can never be one is refused, so that new kinds of id pass.

    :raises InvalidParameter: not a string, empty, "None" (a missing XCom, rendered), a whole address, or with blanks,
        brackets or quotes in it (a list or a template, as text).
    """
    if not isinstance(value, str):
        raise InvalidParameter(name, value, f"give the id as a string, not {type(value).__name__}.")
    if value.strip().lower() in NO_VALUE:
        raise InvalidParameter(name, value, "no id was given; if it comes from a template, check what that rendered.")
    if set(value) & set("[]{}'\""):
        raise InvalidParameter(name, value, "this is a list or a template as text, not one id.")
    if _ADDRESS.match(value):
        raise InvalidParameter(name, value, "give the id alone, not the whole address.")
    if not is_id(value):
        raise InvalidParameter(name, value, "an id has no blanks or control characters and is not a path.")
    return value.lower() if UUID.fullmatch(value) else value


def items(name: str, values: object) -> list[Any]:
    """The items of a list; another task's lazy sequence is one, too. A generator is not: it is empty at a retry."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        remedy = "give a list; a template renders to text, so pass another task's output, or set the DAG's "
        raise InvalidParameter(name, values, f"{remedy}render_template_as_native_obj.")
    return list(values)


def unique_ids(name: str, values: object, least: int, most: int) -> list[str]:
    """A list of ids, each once, in the order given."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidParameter(name, values, "give a list of ids.")
    ids = [identifier(f"{name}[{index}]", value) for index, value in enumerate(values)]
    if not least <= len(ids) <= most:
        raise InvalidParameter(name, values, f"give {least} to {most} ids, not {len(ids)}.")
    if len(set(ids)) < len(ids):
        raise InvalidParameter(name, values, "give each id once.")
    return ids


def path_of(template: str, ids: Mapping[str, str]) -> str:
    """The path with each id percent-encoded as one segment (``adobe:`` ids hold ``:`` and ``|``)."""
    return template.format_map({name: quote(identifier(name, value), safe="") for name, value in ids.items()})


def parent(parent_id: str | None) -> JsonObject | None:
    """The body of a copy; None leaves the destination to Frame.io, which takes the source's parent."""
    return None if parent_id is None else {"parent_id": identifier("parent_id", parent_id)}


def name_of(name: str, value: object) -> str:
    """An asset's name of 1 to 255 characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        raise InvalidParameter(name, value, "give a name of 1 to 255 characters.")
    return value


def flag(name: str, value: object) -> dict[str, str]:
    """A query flag that is false when absent."""
    if not isinstance(value, bool):
        raise InvalidParameter(name, value, "give True or False.")
    return {name: "true"} if value else {}


def boolean(name: str, value: object) -> bool:
    """A boolean, or what one renders to: "True" or "False", in any case."""
    known = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        raise InvalidParameter(name, value, "give True or False.")
    return known


def one_of(name: str, value: object, allowed: Sequence[str]) -> str:
    """One of few values; None is none of them."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidParameter(name, value, f"give one of {', '.join(allowed)}.")
    return value


def choice(name: str, value: object, allowed: Sequence[str]) -> dict[str, str]:
    """A query parameter of few values; None leaves it out."""
    return {} if value is None else {name: one_of(name, value, allowed)}


def csv(name: str, value: Include, allowed: Sequence[str] | None = None) -> dict[str, str]:
    """Several values as one comma-separated string: Frame.io keeps only the last of a repeated key."""
    if value is None or value == "":
        return {}
    if not isinstance(value, Sequence):
        raise InvalidParameter(name, value, "give a string or a list of strings.")
    values = value.split(",") if isinstance(value, str) else list(value)
    for word in values:
        if not isinstance(word, str) or not word.strip() or (allowed and word.strip() not in allowed):
            raise InvalidParameter(name, value, f"give {', '.join(allowed) if allowed else 'names'}, without blanks.")
    return {name: ",".join(word.strip() for word in values)} if values else {}


def page_options(page_size: object, most: int) -> dict[str, str]:
    """The size of a page, 1 to ``most``."""
    if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= most:
        raise InvalidParameter("page_size", page_size, f"give a whole number from 1 to {most}.")
    return {"page_size": str(page_size)}


def header_fields(name: str, values: object) -> dict[str, str]:
    """Headers of one request. Their values may be secrets, so no message shows them."""
    if not isinstance(values, Mapping) or not all(_is_header(*pair) for pair in values.items()):
        raise InvalidParameter(name, "…", "give a dict of texts, without line ends and letters beyond ASCII.")
    return {field: value.strip() for field, value in values.items()}


def text_params(params: Mapping[str, object]) -> dict[str, str]:
    """Query parameters of any endpoint as text: booleans as JSON spells them, lists comma-separated, None left out."""
    return {name: _text(value) for name, value in params.items() if value is not None}


def seconds(name: str, value: object, *, least: float = 0.0) -> float:
    """A time in seconds, or a timedelta, of at least ``least`` seconds (exclusive where that is 0)."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value < float("inf"):
        raise InvalidParameter(name, value, "give a number of seconds.")
    if value < least or value <= 0:
        raise InvalidParameter(name, value, f"give {f'at least {least:g}' if least else 'more than 0'} seconds.")
    return float(value)


def moment(name: str, value: object) -> float:
    """A time, in seconds since the epoch: a datetime or its text in ISO 8601, in either case with its offset from UTC.

    :raises InvalidParameter: no such time, or one without an offset, which may mean any of a day's.
    """
    time = value
    if isinstance(value, str):
        try:
            time = time_of(value.strip())
        except ValueError:
            time = None
    if not isinstance(time, datetime):
        remedy = "give a time such as 2026-11-25T09:00:00+00:00; if it comes from a template, check what that rendered."
        raise InvalidParameter(name, value, remedy)
    if time.utcoffset() is None:
        raise InvalidParameter(name, value, "give its offset from UTC too, such as +00:00.")
    return time.timestamp()


def _is_header(name: object, value: object) -> bool:
    fits = all(isinstance(part, str) and part.isascii() and part.isprintable() for part in (name, value))
    return fits and _HEADER_NAME.fullmatch(str(name)) is not None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(value)
