"""What is remembered of one copy while it is made: a value, its transitions, and its form as JSON. Performs no I/O.

::

    nothing ── prepare ──▶ prepared ── sending ──▶ sent ── made ──▶ done
                               ▲                    │
                               └───── refused ──────┘      (sent twice at most)

``sent`` is stored before the call leaves, so a worker that dies leaves a record of every copy that may exist. A copy
that is stacked anew has a record of its own, ``restack.record``, under the same key.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyResult, VersionStack, has_reached, text, uploaded, without_creator
from airflow_provider_frameio.api.replies import JsonObject

T = TypeVar("T")

NATIVE = "native"
_FORMAT = 1
_MOST_DIGESTS = 3000  # of 8 characters: a record stays within the 64 KiB that Airflow stores without complaint
MOST_IDS = 50
_NUMBERED = re.compile(r"( \(\d+\))+$")


@dataclass(frozen=True)
class CopyRequest:
    """What is to be copied where.

    :ivar source_id: the version stack; of a batch of files the folder that they are in.
    :ivar parent_id: the target folder; None: the source's own folder.
    :ivar copy_comments: ``none``, ``internal``, ``public`` or ``all``.
    :ivar onto: the stack, or the file, of the target folder that gets the source's newer versions; "": a new copy.
    :ivar batch: the number, from 1 on, of a batch of a folder's files; 0: a version stack.
    """

    account_id: str
    source_id: str
    parent_id: str | None = None
    copy_metadata: bool = False
    copy_comments: str = "none"
    onto: str = ""
    batch: int = 0

    def key(self) -> str:
        """The name of its record: a task whose request changed finds no other request's record."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"frameio_copy:{digest[:32]}"


@dataclass(frozen=True)
class Series:
    """Which tries of a task belong together.

    :ivar edition: rises when a user clears a task that had finished: then everything is copied again.
    :ivar clear: what a user's clear changes and a retry keeps. Only compared for equality.
    """

    edition: int = 0
    clear: str = ""


@dataclass(frozen=True)
class Search:
    """How far the search for a lost copy is, in seconds since the epoch of the server. A retry goes on with it.

    :ivar since: the first look after the copy was sent; None: nobody has looked yet.
    :ivar recognized: by candidate, the look in which it first showed enough to be recognized.
    """

    since: float | None = None
    recognized: Mapping[str, float] = field(default_factory=dict)


FIRST = Series()
UNBEGUN = Search()


@dataclass(frozen=True)
class Snapshot:
    """The world before the first copy was sent: what tells this copy from everything else in the folder.

    :ivar at: the server's time, in seconds since the epoch.
    :ivar source_id: the source's own id; the request may call it by an alias.
    :ivar folder_id: where the copy will appear.
    :ivar names: the source's name, and the one that it got since.
    :ivar me: the user who copies; see ``recent_assets.identity``.
    :ivar existing: ids of stacks that are not this copy, though they look like it.
    :ivar digests: of the versions that the source had since, by name and size; empty when there are too many to
        remember.
    :ivar versions: how many uploaded versions the source had when the copy was sent.
    :ivar version_ids: of these; at most the first fifty.
    """

    at: float
    source_id: str
    folder_id: str
    names: tuple[str, ...]
    me: tuple[str, str]
    existing: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    versions: int = 0
    version_ids: tuple[str, ...] = ()

    def of(self, versions: Sequence[JsonObject]) -> Snapshot:
        """With the source's versions, of which it knew nothing."""
        return replace(self.sending(versions), digests=digests(versions))

    def sending(self, versions: Sequence[JsonObject]) -> Snapshot:
        """A copy is about to be sent, of a source with these versions."""
        there = uploaded(versions)
        return replace(self, versions=len(there), version_ids=first_ids(there))

    def seen(self, source: JsonObject, versions: Sequence[JsonObject]) -> Snapshot:
        """The source as it is now, beside what it was."""
        seen = digests(versions)
        known = tuple(dict.fromkeys((*self.digests, *seen))) if self.digests and seen else ()
        return replace(self, names=tuple(dict.fromkeys((*self.names, text(source, "name")))), digests=known)


