"""The one judge of whether a copy is complete: of a version stack, or of files. Performs no I/O.

Frame.io answers a copy at once with the new ids and reports no progress and no end: what can be seen are the copied
files and their statuses. A file's status goes ``created`` → ``uploaded`` → ``transcoded``. What the source itself has
not uploaded does not count.
Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

from airflow_provider_frameio.api.aliases import own_id
from airflow_provider_frameio.api.endpoints.files import get_file, list_files
from airflow_provider_frameio.api.endpoints.version_stacks import (
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.errors import CopyFailed, InvalidParameter, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import (
    TARGET_STATUSES,
    Version,
    has_failed,
    has_reached,
    head_status,
    is_uploaded,
    text,
)
from airflow_provider_frameio.api.pages import Page, all_pages, walk
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject


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
    """The copy of a version stack, and what it must have to be complete.

    :ivar version_stack_id: the copy.
    :ivar versions: how many uploaded versions the source has; None when unknown: then the copy counts as complete as
        soon as it has any version and all it has are there, which may be too early while more are still to appear.
    :ivar target_status: ``uploaded`` (the default; better is as good) or ``transcoded``. Frame.io leaves types that it
        does not transcode at ``uploaded``: waiting for ``transcoded`` then ends only by the timeout.
    :ivar source_id: the source; it is asked for the number of versions at each look where that is unknown. "": nobody
        is asked.
    """

    version_stack_id: str
    versions: int | None = None
    target_status: str = "uploaded"
    source_id: str = ""

    # Whether a folder's list tells that the copy is complete; otherwise it only hints, and a look decides.
    list_decides: ClassVar[bool] = False
    list_folder = staticmethod(list_version_stacks)
    too_late: ClassVar[str] = (
        "Not complete in the time allowed: {}. The copy goes on in Frame.io: "
        "wait for it with FrameioVersionStackCopySensor, or raise the timeout."
    )

    def __post_init__(self) -> None:
        _check_target(self.target_status)
        known = self.versions
        if known is not None and (isinstance(known, bool) or not isinstance(known, int) or known < 1):
            raise InvalidParameter("expected_versions", known, "give a whole number of at least 1, or None.")

    @property
    def listed_ids(self) -> tuple[str, ...]:
        """The ids that its folder's list shows."""
        return (self.version_stack_id,)

    def judge_list(self, items: Collection[JsonObject]) -> Verdict:
        """What its record in a list of its folder says: the status of its newest version, and nothing of the others."""
        (status,) = map(head_status, items)
        if has_reached(status, self.target_status):
            return Done(1)
        if has_failed(status):
            return Failed(f"newest version {foreign(status, 50)}")
        return Pending(f"newest version {foreign(status, 50)}" if status else "no versions yet")

    def look(self, account_id: str) -> Flow[Done | Pending]:
        """Look once: a call for each 100 versions.

        :raises CopyFailed: the copy is gone, or will never be complete.
        """
        expected = yield from with_count(account_id, self)
        try:
            versions = yield from list_versions(account_id, self.version_stack_id)
        except NotFound as gone:
            raise CopyFailed(f"The copy {self.version_stack_id} is not there (any more). {gone}") from gone
        verdict = judge(expected, versions)
        if isinstance(verdict, Failed):
            raise CopyFailed(f"The copy {self.version_stack_id} will never be complete: {verdict.why}.")
        return verdict


