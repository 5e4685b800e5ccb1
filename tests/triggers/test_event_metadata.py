"""``FrameioVersionStackEventTrigger(metadata=…)``: approvals are told, each at least once. Over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio import _compat
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers import folder_watcher, version_stack_events, watermark_store
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger
from tests.triggers.test_event_memory import supervisor as supervisor
from tests.triggers.watching import CHILDREN, LIST, LOG, Inbox, Run, Supervisor

pytestmark = pytest.mark.usefixtures("connection")
if _compat.BaseEventTrigger is _compat.BaseTrigger:
    pytest.skip("Airflow 2 has no event triggers", allow_module_level=True)

APPROVED = {"Status": "Approved"}
FIELDS = "list_field_definitions"


@dataclass
class Review(Inbox):
    """An inbox in which reviewers approve stacks.

    :ivar approvals: how often each stack was approved.
    """

    approvals: Counter[str] = field(default_factory=Counter)

    def approve(self, *stacks: str) -> None:
        """Set the status of the newest versions."""
        for stack_id in stacks:
            self.frameio.set_metadata(stack_id, APPROVED)
            self.approvals[stack_id] += 1

    def withdraw(self, *stacks: str) -> None:
        """Set it back."""
        for stack_id in stacks:
            self.frameio.set_metadata(stack_id, {"Status": "Needs Review"})

    def stacks(self, count: int) -> list[str]:
        """New stacks that nobody has reviewed."""
        return [self.stack(age=86400.0).partition("/")[0] for _ in range(count)]

    def trigger(self, **changes: Any) -> FrameioVersionStackEventTrigger:
        return super().trigger(**{"metadata": APPROVED, **changes})


@pytest.fixture
def review(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Review:
    monkeypatch.setattr(watermark_store, "_HANDED_ON", 0.0)
    monkeypatch.setattr(version_stack_events, "_BETWEEN_EVENTS", 0.0)
    return Review(frameio)


def told(*runs: Run) -> Counter[str]:
    """How often each stack was told of."""
    return Counter(change["version_stack_id"] for run in runs for change in run.changes)


def test_it_survives_the_database() -> None:
    """However the values are given, the same watch is the same trigger to Airflow."""
    given: list[dict[str, Any]] = [
        {"Status": "Approved", "Editor": ["Ada"]},
        {"Editor": "Ada", "Status": ("Approved",)},
    ]
    first, second = (FrameioVersionStackEventTrigger(folder_id="f1", metadata=one) for one in given)
    path, kwargs = first.serialize()
    again = FrameioVersionStackEventTrigger(**json.loads(json.dumps(kwargs)))
    assert again.serialize() == (path, kwargs) == second.serialize()
    assert kwargs["metadata"] == {"Editor": ["Ada"], "Status": ["Approved"]}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"metadata": {}}, "metadata"),
        ({"metadata": "Approved"}, "metadata"),
        ({"metadata": {"Status": ""}}, "metadata"),
        ({"events": ["metadata"]}, "events"),
    ],
)
def test_what_cannot_be_right_is_said_when_the_dag_is_parsed(given: dict[str, Any], named: str) -> None:
    """One clear error, which names the parameter."""
    with pytest.raises(InvalidParameter, match=named):
        FrameioVersionStackEventTrigger(**{"folder_id": "f1", **given})


@pytest.mark.parametrize("shown", ["both", "stack", "head"])
def test_stacks_are_told_only_while_they_are_approved(review: Review, shown: str) -> None:
    """A stack that begins to be, a new one that is already, and a new version that is; no other."""
    review.frameio.configure(metadata_shown=shown)
    early, late, never = review.stacks(3)
    review.approve(early)

    async def scenario() -> list[dict[str, Any]]:
        run = Run(review.trigger())
        await run.until_looked(review)
        review.approve(late)
        await run.until(lambda: len(run.changes) == 1)
        review.version(never)
        made = review.frameio.seed_version_stack(review.id, "New.mov", [{"metadata": APPROVED}])["id"]
        await run.until(lambda: len(run.changes) == 2)
        assert run.changes[1]["version_stack_id"] == made
        version = review.version(early).partition("/")[2]
        await run.until_looked(review, 2)
        assert len(run.changes) == 2
        review.approve(early)
        await run.until(lambda: len(run.changes) == 3)
        assert run.changes[2]["head_version_id"] == version
        await run.until_looked(review, 2)
        await run.stop()
        return run.changes

    changes = asyncio.run(scenario())
    assert [change["event"] for change in changes] == ["metadata", "created", "metadata"]
    assert [change["version_stack_id"] for change in changes][::2] == [late, early]
    assert changes[0]["event_id"].startswith(f"{late}/{changes[0]['head_version_id']}/")


def test_approvals_are_told_over_an_outage_and_a_death(review: Review, supervisor: Supervisor) -> None:
    """Twenty, some withdrawn and given again: each is told once, none of what is not approved.

    The outage is Frame.io's, and the death a triggerer's, while reviewers go on.
    """
    stacks, refused = review.stacks(20), review.stacks(5)

    async def scenario() -> list[Run]:
        first = Run(supervisor.serve(review.trigger(include_subfolders=False)))
        await first.until_looked(review, 2)
        review.approve(*stacks[:6])
        await first.until(lambda: told(first) == review.approvals)
        review.withdraw(*stacks[:3])
        await first.until_looked(review, 2)
        review.frameio.fault(kind="status", status=503, route=LIST, times=4)
        review.approve(*stacks[:2], *stacks[6:12])
        review.approve(refused[0])
        review.withdraw(refused[0])
        review.approvals -= Counter([refused[0]])
        await first.until(lambda: told(first) == review.approvals)
        await first.until_looked(review, 2)
        await first.stop()

        review.withdraw(stacks[3])
        review.approve(stacks[2], *stacks[12:])
        second = Run(supervisor.serve(review.trigger()))
        await second.until(lambda: told(first, second) == review.approvals)
        review.approve(stacks[3])
        await second.until(lambda: told(first, second) == review.approvals)
        await second.until_looked(review, 3)
        await second.stop()
        return [first, second]

    runs = asyncio.run(scenario())
    assert told(*runs) == review.approvals
    assert sum(review.approvals.values()) == 24
    ids = [event_id for run in runs for event_id in run.told]
    assert len(set(ids)) == len(ids)
    assert {change["event"] for run in runs for change in run.changes} == {"metadata"}


def test_an_approval_whose_fate_is_unknown_is_told_again_with_the_same_id(
    review: Review, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A triggerer may die before Airflow has stored an event."""
    (stack,) = review.stacks(1)

    async def scenario() -> list[list[str]]:
        before = Run(supervisor.serve(review.trigger()))
        await before.until(lambda: supervisor.kept)
        await before.stop()
        review.approve(stack)
        ids = []
        for handed_on in (3600.0, 0.0):
            monkeypatch.setattr(watermark_store, "_HANDED_ON", handed_on)
            run = Run(supervisor.serve(review.trigger()))
            await run.until(lambda run=run: run.told)
            await run.until_looked(review, 0 if handed_on else 2)
            await run.stop()
            ids.append(run.told)
        return ids

    first, second = asyncio.run(scenario())
    assert first == second
    assert len(second) == 1


