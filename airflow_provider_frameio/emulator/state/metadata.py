"""Metadata fields of an account: how each is defined, shown and set. Pure.

A value is kept as clients set it: options as a list of ids, users as a list of ``{"id", "type"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_frameio.emulator.clock import iso
from airflow_provider_frameio.emulator.wire.answers import invalid

Json = dict[str, Any]
SELECTS = ("select", "select_multi")
USERS = ("user_single", "user_multi")
SINGLE = ("select", "user_single")
HIGHEST_RATING = 5

_CONFIGURATIONS: Mapping[str, Json] = {
    "text": {},
    "long_text": {},
    "rating": {"max_value": HIGHEST_RATING, "style": "star", "color": None},
    "number": {"scale": 3, "number_format": None},
    "toggle": {"color": None},
    "date": {"display_format": "iso", "include_time": True},
    **{kind: {"enable_add_new": False} for kind in SELECTS},
    **{kind: {"notify_members": False, "member_options_type": "all_project_members"} for kind in USERS},
}
FIELD_TYPES = tuple(_CONFIGURATIONS)


@dataclass(frozen=True)
class MetadataField:
    """A field that files of an account have.

    :ivar mutable: False: only Frame.io itself sets it.
    :ivar options: display names by id.
    """

    id: str
    name: str
    type: str
    creator_id: str
    created_at: float
    mutable: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    def definition(self) -> Json:
        """As the list of fields shows it."""
        configuration = dict(_CONFIGURATIONS[self.type])
        if self.type in SELECTS:
            configuration["options"] = [{**option, "color": None} for option in self._shown_options()]
        if self.type in USERS:
            configuration["custom_members"] = []
        times = dict.fromkeys(("created_at", "updated_at"), iso(self.created_at))
        return self._named("id", "name") | times | {"creator_id": self.creator_id, "field_configuration": configuration}

    def entry(self, value: Any) -> Json:
        """As the metadata of an asset shows it with a value."""
        shown = self._named("field_definition_id", "field_definition_name") | {"value": value}
        if self.type in SELECTS:
            options = self._shown_options()
            return shown | {"value": [one for one in options if one["id"] in value], "field_options": options}
        members = {"member_options_type": "all_project_members", "custom_members": []}
        return shown | members if self.type in USERS else shown

    def plain(self, value: Any) -> Any:
        """As a person would say a value: options by name, users by id, a single one without its list."""
        if self.type in SELECTS:
            value = [self.options[option_id] for option_id in value]
        elif self.type in USERS:
            value = [user["id"] for user in value]
        return value[0] if self.type in SINGLE and value else value

    def from_plain(self, given: Any) -> Any:
        """The value that a person means by ``plain``.

        :raises ValueError: there is no such option.
        """
        if self.type not in (*SELECTS, *USERS):
            return given
        names = [given] if isinstance(given, str) else list(given)
        if self.type in USERS:
            return [{"id": user_id, "type": "user"} for user_id in names]
        ids = {name: option_id for option_id, name in self.options.items()}
        if not set(names) <= set(ids):
            raise ValueError(f"{self.name}={given!r}: give {', '.join(ids)}")
        return [ids[name] for name in names]

    def value(self, given: Any, user_ids: Collection[str], pointer: str) -> Any:
        """A value that a client sets."""
        if not self.mutable:
            raise invalid(f"{self.name} cannot be changed", pointer)
        if not _FITS[self.type](given, user_ids if self.type in USERS else self.options):
            raise invalid(f"is no value of a field of type {self.type}", pointer)
        return given

    def _named(self, identity: str, name: str) -> Json:
        return {identity: self.id, name: self.name, "field_type": self.type, "mutable": self.mutable}

    def _shown_options(self) -> list[Json]:
        return [{"id": option_id, "display_name": name} for option_id, name in self.options.items()]


def _is_number(given: Any, _: Collection[str] = ()) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _is_rating(given: Any, _: Collection[str]) -> bool:
    return _is_number(given) and isinstance(given, int) and 0 <= given <= HIGHEST_RATING


def _is_time(given: Any, _: Collection[str]) -> bool:
    try:
        return datetime.fromisoformat(given.replace("Z", "+00:00")).tzinfo is not None
    except (AttributeError, ValueError):
        return False


def _are_options(given: Any, options: Collection[str]) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) and one in options for one in given)


def _are_users(given: Any, user_ids: Collection[str]) -> bool:
    return isinstance(given, list) and all(
        isinstance(one, dict) and set(one) == {"id", "type"} and one["type"] == "user" and one["id"] in user_ids
        for one in given
    )


def _at_most_one(fits: Callable[[Any, Collection[str]], bool]) -> Callable[[Any, Collection[str]], bool]:
    return lambda given, known: fits(given, known) and len(given) <= 1


_FITS: Mapping[str, Callable[[Any, Collection[str]], bool]] = {
    **dict.fromkeys(("text", "long_text"), lambda given, _: isinstance(given, str)),
    "rating": _is_rating,
    "number": _is_number,
    "toggle": lambda given, _: isinstance(given, bool),
    "date": _is_time,
    "select": _at_most_one(_are_options),
    "select_multi": _are_options,
    "user_single": _at_most_one(_are_users),
    "user_multi": _are_users,
}
