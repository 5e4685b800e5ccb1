"""What goes back over the wire, before any fault spoils it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.emulator.problems import Problem

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


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body; None means none at all."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return Answer(status, content, JSON, headers or {})


def text_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in plain text."""
    return Answer(status, text.encode(), TEXT, headers or {})


def problem_answer(problem: Problem) -> Answer:
    """A refusal in the form of Frame.io's errors."""
    return json_answer(problem.status, problem.body())