def test_watchers_for_the_same_share_their_looks(review: Review) -> None:
    """Fields are asked for once, a look is one list; who watches for other metadata has looks of its own."""
    stacks = review.stacks(3)

    async def scenario() -> tuple[int, list[Counter[str]]]:
        wishes = [{}, {"events": ["metadata"]}, {"metadata": {"Status": ["Approved"]}}]
        alike = [Run(review.trigger(poll_interval=3600.0, **wish)) for wish in wishes]
        for run in alike:
            await run.until(lambda: review.looks())
        looks = review.looks()
        other = Run(review.trigger(metadata={"Status": ["Approved", "Needs Review"]}))
        await other.until_looked(review, 2)
        review.approve(stacks[0])
        review.withdraw(stacks[1])
        await other.until(lambda: len(other.told) == 2)
        for run in (*alike, other):
            await run.stop()
        return looks, [told(run) for run in (*alike, other)]

    looks, counts = asyncio.run(scenario())
    assert looks == 1
    assert counts == [Counter()] * 3 + [Counter(stacks[:2])]
    assert [request.route for request in review.frameio.requests].count(FIELDS) == 2


def test_subfolders_are_watched_for_metadata_too(review: Review) -> None:
    """At any depth."""
    inner = review.folder("Scenes")
    stack = inner.stack(age=86400.0).partition("/")[0]

    async def scenario() -> Counter[str]:
        run = Run(review.trigger(include_subfolders=True))
        await run.until_looked(review, 3, CHILDREN)
        review.approve(stack)
        await run.until(lambda: run.told)
        await run.stop()
        return told(run)

    assert asyncio.run(scenario()) == review.approvals


def test_a_name_that_is_not_there_is_an_error_until_it_is(
    review: Review, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the names there are; what is approved once the field is made is told."""
    monkeypatch.setattr(folder_watcher, "_LONGEST_REST", 0.05)
    (stack,) = review.stacks(1)

    async def scenario() -> list[str]:
        run = Run(review.trigger(metadata={"Legal": "Cleared"}))
        await run.until(lambda: "could not be looked into" in caplog.text)
        review.frameio.seed_metadata_field("Legal", "select", options=["Cleared"])
        await run.until_looked(review)
        review.frameio.set_metadata(stack, {"Legal": "Cleared"})
        await run.until(lambda: run.told)
        await run.stop()
        return [change["event"] for change in run.changes]

    assert asyncio.run(scenario()) == ["metadata"]
    (record, *_) = [record for record in caplog.records if record.name == LOG]
    assert record.levelname == "ERROR"
    assert "there is no such metadata field. There are: Campaign, Cut, Delivered, Status." in record.getMessage()
