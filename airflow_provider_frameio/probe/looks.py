"""What repeated looks at one new copy tell of how it comes about. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.probe import redacted
from airflow_provider_frameio.probe.findings import Findings
from airflow_provider_frameio.probe.scene import Source, head_of

RANKS = {"created": 0, "uploaded": 1, "transcoded": 2}
LONGEST = 180.0


@dataclass(frozen=True)
class Observation:
    """A copy at a moment: shown first, then its versions listed, then its folder.

    :ivar after: seconds since the copy was answered.
    :ivar shown: the status of showing it.
    :ivar head_id: of its head version; "" for none.
    :ivar children: its versions as they were listed.
    :ivar listed: whether the folder's list had it.
    """

    after: float
    shown: int
    head_id: str
    children: tuple[JsonObject, ...]
    listed: bool

    def ids(self) -> list[str]:
        """The versions that are there."""
        return [text(child, "id") for child in self.children]

    def has(self, source: Source, status: str) -> bool:
        """Whether all versions are there and have come so far."""
        ranks = [RANKS.get(text(child, "status"), -1) for child in self.children]
        return len(ranks) >= len(source.versions) and min(ranks) >= RANKS[status]


def judge(looks: Sequence[Observation], source: Source, scale: float, findings: Findings) -> None:
    """What the looks say, in the order in which they were taken."""
    first, last = looks[0], looks[-1]
    findings.judge("shown_at_once", first.shown == 200, str(first.shown))
    _judge_list(looks, scale, findings)
    findings.judge("first_version", bool(first.children), f"{len(first.children)} of {len(source.versions)}")
    _judge_statuses(looks, findings)
    _judge_completion(looks, source, scale, findings)

    orders = {_order(text(head_of(source.record), "id"), source.versions), _order(last.head_id, last.children)}
    rest = "one_by_one", "head_version"
    if len(last.children) < len(source.versions):
        findings.not_seen(f"only {len(last.children)} of {len(source.versions)} versions came", "children_order", *rest)
        return
    seen = " and ".join(sorted(order or "the head version is at neither end" for order in orders))
    findings.judge("children_order", orders == {"newest first"}, seen)
    if "" in orders:
        findings.not_seen("the age of versions cannot be told", *rest)
        return
    ids = last.ids()
    oldest_first = ids[::-1] if last.head_id == ids[0] else ids
    _judge_arrival(looks, oldest_first, findings)
    _judge_heads(looks, {version: age for age, version in enumerate(oldest_first)}, findings)


def _order(head_id: str, children: Sequence[JsonObject]) -> str:
    """How a list of versions is ordered: the head version is the newest."""
    ids = [text(child, "id") for child in children]
    if len(ids) < 2 or head_id not in (ids[0], ids[-1]):
        return ""
    return "newest first" if head_id == ids[0] else "oldest first"


def _judge_list(looks: Sequence[Observation], scale: float, findings: Findings) -> None:
    listed = next((look for look in looks if look.listed), None)
    if listed is None:
        findings.judge("list_lag", False, f"not within {looks[-1].after / scale:.1f} s")
    else:
        findings.judge("list_lag", listed is looks[0], f"{listed.after / scale:.1f} s after the answer")


def _judge_statuses(looks: Sequence[Observation], findings: Findings) -> None:
    seen: dict[str, list[str]] = {}
    known = early = 0
    for look in looks:
        for child in look.children:
            status = text(child, "status")
            history = seen.setdefault(text(child, "id"), [])
            history.extend([status] if history[-1:] != [status] else [])
            early += status == "created"
            known += status == "created" and child.get("media_type") is not None
    histories = sorted({" → ".join(map(redacted.status, history)) for history in seen.values()})
    if not histories:
        findings.not_seen("no version came", "statuses", "media_type")
        return
    order = list(RANKS)
    good = all(history == [one for one in order if one in history] for history in seen.values())
    findings.judge("statuses", good, "; ".join(histories))
    if early:
        findings.judge("media_type", known == early, "known" if known == early else "null in some `created` ones")
    else:
        findings.not_seen("no version was seen as `created`", "media_type")


def _judge_completion(looks: Sequence[Observation], source: Source, scale: float, findings: Findings) -> None:
    moments = {}
    for status in ("uploaded", "transcoded"):
        moments[status] = next((look.after / scale for look in looks if look.has(source, status)), None)
    if moments["uploaded"] is None:
        after = looks[-1].after / scale
        if after < LONGEST:
            findings.not_seen(f"not within {after:.1f} s, and then the patience was at its end", "complete")
        else:
            findings.judge("complete", False, f"not within {after:.1f} s")
        return
    seen = ", ".join(f"{status} after {moment:.1f} s" for status, moment in moments.items() if moment is not None)
    findings.judge("complete", moments["uploaded"] <= LONGEST, seen)


def _judge_arrival(looks: Sequence[Observation], oldest_first: Sequence[str], findings: Findings) -> None:
    parts = [set(look.ids()) for look in looks]
    if not any(0 < len(part) < len(oldest_first) for part in parts):
        findings.judge("one_by_one", False, "all came at once")
        return
    in_order = all(part == set(oldest_first[: len(part)]) for part in parts)
    counts = " → ".join(map(str, dict.fromkeys(map(len, parts))))
    findings.judge("one_by_one", in_order, f"{counts}, {'the oldest first' if in_order else 'in another order'}")


def _judge_heads(looks: Sequence[Observation], ages: dict[str, int], findings: Findings) -> None:
    """A version may come between showing the stack and listing its versions, so the head may lag behind the list."""
    newest = -1
    for look in looks:
        before, newest = newest, max((ages.get(version, -1) for version in look.ids()), default=-1)
        head = ages.get(look.head_id, -1)
        if not before <= head <= newest:
            said = "null" if not look.head_id else "not the newest"
            findings.judge("head_version", False, f"{said} while {len(look.children)} versions were there")
            return
    findings.judge("head_version", True, "the newest" if looks[0].head_id else "null at first, then the newest")
