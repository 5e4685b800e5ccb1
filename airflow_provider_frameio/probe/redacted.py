"""What a server said, reduced to what anybody may read. Performs no I/O.

Any text of a server may be a name, an address or a secret, and a name looks like any other word. So nothing is shown
for what it looks like: only words that are known here, numbers of a few digits, dates, and lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone
from http import HTTPStatus

from airflow_provider_frameio.api.errors import ApiError, FrameioError
from airflow_provider_frameio.api.foreign import Problem
from airflow_provider_frameio.api.replies import Reply, api_error

_MOST_PROBLEMS = 10
_LONGEST_TITLE = 60

_TITLE_WORDS = """
a access account already an and api are argument array asset at attribute be body cannot changeset characters copy
cursor date directory does duplicate email empty error exist exists expected expired failed field file files folder for
format found from has header id ids in input invalid is it json key large length limit limited list long malformed
mismatch missing must name null object of on or page parameter parent parse path permission project query quota rate
reached read required resource root schema size small source stack status storage string target the this to token type
unexpected unique unknown user uuid validation value values version was with write wrong
"""
_FIELDS = """
account_id after body copy_comments data file_id file_ids filter folder_id header id include include_total_count
metadata name page_size parent_id path project_id query sort type user_id version_stack_id
"""
_STATUSES = """
complete created deleted error failed pending processing queued ready transcoded transcoding uploaded uploading
"""
_CONTENT_TYPES = "application/json application/problem+json application/vnd.api+json text/html text/plain"
_KINDS = "account file folder project user version_stack"
_PATHS = "v4 me accounts projects folders files version_stacks children copy move not-an-id"
_REASONS = " ".join(status.phrase.lower() for status in HTTPStatus)


def number(value: object) -> str:
    """A number of at most seven digits before its point; of anything else, its length."""
    text = str(value)
    return text if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,3})?", text) else _length(text)


def moment(seconds: float | None) -> str:
    """A time of the server, in UTC."""
    if seconds is None:
        return "no time"
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S}"


def content_type(value: str) -> str:
    """A media type without its parameters."""
    return _known(value.partition(";")[0].strip().lower(), _CONTENT_TYPES)


def status(value: str) -> str:
    """A file's status."""
    return _known(value, _STATUSES)


def kind(value: str) -> str:
    """What an object is."""
    return _known(value, _KINDS, "object")


def fields(names: Iterable[str]) -> str:
    """Names of fields or query parameters, in order; all that are unknown are one "another"."""
    return ", ".join(dict.fromkeys(_known(name, _FIELDS) for name in sorted(names)))


def path(value: str, ids: dict[str, str]) -> str:
    """A path, with a number in place of each id.

    :param ids: the numbers so far; new ids are added.
    """
    return "/".join(
        segment if not segment or segment in _PATHS.split() else ids.setdefault(segment, f"{{{len(ids) + 1}}}")
        for segment in value.split("/")
    )


def refusal(reply: Reply) -> str:
    """What a refusal says: the titles and pointers of its errors, and how long it is."""
    size = f"{len(reply.body)} bytes"
    if reply.json_object() is None:
        return f"{size}, no JSON object" if reply.body else "empty"
    problems = getattr(api_error("", reply), "problems", ())
    return ", ".join(filter(None, [_problems(problems), size]))


def failure(error: FrameioError) -> str:
    """What went wrong: the class of the error, and what a refusal says."""
    parts = [type(error).__name__]
    if isinstance(error, ApiError):
        parts += [str(error.status), _problems(error.problems)]
    elif isinstance(error.__cause__, FrameioError):
        parts += [failure(error.__cause__)]
    return ", ".join(filter(None, parts))


def _problems(problems: Iterable[Problem]) -> str:
    shown = list(dict.fromkeys(_problem(problem) for problem in problems))[:_MOST_PROBLEMS]
    return "; ".join(shown)


def _problem(problem: Problem) -> str:
    title = _title(problem.title)
    return f"{title} at {_pointer(problem.pointer)}" if problem.pointer else title


def _title(title: str) -> str:
    known_words = {*_TITLE_WORDS.split(), *_REASONS.split()}
    known = len(title) <= _LONGEST_TITLE and all(word in known_words for word in title.lower().split(" "))
    return f'"{title}"' if known else f"a title of {_length(title)}"


def _pointer(pointer: str) -> str:
    segments = pointer.removeprefix("/").split("/")[:10]
    return "".join(f"/{'#' if segment.isdecimal() else _known(segment, _FIELDS, '…')}" for segment in segments)


def _known(word: str, allowed: str, other: str = "another") -> str:
    return word if word in allowed.split() else other


def _length(text: str) -> str:
    return f"{len(text)} characters"
