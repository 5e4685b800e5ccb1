"""Metadata by name: which assets have the wanted values, and how values are set. Performs no I/O.

A reviewer sets fields of an asset, such as *Status: Approved*. A DAG names fields, options and users; Frame.io knows
them by ids. So the account's fields are read first, once, and a name that is not there is refused before anything else.

What is compared: texts as they are, numbers and ratings by value, toggles as booleans, dates by their day in UTC,
options and users by id. Nobody documents whether a stack shows the metadata of its newest version, has its own, or
both: a field counts where it stands on either.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any, TypeVar

from airflow_provider_frameio.api.endpoints.accounts import list_field_definitions, list_users
from airflow_provider_frameio.api.endpoints.files import MOST_FILES, update_metadata
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.parameters import NO_VALUE, UUID, unique_ids
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject, epoch
from airflow_provider_frameio.api.shapes import time_of

T = TypeVar("T")

LIST_OPTIONS: Mapping[str, Any] = {"include": "metadata", "page_size": 100}
"""Of a list whose assets are to be matched. In smaller pages, since each asset comes with its fields' options."""
Wanted = Mapping[str, Sequence[Any]]
"""Values by a field's name or id, as ``wanted_values`` gives them."""

_NAMES_SHOWN = 2000  # characters
_SWITCH = {"true": True, "yes": True, "false": False, "no": False}


def wanted_values(name: str, given: object) -> dict[str, list[Any]]:
    """Fields with their values, as a DAG gives them: ``{"Status": "Approved", "Territory": ["DE", "AT"]}``.

    :returns: each field's values as a list of what JSON holds.
    :raises InvalidParameter: no dict, an empty one, or a field without a value: a template came to nothing.
    """
    if not isinstance(given, Mapping) or not given or not all(isinstance(field, str) for field in given):
        raise InvalidParameter(name, given, 'give a dict of fields and their values, such as {"Status": "Approved"}.')
    return {field: _values(f"{name}[{field!r}]", values) for field, values in given.items()}


@dataclass(frozen=True)
class MetadataFilter:
    """A filter by metadata.

    :ivar wanted: by a field's id the values of which it has to have one, in comparable form. All fields have to match.
    """

    wanted: Mapping[str, frozenset[Any]]

    def admits(self, asset: JsonObject) -> bool:
        """Whether a stack, or its newest version, has the wanted values."""
        found: dict[str, set[Any]] = {}
        for entry in _entries(asset):
            found.setdefault(entry["field_definition_id"], set()).update(_keys(entry))
        return all(values & found.get(field_id, set()) for field_id, values in self.wanted.items())


NO_FILTER = MetadataFilter({})
"""Admits everything."""


def metadata_filter(account_id: str, wanted: Wanted) -> Flow[MetadataFilter]:
    """The filter for wanted values. Reads the account's fields, and its users where one is not given by id.

    :param wanted: nothing admits everything, and is not asked for.
    :raises InvalidParameter: a field, an option or a user that is not there, or a value that the field cannot have.
    """
    found = yield from _read_settings(account_id, wanted, "metadata")
    return MetadataFilter({field.id: frozenset(_key(field.type, one) for one in values) for field, values in found})


def metadata_values(account_id: str, wanted: Wanted, name: str = "metadata") -> Flow[list[JsonObject]]:
    """Values as Frame.io takes them: ``[{"field_definition_id": …, "value": …}, …]``.

    Reads what ``metadata_filter`` reads.

    :raises InvalidParameter: the same, a field that only Frame.io sets, or several values for a field that has one.
    """
    found = yield from _read_settings(account_id, wanted, name)
    for field, values in found:
        if not field.mutable:
            raise InvalidParameter(name, field.name, "Frame.io itself sets this field.")
        if len(values) > 1 and field.type not in _MULTIPLE:
            raise InvalidParameter(name, {field.name: values}, "give one value: this field has no more.")
        if [other.id for other, _ in found].count(field.id) > 1:
            raise InvalidParameter(name, field.name, "this field is given twice.")
    return [
        {"field_definition_id": field.id, "value": values if field.type in _LISTS else values[0]}
        for field, values in found
    ]


