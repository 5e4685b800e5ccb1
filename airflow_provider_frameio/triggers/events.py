"""What a wait in the triggerer tells the task that it wakes: made here, and checked here on arrival."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import CopyFailed, CopyIncomplete, CopyTimeout, CopyUnseen, FrameioError
from airflow_provider_frameio.api.foreign import foreign

Status = Literal["complete", "timeout", "failed", "unseen"]
_KINDS: dict[Status, type[CopyIncomplete]] = {"timeout": CopyTimeout, "failed": CopyFailed, "unseen": CopyUnseen}


@dataclass(frozen=True)
class CopyEvent:
    """How a wait for copies ended.

    :ivar status: ``complete``; ``timeout``: not in the time allowed; ``failed``: it never will be; ``unseen``: nobody
        could look, so the copy may well be complete.
    :ivar message: says why; "" when complete.
    """

    status: Status
    version_stack_ids: tuple[str, ...]
    message: str = ""

    @classmethod
    def of(cls, error: FrameioError, version_stack_ids: tuple[str, ...]) -> CopyEvent:
        """The event that tells of an error. Whatever is not about the copy only means that nobody could look."""
        for status, kind in _KINDS.items():
            if isinstance(error, kind):
                return cls(status, version_stack_ids, str(error))
        return cls("unseen", version_stack_ids, f"Whether the copy is complete could not be seen: {error}")

    def raise_unless_complete(self) -> None:
        """The error that this event tells of, if any.

        :raises CopyIncomplete: with the event's message.
        """
        if self.status in _KINDS:
            raise _KINDS[self.status](self.message)

    def payload(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "version_stack_ids": list(self.version_stack_ids)}

    @classmethod
    def from_payload(cls, payload: object) -> CopyEvent:
        """Check what arrived: it passed through a database, perhaps written by another version of this package.

        :raises AirflowFailException: it is none of ours, so nothing is known; the task must not take it for success.
        """
        known: dict[str, Any] = payload if isinstance(payload, dict) else {}
        ids = known.get("version_stack_ids")
        named = isinstance(ids, list) and ids and all(isinstance(one, str) for one in ids)
        if known.get("status") not in get_args(Status) or not named:
            raise _unknown(payload)
        return cls(known["status"], tuple(known["version_stack_ids"]), str(known.get("message") or ""))


@dataclass(frozen=True)
class SlotEvent:
    """How a wait for a slot of a rate limit ended.

    :ivar status: ``open``: it is the task's turn; ``timeout``: it was not in the time allowed.
    :ivar asked_at: when the task first asked, in seconds since the epoch.
    """

    status: Literal["open", "timeout"]
    asked_at: float

    def payload(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: object) -> SlotEvent:
        """Check what arrived.

        :raises AirflowFailException: it is none of ours.
        """
        given = payload if isinstance(payload, dict) else {}
        status, asked_at = given.get("status"), given.get("asked_at")
        if status not in ("open", "timeout") or not isinstance(asked_at, (int, float)):
            raise _unknown(payload)
        return cls(status, asked_at)


def _unknown(payload: object) -> AirflowFailException:
    return AirflowFailException(f"Unknown event from the triggerer: {foreign(payload)}. Clear the task to go on.")
