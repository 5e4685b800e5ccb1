"""What the emulator can be told to do differently; each value is checked before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args, get_type_hints


@dataclass(frozen=True)
class Settings:
    """How this Frame.io behaves. All times are emulated seconds.

    :ivar limit_mode: ``leaky`` (default), ``fixed`` or ``sliding``.
    :ivar charge_refused: whether a refused call costs as much as an accepted one.
    :ivar charge_failed: whether a call that is answered with 4xx costs as much as one that succeeds.
    :ivar headers_on_429: whether a refusal carries the rate-limit headers.
    :ivar remaining_on_429: ``full`` (what an untouched bucket holds) or ``true``.
    :ivar retry_after: seconds for a ``Retry-After`` header on a refusal; None sends none.
    :ivar limits: route → ``{"limit": calls, "window": seconds}``, either of them, instead of the documented ones.
    :ivar rival: route → calls a minute that another client spends of every user's budget; it always comes first, so
        above the limit nothing is left.
    :ivar copy_first_child_seconds: from the copy to its first version; until then ``head_version`` is null.
    :ivar copy_children_seconds: from a stack copy's first version to its last, evenly spread.
    :ivar copy_upload_seconds: from a copied file's appearance to ``uploaded``.
    :ivar copy_transcode_seconds: from ``uploaded`` to ``transcoded``, if the source ever gets there.
    :ivar name_clash: when a copy's name gets " (1)": ``where_taken``, ``same_folder``, ``always`` or ``never``.
    :ivar taken_name_status: answer to a rename to a name that is taken in the folder; None: it is done.
    :ivar children_order: default order of a stack's children, ``newest_first`` or ``oldest_first``.
    :ivar largest_page: the largest ``page_size`` that a list of assets takes.
    :ivar offset_cursors: whether the cursors of all lists of assets are offsets, not only those of folder children.
    :ivar list_lag: from a new asset to its appearance in folder lists.
    :ivar metadata_shown: where a version stack's record shows the metadata of its newest version: on the ``stack``, on
        its ``head`` version, or on ``both``.
    :ivar null_media_type: whether ``media_type`` is null until a file is uploaded.
    :ivar adobe_copy_refusal_status: answer to a stack copy from or into a project on Adobe storage.
    :ivar token_life: life of tokens issued by IMS.
    :ivar refresh_token_life: life of refresh tokens.
    :ivar refresh_rotation: what a refresh does to the old refresh token: ``kill_old`` or ``keep_old``.
    :ivar unknown_query: ``refuse`` or ``ignore`` query parameters that the reference does not name.
    :ivar missing_routes: names of routes that answer 404, as an older Frame.io would.
    """

    limit_mode: Literal["leaky", "fixed", "sliding"] = "leaky"
    charge_refused: bool = False
    charge_failed: bool = True
    headers_on_429: bool = True
    remaining_on_429: Literal["full", "true"] = "full"
    retry_after: float | None = None
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rival: Mapping[str, float] = field(default_factory=dict)
    copy_first_child_seconds: float = 0.0
    copy_children_seconds: float = 4.0
    copy_upload_seconds: float = 6.0
    copy_transcode_seconds: float = 20.0
    name_clash: Literal["where_taken", "same_folder", "always", "never"] = "where_taken"
    taken_name_status: int | None = 409
    children_order: Literal["newest_first", "oldest_first"] = "newest_first"
    largest_page: int = 500
    offset_cursors: bool = False
    list_lag: float = 0.0
    metadata_shown: Literal["both", "stack", "head"] = "both"
    null_media_type: bool = False
    adobe_copy_refusal_status: int = 422
    token_life: float = 86399.0
    refresh_token_life: float = 14 * 86400.0
    refresh_rotation: Literal["kill_old", "keep_old"] = "kill_old"
    unknown_query: Literal["refuse", "ignore"] = "refuse"
    missing_routes: Sequence[str] = ()

    def changed(self, changes: Mapping[str, Any], route_names: frozenset[str]) -> Settings:
        """The same settings with ``changes``.

        :raises ValueError: a name, a value or a route that does not exist.
        """
        known = get_type_hints(type(self))
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; there are: {', '.join(sorted(known))}")
            if problem := _check(name, known[name])(value, route_names):
                raise ValueError(f"setting {name}={value!r}: {problem}")
        return replace(self, **changes)


Check = Callable[[Any, frozenset[str]], str]


def _check(name: str, kind: Any) -> Check:
    """What a setting of a type, or for some what one of this name, is checked by."""
    return CHECKS.get(name) or {bool: _flag, float: _seconds}.get(kind) or _one_of(*get_args(kind))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one_of(*choices: str) -> Check:
    return lambda value, _: "" if value in choices else f"give one of {', '.join(choices)}"


def _flag(value: Any, _: frozenset[str]) -> str:
    return "" if isinstance(value, bool) else "give true or false"


def _seconds(value: Any, _: frozenset[str]) -> str:
    return "" if _number(value) and value >= 0 else "give seconds, 0 or more"


def _count(value: Any, _: frozenset[str]) -> str:
    return "" if isinstance(value, int) and _number(value) and value >= 1 else "give a whole number, 1 or more"


def _or_none(check: Check) -> Check:
    return lambda value, names: "" if value is None else check(value, names)


def _status(value: Any, _: frozenset[str]) -> str:
    return "" if isinstance(value, int) and 400 <= value <= 599 else "give a status from 400 to 599"


def _routes(value: Any, names: frozenset[str]) -> str:
    if not isinstance(value, (list, tuple, Mapping)):
        return "give route names"
    unknown = sorted(set(value) - names)
    return f"no such route: {', '.join(unknown)}; there are: {', '.join(sorted(names))}" if unknown else ""


def _rival(value: Any, names: frozenset[str]) -> str:
    if not isinstance(value, Mapping) or not all(_number(rate) and rate >= 0 for rate in value.values()):
        return "give route names with calls a minute, 0 or more"
    return _routes(value, names)


def _limits(value: Any, names: frozenset[str]) -> str:
    if not isinstance(value, Mapping) or not all(map(_is_limit, value.values())):
        return 'give route names with {"limit": calls, "window": seconds}, a whole number and a time above 0'
    return _routes(value, names)


def _is_limit(value: Any) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= {"limit", "window"}:
        return False
    calls, window = value.get("limit", 1), value.get("window", 1)
    return isinstance(calls, int) and calls >= 1 and _number(window) and window > 0


CHECKS: dict[str, Check] = {
    "retry_after": _or_none(_seconds),
    "limits": _limits,
    "rival": _rival,
    "taken_name_status": _or_none(_status),
    "largest_page": _count,
    "adobe_copy_refusal_status": _status,
    "missing_routes": _routes,
}
