"""A watermark: which versions of a folder's stacks were reported, and its compact form as JSON. Performs no I/O."""

from __future__ import annotations

import hashlib
import json
import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.folder_events.snapshot import HEAD_MARK, MARK

NOTHING = "." * HEAD_MARK  # instead of a head's mark: no version of a known stack was reported or seen complete
UNWANTED = "~"  # begins the mark of a stack without the wanted metadata, instead of a head's mark
MOST_STORED = 5000
MOST_REPLACED = 300
_FORMAT = 1
_PAIR = MARK + HEAD_MARK
_TIME_BYTES = 3  # four characters of a mark's five


@dataclass(frozen=True)
class Watermark:
    """The reported head of each of a folder's stacks.

    :ivar at: when the snapshot was taken, in the server's time; seconds since the epoch.
    :ivar heads: the head's mark by the stack's mark, or ``NOTHING``, or ``unwanted_mark``. Stacks that are missing from
        the snapshot come first, then the others, the one that changed last at the end.
    :ivar replaced: marks of stacks with former heads of theirs, oldest first; a head that comes back is no change.
    :ivar revision: grows with every change.
    :ivar whole: False where stacks were left out for want of room.
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

        :raises ValueError: it cannot be read, so what was reported before is unknown.
        """
        if stored is None:
            return None
        try:
            return _read(stored)
        except (LookupError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"not a watermark of format {_FORMAT}: {foreign(stored, 200)}") from error


def watch_key(
    folder_id: str, include_subfolders: bool, target_status: str, metadata: Mapping[str, Sequence[Any]]
) -> str:
    """The name of a watermark: each combination of these has its own.

    :param metadata: the wanted values by field; empty: whatever stacks have.
    """
    wanted = [metadata] if metadata else []
    text = json.dumps([folder_id, include_subfolders, target_status, *wanted], sort_keys=True)
    return f"frameio_watch:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def unwanted_mark(at: float) -> str:
    """The mark of a stack without the wanted metadata, which a snapshot first showed so at a time.

    The time makes each match of a stack another one. It is kept in whole seconds, and comes back after 194 days.
    """
    seconds = int(at) % 2 ** (8 * _TIME_BYTES)
    return UNWANTED + urlsafe_b64encode(seconds.to_bytes(_TIME_BYTES, "big")).decode()


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
