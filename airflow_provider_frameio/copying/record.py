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
import math
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyMade, VersionStack, without_creator
from airflow_provider_frameio.api.replies import JsonObject

_FORMAT = 1
_MOST_DIGESTS = 3000  # of 8 characters: a record stays within the 64 KiB that Airflow stores without complaint
MOST_IDS = 50
_NUMBERED = re.compile(r"( \(\d+\))+$")


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
    :ivar me: the user who copies; see ``newest.identity``.
    :ivar existing: ids of the stacks of that name that were there, and are new enough to be taken for the copy.
    :ivar version_ids: of the source's versions; at most the first fifty.
    """

    at: float
    folder_id: str
    name: str
    versions: int
    digests: tuple[str, ...]
    me: tuple[str, str]
    existing: tuple[str, ...] = ()
    version_ids: tuple[str, ...] = ()


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
        return replace(self, copy=without_creator(copy))

    def told(self, request: CopyRequest) -> CopyMade:
        """The copy, as Airflow is told of it."""
        copy, source = VersionStack.from_record(self.copy or {}), self.snapshot
        ids = (request.account_id, request.version_stack_id, copy.id)
        return CopyMade(*ids, copy.view_url, source.versions, source.version_ids)

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
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"not a record of format {_FORMAT}: {foreign(stored, 200)}") from error


def digests(versions: Sequence[JsonObject]) -> tuple[str, ...]:
    """What is remembered of a stack's versions."""
    return tuple(map(digest, versions)) if len(versions) <= _MOST_DIGESTS else ()


def first_ids(versions: Sequence[JsonObject]) -> tuple[str, ...]:
    """What is remembered of a stack's versions for whoever wants to know what was copied."""
    return tuple(str(version["id"]) for version in versions[:MOST_IDS] if version.get("id"))


def digest(version: JsonObject) -> str:
    """A version's bare name in six characters, and its size in two more once it has one."""
    size = version.get("file_size")
    return _hash(bare_name(version.get("name")))[:6] + (_hash(str(size))[:2] if size else "")


def bare_name(name: object) -> str:
    """A name without the numbers that Frame.io may add, before the extension or at the end, in one form of unicode."""
    text = unicodedata.normalize("NFC", name if isinstance(name, str) else "")
    stem, dot, extension = _NUMBERED.sub("", text).rpartition(".")
    return _NUMBERED.sub("", stem) + dot + extension


def _hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()).decode()


def _read(stored: Any) -> CopyRecord:
    if stored["format"] != _FORMAT:
        raise ValueError("format")
    kept = stored["snapshot"]
    at = float(kept["at"])
    if not math.isfinite(at):
        raise ValueError("at")
    my_id, my_email = _texts(kept["me"])
    snapshot = Snapshot(
        at=at,
        folder_id=str(kept["folder_id"]),
        name=str(kept["name"]),
        versions=int(kept["versions"]),
        digests=_texts(kept["digests"]),
        me=(my_id, my_email),
        existing=_texts(kept["existing"]),
        version_ids=_texts(kept.get("version_ids", [])),  # later than the format
    )
    copy = stored["copy"]
    if copy is not None and not (isinstance(copy["id"], str) and copy["id"]):
        raise ValueError("id")
    return CopyRecord(snapshot, int(stored["generation"]), int(stored["sent"]), copy, bool(stored.get("assumed")))


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(map(str, value))
