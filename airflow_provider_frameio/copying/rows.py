"""The copies of one task: what was asked for, how far each is, and the words for it. Performs no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.aliases import is_alias, own_id
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.api.parameters import identifier, items
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject

_MOST_NAMED = 20
_MOST_ROWS = 1000
_LONGEST_MESSAGE = 1000  # characters
ADVICE = (
    "from Airflow 3.3 on it goes on with the missing ones; where Airflow asks whether to keep the task's state, keep "
    "it. Below 3.3 it would copy all again: run it with those only."
)
"""What a clear does to a task of which some copies failed."""
_ITEM = {"version_stack_id", "parent_id"}


@dataclass
class Row:
    """One copy of a task.

    :ivar source_id: the version stack; of a batch of files the folder that they are in.
    :ivar parent_id: the target folder; None: the source's own folder.
    :ivar state: ``waiting``; ``files``: versions copied, not stacked yet; ``copied``: made, perhaps not complete;
        ``complete``; ``failed``: see ``message``.
    :ivar copy_id: the new stack's id, with ``url``, its page, and ``folder_id``, where it is; "" for what is unknown.
    :ivar versions: how many uploaded versions the source had when the copy was sent.
    :ivar version_ids: of these, the first fifty; of a task's only row.
    :ivar onto: see ``CopyRequest``; as is ``batch``.
    :ivar what: what ``source_id`` is: ``version_stack``, ``folder`` or ``file``.
    :ivar record: the copy's record where the task cannot go on without it and no store keeps it; and where two copies
        were sent, so that the first may turn up yet.
    :ivar own_id: the source's own id where ``source_id`` is an alias, once it is known; else "".
    """

    source_id: str
    parent_id: str | None = None
    state: str = "waiting"
    copy_id: str = ""
    url: str = ""
    versions: int = 0
    version_ids: tuple[str, ...] = ()
    folder_id: str = ""
    message: str = ""
    onto: str = ""
    batch: int = 0
    what: str = "version_stack"
    record: JsonObject | None = None
    own_id: str = ""

    def made(self, copy: CopyResult, folder_id: str) -> None:
        """The copy is there, perhaps not complete."""
        self.copy_id, self.url, self.versions, self.message = copy.copy_id, copy.url, copy.versions or 0, ""
        self.own_id = "" if copy.source_id == self.source_id else copy.source_id
        self.folder_id = folder_id

    def failed(self, error: Exception) -> None:
        """The copy was not made, or will not be complete."""
        self.state, self.message = "failed", foreign(error, _LONGEST_MESSAGE)

    def to_json(self) -> JsonObject:
        """As stored while the task is deferred: without what is as it was at first."""
        defaults = {field.name: field.default for field in fields(self)}
        stored = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return {**stored, **({"version_ids": list(self.version_ids)} if self.version_ids else {})}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Row:
        """Read what was stored, perhaps by another version of this package: what it does not know is left out.

        :raises CopyUnseen: it cannot be read; a retry begins from the records.
        """
        known = {field.name for field in fields(cls)}
        try:
            row = cls(**{name: value for name, value in stored.items() if name in known})
        except (AttributeError, TypeError) as error:
            raise errors.CopyUnseen(f"What the task knew before it was deferred cannot be read: {error}") from error
        row.version_ids = tuple(row.version_ids)
        return row

    def shown(self) -> JsonObject:
        """As the task's user sees it."""
        names = ("copy_id", "state", "url", "message")
        return {f"{self.what}_id": self.source_id, **{name: getattr(self, name) for name in names}}

    def result(self, account_id: str) -> CopyResult:
        """The copy, as Airflow is told of it."""
        ids = (account_id, self.own_id or self.source_id, self.copy_id)
        return CopyResult(*ids, self.url, self.versions or None, self.version_ids)


def rows_of(stacks: object, parent_id: str | None) -> list[Row]:
    """What is asked for, in the order given.

    :param stacks: ids, or ``{"version_stack_id": …, "parent_id": …}``, where ``parent_id`` may be left out. It must not
        be None: what came to nothing must not copy into the source's own folder.
    :param parent_id: the folder for all that name none; None: each source's own folder.
    :raises InvalidParameter: no list, no ids, or the same copy twice.
    """
    given = enumerate(items("version_stacks", stacks))
    rows = [_row(f"version_stacks[{index}]", item, parent_id) for index, item in given]
    _refuse_twice((row.source_id, row.parent_id) for row in rows)
    return rows


