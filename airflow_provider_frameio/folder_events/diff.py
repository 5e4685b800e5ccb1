"""What changed in a folder: from a watermark and a snapshot, the changes and the next watermark. Pure.

A pair of a stack and a head version is reported once, when the head has reached the target status. Where metadata is
wanted, it is reported while the stack has it, and once more after it was seen without it. A stack that is missing from
a snapshot is no change: lists may lag, and a stack that comes back is the one it was. Only ids are compared: nobody
documents which of Frame.io's times change with a new head. Times decide where there is no watermark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from airflow_provider_frameio.api.models import has_reached
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.folder_events.snapshot import FolderSnapshot, StackState
from airflow_provider_frameio.folder_events.watermark import (
    MOST_REPLACED,
    MOST_STORED,
    NOTHING,
    UNWANTED,
    Watermark,
    unwanted_mark,
)

KINDS = ("created", "version", "metadata")
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Change:
    """A change to report.

    :ivar kind: ``created``: the stack was made in the folder, or copied or moved there; ``version``: it was there
        before and has another head version; ``metadata``: it was there before without the wanted metadata.
    :ivar match: tells one match of the wanted metadata from the others of this head version; "" for the other kinds.
    """

    kind: str
    stack: StackState
    match: str = ""

    def to_json(self, account_id: str) -> JsonObject:
        """As JSON. ``event_id`` is the same in every report of this change."""
        stack = self.stack
        return {
            "event": self.kind,
            "event_id": "/".join(filter(None, (stack.id, stack.head_id, self.match))),
            "version_stack_id": stack.id,
            "name": stack.name,
            "head_version_id": stack.head_id,
            "head_version_status": stack.head_status,
            "folder_id": stack.folder_id,
            "project_id": stack.project_id,
            "account_id": account_id,
            "view_url": stack.view_url,
        }


def payloads(changes: Sequence[Change], watched_folder_id: str, account_id: str) -> list[JsonObject]:
    """The events that report changes, as JSON: as few as possible, each of a hundred changes at most."""
    batches = [changes[start : start + MOST_AT_ONCE] for start in range(0, len(changes), MOST_AT_ONCE)]
    return [
        {
            "watched_folder_id": watched_folder_id,
            "version_stack_ids": list(dict.fromkeys(change.stack.id for change in batch)),
            "changes": [change.to_json(account_id) for change in batch],
        }
        for batch in batches
    ]


def news_since(stored: Watermark | None, *, remembers: bool, started_at: float, lookback: float) -> float:
    """Cut-off for stacks missing from the watermark, for the first snapshot after a start: later ones are reported.

    Later snapshots need none: their watermark knows every stack. In seconds since the epoch.

    :param stored: the watermark that was found.
    :param remembers: whether the store would have kept an earlier watermark.
    :param started_at: when the trigger started.
    :param lookback: seconds before the start in which changes may have been missed, where there is no watermark.
    """
    if stored is not None:
        return -inf if stored.whole else stored.at - lookback
    return inf if remembers else started_at - lookback


def compare(
    before: Watermark | None, snapshot: FolderSnapshot, target_status: str, *, since: float = -inf
) -> tuple[list[Change], Watermark]:
    """Changes that were not reported before, and the next watermark.

    :param before: None: there is no watermark yet.
    :param since: cut-off for stacks missing from the watermark; see ``news_since``.
    :returns: the changes, the latest at the end, and ``before`` itself where nothing in it changes.
    """
    known, replaced, revision = (before.heads, before.replaced, before.revision) if before else ({}, (), 0)
    former = frozenset(replaced)
    changes: list[Change] = []
    heads: dict[str, str] = {}  # of the stacks in the snapshot
    for stack in snapshot.stacks:
        pair, reported = stack.mark + stack.head_mark, known.get(stack.mark)
        ready = bool(stack.head_id) and has_reached(stack.head_status, target_status)
        late = reported is not None or (stack.changed_at if ready else stack.created_at) > since
        if stack.wanted is False:
            new = reported if _is_unwanted(reported) else unwanted_mark(snapshot.at)
            replaced = tuple(other for other in replaced if other != pair) if pair in former else replaced
        elif ready and late and reported != stack.head_mark and pair not in former:
            changes.append(_change(stack, reported, since))
            new = stack.head_mark
        else:
            new = _unreported_mark(stack, reported, ready=ready, late=late)
        heads |= {stack.mark: new} if new else {}
        if _is_head(reported) and new != reported != stack.head_mark:
            replaced += (f"{stack.mark}{reported}",)
    if before is not None and heads.items() <= known.items() and replaced == before.replaced:
        return changes, before
    return changes, Watermark(snapshot.at, _all_heads(known, heads), replaced[-MOST_REPLACED:], revision + 1)


def _change(stack: StackState, reported: str | None, since: float) -> Change:
    """The change of a stack for which a mark, or none, was reported."""
    if reported is None and stack.created_at > since:
        return Change("created", stack)
    if _is_unwanted(reported):
        return Change("metadata", stack, match=str(reported).removeprefix(UNWANTED))
    return Change("metadata" if reported is None and stack.wanted else "version", stack)


def _unreported_mark(stack: StackState, reported: str | None, *, ready: bool, late: bool) -> str | None:
    """The next mark of a stack of which nothing is to be reported."""
    if ready and (not late or _is_unwanted(reported)):  # known without a report, or a former head that is back
        return stack.head_mark
    return reported if late else NOTHING


def _is_unwanted(mark: str | None) -> bool:
    return mark is not None and mark.startswith(UNWANTED)


def _is_head(mark: str | None) -> bool:
    return mark not in (None, NOTHING) and not _is_unwanted(mark)


def _all_heads(known: Mapping[str, str], seen: dict[str, str]) -> dict[str, str]:
    """The stacks missing from the snapshot, as many as there is room for, and then those in it."""
    room = max(0, MOST_STORED - len(seen))
    unseen = [(mark, head) for mark, head in known.items() if mark not in seen]
    return dict(unseen[-room:] if room else ()) | seen
