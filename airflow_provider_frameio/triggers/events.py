"""What a wait in the triggerer tells the task that it wakes: made here, and checked here on arrival."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Status = Literal["complete", "timeout", "failed"]


@dataclass(frozen=True)
class CopyEvent:
    """How a wait for copies ended.

    :ivar status: ``complete``; ``timeout``: not in the time allowed; ``failed``: it never will be, or nobody can tell.
    :ivar message: in words, "" when complete.
    """

    status: Status
    version_stack_ids: tuple[str, ...]
    message: str = ""

    def payload(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "version_stack_ids": list(self.version_stack_ids)}

    @classmethod
    def from_payload(cls, payload: object) -> CopyEvent:
        """Check what arrived: it passed through a database, perhaps written by another version of this package.

        :raises ValueError: it is none of ours; the task must not take it for success.
        """
        if not isinstance(payload, dict) or payload.get("status") not in get_args(Status):
            raise ValueError(f"Unknown event from the triggerer: {payload!r}. Clear the task to look again.")
        ids = payload.get("version_stack_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
            raise ValueError(f"An event without version stack ids: {payload!r}. Clear the task to look again.")
        return cls(payload["status"], tuple(ids), str(payload.get("message") or ""))
