"""What the probe works on: what it finds, the folder it makes, what it copies, what it has made. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_frameio.api.endpoints.accounts import get_me, get_project
from airflow_provider_frameio.api.endpoints.folders import get_folder
from airflow_provider_frameio.api.endpoints.version_stacks import (
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.models import VersionStack, text
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.protocol import Flow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.probe.steps import Ids

PREFIX = "airflow-frameio-probe"
COPIES = 3
FIRST = 3  # calls that tell whether those are charged that name no stack
POLLS, AFTERWARDS = 6, 3  # calls after the burst: until budget comes back, and then at once
_LEAST, _MOST = 2, 10  # versions of a source: one tells nothing of their order, many are much to delete again
_LOOKED_AT = 20


@dataclass(frozen=True)
class Options:
    """What whoever runs the probe decides.

    :ivar patience: seconds that one wait may take.
    :ivar burst: calls of the copy endpoint in one go, at most; 0 leaves the rate limit alone.
    """

    account_id: str
    folder_id: str
    version_stack_id: str = ""
    adobe_version_stack_id: str = ""
    patience: float = 180.0
    burst: int = 25

    @property
    def most_copies(self) -> int:
        """How many stacks the probe makes at most; many fewer where failing calls are charged, too."""
        fruitless = self.burst + POLLS + AFTERWARDS if self.burst else 0
        return COPIES + bool(self.adobe_version_stack_id) + fruitless


@dataclass(frozen=True)
class Source:
    """A stack to copy, with its versions as Frame.io lists them."""

    record: JsonObject
    versions: tuple[JsonObject, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return text(self.record, "id")

    @property
    def version_ids(self) -> Ids:
        """The ids of its versions."""
        return frozenset(text(version, "id") for version in self.versions)


@dataclass(frozen=True)
class Scene:
    """What was found before anything is made.

    :ivar folder: the record of the one that the probe makes its own in.
    :ivar missing_id: an id that nothing has.
    :ivar scale: multiplies seconds; 1.0 but for an emulator that runs faster.
    """

    options: Options
    user_id: str
    folder: JsonObject
    source: Source
    adobe: Source | None
    on_adobe_storage: bool
    missing_id: str
    scale: float = 1.0


@dataclass
class Ledger:
    """What the probe has made, as soon as Frame.io says so: nothing else is ever deleted.

    :ivar folder: the folder that all of it is in; None before, and when it is deleted again.
    :ivar stacks: the copies by their ids, and the versions that each is made of.
    :ivar unsure: calls whose answer was lost, in words.
    """

    folder: VersionStack | None = None
    stacks: dict[str, tuple[VersionStack, Ids]] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)

    def made(self, record: JsonObject, source_versions: Ids) -> None:
        """Note an answer that shows what was made."""
        asset = VersionStack.from_record(record)
        if record.get("type") == "folder":
            self.folder = asset
        else:
            self.stacks[asset.id] = asset, source_versions

    def left(self) -> list[str]:
        """What is still there, a line each with its page."""
        there = [("the probe's folder", self.folder)] if self.folder else []
        there += [("a copy", stack) for stack, _ in self.stacks.values()]
        return [f"{what} ({asset.id}): {asset.view_url}" for what, asset in there] + self.unsure


def head_of(stack: JsonObject) -> JsonObject:
    """A stack's head version; empty where there is none."""
    head = stack.get("head_version")
    return head if isinstance(head, dict) else {}


def look_around(options: Options, missing_id: str, scale: float) -> Flow[Scene]:
    """Find the folder, and a stack to copy.

    :raises CallError: something that was named cannot be read.
    :raises InvalidParameter: no stack, or none of such a size, is there.
    """
    account = options.account_id
    user = yield get_me()
    folder = yield get_folder(account, options.folder_id)
    project = yield get_project(account, text(folder, "project_id"))
    if options.version_stack_id:
        named = yield get_version_stack(account, options.version_stack_id)
        source = yield from _of_good_size(account, [named], "--version-stack", options.version_stack_id)
    else:
        page = yield list_version_stacks(account, options.folder_id)
        source = yield from _of_good_size(account, page.items[:_LOOKED_AT], "--folder", options.folder_id)
    adobe = None
    if options.adobe_version_stack_id:
        record = yield get_version_stack(account, options.adobe_version_stack_id)
        adobe = yield from _of_good_size(account, [record], "--adobe-version-stack", options.adobe_version_stack_id)
    return Scene(options, text(user, "id"), folder, source, adobe, bool(project.get("adobe_id")), missing_id, scale)


def _of_good_size(account_id: str, stacks: Sequence[JsonObject], option: str, given: str) -> Flow[Source]:
    for stack in stacks:
        versions = yield from all_pages(list_version_stack_children(account_id, text(stack, "id")))
        if _LEAST <= len(versions) <= _MOST:
            return Source(stack, tuple(versions))
    remedy = f"give a version stack of {_LEAST} to {_MOST} versions with --version-stack."
    if option == "--adobe-version-stack":
        remedy = f"give a version stack of {_LEAST} to {_MOST} versions."
    raise InvalidParameter(option, given, remedy)
