"""What an error reporter such as Sentry sends of an error: each frame's local variables, containers unfolded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from traceback import walk_tb

_DEPTH = 6


def reported(error: BaseException) -> str:
    """Everything that would be sent, of the error and of whatever it came from, but for the tests' own frames."""
    return "\n".join(text for each in _story(error, set()) for text in (repr(each), repr(vars(each)), *_locals(each)))


def _story(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    yield from _story(error.__cause__, seen)
    yield from _story(error.__context__, seen)


def _locals(error: BaseException) -> Iterator[str]:
    for frame, _ in walk_tb(error.__traceback__):
        if not frame.f_globals.get("__name__", "").startswith(("tests.", "test_")):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_name}: {name} = {_unfolded(value)}"


def _unfolded(value: object, depth: int = 0) -> str:
    if depth < _DEPTH and isinstance(value, Mapping):
        return " ".join(f"{key!r}: {_unfolded(item, depth + 1)}" for key, item in value.items())
    if depth < _DEPTH and isinstance(value, (list, tuple, set, frozenset)):
        return " ".join(_unfolded(item, depth + 1) for item in value)
    return repr(value)
