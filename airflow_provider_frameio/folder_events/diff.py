"""The one judge of what is news in a folder: from a watermark and a look, the changes and the next watermark. Pure.

A pair of a stack and a head version is told once, when the head has reached the status that is wanted. What a look does
not show tells nothing: lists may lag, and a stack that comes back is the one it was. Only ids are compared, since it is
not known which of Frame.io's times change with a new head; times serve where nothing is remembered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from airflow_provider_frameio.api.models import has_reached
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.folder_events.snapshot import Look, Sighting
from airflow_provider_frameio.folder_events.watermark import MOST_REPLACED, MOST_STORED, NOTHING, Watermark

KINDS = ("created", "version")
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Change:
    """Something to tell.

    :ivar kind: ``created``: the stack was made in the folder, or copied or moved there; ``version``: it was there
        before and has another head version.
    """

    kind: str
    stack: Sighting

    def to_json(self, account_id: str) -> JsonObject:
        """As JSON. ``event_id`` is the same whenever this change is told."""
        stack = self.stack
        return {
            "event": self.kind,
            "event_id": f"{stack.id}/{stack.head_id}",
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
    """The events that tell of changes, as JSON: as few as possible, each of a hundred changes at most."""
    batches = [changes[start : start + MOST_AT_ONCE] for start in range(0, len(changes), MOST_AT_ONCE)]
    return [
        {
            "watched_folder_id": watched_folder_id,
            "version_stack_ids": list(dict.fromkeys(change.stack.id for change in batch)),
            "changes": [change.to_json(account_id) for change in batch],
        }
        for batch in batches
    ]


@dataclass(frozen=True)
class Watch:
    """What is watched.

    :ivar target_status: of a head version, ``uploaded`` or ``transcoded``.
    """

    folder_id: str
    include_subfolders: bool = False
    target_status: str = "uploaded"

    def key(self) -> str:
        """The name of its watermark: that of another watch says nothing about this one."""
        text = json.dumps([self.folder_id, self.include_subfolders, self.target_status])
        return f"frameio_watch:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def news_since(stored: Watermark | None, *, remembers: bool, started_at: float, lookback: float) -> float:
    """From when on a stack of which nothing is remembered is news, at the first look after a start.

    Later looks know all that was there before, so for them it is ``-inf``. All in seconds, times since the epoch.

    :param stored: the watermark that was found.
    :param remembers: whether what was told before would have been found.
    :param started_at: when the trigger started.
    :param lookback: how long before that what was missed may have happened, where that is not remembered.
    """
    if stored is not None:
        return -inf if stored.whole else stored.at - lookback
    return inf if remembers else started_at - lookback


def compare(
    before: Watermark | None, look: Look, target_status: str, *, since: float = -inf
) -> tuple[list[Change], Watermark]:
    """What a look shows that was not told before, and what to remember from then on.

    :param before: None: nothing is remembered.
    :param since: stacks of which nothing is remembered and that did not change since then are taken for known.
    :returns: the changes, those that happened last at the end, and ``before`` itself where there is nothing new to
        remember.
    """
    known = {} if before is None else before.heads
    replaced = () if before is None else before.replaced
    changes: list[Change] = []
    heads: dict[str, str] = {}  # of the stacks that are there
    for stack in look.stacks:
        told = known.get(stack.mark)
        ready = bool(stack.head_id) and has_reached(stack.head_status, target_status)
        if told is None and (stack.changed_at if ready else stack.created_at) <= since:
            heads[stack.mark] = stack.head_mark if ready else NOTHING
        elif ready and told != stack.head_mark and stack.mark + stack.head_mark not in replaced:
            changes.append(Change("version" if told or stack.created_at <= since else "created", stack))
            heads[stack.mark] = stack.head_mark
            if told not in (None, NOTHING):
                replaced += (f"{stack.mark}{told}",)
        elif told is not None:
            heads[stack.mark] = told
    if before is not None and heads.items() <= known.items():
        return changes, before
    revision = 1 if before is None else before.revision + 1
    return changes, Watermark(look.at, _all_heads(known, heads), replaced[-MOST_REPLACED:], revision)


def _all_heads(known: Mapping[str, str], seen: dict[str, str]) -> dict[str, str]:
    """The stacks that were not seen now, as many as there is room for, and then those that were."""
    room = max(0, MOST_STORED - len(seen))
    unseen = [(mark, head) for mark, head in known.items() if mark not in seen]
    return dict(unseen[-room:] if room else ()) | seen
