"""What a call to Frame.io is: an operation as a value, with what its reply means. Performs no I/O."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.replies import JsonObject, PageProblem, Reply, api_error

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_LONGEST_REASON = 2000  # characters, whatever is put into it


@dataclass(frozen=True)
class Request:
    """What to send, below a base URL.

    :ivar path: begins with "/"; ids in it are already percent-encoded.
    :ivar headers: sent besides the connection's, before which they go; they may hold secrets, so they are never shown.
    :ivar json: body, or None for none.
    :ivar form: form-encoded body instead; it may hold secrets, so it is never shown.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: JsonObject | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RateLimit:
    """A documented limit: so many ``calls`` in a ``window`` of seconds."""

    calls: int
    window: float

    @property
    def slot(self) -> float:
        """Seconds until one call has drained."""
        return self.window / self.calls


@dataclass(frozen=True)
class Operation(Generic[T_co]):
    """One call: the request, whose budget it spends, how to read the reply, whether it may be repeated.

    :ivar name: in words, such as "copy version stack 7f…".
    :ivar read: makes the result from a 2xx reply; raises ``ValueError`` saying what is wrong with it.
    :ivar repeatable: whether a call whose outcome is unknown may simply be made again. What certainly was not carried
        out (429, 401, a connection that never came about) is repeated in any case.
    :ivar bucket: name of the budget it spends; "" for none.
    :ivar limit: the documented limit of that budget, until the server's headers tell the real one.
    :ivar unknown: the error that says "perhaps carried out".
    :ivar refuse: makes the error from a reply that is not 2xx.
    """

    name: str
    request: Request
    read: Callable[[Reply], T_co]
    repeatable: bool
    bucket: str = ""
    limit: RateLimit = RateLimit(100, 60.0)
    unknown: type[errors.OutcomeUnknown] = errors.OutcomeUnknown
    refuse: Callable[[str, Reply], errors.CallError] = api_error

    @property
    def asked(self) -> str:
        """The call in words, for messages."""
        return f"{self.name} ({self.request.method} {self.request.path})"

    def result(self, reply: Reply) -> T_co:
        """The reply's meaning.

        :raises UnreadableAnswer: a 2xx that is not what the API documents.
        :raises CallError: what ``refuse`` makes of any other status.
        """
        if not 200 <= reply.status < 300:
            raise self.refuse(self.asked, reply)
        try:
            return self.read(reply)
        except ValueError as problem:
            kind = errors.BadPage if isinstance(problem, PageProblem) else errors.UnreadableAnswer
            came = f"the answer {reply.status} cannot be used: {problem}"
        # Not from the problem: the local variables of its frames hold the answer, which may be a token.
        raise kind(self.asked, came)


@dataclass(frozen=True)
class Pause:
    """A step that calls nothing: ``Sleep``, ``Log``, ``Warn`` or ``Now``. A driver carries all of them out alike.

    :ivar seconds: how long to wait, on the driver's clock.
    :ivar reason: words for the log, "" for none; they may hold words of Frame.io's, so they are cut and on one line.
    """

    seconds: float = 0.0
    reason: str = ""
    level: ClassVar[int] = logging.INFO

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", foreign(self.reason, _LONGEST_REASON))


class Sleep(Pause):
    """Wait so many seconds, for a reason that is logged."""


class Log(Pause):
    """Log something."""

    def __init__(self, reason: str) -> None:
        super().__init__(0.0, reason)


class Warn(Log):
    """Log what somebody should look at."""

    level = logging.WARNING


class Now(Pause):
    """Ask for the time: seconds since the epoch, unless the driver lives in a time of its own."""


@dataclass(frozen=True)
class Save:
    """A record to be stored before the flow goes on."""

    record: JsonObject


@dataclass(frozen=True)
class Room:
    """Waits until the rate limit has room for an operation, and spends nothing. Raises ``NoSlot`` as its call would."""

    operation: Operation[Any]


@dataclass(frozen=True)
class Recorded:
    """An operation that must not get lost.

    :ivar sending: the record stored once the rate limit admits the call, at the last moment before it is sent.
    :ivar refused: the record stored instead as soon as it is certain that a try was not carried out.
    :ivar attempts: tries in all, refusals by a rate limit not counted; None: as many as is usual.
    """

    operation: Operation[Any]
    sending: JsonObject | None = None
    refused: JsonObject | None = None
    attempts: int | None = None


# Several steps as one: yields operations and pauses, is sent their results or thrown their errors, returns the outcome.
Flow: TypeAlias = Generator["Operation[Any] | Pause", Any, T]

# A flow that also keeps a record; a plain flow may stand where one of these is expected.
Step: TypeAlias = "Operation[Any] | Pause | Save | Room | Recorded"
RecordedFlow: TypeAlias = Generator[Step, Any, T]
