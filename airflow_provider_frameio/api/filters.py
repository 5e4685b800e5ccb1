"""Filters for a folder's version stacks: by name and by time of update. Performs no I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import timestamp
from airflow_provider_frameio.api.parameters import NO_VALUE, items, moment
from airflow_provider_frameio.api.replies import JsonObject

_MOST_SHOWN = 1000
_LIST_AS_TEXT = re.compile(r"[\[(]\s*(['\"].*)?[\])]", re.DOTALL)


@dataclass(frozen=True)
class StackFilter:
    """A filter by name and by time of update.

    :ivar patterns: the name must match one of them; () admits every name.
    :ivar since: seconds since the epoch; the stack was updated then or later. None admits any time.
    """

    patterns: tuple[str, ...] = ()
    since: float | None = None

    def admits(self, stack: JsonObject) -> bool:
        """Whether a stack passes; one without a time of update passes that part."""
        updated = timestamp(stack, "updated_at")
        late_enough = self.since is None or updated is None or updated >= self.since
        name = _plain(str(stack.get("name") or ""))
        return late_enough and (not self.patterns or any(fnmatchcase(name, pattern) for pattern in self.patterns))


def patterns_of(name: str, value: object) -> tuple[str, ...]:
    """Patterns of names, as a shell knows them: ``*``, ``?``, ``[abc]``.

    :param value: one, or several.
    :raises InvalidParameter: none at all, or one that is no pattern: whether that means all or nothing cannot be told.
    """
    patterns = [value] if isinstance(value, str) else items(name, value)
    if not patterns or not all(map(_is_pattern, patterns)):
        raise InvalidParameter(name, value, "give patterns such as '*_final.mov', or leave it out for all names.")
    return tuple(map(_plain, patterns))


def stack_filter(name_pattern: object, updated_since: object, *, by_name: bool, by_age: bool) -> StackFilter:
    """The filter that an operator's parameters describe.

    :param by_name: whether there has to be a pattern: a template that renders to nothing must not admit every name.
    :param by_age: the same for ``updated_since``.
    :raises InvalidParameter: one of them cannot be used.
    """
    return StackFilter(
        patterns_of("name_pattern", name_pattern) if by_name else (),
        moment("updated_since", updated_since) if by_age else None,
    )


def summaries(stacks: list[JsonObject]) -> list[JsonObject]:
    """The first 1,000 stacks with their ids, names, pages and times of update: small enough for an XCom."""
    names = ("id", "name", "view_url", "updated_at")
    return [{name: stack.get(name) for name in names} for stack in stacks[:_MOST_SHOWN]]


def _is_pattern(value: object) -> bool:
    """Not so what a missing value, or a list, renders to: no name would match it, and that would look like success."""
    pattern = value.strip() if isinstance(value, str) else ""
    return pattern.lower() not in NO_VALUE and not _LIST_AS_TEXT.fullmatch(pattern)


def _plain(name: str) -> str:
    """A name without its case, in one form of Unicode: a Mac composes names otherwise than a keyboard does."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
