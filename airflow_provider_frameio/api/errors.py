"""Every error about Frame.io: a leaf that only carries what is known, bounded, and can be pickled and copied.

::

    FrameioError
    ├── InvalidParameter  InvalidConnection
    ├── NotSent
    │   └── HostUnreachable  TlsFailed
    ├── NoSlot  NoAnswer  Redirected
    ├── UnreadableAnswer
    │   └── BadPage
    ├── ApiError
    │   ├── BadRequest  Unauthorized  PaymentRequired  Forbidden  NotFound  Conflict  Unprocessable
    │   └── RateLimited  ServerError
    ├── ImsError
    │   └── AuthorizationLost
    ├── NoUserToken  TokenNotKept
    ├── OutcomeUnknown
    │   └── CopyOutcomeUnknown
    ├── NotMirrored  CopyNeedsHelp  TurnTimeout
    └── CopyIncomplete
        └── CopyFailed  CopyTimeout  CopyUnseen

Each message says what was asked, what came back and what to do. ``transient`` tells whether the same call may well
succeed later without anybody doing anything; ``ambiguous`` whether the call may have been carried out all the same.
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from typing import Any, ClassVar

from airflow_provider_frameio.api.foreign import MOST_NAMED, Problem, foreign, listed

_USER_TOKENS = "use the user's tokens"
_LONGEST = 10_000  # characters of a message, whatever is put into it


class FrameioError(Exception):
    """Root of all errors of this package."""

    transient: ClassVar[bool] = False
    ambiguous: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(foreign(message, _LONGEST))

    def __reduce__(self) -> tuple[Any, ...]:
        """Made anew without its constructor, whose parameters are others than ``args``."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class InvalidParameter(FrameioError, ValueError):
    """A parameter cannot be right. Raised before any request."""

    def __init__(self, name: str, given: object, remedy: str) -> None:
        super().__init__(f"{name}={foreign(repr(given))} cannot be used: {remedy}")
        self.name = name


class InvalidConnection(FrameioError):
    """A field of the connection cannot be right. Raised before any request; never shows a secret."""

    def __init__(self, conn_id: str, field: str, problem: str) -> None:
        super().__init__(f"Connection {conn_id!r}, field {field!r}: {problem}")
        self.conn_id = conn_id
        self.field = field


class CallError(FrameioError):
    """A call that went wrong; ``asked`` is the operation in words, with its method and path."""

    def __init__(self, asked: str, came: str, remedy: str) -> None:
        self.asked = foreign(asked, 1000)
        self.came = foreign(came, 5000)
        self.remedy = foreign(remedy, 2000)
        super().__init__(f"{self.asked}: {self.came.rstrip('.')}. {self.remedy}".rstrip())


class NotSent(CallError):
    """The request never reached the server: nothing happened there, so any operation may be repeated."""

    transient = True


class HostUnreachable(NotSent):
    """No connection to the host: DNS, refused, or a connect timeout."""


class TlsFailed(NotSent):
    """No trusted connection to the host: the certificate or the handshake."""

    transient = False


class NoSlot(CallError):
    """The rate limit has no room for ``delay`` seconds (a call a ``slot``), and the caller would rather come back."""

    transient = True

    def __init__(self, asked: str, delay: float, slot: float, bucket: str = "") -> None:
        super().__init__(asked, f"the rate limit has no room for {delay:.1f} s", "Nothing is wrong: try again then.")
        self.delay = delay
        self.slot = slot
        self.bucket = bucket


class NoAnswer(CallError):
    """The request was sent and its answer never came whole: it may have been carried out."""

    transient = True
    ambiguous = True


class UnreadableAnswer(CallError):
    """An answer came that the API does not document: not JSON, packed, too large, or of another shape."""

    transient = True
    ambiguous = True

    def __init__(
        self, asked: str, came: str, remedy: str = "Check that Host is Frame.io's API and no proxy answers for it."
    ) -> None:
        super().__init__(asked, came, remedy)


class BadPage(UnreadableAnswer):
    """A page of a list from which the whole list cannot be told."""


class Redirected(CallError):
    """The answer is a redirect. None is followed: the token would travel along."""

    ambiguous = True  # some servers answer so once they have done what was asked

    def __init__(self, asked: str, status: int, location: str) -> None:
        remedy = "Redirects are not followed: set the connection's Host to the API's own address."
        super().__init__(asked, f"the answer is {status}, a redirect to {location}", remedy)


