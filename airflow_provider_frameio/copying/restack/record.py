"""What is remembered of a stack that is copied file by file and stacked anew: a value and its transitions. No I/O.

::

    prepared ─▶ sending ⇄ copied (batch by batch) ─▶ stacked ─▶ moving (version by version) ─▶ finished
       ▲                                                │
       └─────────────────── discarded ◀─────────────────┘

Every state is stored before the call that it names leaves, so a worker that dies leaves a record of all that may exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_provider_frameio.api.models import CopyResult, VersionStack, page_url, without_creator
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.record import (
    FIRST,
    MOST_IDS,
    UNBEGUN,
    CopyRequest,
    Search,
    Series,
    digest,
    finite,
    read_asset,
    read_search,
    read_series,
    read_stored,
    stored_form,
    texts,
)

RESTACK = "restack"
FILES_OF_A_NEW_STACK = 10
_MOST_PAGES = 100
"""Of more versions the pages are left out: a record of 400 then stays within the 64 KiB that Airflow stores gladly."""


@dataclass(frozen=True)
class Item:
    """One version.

    :ivar size: in bytes, or None where Frame.io does not say.
    :ivar copy_id: of its copy, "" while there is none.
    :ivar url: the copy's page, or "".
    :ivar answered: whether the answer to the copy named it. One that a search found is ours by all signs, which is not
        enough to delete it.
    """

    source_id: str
    name: str
    size: int | None = None
    copy_id: str = ""
    url: str = ""
    answered: bool = False

    @property
    def digest(self) -> str:
        """What tells it from others; see ``record.digest``."""
        return digest({"name": self.name, "file_size": self.size})


@dataclass(frozen=True)
class RestackRecord:
    """How far one copy is.

    :ivar at: the server's time before anything was sent, in seconds since the epoch.
    :ivar source_id: the source's own id; the request may call it by an alias.
    :ivar folder_id: where the copy will appear; the folder's own id, too.
    :ivar me: the user who copies; see ``recent_assets.identity``.
    :ivar items: the source's uploaded versions, oldest first.
    :ivar newest_first: whether Frame.io lists the source's versions so.
    :ivar series: of the try that last went on with it.
    :ivar existing: ids of files that were there, and are new enough to be taken for copies.
    :ivar sending: positions of the items whose copies were sent, in this order, with an outcome that is not known.
    :ivar tries: how often copies were sent since the last one that came.
    :ivar stack: the new stack's record, once it is known; the copied file's where the source has one version only.
    :ivar moving: the copied file that was last sent into the stack, "" for none.
    :ivar waited: seconds for which earlier tries have waited for that move, in case it is under way.
    :ivar finished: whether all is done.
    :ivar discarded: ids of copies that are being deleted, oldest first. They are never used again: a deletion whose
        answer was lost may be carried out later.
    :ivar assumed: nothing was stored by the try before this one, so that it sent anything is a guess.
    :ivar search: for the copies at ``sending``.
    :ivar onto: the stack, or the file, that was in the folder before and gets the newer versions; "" for none.
    :ivar kept: how many of the items are in ``onto``, and so are never copied or deleted; the oldest.
    :ivar loose: whether the items are a folder's files, which stay files.
    """

    at: float
    source_id: str
    folder_id: str
    me: tuple[str, str]
    items: tuple[Item, ...]
    newest_first: bool
    series: Series = FIRST
    existing: tuple[str, ...] = ()
    sending: tuple[int, ...] = ()
    tries: int = 0
    stack: JsonObject | None = None
    moving: str = ""
    waited: float = 0.0
    finished: bool = False
    discarded: tuple[str, ...] = ()
    assumed: bool = False
    search: Search = UNBEGUN
    onto: str = ""
    kept: int = 0
    loose: bool = False

    @property
    def copies(self) -> list[str]:
        """Ids of the copies, in the order of the items, "" for those that are not there."""
        return [item.copy_id for item in self.items]

    @property
    def new_copies(self) -> list[str]:
        """Ids of the copies without those that were there before."""
        return self.copies[self.kept :]

    @property
    def stays_files(self) -> bool:
        """Whether no stack is made: of a folder's files, and of a stack of one version."""
        return self.loose or (len(self.items) == 1 and not self.is_onto_stack)

    @property
    def planned_only(self) -> bool:
        """Whether it is a batch of files of which nothing was sent."""
        return self.loose and not self.begun

    @property
    def is_onto_stack(self) -> bool:
        """Whether the versions are put on a stack that was there before."""
        return self.stack is not None and self.stack["id"] == self.onto

    @property
    def done(self) -> bool:
        """Whether the copy is known and complete."""
        return self.finished

    @property
    def begun(self) -> bool:
        """Whether any version was copied, or may have been."""
        return any(self.new_copies) or bool(self.sending)

    @property
    def unfinished(self) -> bool:
        """Whether there is anything to go on with, or to delete."""
        return not self.finished and (self.begun or bool(self.discarded))

    @property
    def unresolved(self) -> bool:
        """Whether something was sent whose outcome is not known."""
        return bool(self.sending)

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the source's versions."""
        return tuple(item.digest for item in self.items)

    @property
    def made_ids(self) -> list[str]:
        """Ids of what was made."""
        return [*filter(None, self.copies), *self.discarded, *([str(self.stack["id"])] if self.stack else [])]

    @property
    def copy(self) -> JsonObject | None:
        """The new stack's record."""
        return self.stack

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        copied = sum(map(bool, self.new_copies))
        return f"{copied} of {len(self.items) - self.kept} {'files' if self.loose else 'versions'} copied"

    def sent(self, positions: Sequence[int]) -> RestackRecord:
        """Copies of these are about to be sent, perhaps once more."""
        return replace(self, sending=tuple(positions), tries=self.tries + 1, search=Search())

    def copied(self, files: Mapping[int, JsonObject], *, answered: bool) -> RestackRecord:
        """These are the copies of the items at these positions; what else was sent is still not known."""
        items = list(self.items)
        for position, file in files.items():
            items[position] = replace(items[position], copy_id=str(file["id"]), url=page_url(file), answered=answered)
        sending = tuple(position for position in self.sending if position not in files)
        return replace(self, items=tuple(items), sending=sending, tries=0 if files else self.tries)

    def finish(self, stack: JsonObject) -> RestackRecord:
        """All versions are in it."""
        return replace(self, stack=without_creator(stack), moving="", waited=0.0, finished=True)

    def discard(self) -> RestackRecord:
        """The copies that an answer named are about to be deleted. What was sent and did not come may still come.

        Of those in an older stack only what is newer than each copy that stays: else the stack would have a gap.
        """
        stay = [number for number, item in enumerate(self.items) if item.copy_id and not item.answered]
        first = 1 + max(stay, default=-1) if self.is_onto_stack else 0
        doomed = [number for number, item in enumerate(self.items) if number >= first and item.answered]
        items = list(self.items)
        for number in doomed:
            items[number] = replace(items[number], copy_id="", url="", answered=False)
        return replace(
            self,
            items=tuple(items),
            discarded=(*self.discarded, *(self.copies[number] for number in doomed)),
            stack=self.stack if self.is_onto_stack else None,
            moving="",
            waited=0.0,
            finished=False,
        )

    def result(self, request: CopyRequest) -> CopyResult:
        """The copy, as Airflow is told of it."""
        copy, sources = VersionStack.from_record(self.stack or {}), tuple(item.source_id for item in self.items)
        ids = (request.account_id, self.source_id, copy.id)
        return CopyResult(*ids, copy.view_url, len(sources), sources[:MOST_IDS])

    def to_json(self) -> JsonObject:
        """As stored: lists and dicts of JSON's own kinds only."""
        pages = len(self.items) <= _MOST_PAGES and not self.loose
        items = [
            [one.source_id, one.name, one.size, one.copy_id, one.url if pages else "", one.answered]
            for one in self.items
        ]
        return stored_form(RESTACK, {**asdict(replace(self, items=())), "items": items})

    @classmethod
    def from_json(cls, stored: object) -> RestackRecord:
        """Read what was stored.

        :raises ValueError: it cannot be read, so what was sent cannot be told either.
        """
        return read_stored(stored, RESTACK, _read)


def _read(stored: Any) -> RestackRecord:
    my_id, my_email = texts(stored["me"])
    items = tuple(
        Item(str(source), str(name), None if size is None else int(size), str(copy), str(url), bool(answered))
        for source, name, size, copy, url, answered in stored["items"]
    )
    sending = tuple(int(position) for position in stored["sending"])
    if not items or any(not 0 <= position < len(items) for position in sending):
        raise ValueError("items")
    return RestackRecord(
        at=finite(stored["at"]),
        source_id=str(stored["source_id"]),
        folder_id=str(stored["folder_id"]),
        me=(my_id, my_email),
        items=items,
        newest_first=bool(stored["newest_first"]),
        series=read_series(stored["series"]),
        existing=texts(stored["existing"]),
        sending=sending,
        tries=int(stored["tries"]),
        stack=read_asset(stored["stack"]),
        moving=str(stored["moving"]),
        waited=finite(stored["waited"]),
        finished=bool(stored["finished"]),
        discarded=texts(stored["discarded"]),
        assumed=bool(stored["assumed"]),
        search=read_search(stored["search"]),
        onto=str(stored["onto"]),
        kept=int(stored["kept"]),
        loose=bool(stored["loose"]),
    )
