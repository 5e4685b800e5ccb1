"""What goes back over the wire, refusals included, before any fault spoils it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Problem(Exception):
    """The request is refused.

    :ivar pointer: JSON pointer to the offending value, or "".
    """

    def __init__(self, status: int, title: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.pointer = pointer

    def body(self) -> dict[str, Any]:
        """The JSON that Frame.io sends."""
        error: dict[str, Any] = {"title": self.title, "detail": self.detail}
        if self.pointer:
            error["source"] = {"pointer": self.pointer}
        return {"errors": [error]}


def unauthorized(detail: str) -> Problem:
    """401: no token, or one that is not accepted."""
    return Problem(401, "Unauthorized", detail)


def forbidden(detail: str) -> Problem:
    """403: known, but not for this user."""
    return Problem(403, "Forbidden", detail)


def not_found(detail: str) -> Problem:
    """404: no such route or thing."""
    return Problem(404, "Not Found", detail)


def invalid(detail: str, pointer: str = "") -> Problem:
    """422: a value of the request cannot be used."""
    return Problem(422, "Invalid value", detail, pointer)


JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(204)


def json_answer(status: int, body: Any) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(body, ensure_ascii=False).encode())


def text_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in plain text."""
    return Answer(status, text.encode(), TEXT, headers or {})


def problem_answer(problem: Problem) -> Answer:
    """A refusal in the form of Frame.io's errors."""
    return json_answer(problem.status, problem.body())
