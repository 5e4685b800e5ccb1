"""Every documented shape with fields missing or of other kinds, through every flow: what comes out is an answer or one
of the package's errors, and what would be stored can be stored.

More than the suite tries: ``FRAMEIO_FUZZ=20000 pytest tests/copying/test_shapes_fuzz.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me, list_accounts
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.filters import StackFilter, summaries
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.copying.adobe_storage import find_adobe_storage
from airflow_provider_frameio.copying.candidates import find_late_duplicates
from airflow_provider_frameio.copying.completion.judge import Expectation, FilesExpectation, list_versions
from airflow_provider_frameio.copying.completion.poll_scheduler import Poll, PollScheduler
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, TrackedCopy
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms
from airflow_provider_frameio.copying.exactly_once import Rules, assume_sent, copy_once, copy_without_record
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import CopyRecord
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import StackRequest, ensure_moved, ensure_stacked, stack_copies
from airflow_provider_frameio.copying.restack.undo import undo
from airflow_provider_frameio.copying.rows import extra_of_many, results, rows_of
from airflow_provider_frameio.folder_events.diff import compare, payloads
from airflow_provider_frameio.folder_events.snapshot import take_snapshot
from airflow_provider_frameio.folder_events.watermark import Watermark
from tests.copying.restack import files_world
from tests.copying.spoiled import ODD_BODIES, ODD_DATES, ODD_VALUES, Spoil, SpoiledFilesWorld, SpoiledWorld
from tests.copying.waiting import wait_until_complete
from tests.copying.world import CLIENTS_CLOCK, NOW, REQUEST, stack

EXAMPLES = int(os.environ.get("FRAMEIO_FUZZ", "100"))
HOWS = {"value": len(ODD_VALUES), "missing": 1, "twice": 1, "cut": 1, "date": len(ODD_DATES), "body": len(ODD_BODIES)}
FIELDS = (
    *("", "", "id", "name", "status", "type", "parent_id", "view_url", "created_at", "updated_at", "file_size"),
    *("head_version", "creator", "email", "data", "links", "next", "source_file_id", "file", "metadata"),
)
TERMS = Terms(0.0, NOW + CLIENTS_CLOCK + 60.0)


def copied(spoil: Spoil, *answers: str) -> Any:
    """Frame.io's own copy, with what Airflow is told of it."""
    world = SpoiledWorld(spoil=spoil, answers=answers)
    try:
        record = world.run(copy_once(REQUEST, None, Rules()))
        again = world.run(copy_once(REQUEST, CopyRecord.from_json(record.to_json()), Rules()))
        return [record.to_json(), extra_of_many([again.result(REQUEST)])]
    finally:
        assert world.asked("copy version stack") <= 2
        check_stored(world.saved)


def copied_after_a_death(spoil: Spoil) -> Any:
    """A retry of a task that could keep no record; and what turns up beside its copy."""
    world = SpoiledWorld(spoil=spoil, stacks=[stack("made-before"), stack("c2", NOW - 1.0)])
    rules = Rules(on_ambiguous="adopt_oldest")
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK, None, rules))
    record = world.run(copy_once(REQUEST, record, rules))
    twice = CopyRecord(record.snapshot, sent=2, copy=record.copy)
    return [record.to_json(), world.run(find_late_duplicates(REQUEST, twice))]


def copied_without_record(spoil: Spoil) -> Any:
    """Where the user wants none."""
    return SpoiledWorld(spoil=spoil).run(copy_without_record(REQUEST)).to_json()


def restacked(spoil: Spoil, *, versions: int = 3, bulk: bool = True, died: bool = False) -> Any:
    """Copied file by file and stacked anew; what was made is taken back where that fails."""
    world = SpoiledFilesWorld(spoil=spoil, versions=versions, bulk=bulk)
    request, rules = files_world.REQUEST, Rules()
    try:
        begun = world.run(assume_begun(request, NOW + CLIENTS_CLOCK, None, rules)) if died else None
        record = world.run(copy_versions(request, begun, rules))
        files = FilesExpectation(record.folder_id, tuple(record.copies))
        world.run(wait_until_complete("a1", [files], TERMS))
        record = world.run(stack_copies("a1", record, rules.policy))
        world.run(stack_copies("a1", record, rules.policy))
        return [record.to_json(), record.result(request).extra()]
    except errors.FrameioError:
        known = RestackRecord.from_json(world.stored[-1]) if world.stored else None
        if known is not None and not known.finished:
            left = world.run(undo("a1", known))
            check_words(*left)
            if spoil.spoiled and not spoil.lasting and not known.sending and not known.stack:
                assert left or not set(known.copies) & {*world.files}
        raise
    finally:
        check_stored(world.stored)


def placed(spoil: Spoil) -> Any:
    """Files stacked, and a stack moved."""
    world = SpoiledFilesWorld(spoil=spoil)
    for name in ("a", "b"):
        world.add(name, "p1", f"{name}.mov", 5)
    made, _ = world.run(ensure_stacked(StackRequest("a1", "p1", ["a", "b"]), LookupPolicy()))
    assert len(world.made()) == 1
    return [made, SpoiledWorld(spoil=spoil).run(ensure_moved("a1", "s1", "p1"))]


