"""What the probe's inquiries are made of: calls whose whole reply matters, whatever its status. Performs no I/O."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.protocol import Operation, Pause
from airflow_provider_frameio.api.replies import JsonObject, Reply, api_error

Ids: TypeAlias = "frozenset[str]"


@dataclass(frozen=True)
class Answer:
    """A reply to a call, and when that was sent and answered, in seconds."""

    operation: Operation[Any]
    reply: Reply
    sent: float
    at: float

    @property
    def status(self) -> int:
        """Its status."""
        return self.reply.status

    @property
    def record(self) -> JsonObject:
        """The object under ``data``; empty where there is none."""
        data = self._data
        return data if isinstance(data, dict) else {}

    @property
    def items(self) -> list[JsonObject]:
        """The objects of the list under ``data``."""
        data = self._data
        return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []

    @property
    def made(self) -> str:
        """The id of what a call made or showed; "" where it did not."""
        return text(self.record, "id") if 200 <= self.status < 300 else ""

    @property
    def untold(self) -> bool:
        """Whether a call succeeded that may have made something, without saying what."""
        return 200 <= self.status < 300 and not self.made and self._data != []

    @property
    def _data(self) -> Any:
        return (self.reply.json_object() or {}).get("data")


@dataclass(frozen=True)
class Write:
    """A call that changes something if it succeeds.

    :ivar source_versions: for a copy, the ids of the versions that it copies.
    :ivar bare: whether it is sent without waiting for the rate limit.
    """

    operation: Operation[Any]
    source_versions: Ids = frozenset()
    bare: bool = False


# Yields calls and pauses, is sent an ``Answer`` for a call and the time for a pause, in the same seconds.
Inquiry: TypeAlias = Generator["Operation[Any] | Write | Pause", Any, None]


class Refused(errors.CallError):
    """An answer that is not 2xx, kept whole."""

    def __init__(self, asked: str, reply: Reply) -> None:
        super().__init__(asked, f"Frame.io answered {reply.status}", "")
        self.reply = reply


def whole(operation: Operation[Any], number: int | None = None) -> Operation[Reply]:
    """The same call, whose result is its reply, or raised in ``Refused``.

    What passes is still raised as usual, so that the client renews a token, waits or tries again.

    :param number: makes it a call with a budget of its own, so that it does not wait for the rate limit.
    """
    if number is None:
        return replace(operation, read=_itself, refuse=_refusal)
    return replace(operation, read=_itself, refuse=_any_refusal, bucket=f"{operation.bucket} of the probe, {number}")


def with_params(operation: Operation[Any], params: Mapping[str, str]) -> Operation[Any]:
    """The same call with more query parameters, right ones or not."""
    request = replace(operation.request, params={**operation.request.params, **params})
    return replace(operation, request=request)


def _itself(reply: Reply) -> Reply:
    if reply.body.strip() and reply.json_object() is None:
        raise ValueError("not a JSON object")
    return reply


def _refusal(asked: str, reply: Reply) -> errors.CallError:
    return api_error(asked, reply) if reply.status == 429 else _any_refusal(asked, reply)


def _any_refusal(asked: str, reply: Reply) -> errors.CallError:
    passing = reply.status in (401, 408) or not 400 <= reply.status < 500
    return api_error(asked, reply) if passing else Refused(asked, reply)