class ApiError(CallError):
    """Frame.io answered with an error status.

    :ivar problems: Frame.io's own words, the first ten; empty where the body held none.
    :ivar request_id: the server's id of the request, for Adobe's support, or "".
    :ivar retry_after: seconds the server asked to wait, or None.
    """

    remedies: ClassVar[str] = "Look the status up in Frame.io's API reference."

    def __init__(
        self,
        asked: str,
        status: int,
        problems: Sequence[Problem] = (),
        *,
        request_id: str = "",
        retry_after: float | None = None,
        who: str = "Frame.io",
        more: int = 0,
        remedy: str = "",
    ) -> None:
        """:param remedy: default: the one for the status."""
        self.status = status
        self.problems = tuple(problems[:MOST_NAMED])
        self.request_id = foreign(request_id, 100)
        self.retry_after = retry_after
        reasons = listed(filter(None, map(str, problems)), more=more) or "no reason given"
        reference = f" [request {self.request_id}]" if request_id else ""
        pause = f", and asks to wait {retry_after:g} s" if retry_after else ""
        super().__init__(asked, f"{who} answered {status}: {reasons}{reference}{pause}", remedy or self.remedies)


class BadRequest(ApiError):
    """400: the request is malformed."""

    remedies = "Check the values given; Frame.io names the one it cannot use, if any, above."


class Unauthorized(ApiError):
    """401: the token is missing, wrong or expired. Nothing was carried out."""

    remedies = (
        "Check auth_type and Password of the connection: it is wrong, expired, revoked or of another kind. "
        "A token that Adobe has just issued may lack a scope, a product profile or a link to the user's Adobe ID."
    )


class PaymentRequired(ApiError):
    """402: the account's plan does not allow it. Nothing was carried out."""

    remedies = "The account's plan does not include this, or its storage is used up: look at the plan in Frame.io."


class Forbidden(ApiError):
    """403: not allowed, or the account is locked."""

    remedies = "Check that the connection's user may do this in the project and that the account is not locked."


class NotFound(ApiError):
    """404: no such thing, or not visible to this user."""

    remedies = "Check the id and account_id, and that the connection's user can see it; it may have been deleted."


class Conflict(ApiError):
    """409: somebody changed the same thing at the same moment."""

    transient = True
    ambiguous = True
    remedies = "Something else changed the same asset; try again when it is at rest."


class Unprocessable(ApiError):
    """422: understood, but not possible, such as an id of the wrong kind."""

    remedies = "Check that each id is of the right kind (file, folder or version stack) and each value in range."


class RateLimited(ApiError):
    """429: over a rate limit. Nothing was carried out."""

    transient = True
    remedies = "Another client may be spending the same user's budget: start fewer at once, or give them another user."


class ServerError(ApiError):
    """5xx or 408: Frame.io had a fault of its own."""

    transient = True
    ambiguous = True
    remedies = "It usually passes by itself: try again later, and look at Frame.io's status page if it stays."


class ImsError(CallError):
    """Adobe IMS did not issue an access token; ``code`` is its ``error``, such as ``invalid_client``."""

    def __init__(self, asked: str, code: str, description: str, remedy: str) -> None:
        self.code = foreign(code, 100)
        super().__init__(asked, f"Adobe IMS answered {self.code}: {foreign(description)}", remedy)


class OutcomeUnknown(CallError):
    """A call that must not be repeated was perhaps carried out: its answer was lost or cannot be read."""

    advice: ClassVar[str] = "It may have been carried out: look in Frame.io before doing it again."

    def __init__(self, asked: str, came: str) -> None:
        super().__init__(asked, came, self.advice)


class CopyOutcomeUnknown(OutcomeUnknown):
    """A copy whose answer was lost."""

    advice = (
        "The copy may have been made: a second attempt could copy twice. Look into the target folder; "
        "clear the task only if the copy is not there."
    )


class NoUserToken(CallError):
    """There is no usable access token where the user's tokens are kept. Nothing was sent."""

    transient = True  # a refresh may come any moment, and Airflow 3 tells no missing Variable from an unreadable one

    def __init__(self, came: str, remedy: str) -> None:
        super().__init__(_USER_TOKENS, came, remedy)


class TokenNotKept(CallError):
    """The Airflow Variable does not hold what was written to it."""

    def __init__(self, came: str, remedy: str) -> None:
        super().__init__(_USER_TOKENS, came, remedy)


class AuthorizationLost(ImsError):
    """Adobe IMS takes the refresh token no longer: only the user can help, by consenting again."""


class CopyNeedsHelp(FrameioError):
    """What became of a copy cannot be told for certain, so nothing more was done. Somebody has to look."""


class NotMirrored(FrameioError):
    """A part of a folder was not mirrored, because what the target holds, or is to hold, is not clear."""


class TurnTimeout(FrameioError):
    """A copy's turn under the rate limit did not come in the time allowed. Nothing was sent."""

    transient = True


class CopyIncomplete(FrameioError):
    """The copy was made, but is not what it should be."""


class CopyFailed(CopyIncomplete):
    """The copy will never be complete."""


class CopyTimeout(CopyIncomplete):
    """The copy was not complete in the time allowed."""


class CopyUnseen(CopyIncomplete):
    """Whether the copy is complete could not be seen. A retry goes on waiting."""

    transient = True
