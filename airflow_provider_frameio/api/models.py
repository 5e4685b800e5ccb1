"""Frame.io's assets as far as decisions depend on them. Performs no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_frameio.api.replies import JsonObject, epoch
from airflow_provider_frameio.api.shapes import time_of

STATUSES = ("created", "uploaded", "transcoded")
TARGET_STATUSES = STATUSES[1:]


@dataclass(frozen=True)
class Version:
    """A file in a version stack.

    :ivar status: ``created`` (no bytes yet), ``uploaded``, ``transcoded``, or one that is not known yet: an open set.
    """

    id: str
    name: str
    status: str
    type: str = "file"

    @classmethod
    def from_record(cls, record: JsonObject) -> Version:
        """From a child in Frame.io's answer; absent fields are "", since none of them is worth failing for."""
        return cls(text(record, "id"), text(record, "name"), text(record, "status"), text(record, "type") or "file")


@dataclass(frozen=True)
class VersionStack:
    """A version stack, with its folder and its page in Frame.io; what an answer does not say is ""."""

    id: str
    name: str
    parent_id: str
    view_url: str

    @classmethod
    def from_record(cls, record: JsonObject) -> VersionStack:
        """From Frame.io's answer."""
        return cls(text(record, "id"), text(record, "name"), text(record, "parent_id"), page_url(record))


@dataclass(frozen=True)
class CopyResult:
    """A copy that a task made, as the task reports it to Airflow.

    :ivar url: the copy's page, or "".
    :ivar versions: how many uploaded ones the source had; None when unknown.
    :ivar version_ids: of the source's versions, as far as they are known.
    """

    account_id: str
    source_id: str
    copy_id: str
    url: str = ""
    versions: int | None = None
    version_ids: tuple[str, ...] = ()

    def extra(self) -> JsonObject:
        """As the ``extra`` of an asset's event."""
        return {
            "source_version_stack_id": self.source_id,
            "version_stack_id": self.copy_id,
            "url": self.url,
            "versions": self.versions,
        }


def without_creator(record: JsonObject) -> JsonObject:
    """A record without who made it: a person's name and e-mail address are nothing to keep or to pass on."""
    head = record.get("head_version")
    heads = {"head_version": without_creator(head)} if isinstance(head, dict) else {}
    return {name: value for name, value in {**record, **heads}.items() if name != "creator"}


def page_url(record: JsonObject) -> str:
    """The asset's page in Frame.io; "" where the record gives nothing that a browser should be sent to."""
    url = text(record, "view_url")
    return url if url.startswith(("https://", "http://")) and url.isprintable() else ""


def head_status(version_stack: JsonObject) -> str:
    """The status of a stack's newest version; "" while there is none, and where the record does not say."""
    head = version_stack.get("head_version")
    return text(head, "status") if isinstance(head, dict) else ""


def has_reached(status: str, target_status: str) -> bool:
    """Whether a version's status is the target or better; an unknown status is not."""
    return status in STATUSES and STATUSES.index(status) >= STATUSES.index(target_status)


def has_failed(status: str) -> bool:
    """Whether a status tells that the file will never be there. Frame.io documents none that does."""
    return status.endswith("failed")


def is_uploaded(status: str) -> bool:
    """Whether a version's bytes are in Frame.io; an unknown status counts as if they were."""
    return status != "created" and not has_failed(status)


def uploaded(versions: Iterable[JsonObject]) -> list[JsonObject]:
    """Those of a source's versions that its copy has to have."""
    return [version for version in versions if is_uploaded(text(version, "status"))]


def timestamp(record: JsonObject, name: str) -> float | None:
    """A moment that a record names, in seconds since the epoch; None where it names none that can be read."""
    try:
        return epoch(time_of(text(record, name)))
    except ValueError:
        return None


def text(record: JsonObject, name: str) -> str:
    """A text in a record; "" where it is absent or none."""
    value = record.get(name)
    return value if isinstance(value, str) else ""