def set_metadata(account_id: str, project_id: str, file_ids: Sequence[str], values: Mapping[str, Any]) -> Flow[None]:
    """Set metadata of 1 to 100 files of a project, by names; what cannot be right is refused before anything is set."""
    wanted, files = wanted_values("values", values), unique_ids("file_ids", file_ids, 1, MOST_FILES)
    settings = yield from metadata_values(account_id, wanted, "values")
    yield update_metadata(account_id, project_id, files, settings)


@dataclass(frozen=True)
class _Field:
    """A metadata field of an account.

    :ivar type: such as ``select``: an open set.
    :ivar mutable: whether users set it.
    :ivar options: id and name of each, of a field that has some.
    :ivar highest: of a rating.
    :ivar members: users and groups, of a field that has its own.
    """

    id: str
    name: str
    type: str
    mutable: bool
    options: tuple[tuple[str, str], ...] = ()
    highest: int | None = None
    members: tuple[JsonObject, ...] = ()

    @classmethod
    def from_record(cls, record: JsonObject) -> _Field:
        """From a field definition in Frame.io's answer; options and members without an id are left out."""
        given = record.get("field_configuration")
        configuration = given if isinstance(given, dict) else {}
        highest = configuration.get("max_value")
        return cls(
            text(record, "id"),
            text(record, "name"),
            text(record, "field_type"),
            record.get("mutable") is not False,
            tuple((text(one, "id"), text(one, "display_name")) for one in _with_ids(configuration.get("options"))),
            highest if isinstance(highest, int) else None,
            tuple(_with_ids(configuration.get("custom_members"))),
        )

    def setting(self, name: str, value: object, users: Sequence[JsonObject]) -> Any:
        """One value as Frame.io takes it: an option's id, a user's id and type, or the value itself."""
        if self.type not in _READERS:
            raise InvalidParameter(name, value, f"this package knows no fields of type {foreign(self.type)}.")
        return _READERS[self.type](self, name, value, users)


def _read_settings(account_id: str, wanted: Wanted, name: str) -> Flow[list[tuple[_Field, list[Any]]]]:
    if not wanted:
        return []
    definitions = yield from all_pages(list_field_definitions(account_id))
    fields = [_Field.from_record(one) for one in definitions]
    chosen = [(_field(name, given, fields), f"{name}[{given!r}]", values) for given, values in wanted.items()]
    users: list[JsonObject] = []
    if any(field.type in _USERS and any(map(_is_users_name, values)) for field, _, values in chosen):
        users = yield from all_pages(list_users(account_id))
    return [(field, [field.setting(where, one, users) for one in values]) for field, where, values in chosen]


def _field(name: str, given: str, fields: Sequence[_Field]) -> _Field:
    found = [field for field in fields if _same(given, field.id, field.name)]
    none = f"there is no such metadata field. There are: {_shown(sorted(field.name for field in fields))}."
    several = f"several fields have this name; give an id: {_shown(field.id for field in found)}."
    return _only(found, name, given, none, several)


def _values(name: str, given: object) -> list[Any]:
    several = isinstance(given, Sequence) and not isinstance(given, str)
    values: list[Any] = list(given) if several else [given]  # type: ignore[call-overload]  # a sequence then
    if not values or any(one is None or (isinstance(one, str) and not one.strip()) for one in values):
        remedy = "no value was given; if it comes from a template, check what that rendered."
        raise InvalidParameter(name, given, remedy)
    return [one.isoformat() if isinstance(one, date) else one for one in values]


def _text(field: _Field, name: str, value: object, users: object) -> str:
    if not isinstance(value, str) or value.strip().lower() in NO_VALUE:
        raise InvalidParameter(name, value, "give a text; if it comes from a template, check what that rendered.")
    return value


