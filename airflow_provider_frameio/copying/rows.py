"""Many copies as one task: what was asked for, how far each is, and the words for it. Performs no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyUnseen
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyMade, VersionStack
from airflow_provider_frameio.api.parameters import identifier, items
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.record import CopyRecord

_MOST_NAMED = 20
_MOST_ROWS = 1000
_LONGEST_MESSAGE = 1000  # characters
_ITEM = {"version_stack_id", "parent_id"}


@dataclass
class Row:
    """One of many copies.

    :ivar state: ``waiting``; ``files``: versions copied, not stacked yet; ``copied``: made, perhaps not complete;
        ``complete``; ``failed``: see ``message``.
    :ivar copy_id: the new stack's id, or "".
    :ivar url: its page, or "".
    :ivar versions: how many versions the source had.
    :ivar record: the copy's record where two copies were sent, so that the first may turn up yet, and where it is
        stacked anew and no record can be kept elsewhere.
    """

    version_stack_id: str
    parent_id: str | None = None
    state: str = "waiting"
    copy_id: str = ""
    url: str = ""
    versions: int = 0
    message: str = ""
    record: JsonObject | None = None

    def copied(self, record: CopyRecord) -> None:
        """The copy was made."""
        copy = VersionStack.from_record(record.copy or {})
        self.state, self.copy_id, self.url = "copied", copy.id, copy.view_url
        self.versions = record.snapshot.versions
        self.record = record.to_json() if record.sent > 1 else None

    def files_copied(self) -> None:
        """Its versions were copied as files."""
        self.state = "files"

    def stacked(self, stack: JsonObject, versions: int, *, complete: bool) -> None:
        """They were stacked anew."""
        copy = VersionStack.from_record(stack)
        self.state = "complete" if complete else "copied"
        self.copy_id, self.url, self.versions, self.record = copy.id, copy.view_url, versions, None

    def failed(self, error: Exception) -> None:
        """The copy was not made, or will not be complete."""
        self.state, self.message = "failed", foreign(error, _LONGEST_MESSAGE)

    def to_json(self) -> JsonObject:
        """As stored while the task is deferred: without what is as it was at first."""
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def result(self) -> JsonObject:
        """As the task's user sees it."""
        names = ("version_stack_id", "copy_id", "state", "url", "message")
        return {name: getattr(self, name) for name in names}


def rows_of(stacks: object, parent_id: str | None) -> list[Row]:
    """What is asked for, in the order given.

    :param stacks: ids, or ``{"version_stack_id": …, "parent_id": …}``, where ``parent_id`` may be left out.
    :param parent_id: the folder for all that name none; None: each source's own folder.
    :raises InvalidParameter: no list, no ids, or the same copy twice.
    """
    given = enumerate(items("version_stacks", stacks))
    rows = [_row(f"version_stacks[{index}]", item, parent_id) for index, item in given]
    twice = [key for key, times in Counter((row.version_stack_id, row.parent_id) for row in rows).items() if times > 1]
    if twice:
        raise errors.InvalidParameter("version_stacks", twice[0][0], "it stands there twice with the same target.")
    return rows


def concerns_all(error: errors.FrameioError) -> bool:
    """Whether the next copy would only meet the same: an outage, or a connection that does not work."""
    if isinstance(error, errors.Conflict):
        return False
    hopeless = (errors.Unauthorized, errors.ImsError, errors.InvalidConnection, errors.TlsFailed, errors.Redirected)
    return error.transient or isinstance(error, hopeless)


def progress(rows: Sequence[Row], slot: float) -> str:
    """How far it is, and how long it will take yet at the limit's pace of one copy a ``slot`` (seconds)."""
    states = Counter(row.state for row in rows)
    made = states["copied"] + states["complete"]
    left = states["waiting"] * slot
    files = f"{states['files']} copied as files, " if states["files"] else ""
    return (
        f"{files}{made} of {len(rows)} copied, {states['complete']} complete, {states['failed']} failed; "
        f"the last copy in about {left / 60:.0f} min" + (f" ({slot:.1f} s each)" if left else "")
    )


def results(rows: Sequence[Row]) -> list[JsonObject]:
    """A row for each copy; of more than 1,000 only those that are not complete, to keep to an XCom's measure."""
    shown = rows if len(rows) <= _MOST_ROWS else [row for row in rows if row.state in ("failed", "waiting", "files")]
    return [row.result() for row in shown[:_MOST_ROWS]]


def extra_of_many(copies: Sequence[CopyMade]) -> JsonObject:
    """What the event of an asset says of many copies: their number, and the first 1,000 of them."""
    return {"copied": len(copies), "copies": [copy.extra() for copy in copies[:_MOST_ROWS]]}


def failure(rows: Sequence[Row]) -> str:
    """The words for a task of which some copies failed; "" when none did."""
    failed = [row for row in rows if row.state == "failed"]
    if not failed:
        return ""
    made = sum(row.state in ("copied", "complete") for row in rows)
    left = sum(row.state in ("waiting", "files") for row in rows)
    named = "\n".join(f"  {row.version_stack_id}: {row.message}" for row in failed[:_MOST_NAMED])
    more = f"\n  … and {len(failed) - _MOST_NAMED} more, see the XCom 'results'" if len(failed) > _MOST_NAMED else ""
    return (
        f"{len(failed)} of {len(rows)} copies failed ({made} were made, {left} were not tried):\n{named}{more}\n"
        "What was made is kept. Mend the cause and clear the task: from Airflow 3.3 on it goes on with the missing "
        "ones. Below, it would copy all again: run it with those only."
    )


def read_rows(stored: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What ``to_json`` wrote, perhaps by another version of this package: what it does not know is left out.

    :raises CopyUnseen: it cannot be read; a retry begins from the records.
    """
    known = {field.name for field in fields(Row)}
    try:
        return [Row(**{name: value for name, value in row.items() if name in known}) for row in stored]
    except (AttributeError, TypeError) as error:
        raise CopyUnseen(f"What the task knew before it was deferred cannot be read: {error}") from error


def _row(name: str, item: object, parent_id: str | None) -> Row:
    if not isinstance(item, Mapping):
        return Row(identifier(name, item), parent_id)
    if set(item) - _ITEM or "version_stack_id" not in item:
        raise errors.InvalidParameter(name, dict(item), "give version_stack_id and, if you like, parent_id.")
    own = item.get("parent_id", parent_id)
    return Row(
        identifier(f"{name}.version_stack_id", item["version_stack_id"]),
        None if own is None else identifier(f"{name}.parent_id", own),
    )
