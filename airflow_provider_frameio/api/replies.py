"""An HTTP reply: its JSON, and the error for its status. Performs no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from airflow_provider_frameio.api import errors, shapes
from airflow_provider_frameio.api.foreign import MOST_NAMED, Problem, address, foreign, redacted

JsonObject: TypeAlias = "dict[str, Any]"

_BEGINNING = 4096  # bytes of a body among which its first words are looked for


@dataclass(frozen=True)
class Reply:
    """An HTTP reply.

    :ivar headers: names in lower case.
    :ivar secrets: the secrets that the request held; no message may show them. Longest first.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)  # what a server says may be anything, such as a token
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def json(self) -> JsonObject:
        """The body, a JSON object that Airflow can store; raises ``ValueError`` where it is anything else."""
        try:
            value = shapes.read_json(self.body)
        except ValueError as problem:
            raise ValueError(f"no usable JSON ({problem}), but {self.preview()}") from problem
        if not isinstance(value, dict):
            raise ValueError(f"no JSON object, but {self.preview()}")
        return value

    def json_object(self) -> JsonObject | None:
        """The same; None where it is anything else."""
        try:
            return self.json()
        except ValueError:
            return None

    def is_markup(self) -> bool:
        """Whether the body is HTML or XML. The API sends neither: something before it has answered."""
        return self.body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")

    def retry_after(self) -> float | None:
        """Seconds of a ``Retry-After`` header; None when absent or no time at all.

        A date counts from the server's own ``Date``, without which it says nothing; one that is past is 0.
        """
        try:
            seconds = float(self.headers.get("retry-after", ""))
        except ValueError:
            until, now = self._moment("retry-after"), self.date()
            return None if until is None or now is None else max(0.0, until - now)
        return seconds if 0 <= seconds < float("inf") else None

    def date(self) -> float | None:
        """The server's time in seconds since the epoch, to the second; None when it does not say."""
        return self._moment("date")

    def _moment(self, header: str) -> float | None:
        try:
            return epoch(parsedate_to_datetime(self.headers[header]))
        except (KeyError, ValueError, OverflowError):
            return None

    def shown(self, text: object, limit: int = 300) -> str:
        """A text of this reply, fit for a message; see ``foreign``."""
        return foreign(redacted(str(text), self.secrets), limit)

    def preview(self) -> str:
        """The beginning of the body, for a message."""
        beginning = redacted(self.body.lstrip()[:_BEGINNING].decode("utf-8", "replace"), self.secrets)
        start = " ".join(beginning.split())
        return f"'{foreign(start, 81)}'" if start else "an empty body"


class PageProblem(ValueError):
    """Why a page of a list cannot be used."""


def epoch(moment: datetime) -> float:
    """A moment in seconds since the epoch; one that names no offset is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def read_record(reply: Reply) -> JsonObject:
    """The object under ``data``, which must have an id."""
    return shapes.record(reply.json().get("data"), "data")


def read_records(reply: Reply) -> list[JsonObject]:
    """The list under ``data`` of the answer to a move of many files."""
    return [shapes.record(item, where) for where, item in shapes.items(reply.json().get("data"), "data")]


def read_copied_files(reply: Reply) -> list[JsonObject]:
    """The list under ``data`` of the answer to a copy of many files: each source's id with its copy."""
    return [shapes.copied_file(item, where) for where, item in shapes.items(reply.json().get("data"), "data")]


def read_nothing(reply: Reply) -> None:
    """For answers without content (204)."""


_ERROR_BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    402: errors.PaymentRequired,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.ServerError,
    409: errors.Conflict,
    422: errors.Unprocessable,
    429: errors.RateLimited,
}


# Refusals that a web page cannot stand for. Gateways answer 408, 429 and 5xx with pages that mean what the status says.
_REFUSALS = frozenset(range(400, 500)) - {408, 429}
_GATEWAY = "A proxy or gateway gave it: check Host, 'proxies' and the network."


def api_error(asked: str, reply: Reply, who: str = "Frame.io") -> errors.CallError:
    """The error of a reply that is not 2xx. Its body need not be JSON: the limiter's 429 is plain text."""
    if reply.status in (301, 302, 303, 307, 308):
        location = redacted(reply.headers.get("location", ""), reply.secrets)
        return errors.Redirected(asked, reply.status, address(location) or "nowhere")
    if reply.status < 400:
        return errors.UnreadableAnswer(asked, f"no API gives an answer {reply.status}")
    if reply.status in _REFUSALS and reply.is_markup():
        came = f"the answer {reply.status} is a web page and none of the API's: {reply.preview()}"
        return errors.UnreadableAnswer(asked, came, _GATEWAY)
    kind = _ERROR_BY_STATUS.get(reply.status, errors.ServerError if reply.status >= 500 else errors.ApiError)
    problems, more = _problems(reply)
    remedy = _remedy_of_good_token(problems) if kind is errors.Unauthorized else ""
    return kind(
        asked,
        reply.status,
        problems,
        more=more,
        request_id=reply.shown(reply.headers.get("x-request-id", "")),
        retry_after=reply.retry_after(),
        who=who,
        remedy=remedy,
    )


# What Frame.io misses where it knows the token and refuses it all the same: words of its answer → what to do.
_GOOD_TOKEN = {
    "scope": "The token is good but lacks a scope. Set the extra 'scopes' to those of the credential's page in the "
    "Adobe Developer Console, or leave it empty; a user then authorizes again.",
    "product profile": "The token is good but has no product profile of Frame.io. An administrator assigns one: to a "
    "service account in the Adobe Developer Console, to a user in the Adobe Admin Console.",
    "adobe ?id": "The token is good but its Adobe ID belongs to no user of Frame.io. Sign in to Frame.io with this "
    "Adobe ID once; accounts outside the Adobe Admin Console first switch to Adobe authentication.",
}


def _remedy_of_good_token(problems: list[Problem]) -> str:
    said = " ".join(f"{problem.title} {problem.detail}" for problem in problems).lower()
    return next((remedy for missing, remedy in _GOOD_TOKEN.items() if re.search(missing, said)), "")


def _problems(reply: Reply) -> tuple[list[Problem], int]:
    """The first of them, and how many more there are."""
    found = (reply.json_object() or {}).get("errors")
    if isinstance(found, list):
        return [_problem(reply, entry) for entry in found[:MOST_NAMED]], len(found) - MOST_NAMED
    return [Problem("", reply.preview())] if reply.body.strip() else [], 0


def _problem(reply: Reply, entry: object) -> Problem:
    if not isinstance(entry, dict):
        return Problem("", reply.shown(entry))
    source = entry.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return Problem(*(reply.shown(said or "") for said in (entry.get("title"), entry.get("detail"), pointer)))