def refuse_same_copies(account_id: str, rows: Sequence[Row]) -> Flow[None]:
    """Compare by own ids where only some stacks or folders are called by aliases: a call for each alias.

    :raises InvalidParameter: the same copy twice.
    """
    stacks = yield from _own_ids(get_version_stack, account_id, [row.source_id for row in rows])
    folders = yield from _own_ids(get_folder, account_id, [row.parent_id for row in rows])
    _refuse_twice(zip(stacks, folders, strict=True))


def may_share_folder(one: Row, other: Row) -> bool:
    """Whether two copies may go into one folder. A source's own is not known here, and an alias may be any folder's."""
    folders = (one.parent_id, other.parent_id)
    return len(set(folders)) == 1 or any(folder is None or is_alias(folder) for folder in folders)


def concerns_all(error: errors.FrameioError) -> bool:
    """Whether the next copy would only meet the same: a connection that does not work."""
    hopeless = (errors.Unauthorized, errors.ImsError, errors.InvalidConnection, errors.TlsFailed, errors.Redirected)
    return isinstance(error, hopeless)


def describe_rows(rows: Sequence[Row], slot: float) -> str:
    """How far it is, and how long it will take yet at the limit's pace of one copy a ``slot`` (seconds)."""
    states = Counter(row.state for row in rows)
    made = states["copied"] + states["complete"]
    left = states["waiting"] * slot
    files = f"{states['files']} copied as files, " if states["files"] else ""
    return (
        f"{files}{made} of {len(rows)} copied, {states['complete']} complete, {states['failed']} failed; "
        f"the last copy in about {left / 60:.0f} min" + (f" ({slot:.1f} s each)" if left else "")
    )


def describe_made(row: Row) -> str:
    """What was made, and where it is."""
    if row.batch:
        return f"{row.versions} files of the folder {row.source_id} were copied into {row.copy_id}."
    if row.onto:
        return f"Newer versions of {row.source_id} were put on {row.copy_id}: {foreign(row.url)}"
    return f"Version stack {row.source_id} was copied to {row.copy_id}: {foreign(row.url)}"


def results(rows: Sequence[Row]) -> list[JsonObject]:
    """A row for each copy; of more than 1,000 only those that are not complete, to keep to an XCom's measure."""
    shown = rows if len(rows) <= _MOST_ROWS else [row for row in rows if row.state in ("failed", "waiting", "files")]
    return [row.shown() for row in shown[:_MOST_ROWS]]


def extra_of_many(copies: Sequence[CopyResult]) -> JsonObject:
    """What the event of an asset says of many copies: their number, and the first 1,000 of them."""
    return {"copied": len(copies), "copies": [copy.extra() for copy in copies[:_MOST_ROWS]]}


def failure(rows: Sequence[Row], advice: str = ADVICE) -> str:
    """The words for a task of which some copies failed; "" when none did."""
    failed = [row for row in rows if row.state == "failed"]
    if not failed:
        return ""
    made = sum(row.state in ("copied", "complete") for row in rows)
    left = sum(row.state in ("waiting", "files") for row in rows)
    named = "\n".join(f"  {row.source_id}: {row.message}" for row in failed[:_MOST_NAMED])
    more = f"\n  … and {len(failed) - _MOST_NAMED} more, see the XCom 'results'" if len(failed) > _MOST_NAMED else ""
    return (
        f"{len(failed)} of {len(rows)} copies failed ({made} were made, {left} were not tried):\n{named}{more}\n"
        f"What was made is kept. Mend the cause and clear the task: {advice}"
    )


def _own_ids(
    show: Callable[[str, str], Operation[JsonObject]], account_id: str, names: Sequence[str | None]
) -> Flow[list[str | None]]:
    own: dict[str | None, str] = {}
    aliases = {name for name in names if name and is_alias(name)}
    for alias in aliases if len(aliases) < len({*names}) else ():
        with suppress(errors.CallError):  # the copy will meet it, too
            own[alias] = yield from own_id(show, account_id, alias)
    return [own.get(name, name) for name in names]


def _refuse_twice(copies: Iterable[tuple[str | None, str | None]]) -> None:
    twice = [copy for copy, times in Counter(copies).items() if times > 1]
    if twice:
        raise errors.InvalidParameter("version_stacks", twice[0][0], "it stands there twice with the same target.")


def _row(name: str, item: object, parent_id: str | None) -> Row:
    if not isinstance(item, Mapping):
        return Row(identifier(name, item), parent_id)
    if set(item) - _ITEM or "version_stack_id" not in item:
        raise errors.InvalidParameter(name, dict(item), "give version_stack_id and, if you like, parent_id.")
    source_id = identifier(f"{name}.version_stack_id", item["version_stack_id"])
    return Row(source_id, identifier(f"{name}.parent_id", item["parent_id"]) if "parent_id" in item else parent_id)
