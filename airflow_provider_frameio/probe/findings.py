"""What the probe asks of Frame.io, what is assumed, and what was found. Performs no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What became of a question."""

    AS_ASSUMED = "as assumed"
    DIFFERS = "differs"
    NOT_SEEN = "not seen"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Question:
    """One thing that is assumed about Frame.io.

    :ivar row: how the row of the emulator's README begins that assumes it.
    """

    asks: str
    assumed: str
    row: str


@dataclass(frozen=True)
class Finding:
    """A verdict, and what was seen; or why nothing was."""

    verdict: Verdict
    seen: str


class Findings:
    """The answers so far, by the keys of the questions. What is found first stays."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def judge(self, key: str, as_assumed: bool, seen: str) -> None:
        """Something was seen."""
        self._add([key], Finding(Verdict.AS_ASSUMED if as_assumed else Verdict.DIFFERS, seen))

    def not_seen(self, why: str, *keys: str) -> None:
        """It was asked, and the answer tells nothing."""
        self._add(keys, Finding(Verdict.NOT_SEEN, why))

    def not_asked(self, why: str, *keys: str) -> None:
        """It was left out."""
        self._add(keys, Finding(Verdict.NOT_ASKED, why))

    def of(self, key: str) -> Finding:
        """What was found."""
        return self._found.get(key, Finding(Verdict.NOT_ASKED, "the probe did not come to it"))

    def differing(self) -> list[str]:
        """The keys of what differs."""
        return [key for key, finding in self._found.items() if finding.verdict is Verdict.DIFFERS]

    def _add(self, keys: Iterable[str], finding: Finding) -> None:
        for key in keys:
            if key not in QUESTIONS:
                raise KeyError(key)
            self._found.setdefault(key, finding)


_COPY = "A copy answers 200 at once"
_LAG = "New assets may be late in folder lists"
_VERSIONS = "Its versions appear one by one"
_REFUSAL = "A refusal is plain text"

READING = {
    "page_size": Question("The largest page?", "500 stacks, 100 versions; more is refused with 422", "Unknown body"),
    "unknown_query": Question("An unknown query parameter?", "422", "Unknown query parameters"),
    "next_link": Question("What does `links.next` hold?", "a relative link with `after` alone", "`links.next` is"),
    "cursor": Question("A cursor under another `sort`, or none at all?", "422", "A cursor is refused"),
    "offset": Question("Does a cursor of folder children hold an offset?", "yes", "A cursor of folder children"),
    "wrong_id": Question("An id of the wrong kind, unknown, malformed?", "422, 404, 422", "A wrong kind of id"),
    "wrong_account": Question("An unknown account?", "404", "An account of others"),
}
COPYING = {
    "bulk_copy": Question("Is there a bulk copy of files?", "yes", "Bulk copy may be missing"),
    "copy_answer": Question("What does a copy answer?", "200, and the new stack", _COPY),
    "limit_headers": Question("The limit of copies, by its headers?", "10 in 60 s", "Limits per user and route"),
    "shown_at_once": Question("Can a new stack be shown by its id at once?", "yes", _LAG),
    "list_lag": Question("When does its folder's list have it?", "at once", _LAG),
    "first_version": Question("Are there versions when the copy answers?", "at least one", _VERSIONS),
    "one_by_one": Question("Do all versions come at once?", "no, one by one, the oldest first", _VERSIONS),
    "statuses": Question("Which statuses follow each other?", "created, uploaded, transcoded", _VERSIONS),
    "complete": Question("How long until all versions are uploaded?", "at most three minutes", _VERSIONS),
    "head_version": Question("What is `head_version` meanwhile?", "the newest there is, or null", "`head_version` is"),
    "media_type": Question("Is `media_type` known before the upload?", "yes", "`media_type` is known"),
    "children_order": Question("The order of a stack's children?", "newest first", "Children come newest first"),
    "kept_names": Question("Names and creator of copied versions?", "kept; who copied", "Versions keep their names"),
    "parent_id": Question("The `parent_id` of a version?", "its stack", "A file in a stack shows"),
    "name_clash": Question('When does a copy\'s name get " (1)"?', "where the name is taken", "A copy's name gets"),
    "list_order": Question("The order of a folder's stacks?", "that of arrival", "Other lists come"),
    "source_updated_at": Question("Does the source's `updated_at` move?", "no", "A stack's `updated_at` moves"),
}
METADATA = {
    "metadata_shown": Question(
        "Where does a list show a stack's metadata?",
        "on the stack and on its newest version",
        "A stack has no metadata",
    ),
    "metadata_updated_at": Question("Does setting metadata move an `updated_at`?", "no", "Setting metadata changes"),
}
ADOBE = {
    "adobe_refusal": Question("Which status refuses a copy from Adobe storage?", "422", "… with which status"),
}
LIMITS = {
    "failed_calls": Question("Does a copy that fails with 404 spend budget?", "yes", "Calls that fail"),
    "refusal_headers": Question("Does a 429 have the rate-limit headers?", "yes", _REFUSAL),
    "refusal_remaining": Question("Which `remaining` has a 429?", "the full limit", _REFUSAL),
    "refusal_body": Question("What is the body of a 429?", "plain text", _REFUSAL),
    "retry_after": Question("Does a 429 have `Retry-After`?", "no", "No `Retry-After`"),
    "limit_mode": Question("How does budget come back?", "call by call, one every window/limit", "The bucket leaks"),
    "refused_calls": Question("Is a refused call charged?", "no", "A refused call costs nothing"),
}
CLEANING = {
    "empty_stack": Question("What is a stack without its last version?", "gone", "A stack whose last version"),
    "deleted_folder": Question("What is a deleted folder?", "gone", "A folder is deleted"),
}
QUESTIONS: dict[str, Question] = {**READING, **COPYING, **METADATA, **ADOBE, **LIMITS, **CLEANING}

# What the emulator's README assumes besides, by how its rows begin; said in every report.
NOT_ASKED: dict[str, str] = {
    "A budget belongs to a user": "needs a second account or a second token",
    "Types that are not transcoded": "needs a source of such a type, and no end to wait for",
    "A version that is not uploaded": "needs an upload that is abandoned",
    "Metadata is set only where": "needs files and values that are refused",
    "A field's name and an option's name": "would change the account's fields",
    "A date is a time": "needs a reviewer who picks a day",
    "Everybody may list": "needs a user of another role",
    "A new folder has the name": "a mirror makes no folder where one of its name is listed",
    "Of a repeated query key": "the client sends each key once",
    "Other cursors name": "nothing relies on it: lists are read again where something left",
    "A page of assets holds up to": "lists are read in smaller pages where large ones are refused",
    "`data` may be missing": "a refused copy or move would not be told from a carried-out one",
    "Ids on Adobe storage": "needs a project there; look at the ids in its URLs",
    "… `adobe:<asset>`, with a version": "needs a stack there",
    "A UUID may be written in capitals": "nothing relies on it: ids are sent in lower case",
    "Assets may be moved between projects": "would move what the probe did not make",
    "A file cannot be renamed": "needs two files of its own",
    "A new stack is named after": "needs files to stack",
    "… also one that is in it already": "needs files to move",
    "Files can be stacked before": "needs an upload",
    "A new version changes": "needs files to move",
    "Moving a stack or a file": "nothing relies on it",
    "Bulk copies and moves": "needs copies that fail in part",
    "A bulk move puts": "nothing relies on it",
    "IMS errors are 400": "would need a wrong secret",
    "Access tokens live": "what Adobe says of each token is believed",
    "A refresh gives": "would end the tokens in use",
    "A refresh leaves": "would end the tokens in use",
    "A dead refresh token": "would end the tokens in use",
    "An authorization code": "needs a browser",
    "A client without a secret": "needs another credential",
    "A legacy token is refused": "needs a legacy token",
}