@dataclass(frozen=True)
class FilesExpectation:
    """Copied files in one folder, which are complete when all are ``uploaded`` (or better) or ``transcoded``."""

    folder_id: str
    file_ids: tuple[str, ...]
    target_status: str = "uploaded"

    list_decides: ClassVar[bool] = True
    list_folder = staticmethod(list_files)
    too_late: ClassVar[str] = "The copied files were not there in the time allowed: {}. Raise the timeout."

    def __post_init__(self) -> None:
        _check_target(self.target_status)

    @property
    def listed_ids(self) -> tuple[str, ...]:
        """The ids that its folder's list shows, each once."""
        return tuple(dict.fromkeys(self.file_ids))

    def judge_list(self, items: Collection[JsonObject]) -> Verdict:
        """What a list of their folder says of them: the records of those that it shows."""
        failed = [item for item in items if has_failed(text(item, "status"))]
        if failed:
            return Failed(f"A copied file failed: {_shown(Version.from_record(failed[0]))}.")
        total = len(self.listed_ids)
        ready = sum(has_reached(text(item, "status"), self.target_status) for item in items)
        return Done(total) if ready == total else Pending(f"{ready} of {total} files {self.target_status}")

    def look(self, account_id: str) -> Flow[Done | Pending]:
        """List the folder until all files were seen, and ask for the first that is missing: lists may lag.

        Where that one is in another folder, all that are missing count as there: an earlier try waited for them and
        stacked them, or somebody moved them, which the stacking will tell. A call for each 500 files in the folder.

        :raises CopyFailed: it is gone, or the upload of one failed.
        """
        left = dict.fromkeys(self.file_ids)
        found: dict[str, JsonObject] = {}

        def enough(page: Page) -> bool:
            for item in page.items:
                if (file_id := text(item, "id")) in left:
                    del left[file_id]
                    found[file_id] = item
            return not left

        yield from walk(list_files(account_id, self.folder_id, sort="created_at_desc"), enough)
        if left:
            missing = next(iter(left))
            try:
                found[missing] = yield get_file(account_id, missing)
            except NotFound as gone:
                raise CopyFailed(f"The copied file {missing} is not there (any more). {gone}") from gone
            if found[missing].get("parent_id") != self.folder_id:
                found.update({file_id: {"status": self.target_status} for file_id in left})
        verdict = self.judge_list(found.values())
        if isinstance(verdict, Failed):
            raise CopyFailed(verdict.why)
        return verdict


Awaited: TypeAlias = "Expectation | FilesExpectation"


def judge(expected: Expectation, versions: Sequence[Version]) -> Verdict:
    """Decide from a copy's versions.

    More versions than expected do no harm: somebody may have added one to the copy, or the source has not uploaded one.
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
    failed = [version for version in behind if has_failed(version.status)]
    if len(versions) - len(failed) < total and failed:
        return Failed(_shown(failed[0]))
    # Their statuses, so that one nobody knows is seen in the log.
    statuses = sorted({foreign(version.status, 50) or "no status" for version in behind})
    others = f" (others: {listed(statuses, ', ')})" if statuses else ""
    return Pending(f"{ready} of {total} versions {expected.target_status}{others}")


def list_versions(account_id: str, version_stack_id: str) -> Flow[list[Version]]:
    """A stack's versions: one call for each 100."""
    children = yield from all_pages(list_version_stack_children(account_id, version_stack_id))
    return [Version.from_record(child) for child in children]


def with_count(account_id: str, expected: Expectation) -> Flow[Expectation]:
    """The same, with the number of its source's uploaded versions where that can be asked for: a call for each 100.

    :raises InvalidParameter: the copy is the source itself.
    """
    if expected.versions is not None or not expected.source_id:
        return expected
    copy_id = yield from own_id(get_version_stack, account_id, expected.version_stack_id)
    if copy_id == (yield from own_id(get_version_stack, account_id, expected.source_id)):
        raise InvalidParameter("version_stack_id", copy_id, "this is the source; give the id of its copy.")
    versions = yield from list_versions(account_id, expected.source_id)
    return replace(expected, versions=max(1, sum(is_uploaded(version.status) for version in versions)))


def _check_target(status: str) -> None:
    if status not in TARGET_STATUSES:
        raise InvalidParameter("target_status", status, f"give one of {', '.join(TARGET_STATUSES)}.")


def _shown(failed: Version) -> str:
    """A version whose upload failed."""
    return f"'{foreign(failed.name or failed.id)}' {failed.id} has the status {foreign(failed.status, 50)}"
