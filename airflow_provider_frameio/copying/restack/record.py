"""What is remembered of a stack that is copied file by file and stacked anew: a value and its transitions. No I/O.

::

    prepared ─▶ sending ⇄ copied (batch by batch) ─▶ stacking ─▶ stacked ─▶ finished
       ▲                                                │
       └──────────────────── undone ◀───────────────────┘

Every state is stored before the call that it names leaves, so a worker that dies leaves a record of all that may exist.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyMade, VersionStack, page_url, without_creator
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.record import MOST_IDS, digest

KIND = "restack"
_FORMAT = 1
_MOST_PAGES = 100
"""Of more versions the pages are left out: a record of 400 then stays within the 64 KiB that Airflow stores gladly."""


@dataclass(frozen=True)
class RestackRequest:
    """What is to be copied where.

    :ivar parent_id: None: into the source's own folder.
    :ivar copy_comments: ``none``, ``internal``, ``public`` or ``all``.
    """

    account_id: str
    version_stack_id: str
    parent_id: str | None = None
    copy_metadata: bool = False
    copy_comments: str = "none"

    def key(self) -> str:
        """The name of its record: a task whose request changed finds no other request's record."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"frameio_restack:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Item:
    """One version.

    :ivar size: in bytes, or None where Frame.io does not say.
    :ivar copy_id: of its copy, "" while there is none.
    :ivar url: the copy's page, or "".
    """

    source_id: str
    name: str
    size: int | None = None
    copy_id: str = ""
    url: str = ""

    @property
    def digest(self) -> str:
        """What tells it from others; see ``copy_record.digest``."""
        return digest({"name": self.name, "file_size": self.size})


@dataclass(frozen=True)
class RestackRecord:
    """How far one copy is.

    :ivar at: the server's time before anything was sent, in seconds since the epoch.
    :ivar folder_id: where the copy will appear.
    :ivar me: the user who copies; see ``newest.identity``.
    :ivar items: the versions, oldest first.
    :ivar newest_first: whether Frame.io lists the source's versions so.
    :ivar generation: rises when a user clears the task, not when Airflow retries it.
    :ivar existing: ids of files that were there, and are new enough to be taken for copies.
    :ivar sending: positions of the items whose copies were sent with an outcome that is not known.
    :ivar tries: how often copies were sent since the last one that came.
    :ivar stackings: how often the new stack was asked for with an outcome that is not known.
    :ivar stack: the new stack's record, once it is known; the copied file's where the source has one version only.
    :ivar finished: whether all is done.
    :ivar assumed: nothing was stored by the try before this one, so that it sent anything is a guess.
    """

    at: float
    folder_id: str
    me: tuple[str, str]
    items: tuple[Item, ...]
    newest_first: bool
    generation: int = 0
    existing: tuple[str, ...] = ()
    sending: tuple[int, ...] = ()
    tries: int = 0
    stackings: int = 0
    stack: JsonObject | None = None
    finished: bool = False
    assumed: bool = False

    @property
    def copies(self) -> list[str]:
        """Ids of the copies, in the order of the items, "" for those that are not there."""
        return [item.copy_id for item in self.items]

    @property
    def begun(self) -> bool:
        """Whether anything was made, or may have been."""
        return any(self.copies) or bool(self.sending)

    def sent(self, positions: Sequence[int]) -> RestackRecord:
        """Copies of these are about to be sent, perhaps once more."""
        return replace(self, sending=tuple(positions), tries=self.tries + 1)

    def copied(self, files: Mapping[int, JsonObject]) -> RestackRecord:
        """These are the copies of the items at these positions; what else was sent is still not known."""
        items = list(self.items)
        for position, file in files.items():
            items[position] = replace(items[position], copy_id=str(file["id"]), url=page_url(file))
        sending = tuple(position for position in self.sending if position not in files)
        return replace(self, items=tuple(items), sending=sending, tries=0 if files else self.tries)

    def stacking(self) -> RestackRecord:
        """The new stack is about to be asked for."""
        return replace(self, stackings=self.stackings + 1)

    def stacked(self, stack: JsonObject) -> RestackRecord:
        """This is the new stack; not all versions may be in it yet."""
        return replace(self, stack=without_creator(stack))

    def finish(self, stack: JsonObject) -> RestackRecord:
        """All versions are in it."""
        return replace(self, stack=without_creator(stack), finished=True)

    def undone(self) -> RestackRecord:
        """What is known of it was taken back; what was sent with an outcome that is not known may still come."""
        items = tuple(replace(item, copy_id="", url="") for item in self.items)
        return replace(self, items=items, stackings=0, stack=None, finished=False)

    def told(self, request: RestackRequest) -> CopyMade:
        """The copy, as Airflow is told of it."""
        copy, sources = VersionStack.from_record(self.stack or {}), tuple(item.source_id for item in self.items)
        ids = (request.account_id, request.version_stack_id, copy.id)
        return CopyMade(*ids, copy.view_url, len(sources), sources[:MOST_IDS])

    def to_json(self) -> JsonObject:
        """As stored: lists and dicts of JSON's own kinds only."""
        pages = len(self.items) <= _MOST_PAGES
        items = [[one.source_id, one.name, one.size, one.copy_id, one.url if pages else ""] for one in self.items]
        plain: JsonObject = json.loads(json.dumps({**asdict(self), "kind": KIND, "format": _FORMAT, "items": items}))
        return plain

    @classmethod
    def from_json(cls, stored: object) -> RestackRecord | None:
        """Read what was stored, perhaps by another version of this package; None for nothing.

        :raises ValueError: it cannot be read, so what was sent cannot be told either.
        """
        if stored is None:
            return None
        try:
            return _read(stored)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"not a record of format {_FORMAT}: {foreign(stored, 200)}") from error


def _read(stored: Any) -> RestackRecord:
    if (stored["kind"], stored["format"]) != (KIND, _FORMAT):
        raise ValueError("format")
    at = float(stored["at"])
    if not math.isfinite(at):
        raise ValueError("at")
    my_id, my_email = map(str, stored["me"])
    items = tuple(
        Item(str(source), str(name), None if size is None else int(size), str(copy), str(url))
        for source, name, size, copy, url in stored["items"]
    )
    sending = tuple(int(position) for position in stored["sending"])
    if not items or any(not 0 <= position < len(items) for position in sending):
        raise ValueError("items")
    stack = stored["stack"]
    if stack is not None and not (isinstance(stack["id"], str) and stack["id"]):
        raise ValueError("stack")
    return RestackRecord(
        at=at,
        folder_id=str(stored["folder_id"]),
        me=(my_id, my_email),
        items=items,
        newest_first=bool(stored["newest_first"]),
        generation=int(stored["generation"]),
        existing=tuple(map(str, stored["existing"])),
        sending=sending,
        tries=int(stored["tries"]),
        stackings=int(stored["stackings"]),
        stack=stack,
        finished=bool(stored["finished"]),
        assumed=bool(stored["assumed"]),
    )