def waited(spoil: Spoil) -> Any:
    """Looks at a copy: once, again and again, and those of a triggerer."""
    world = SpoiledWorld(spoil=spoil, stacks=[stack("c1"), stack("c2")])
    versions = len(world.run(list_versions("a1", "s1")))
    world.run(Expectation("c1", versions).look("a1"))
    world.run(wait_until_complete("a1", [Expectation("c1"), Expectation("c2", 3)], TERMS))


def polled(spoil: Spoil) -> Any:
    """Waits of a triggerer, whose folders are asked for and listed."""
    world = SpoiledWorld(spoil=spoil, stacks=[stack(f"c{number}", NOW - number) for number in range(3)])
    scheduler, now, outcomes = PollScheduler("a1"), 0.0, list[Outcome]()
    for number, folder_id in enumerate(("p1", "", "p1")):
        target = "transcoded" if number == 2 else "uploaded"
        expected = Expectation(f"c{number}", 2, target)
        failures = FailedLooks(3)
        settle = outcomes.append
        scheduler.add(TrackedCopy(expected, 0.0, 300.0, 0.0, 15.0, failures, settle, lambda: 0.5, folder_id=folder_id))
    while scheduler.copies:
        poll = scheduler.next_poll(now)
        if isinstance(poll, Poll):
            try:
                world.run(poll.flow)
            except errors.FrameioError as error:
                scheduler.fail_all(error)
        else:
            assert poll < inf
            now = max(now + 0.1, poll)
    assert len(outcomes) == 3
    check_words(*outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


def watched(spoil: Spoil, *, deep: bool) -> Any:
    """Looks into a folder, and what they tell."""
    world = SpoiledWorld(spoil=spoil, stacks=[stack("c1", type="version_stack"), stack("c2", head_version=None)])
    first = world.run(take_snapshot("a1", "p1", include_subfolders=deep))
    _, mark = compare(None, first, "uploaded")
    again = world.run(take_snapshot("a1", "p1", include_subfolders=deep))
    changes, mark = compare(Watermark.from_json(mark.to_json()), again, "transcoded")
    return [payloads([*changes, *compare(None, again, "uploaded")[0]], "p1", "a1"), mark.to_json()]


def listed(spoil: Spoil) -> Any:
    """A folder's stacks for other tasks; the accounts, as the connection test shows them; signs of Adobe storage."""
    world = SpoiledWorld(spoil=spoil, stacks=[stack("c1"), stack("c2")])
    stacks = world.run(all_pages(list_version_stacks("a1", "p1")))
    chosen = [one for one in stacks if StackFilter(("*",), 0.0).admits(one)]
    rows = rows_of([one["id"] for one in stacks], "p9")
    shown = [world.run(all_pages(list_accounts())), SpoiledWorld.take(world, get_me())]
    return [summaries(chosen), results(rows), shown, world.run(find_adobe_storage("a1", "s1", "p1"))]


FLOWS: dict[str, Callable[[Spoil], Any]] = {
    "copied": lambda spoil: copied(spoil, "made"),
    "copied after a lost answer": lambda spoil: copied(spoil, "lost", "made"),
    "copied after a death": copied_after_a_death,
    "copied without a record": copied_without_record,
    "restacked": restacked,
    "restacked, many": partial(restacked, versions=12),
    "restacked one by one": partial(restacked, bulk=False),
    "restacked after a death": partial(restacked, died=True),
    "restacked, one version": partial(restacked, versions=1),
    "placed": placed,
    "waited": waited,
    "polled": polled,
    "watched": partial(watched, deep=False),
    "watched with its subfolders": partial(watched, deep=True),
    "listed": listed,
}


def check_stored(*values: Any) -> None:
    """Airflow can store this: no lone surrogate, no NUL, no number that is none or beyond 64 bits."""
    text = json.dumps(values, allow_nan=False, ensure_ascii=False).encode().decode()
    assert "\\u0000" not in text
    json.loads(text, parse_int=check_whole)


def check_whole(digits: str) -> int:
    """A whole number of at most 64 bits."""
    assert -(2**63) <= int(digits) < 2**63
    return int(digits)


def check_words(*words: object) -> None:
    """Logs can show this, and Airflow's database hold it."""
    for one in words:
        assert str(one).isprintable()
        assert len(str(one)) <= 10_000


def tried(flow: str, spoil: Spoil) -> str:
    """Run a flow; how it ended."""
    try:
        check_stored(FLOWS[flow](spoil))
    except errors.FrameioError as error:
        check_words(error)
        return type(error).__name__
    return "done"


def spoil_of(seed: int) -> Spoil:
    """Something that happens to one answer, or to all from one on. Chosen evenly, as Hypothesis does not."""
    random = Random(seed)
    how = random.choice(["value", "value", "value", "missing", "twice", "cut", "date", "body"])
    place = (random.choice(FIELDS), random.randrange(200))
    return Spoil(random.randrange(15), how, *place, random.randrange(HOWS[how]), random.random() < 0.5)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_whose_answers_are_as_documented_does_its_work(flow: str) -> None:
    """Else the next test would try little; waits may end by the time that they are given."""
    spoil = Spoil()
    assert tried(flow, spoil) in {"waited": ("CopyTimeout",), "polled": ("done",)}.get(flow, ("done",))
    assert spoil.answered >= 2


@pytest.mark.parametrize("flow", FLOWS)
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**64))
def test_no_answer_of_another_shape_breaks_a_flow(flow: str, seed: int) -> None:
    """Only errors of the package come out, and only what can be stored."""
    spoil = spoil_of(seed)
    note(str(spoil))
    tried(flow, spoil)
