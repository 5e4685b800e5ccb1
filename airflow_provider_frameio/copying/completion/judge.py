"""The one judge of whether the copy of a version stack is complete. Performs no I/O.

Frame.io answers a copy at once with the new stack's id and reports no progress and no end: what can be seen are the
copy's versions and their statuses. A version's status goes ``created`` → ``uploaded`` → ``transcoded``.
Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stack_children
from airflow_provider_frameio.api.errors import CopyFailed, InvalidParameter, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import TARGET_STATUSES, Version, has_reached
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow


@dataclass(frozen=True)
class Pending:
    """Not complete yet; ``progress`` in words."""

    progress: str


@dataclass(frozen=True)
class Done:
    """Complete, with this many versions."""

    versions: int


@dataclass(frozen=True)
class Failed:
    """Never complete, and why."""

    why: str


Verdict: TypeAlias = "Pending | Done | Failed"


@dataclass(frozen=True)
class Expectation:
    """What a copy must have to be complete.

    :ivar version_stack_id: the copy.
    :ivar versions: how many versions the source has; None when unknown: then the copy counts as complete as soon as it
        has any version and all it has are there, which may be too early while more of them are still to appear.
    :ivar target_status: ``uploaded`` (the default; better is as good) or ``transcoded``. Frame.io leaves types that it
        does not transcode at ``uploaded``: waiting for ``transcoded`` then ends only by the timeout.
    """

    version_stack_id: str
    versions: int | None = None
    target_status: str = "uploaded"

    def __post_init__(self) -> None:
        if self.target_status not in TARGET_STATUSES:
            raise InvalidParameter("target_status", self.target_status, f"give one of {', '.join(TARGET_STATUSES)}.")
        known = self.versions
        if known is not None and (isinstance(known, bool) or not isinstance(known, int) or known < 1):
            raise InvalidParameter("expected_versions", known, "give a whole number of at least 1, or None.")


def judge(expected: Expectation, versions: Sequence[Version]) -> Verdict:
    """Decide from a copy's versions.

    More versions than expected do no harm: somebody may already have added one to the copy.
    """
    strays = [version for version in versions if version.type != "file"]
    if strays:
        stray = strays[0]
        return Failed(f"'{foreign(stray.name or stray.id)}' in the copy is a {foreign(stray.type, 50)}, not a file")
    behind = [version for version in versions if not has_reached(version.status, expected.target_status)]
    ready = len(versions) - len(behind)
    total = expected.versions or max(1, len(versions))
    if ready >= total:
        return Done(len(versions))
    return Pending(f"{ready} of {total} versions {expected.target_status}{_others(behind)}")


def list_versions(account_id: str, version_stack_id: str) -> Flow[list[Version]]:
    """A stack's versions: one call for each 100."""
    children = yield from all_pages(list_version_stack_children(account_id, version_stack_id))
    return [Version.from_record(child) for child in children]


def look(account_id: str, expected: Expectation) -> Flow[Done | Pending]:
    """Look at a copy once: one call for each 100 versions.

    :raises CopyFailed: the copy is gone, or will never be complete.
    """
    copy_id = expected.version_stack_id
    try:
        versions = yield from list_versions(account_id, copy_id)
    except NotFound as gone:
        raise CopyFailed(f"The copy {copy_id} is not there (any more). {gone}") from gone
    verdict = judge(expected, versions)
    if isinstance(verdict, Failed):
        raise CopyFailed(f"The copy {copy_id} will never be complete: {verdict.why}.")
    return verdict


def _others(behind: Sequence[Version]) -> str:
    """The statuses of those not ready, so that a status nobody knows is seen in the log."""
    statuses = sorted({foreign(version.status, 50) or "no status" for version in behind})
    return f" (others: {listed(statuses, ', ')})" if statuses else ""