@dataclass(frozen=True)
class CopyRecord:
    """How far one copy is.

    :ivar series: of the try that last prepared or sent it.
    :ivar sent: how many copies were sent whose outcome is not known to be "not carried out": 0, 1 or 2.
    :ivar copy: the new stack's record, once it is known.
    :ivar assumed: nothing was stored by the try before this one, so that it sent a copy is a guess.
    """

    snapshot: Snapshot
    series: Series = FIRST
    sent: int = 0
    copy: JsonObject | None = None
    assumed: bool = False
    search: Search = UNBEGUN

    @property
    def done(self) -> bool:
        """Whether the copy is known."""
        return self.copy is not None

    @property
    def unfinished(self) -> bool:
        """Whether the copy is begun, and not done."""
        return self.unresolved

    @property
    def unresolved(self) -> bool:
        """Whether something was sent whose outcome is not known."""
        return self.sent > 0 and self.copy is None

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the source's versions; empty where they are too many to remember."""
        return self.snapshot.digests

    @property
    def made_ids(self) -> list[str]:
        """Ids of what was made."""
        return [str(self.copy["id"])] if self.copy else []

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        return f"{self.sent} sent, copy {self.copy and self.copy['id']}"

    def sending(self, series: Series, versions: Sequence[JsonObject]) -> CopyRecord:
        """One more is about to be sent, of a source with these versions."""
        snapshot = self.snapshot.sending(versions)
        return replace(self, snapshot=snapshot, series=series, sent=self.sent + 1, search=Search())

    def made(self, copy: JsonObject) -> CopyRecord:
        """This is the copy."""
        return replace(self, copy=without_creator(copy), search=Search())

    def result(self, request: CopyRequest) -> CopyResult:
        """The copy, as Airflow is told of it."""
        copy, source = VersionStack.from_record(self.copy or {}), self.snapshot
        ids = (request.account_id, source.source_id, copy.id)
        return CopyResult(*ids, copy.view_url, source.versions, source.version_ids)

    def to_json(self) -> JsonObject:
        """As stored: lists and dicts of JSON's own kinds only."""
        return stored_form(NATIVE, asdict(self))

    @classmethod
    def from_json(cls, stored: object) -> CopyRecord:
        """Read what was stored.

        :raises ValueError: it cannot be read, so whether a copy was sent cannot be told either.
        """
        return read_stored(stored, NATIVE, _read)


def stored_form(kind: str, fields: JsonObject) -> JsonObject:
    """A record as JSON's own kinds, with what it is."""
    plain: JsonObject = json.loads(json.dumps({"kind": kind, "format": _FORMAT, **fields}))
    return plain


def read_stored(stored: Any, kind: str, read: Callable[[Any], T]) -> T:
    """What ``stored_form`` made, perhaps by another version of this package.

    :raises ValueError: it cannot be read.
    """
    try:
        if (stored["kind"], stored["format"]) != (kind, _FORMAT):
            raise ValueError("format")
        return read(stored)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"not a record of kind {kind}, format {_FORMAT}: {foreign(stored, 200)}") from error


def read_series(stored: Any) -> Series:
    """A part of a record."""
    return Series(int(stored["edition"]), str(stored["clear"]))


def read_search(stored: Any) -> Search:
    """A part of a record."""
    since = stored["since"]
    recognized = {str(one): finite(moment) for one, moment in stored["recognized"].items()}
    return Search(None if since is None else finite(since), recognized)


def read_asset(stored: Any) -> JsonObject | None:
    """A part of a record: an asset of Frame.io's, which has an id."""
    if stored is None:
        return None
    if not (isinstance(stored["id"], str) and stored["id"]):
        raise ValueError("id")
    asset: JsonObject = stored
    return asset


def texts(stored: Any) -> tuple[str, ...]:
    """A part of a record: a list of texts."""
    if not isinstance(stored, list):
        raise TypeError("not a list")
    return tuple(map(str, stored))


def finite(stored: Any) -> float:
    """A part of a record: a moment."""
    moment = float(stored)
    if not math.isfinite(moment):
        raise ValueError("not a moment")
    return moment


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


def alike(one: str, other: str) -> bool:
    """Whether two digests may be of one file: one of them may lack the size."""
    return one.startswith(other) or other.startswith(one)


def tells(version: JsonObject, known: Collection[str]) -> bool:
    """Whether a version tells enough to be recognized: both it and the version that it may be a copy of show a size.

    :param known: the digests of what it may be a copy of; none where they are too many to remember.
    """
    size = version.get("file_size")
    sized = bool(size) or (size == 0 and has_reached(text(version, "status"), "uploaded"))
    return sized and (not known or digest(version) in known)


def bare_name(name: object) -> str:
    """A name without the numbers that Frame.io may add, before the extension or at the end, in one form of unicode."""
    text = unicodedata.normalize("NFC", name if isinstance(name, str) else "")
    stem, dot, extension = _NUMBERED.sub("", text).rpartition(".")
    return _NUMBERED.sub("", stem) + dot + extension


def _hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()).decode()


def _read(stored: Any) -> CopyRecord:
    kept = stored["snapshot"]
    my_id, my_email = texts(kept["me"])
    snapshot = Snapshot(
        at=finite(kept["at"]),
        source_id=str(kept["source_id"]),
        folder_id=str(kept["folder_id"]),
        names=texts(kept["names"]),
        versions=int(kept["versions"]),
        digests=texts(kept["digests"]),
        me=(my_id, my_email),
        existing=texts(kept["existing"]),
        version_ids=texts(kept["version_ids"]),
    )
    return CopyRecord(
        snapshot=snapshot,
        series=read_series(stored["series"]),
        sent=int(stored["sent"]),
        copy=read_asset(stored["copy"]),
        assumed=bool(stored["assumed"]),
        search=read_search(stored["search"]),
    )