def _number(field: _Field, name: str, value: object, users: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidParameter(name, value, "give a number.")
    return int(number) if number.is_integer() else number


def _rating(field: _Field, name: str, value: object, users: object) -> float:
    number = _number(field, name, value, users)
    highest = math.inf if field.highest is None else field.highest
    if not isinstance(number, int) or not 0 <= number <= highest:
        raise InvalidParameter(name, value, f"give a whole number from 0 to {highest}.")
    return number


def _toggle(field: _Field, name: str, value: object, users: object) -> bool:
    known = _SWITCH.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        raise InvalidParameter(name, value, "give True or False; as text true, false, yes or no.")
    return known


def _date(field: _Field, name: str, value: object, users: object) -> str:
    try:
        moment = datetime.fromtimestamp(epoch(time_of(str(value).strip())), timezone.utc)
    except (ValueError, OverflowError):
        raise InvalidParameter(name, value, "give a day such as 2026-11-25, or a time in ISO 8601.") from None
    return moment.isoformat().replace("+00:00", "Z")


def _option(field: _Field, name: str, value: object, users: object) -> str:
    found = sorted({option_id for option_id, shown in field.options if _same(value, option_id, shown)})
    none = f"there is no such option. There are: {_shown(shown for _, shown in field.options)}."
    return _only(found, name, value, none, f"several options have this name; give an id: {_shown(found)}.")


def _user(field: _Field, name: str, value: object, users: Sequence[JsonObject]) -> JsonObject:
    if isinstance(value, dict) and set(value) == {"id", "type"}:
        return value
    if isinstance(value, str) and UUID.fullmatch(value):
        return next((one for one in field.members if one["id"] == value), {"id": value, "type": "user"})
    found = [one["id"] for one in users if _is_called(one, value)]
    none = "the account has no user of this name or e-mail address; give a group by its id."
    found_id = _only(found, name, value, none, "several users have this name; give an e-mail address.")
    return {"id": found_id, "type": "user"}


def _only(found: Sequence[T], name: str, value: object, none: str, several: str) -> T:
    """What has the name that is given; ``none`` and ``several`` say what to do where that is not one thing."""
    if len(found) != 1:
        raise InvalidParameter(name, value, several if found else none)
    return found[0]


_USERS = ("user_single", "user_multi", "users")
_READERS: Mapping[str, Callable[[_Field, str, object, Sequence[JsonObject]], Any]] = {
    "text": _text,
    "long_text": _text,
    "number": _number,
    "rating": _rating,
    "toggle": _toggle,
    "date": _date,
    **dict.fromkeys(("select", "select_multi"), _option),
    **dict.fromkeys(_USERS, _user),
}
_MULTIPLE = ("select_multi", "user_multi", "users")
_LISTS = ("select", "select_multi", *_USERS)


def _entries(asset: JsonObject) -> Iterator[JsonObject]:
    """The values of an asset's metadata, and those of its newest version."""
    for record in (asset, asset.get("head_version")):
        if isinstance(record, dict):
            yield from record.get("metadata") or ()


def _keys(entry: JsonObject) -> Iterator[Any]:
    """The values of a field in comparable form."""
    value = entry.get("value")
    for one in value if isinstance(value, list) else [value]:
        if one is not None:
            yield _key(text(entry, "field_type"), one)


def _key(kind: str, value: Any) -> Any:
    if isinstance(value, dict):
        return text(value, "id")
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else None
    if kind == "date":
        try:
            return datetime.fromtimestamp(epoch(time_of(value)), timezone.utc).date()
        except (ValueError, OverflowError):
            return None
    return unicodedata.normalize("NFC", value)


def _with_ids(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict) and text(one, "id")] if isinstance(value, list) else []


def _is_users_name(value: object) -> bool:
    return isinstance(value, str) and not UUID.fullmatch(value)


def _is_called(user: JsonObject, value: object) -> bool:
    return _same(value, text(user, "name")) or str(value).strip().casefold() == text(user, "email").casefold()


def _same(given: object, *names: str) -> bool:
    """Whether one of these names is given, however its accents are spelt."""
    plain = unicodedata.normalize("NFC", given) if isinstance(given, str) else given
    return plain in {unicodedata.normalize("NFC", name) for name in names}


def _shown(names: Iterable[str]) -> str:
    return foreign(", ".join(names) or "none", _NAMES_SHOWN)
