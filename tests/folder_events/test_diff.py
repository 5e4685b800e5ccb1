"""What is news in a folder: histories of looks, and what each of them tells."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api.metadata import NO_FILTER, MetadataFilter
from airflow_provider_frameio.folder_events.diff import MOST_AT_ONCE, compare, news_since, payloads
from airflow_provider_frameio.folder_events.snapshot import FolderSnapshot, StackState
from airflow_provider_frameio.folder_events.watermark import MOST_REPLACED, MOST_STORED, Watermark, watch_key
from tests.copying.world import NOW, when

STATUS = {"c": "created", "u": "uploaded", "t": "transcoded", "?": "archived"}


def seen(stack_id: str, head: str, *, created: float | None = NOW, changed: float = NOW) -> StackState:
    """A stack in a list.

    :param head: "" for none, or a version's id, a colon and its status's first letter; then ``+`` where it has the
        wanted metadata, and ``-`` where it has not.
    """
    head_id, _, status = head.rstrip("+-").partition(":")
    version = {"id": head_id, "status": STATUS[status], "created_at": when(changed)} if head else None
    record = {
        "id": stack_id,
        "name": f"{stack_id}.mov",
        "parent_id": "f1",
        "project_id": "p1",
        "view_url": f"https://next.frame.io/{stack_id}",
        "created_at": None if created is None else when(created),
        "head_version": version,
    }
    entries = [{"field_definition_id": "d1", "field_type": "toggle", "value": head.endswith("+")}]
    having = MetadataFilter({"d1": frozenset([True])}) if head[-1:] in ("+", "-") else NO_FILTER
    return StackState.from_record(record | {"metadata": entries}, "f1", having)


def look(at: float = NOW, /, **stacks: str) -> FolderSnapshot:
    return FolderSnapshot(at, tuple(seen(stack_id, head) for stack_id, head in stacks.items()))


@dataclass
class Course:
    """A watch from its start on.

    :ivar since: for the first look.
    :ivar forgets: whether it is started anew before each look, from what it stored.
    """

    since: float = inf
    target: str = "uploaded"
    forgets: bool = False
    watermark: Watermark | None = None
    revisions: list[int] = field(default_factory=list)

    def see(self, given: FolderSnapshot) -> list[str]:
        """What a look tells: kind, stack and head version, with the blanks of a table."""
        if self.forgets and self.watermark is not None:
            self.watermark = Watermark.from_json(json.loads(json.dumps(self.watermark.to_json())))
        changes, self.watermark = compare(self.watermark, given, self.target, since=self.since)
        self.since = -inf
        self.revisions.append(self.watermark.revision)
        return [f"{change.kind} {change.stack.id} {change.stack.head_id}" for change in changes]


CASES: dict[str, tuple[tuple[dict[str, str], list[str]], ...]] = {
    "what is there at first is not told": (({"a": "v1:u", "b": "v1:t"}, []), ({"a": "v1:u", "b": "v1:t"}, [])),
    "an empty folder": (({}, []), ({}, []), ({"a": "v1:u"}, ["created a v1"])),
    "a new stack is told once": (({}, []), ({"a": "v1:u"}, ["created a v1"]), ({"a": "v1:u"}, []), ({"a": "v1:t"}, [])),
    "a new head is told once": (({"a": "v1:u"}, []), ({"a": "v2:u"}, ["version a v2"]), ({"a": "v2:t"}, [])),
    "several at once": (({"a": "v1:u"}, []), ({"a": "v2:u", "b": "v1:u"}, ["version a v2", "created b v1"])),
    "a new stack without a head waits": (
        ({}, []),
        ({"a": ""}, []),
        ({"a": "v1:c"}, []),
        ({"a": "v1:u"}, ["created a v1"]),
    ),
    "a new head waits for its status": (({"a": "v1:u"}, []), ({"a": "v2:c"}, []), ({"a": "v2:t"}, ["version a v2"])),
    "a status that nobody knows waits": (({}, []), ({"a": "v1:?"}, []), ({"a": "v1:u"}, ["created a v1"])),
    "a head that was replaced before it was ready is not told": (
        ({"a": "v1:u"}, []),
        ({"a": "v2:c"}, []),
        ({"a": "v3:u"}, ["version a v3"]),
    ),
    "a stack that was incomplete at first is told as a version when it is complete": (
        ({"a": "v1:c", "b": ""}, []),
        ({"a": "v1:u", "b": ""}, ["version a v1"]),
        ({"a": "v1:u", "b": "v1:u"}, ["version b v1"]),
    ),
    "a stack that a list leaves out is the same when it is back": (
        ({"a": "v1:u"}, []),
        ({}, []),
        ({"b": "v1:u"}, ["created b v1"]),
        ({"a": "v1:u", "b": "v1:u"}, []),
    ),
    "one that is back with another head has a new version": (
        ({"a": "v1:u"}, []),
        ({}, []),
        ({"a": "v2:u"}, ["version a v2"]),
    ),
    "a list that lags shows the old head again": (
        ({"a": "v1:u"}, []),
        ({"a": "v2:u"}, ["version a v2"]),
        ({"a": "v1:u"}, []),
        ({"a": "v2:u"}, []),
        ({"a": "v3:u"}, ["version a v3"]),
        ({"a": "v2:u"}, []),
        ({"a": "v1:u"}, []),
    ),
    "a head that vanishes and comes back": (({"a": "v1:u"}, []), ({"a": ""}, []), ({"a": "v1:u"}, [])),
}


CASES |= {
    "an approval is told once": (
        ({"a": "v1:u-"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
        ({"a": "v1:u+"}, []),
        ({"a": "v1:t+"}, []),
    ),
    "what is approved at first is not told": (({"a": "v1:u+"}, []), ({"a": "v1:u+"}, [])),
    "what is not approved is never told": (({}, []), ({"a": "v1:u-"}, []), ({"a": "v2:u-"}, []), ({}, [])),
    "an approval that is given again is told again": (
        ({"a": "v1:u+", "b": "v1:u-"}, []),
        ({"a": "v1:u-", "b": "v1:u+"}, ["metadata b v1"]),
        ({"a": "v1:u+", "b": "v1:u-"}, ["metadata a v1"]),
        ({"a": "v1:u+", "b": "v1:u+"}, ["metadata b v1"]),
    ),
    "a stack that comes approved was made": (({}, []), ({"a": "v1:u+"}, ["created a v1"])),
    "one that comes without was there when it is approved": (
        ({}, []),
        ({"a": ""}, []),
        ({"a": "v1:c-"}, []),
        ({"a": "v1:u-"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
    ),
    "a new version that comes approved": (({"a": "v1:u+"}, []), ({"a": "v2:u+"}, ["version a v2"])),
    "a new version that is approved later": (
        ({"a": "v1:u+"}, []),
        ({"a": "v2:u-"}, []),
        ({"a": "v2:u+"}, ["metadata a v2"]),
    ),
    "an approval waits until its version is there": (
        ({"a": "v1:c-"}, []),
        ({"a": "v1:c+"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
    ),
    "an approval that is withdrawn before its version is there": (
        ({"a": "v1:c-"}, []),
        ({"a": "v1:c+"}, []),
        ({"a": "v1:u-"}, []),
    ),
    "an approved version that is back was told": (
        ({"a": "v1:u-"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
        ({"a": "v2:u-"}, []),
        ({"a": "v1:u+"}, []),
        ({"a": "v2:u+"}, ["version a v2"]),
        ({"a": "v1:u+"}, []),
        ({"a": "v2:u+"}, []),
    ),
    "one that is back and was approved anew is told again": (
        ({"a": "v1:u+"}, []),
        ({"a": "v2:u-"}, []),
        ({"a": "v1:u-"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
        ({"a": "v2:u+"}, ["version a v2"]),
        ({"a": "v1:u-"}, []),
        ({"a": "v1:u+"}, ["metadata a v1"]),
    ),
    "a list that leaves out an approved stack": (({"a": "v1:u+"}, []), ({}, []), ({"a": "v1:u+"}, [])),
}


@pytest.mark.parametrize("forgets", [False, True], ids=["running on", "started anew before each look"])
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_each_change_is_told_once(case: tuple[tuple[dict[str, str], list[str]], ...], forgets: bool) -> None:
    """Look by look: what it shows, and what it tells."""
    course = Course(forgets=forgets)
    assert [course.see(look(**stacks)) for stacks, _ in case] == [told for _, told in case]


def test_transcoded_is_waited_for_where_it_is_wanted() -> None:
    """A head that is uploaded is not ready then."""
    course = Course(target="transcoded")
    told = [course.see(look(**stacks)) for stacks in ({"a": "v1:t"}, {"a": "v2:u"}, {"a": "v2:t"}, {"a": "v2:t"})]
    assert told == [[], [], ["version a v2"], []]


def test_without_a_memory_what_changed_lately_is_told() -> None:
    """Of a stack that is older than that, it must be a new version; what changed before is taken for known."""
    old, late = NOW - 7200, NOW - 60
    course = Course(since=NOW - 3600)
    stacks = (
        seen("old", "v1:u", created=old, changed=old),
        seen("renewed", "v2:u", created=old, changed=late),
        seen("new", "v1:u", created=late, changed=late),
        seen("renewing", "v2:c", created=old, changed=late),
        seen("arriving", "", created=late),
        seen("timeless", "v1:u", created=None, changed=late),
    )
    assert course.see(FolderSnapshot(NOW, stacks)) == ["version renewed v2", "created new v1", "created timeless v1"]
    ready = {"renewing": "v2:u", "arriving": "v1:u", "old": "v2:u"}
    assert course.see(look(**ready)) == ["version renewing v2", "created arriving v1", "version old v2"]


def test_without_a_memory_what_is_approved_and_changed_lately_is_told() -> None:
    """Whether it was approved lately, or has a new version, cannot be told; what is not approved is never told."""
    old, late = NOW - 7200, NOW - 60
    course = Course(since=NOW - 3600)
    stacks = (
        seen("old", "v1:u+", created=old, changed=old),
        seen("changed", "v1:u+", created=old, changed=late),
        seen("refused", "v1:u-", created=old, changed=late),
        seen("new", "v1:u+", created=late, changed=late),
    )
    assert course.see(FolderSnapshot(NOW, stacks)) == ["metadata changed v1", "created new v1"]
    assert course.see(look(refused="v1:u+", changed="v1:u+")) == ["metadata refused v1"]


def test_each_approval_has_an_id_of_its_own_which_a_restart_does_not_change() -> None:
    """It is told by when the stack was first seen without: that is stored before the approval is told."""

    def ids(course: Course, given: FolderSnapshot) -> list[str]:
        changes, course.watermark = compare(course.watermark, given, "uploaded")
        return [change.to_json("acc")["event_id"] for change in changes]

    course = Course()
    told = []
    for at in range(0, 100, 20):
        assert ids(course, look(NOW + at, a="v1:u-")) == []
        stored = course.watermark and course.watermark.to_json()
        told += ids(course, look(NOW + at + 5, a="v1:u+"))
        again = Course(watermark=Watermark.from_json(json.loads(json.dumps(stored))))
        assert ids(again, look(NOW + at + 9, a="v1:u+")) == told[-1:]
    assert len(set(told)) == 5
    assert all(one.startswith("a/v1/") for one in told)


def test_the_first_look_tells_nothing_even_of_stacks_without_a_time() -> None:
    """Their records name no moment that can be read."""
    timeless = replace(seen("a", "v1:u"), created_at=inf, changed_at=inf)
    assert Course().see(FolderSnapshot(NOW, (timeless,))) == []


@pytest.mark.parametrize(
    ("stored", "remembers", "since"),
    [
        (None, True, inf),
        (None, False, NOW - 3600),
        (Watermark(NOW - 100, {}), True, -inf),
        (Watermark(NOW - 100, {}, whole=False), True, NOW - 3700),
    ],
    ids=["never looked", "cannot remember", "remembers all", "remembers a part"],
)
def test_what_counts_as_news_after_a_start(stored: Watermark | None, remembers: bool, since: float) -> None:
    """It depends on what is remembered."""
    assert news_since(stored, remembers=remembers, started_at=NOW, lookback=3600.0) == since


def test_a_look_without_news_leaves_the_watermark_as_it_is() -> None:
    """Nothing need be stored then; every other look makes a later revision."""
    course = Course()
    for stacks in ({"a": "v1:u"}, {"a": "v1:u"}, {}, {"a": "v1:t"}, {"a": "v2:c"}, {"a": "v2:u"}, {"b": ""}):
        course.see(look(**stacks))
    assert course.revisions == [1, 1, 1, 1, 1, 2, 2]
    course = Course()
    for number, head in enumerate(("v1:u-", "v1:u-", "v1:t-", "v2:u-", "v2:u+")):
        course.see(look(NOW + number, a=head))
    assert course.revisions == [1, 1, 1, 1, 2]


def test_what_was_deleted_is_forgotten_when_there_is_no_room() -> None:
    """The oldest first: the memory does not grow with a folder's history."""
    course = Course()
    course.see(look(first="v1:u"))
    for batch in range(3):
        course.see(look(**{f"s{batch}-{number}": "v1:u" for number in range(MOST_STORED // 2)}))
    assert course.watermark is not None
    assert len(course.watermark.heads) == MOST_STORED
    assert course.watermark.to_json()["whole"]
    assert course.see(look(**{"s1-0": "v1:u", "s2-0": "v1:u"})) == []
    assert course.see(look(first="v1:u")) == ["created first v1"]


def test_a_folder_too_large_to_be_remembered_is_told_by_time_after_a_restart() -> None:
    """Nothing is lost, and nothing old is told; while it runs on, all is known."""
    old = [seen(f"s{number}", "v1:u", created=NOW - 1e6, changed=NOW - 1e6) for number in range(MOST_STORED + 5)]
    course = Course()
    assert course.see(FolderSnapshot(NOW, tuple(old))) == []
    assert course.see(FolderSnapshot(NOW + 60, tuple(old))) == []
    course = Course(watermark=Watermark.from_json(course.watermark and course.watermark.to_json()))
    assert course.watermark is not None
    course.since = news_since(course.watermark, remembers=True, started_at=NOW + 999, lookback=3600.0)
    new = seen("new", "v1:u", created=NOW + 90, changed=NOW + 90)
    assert course.see(FolderSnapshot(NOW + 999, (*old, new))) == ["created new v1"]
    assert course.see(FolderSnapshot(NOW + 1060, (*old, new))) == []


def test_former_heads_are_remembered_as_long_as_there_is_room() -> None:
    """A head that comes back after many others is told again; one of the last few hundred is not."""
    course = Course()
    for number in range(MOST_REPLACED + 2):
        course.see(look(a=f"v{number}:u"))
    assert course.see(look(a=f"v{MOST_REPLACED}:u")) == []
    assert course.see(look(a="v1:u")) == []
    assert course.see(look(a="v0:u")) == ["version a v0"]


def test_an_event_tells_a_hundred_changes_at_most() -> None:
    """A folder of thousands that is moved in must not become one huge row of Airflow's database."""
    stacks = {f"s{number}": "v1:u" for number in range(2 * MOST_AT_ONCE + 1)}
    changes, _ = compare(Watermark(NOW, {}), look(**stacks), "uploaded")
    events = payloads(changes, "f0", "acc")
    assert [len(event["changes"]) for event in events] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert [stack_id for event in events for stack_id in event["version_stack_ids"]] == list(stacks)
    assert events[2]["watched_folder_id"] == "f0"
    assert payloads([], "f0", "acc") == []


def test_a_change_says_all_that_a_task_needs() -> None:
    """It is JSON, and its id is the same each time that this change is told."""
    (change,), _ = compare(Watermark(NOW, {}), look(a="v1:u"), "uploaded")
    assert json.loads(json.dumps(change.to_json("acc"))) == {
        "event": "created",
        "event_id": "a/v1",
        "version_stack_id": "a",
        "name": "a.mov",
        "head_version_id": "v1",
        "head_version_status": "uploaded",
        "folder_id": "f1",
        "project_id": "p1",
        "account_id": "acc",
        "view_url": "https://next.frame.io/a",
    }


def test_a_watch_has_a_memory_of_its_own() -> None:
    """Another folder, depth, status or metadata is another watch; the key is short and the same in every process."""
    approved, mine = {"Status": ["Approved"]}, {"Status": ["Approved"], "Editor": ["Ada"]}
    watches = [("f1", False, "uploaded", {}), ("f2", False, "uploaded", {}), ("f1", True, "uploaded", {})]
    watches += [("f1", False, "transcoded", {}), ("f1", False, "uploaded", approved), ("f1", False, "uploaded", mine)]
    assert watch_key("f1", False, "uploaded", dict(reversed(mine.items()))) == watch_key(*watches[-1])
    assert len({watch_key(*watch) for watch in watches}) == len(watches)
    assert watch_key(*watches[0]) == "frameio_watch:056dec48aa6d46c661d2fbad18768bbf"


HEADS = st.sampled_from(["", "v1:c", "v1:u", "v2:c", "v2:u", "v3:u", "v3:t"])
LOOKS = st.lists(st.dictionaries(st.sampled_from("abcd"), HEADS), min_size=1, max_size=12)


@given(LOOKS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_whatever_lists_show_each_pair_is_told_once(looks: list[dict[str, str]], restarts: list[bool]) -> None:
    """Each ready head that is seen after the first look, unless that showed it; restarts change nothing."""
    course, told = Course(), []
    for stacks, course.forgets in zip(looks, restarts, strict=False):
        told += [entry.split()[1:] for entry in course.see(look(**stacks))]
    shown: list[list[Any]] = [
        [[stack, head[:2]] for stack, head in stacks.items() if head[3:] in ("u", "t")] for stacks in looks
    ]
    wanted = {tuple(pair) for pairs in shown[1:] for pair in pairs} - {tuple(pair) for pair in shown[0]}
    assert sorted(map(tuple, told)) == sorted(wanted)


MARKED = st.sampled_from(
    [f"{version}:{status}{wanted}" for version in ("v1", "v2") for status in "cu" for wanted in "+-"]
)
MARKED_LOOKS = st.lists(st.dictionaries(st.sampled_from("ab"), MARKED), min_size=1, max_size=14)


@given(MARKED_LOOKS, st.lists(st.booleans(), min_size=14, max_size=14))
def test_whatever_reviewers_do_each_match_is_told_once(looks: list[dict[str, str]], restarts: list[bool]) -> None:
    """A match of a head version lasts from when it is seen with the metadata until it is seen without."""
    course, lasting = Course(), set[tuple[str, str]]()
    for number, (stacks, course.forgets) in enumerate(zip(looks, restarts, strict=False)):
        told = {tuple(entry.split()[1:]) for entry in course.see(look(number * 10.0, **stacks))}
        wanted = {(stack, head[:2]) for stack, head in stacks.items() if head.endswith("+")}
        ready = {(stack, head[:2]) for stack, head in stacks.items() if head[3] == "u"}
        assert told == ((wanted & ready) - lasting if number else set())
        lasting -= {(stack, head[:2]) for stack, head in stacks.items()} - wanted
        lasting |= wanted & ready
