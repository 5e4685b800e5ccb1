"""What came back, and what it means: a reply's JSON, and the error a status stands for. Performs no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from airflow_provider_frameio.api import errors

JsonObject: TypeAlias = "dict[str, Any]"


@dataclass(frozen=True)
class Reply:
    """What came back.

    :ivar url: where it came from, without the query.
    :ivar headers: names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # it may hold a token
    url: str = ""

    def json_object(self) -> JsonObject | None:
        """The body as a JSON object; None when it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def retry_after(self) -> float | None:
        """Seconds of a ``Retry-After`` header; None when absent, given as a date, or no time at all."""
        try:
            seconds = float(self.headers["retry-after"])
        except (KeyError, ValueError):
            return None
        return seconds if 0 <= seconds < float("inf") else None

    def date(self) -> float | None:
        """The server's time in seconds since the epoch, to the second; None when it does not say."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None


class PageProblem(ValueError):
    """Why a page of a list cannot be used."""


def read_record(reply: Reply) -> JsonObject:
    """The object under ``data``, which has an id: without it nothing can be done with what was made or shown."""
    data = (reply.json_object() or {}).get("data")
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise ValueError(f"no JSON object with an 'id' under 'data', but {preview(reply.body)}")
    return data


def read_list(reply: Reply) -> list[JsonObject]:
    """The list of objects under ``data``, for answers that are no pages."""
    data = (reply.json_object() or {}).get("data")
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise ValueError(f"no list of objects under 'data', but {preview(reply.body)}")
    return data


def read_nothing(reply: Reply) -> None:
    """For answers without content (204)."""


def preview(body: bytes) -> str:
    """The beginning of a body, for a message."""
    text = " ".join(body[:200].decode("utf-8", "replace").split())
    return repr(text[:80] + ("…" if len(text) > 80 else "")) if text else "an empty body"


_ERROR_BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.ServerError,
    409: errors.Conflict,
    422: errors.Unprocessable,
    429: errors.RateLimited,
}


def api_error(asked: str, reply: Reply, who: str = "Frame.io") -> errors.CallError:
    """The error of a reply that is not 2xx. Its body need not be JSON: the limiter's 429 is plain text."""
    if reply.status in (301, 302, 303, 307, 308):
        return errors.Redirected(asked, reply.status, reply.headers.get("location", "nowhere"))
    if reply.status < 400:
        return errors.UnreadableAnswer(asked, f"no API gives an answer {reply.status}")
    default = errors.ServerError if reply.status >= 500 else errors.ApiError
    kind = _ERROR_BY_STATUS.get(reply.status, default)
    return kind(
        asked,
        reply.status,
        _problems(reply),
        request_id=reply.headers.get("x-request-id", ""),
        retry_after=reply.retry_after(),
        who=who,
    )


def _problems(reply: Reply) -> list[errors.Problem]:
    found = (reply.json_object() or {}).get("errors")
    if isinstance(found, list):
        return [_problem(entry) for entry in found]
    return [errors.Problem("", preview(reply.body))] if reply.body.strip() else []


def _problem(entry: object) -> errors.Problem:
    if not isinstance(entry, dict):
        return errors.Problem("", str(entry))
    source = entry.get("source")
    pointer = source.get("pointer", "") if isinstance(source, dict) else ""
    return errors.Problem(str(entry.get("title") or ""), str(entry.get("detail") or ""), str(pointer or ""))
