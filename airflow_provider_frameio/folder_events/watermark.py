"""What a watch remembers of a folder: a value, and its form as JSON in little room. Performs no I/O, has no clock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.folder_events.snapshot import HEAD_MARK, MARK

NOTHING = "." * HEAD_MARK  # no mark: of a stack that is known, no version was told or seen complete
MOST_STORED = 5000
MOST_REPLACED = 300
_FORMAT = 1
_PAIR = MARK + HEAD_MARK


@dataclass(frozen=True)
class Watermark:
    """What was seen and told of a folder's stacks.

    :ivar at: when this was so, in the server's time; seconds since the epoch.
    :ivar heads: for each stack's mark its head's, or ``NOTHING``. Stacks that are not in the folder any more come
        first, then the others, those that changed last at the end.
    :ivar replaced: marks of stacks with former heads of theirs, oldest first; one that comes back is no news.
    :ivar revision: grows with every change.
    :ivar whole: whether no stack that was in the folder is left out.
    """

    at: float
    heads: Mapping[str, str]
    replaced: tuple[str, ...] = ()
    revision: int = 1
    whole: bool = True

    def to_json(self) -> JsonObject:
        """As stored: below 64 KiB, beyond which Airflow complains, so without the stacks that changed longest ago."""
        pairs = [mark + head for mark, head in self.heads.items()][-MOST_STORED:]
        return {
            "format": _FORMAT,
            "at": self.at,
            "heads": "".join(pairs),
            "replaced": "".join(self.replaced[-MOST_REPLACED:]),
            "revision": self.revision,
            "whole": self.whole and len(pairs) == len(self.heads),
        }

    @classmethod
    def from_json(cls, stored: object) -> Watermark | None:
        """Read what was stored, perhaps by another version of this package; None for nothing.

        :raises ValueError: it cannot be read, so what was told before cannot be told.
        """
        if stored is None:
            return None
        try:
            return _read(stored)
        except (LookupError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"not a watermark of format {_FORMAT}: {foreign(stored, 200)}") from error


def _read(stored: Any) -> Watermark:
    if stored["format"] != _FORMAT:
        raise ValueError("format")
    at = float(stored["at"])
    if not math.isfinite(at):
        raise ValueError("at")
    return Watermark(
        at=at,
        heads={pair[:MARK]: pair[MARK:] for pair in _pairs(stored["heads"])},
        replaced=tuple(_pairs(stored["replaced"])),
        revision=int(stored["revision"]),
        whole=bool(stored["whole"]),
    )


def _pairs(text: Any) -> Iterator[str]:
    if not isinstance(text, str) or len(text) % _PAIR:
        raise ValueError("pairs")
    return (text[start : start + _PAIR] for start in range(0, len(text), _PAIR))
