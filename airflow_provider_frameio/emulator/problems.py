"""An answer that refuses: raised anywhere below the HTTP layer, which turns it into Frame.io's ``errors`` body."""

from __future__ import annotations

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
