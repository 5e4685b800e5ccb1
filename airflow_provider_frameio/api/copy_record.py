"""What is remembered of one copy while it is made: a value, its transitions, and its form as JSON. Performs no I/O.

::

    nothing ── prepare ──▶ prepared ── sending ──▶ sent ── made ──▶ done
                               ▲                    │
                               └───── refused ──────┘      (sent twice at most)

``sent`` is stored before the call leaves, so a worker that dies leaves a record of every copy that may exist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_provider_frameio.api.replies import JsonObject

_FORMAT = 1
_MOST_DIGESTS = 3000  # of 12 characters: a record stays within the 64 KiB that Airflow stores without complaint


@dataclass(frozen=True)
class CopyRequest:
    """What is to be copied where.

    :ivar parent_id: None: into the source's own folder.
    """

    account_id: str
    version_stack_id: str
    parent_id: str | None = None
    copy_metadata: bool = False

    def key(self) -> str:
        """The name of its record: a task whose request changed finds no other request's record."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"frameio_copy:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Snapshot:
    """The world before the first copy was sent: what tells this copy from everything else in the folder.

    :ivar at: the server's time, in seconds since the epoch.
    :ivar folder_id: where the copy will appear.
    :ivar name: the source's name.
    :ivar versions: how many versions the source has.
    :ivar digests: of the source's versions, by name and size; empty when there are too many to remember.
    :ivar me: id and e-mail address of the user who copies.
    :ivar existing: ids of the stacks of that name that were there.
    """

    at: float
    folder_id: str
    name: str
    versions: int
    digests: tuple[str, ...]
    me: tuple[str, str]
    existing: tuple[str, ...] = ()


@dataclass(frozen=True)
class CopyRecord:
    """How far one copy is.

    :ivar generation: rises when a user clears the task, not when Airflow retries it.
    :ivar sent: how many copies were sent whose outcome is not known to be "not carried out": 0, 1 or 2.
    :ivar copy: the new stack's record, once it is known.
    :ivar assumed: nothing was stored by the try before this one, so that it sent a copy is a guess.
    """

    snapshot: Snapshot
    generation: int
    sent: int = 0
    copy: JsonObject | None = None
    assumed: bool = False

    def sending(self) -> CopyRecord:
        """One more is about to be sent."""
        return replace(self, sent=self.sent + 1)

    def made(self, copy: JsonObject) -> CopyRecord:
        """This is the copy."""
        return replace(self, copy=copy)

    def to_json(self) -> JsonObject:
        """As stored: lists and dicts of JSON's own kinds only."""
        plain: JsonObject = json.loads(json.dumps({"format": _FORMAT, **asdict(self)}))
        return plain

    @classmethod
    def from_json(cls, stored: object) -> CopyRecord | None:
        """Read what was stored, perhaps by another version of this package; None for nothing.

        :raises ValueError: it cannot be read, so whether a copy was sent cannot be told either.
        """
        if stored is None:
            return None
        try:
            return _read(stored)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a record of format {_FORMAT}: {str(stored)[:200]}") from error


def digests(versions: Sequence[JsonObject]) -> tuple[str, ...]:
    """What is remembered of a stack's versions."""
    return tuple(map(digest, versions)) if len(versions) <= _MOST_DIGESTS else ()


def digest(version: JsonObject) -> str:
    """A version's name and size, in twelve characters."""
    text = f"{version.get('name')}\0{version.get('file_size')}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _read(stored: Any) -> CopyRecord:
    if stored["format"] != _FORMAT:
        raise KeyError("format")
    kept = stored["snapshot"]
    snapshot = Snapshot(
        at=float(kept["at"]),
        folder_id=str(kept["folder_id"]),
        name=str(kept["name"]),
        versions=int(kept["versions"]),
        digests=tuple(map(str, kept["digests"])),
        me=(str(kept["me"][0]), str(kept["me"][1])),
        existing=tuple(map(str, kept["existing"])),
    )
    copy = stored["copy"]
    if copy is not None and not copy.get("id"):
        raise KeyError("id")
    return CopyRecord(snapshot, int(stored["generation"]), int(stored["sent"]), copy, bool(stored.get("assumed")))
