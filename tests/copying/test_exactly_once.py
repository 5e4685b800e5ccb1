"""One copy, once: every state of the record, with every answer, every sight of the folder and every wish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyFailed, CopyNeedsHelp
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded
from airflow_provider_frameio.copying.exactly_once import (
    ON_AMBIGUOUS,
    Rules,
    assume_sent,
    copy_once,
    copy_without_record,
    prepare,
)
from airflow_provider_frameio.copying.look_up import Patience, words
from airflow_provider_frameio.copying.record import CopyRecord, Snapshot, digests
from tests.copying.world import CLIENTS_CLOCK, NOW, REQUEST, VERSIONS, World, page_two, stack, status_error, version

BEGAN = NOW - 3600.0
SNAPSHOT = Snapshot(BEGAN, "p1", "Cut.mov", 2, digests(VERSIONS), ("u1", "ada@studio.test"))
DONE = stack("done-before", BEGAN + 1)

RECORDS: dict[str, CopyRecord | None] = {
    "nothing": None,
    "prepared": CopyRecord(SNAPSHOT, 0),
    "sent 1": CopyRecord(SNAPSHOT, 0, sent=1),
    "sent 2": CopyRecord(SNAPSHOT, 0, sent=2),
    "done": CopyRecord(SNAPSHOT, 0, sent=1, copy=DONE),
}
ANSWERS = [
    ("made",),
    ("repeated", "made"),
    ("403",),
    ("429",),
    ("lost", "made"),
    ("lost", "422"),
    ("lost", "repeated", "made"),
    ("lost", "lost"),
]
# What the folder shows once an answer was lost, and how many of that may be the copy.
SIGHTS: dict[str, tuple[list[dict[str, Any]], int]] = {
    "none": ([], 0),
    "one": ([{}], 1),
    "several": ([{}, {"name": "Cut (1).mov"}], 2),
    "forming": ([{"head_version": None}], 1),
    "foreign": ([{"creator": {"id": "u2", "email": "ben@studio.test"}}, {"head_version": version("Other.mov")}], 0),
    "page fails": ([{}], 1),
    "page fails for ever": ([{}], 1),
}


def show(sight: str) -> Callable[[World], None]:
    """What may be the copy comes into the folder, below two newer stacks, so that it is on the list's second page."""

    def happen(world: World) -> None:
        number = len(world.stacks)
        for nth, changes in enumerate(SIGHTS[sight][0]):
            world.stacks.append(stack(f"found-{number + nth}", world.now - 2.0 + nth, **changes))
        world.stacks += [stack(f"newer-{number + nth}", world.now + 1, name="x.mov") for nth in range(2)]
        failures = {"page fails": 3, "page fails for ever": 10**6}.get(sight, 0)
        faults = iter(range(failures))
        world.trouble = lambda asked: status_error(500, asked) if page_two(asked) and next(faults, -1) >= 0 else None

    return happen


def expected(name: str, cleared: bool, answers: tuple[str, ...], sight: str, wish: str) -> tuple[str, list[str]]:
    """How it must end, and the journal up to there: what the text of the guarantee says, with nothing of the code."""
    journal: list[str] = []
    if name == "done" and not cleared:
        return "kept", journal
    sent = int(name[-1]) if name.startswith("sent") else 0
    known_of = "sent" in name  # a copy of an earlier try
    if not known_of:
        journal.append("prepared")
    replies = list(answers)
    while True:
        if sent:
            if sight == "page fails for ever":
                return "cannot look", journal
            found = SIGHTS[sight][1]
            if found == 1 or (found and wish == "adopt_oldest"):
                return "adopted", [*journal, "done"]
            if found and wish == "fail":
                return "asks", journal
            if cleared and known_of:
                journal.append("prepared")
                sent, known_of = 0, False
            elif sent == 2:
                return "asks", journal
        before = f"sent {sent}" if sent else "prepared"
        sent += 1
        journal += [f"sent {sent}", "copy"]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        while reply == "repeated":
            journal += [before, f"sent {sent}", "copy"]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply == "made":
            return "made", [*journal, "done"]
        if reply != "lost":
            return "refused", [*journal, before]


def outcome(world: World, record: CopyRecord | None, rules: Rules) -> tuple[str, CopyRecord | None]:
    """How it ends, in the same words."""
    try:
        result: CopyRecord = world.run(copy_once(REQUEST, record, rules))
    except CopyNeedsHelp:
        return "asks", None
    except errors.ServerError:
        return "cannot look", None
    except errors.ApiError:
        return "refused", None
    words = {"done": "kept", "copy": "made", "foun": "adopted"}
    return words[(result.copy or {})["id"][:4]], result


@pytest.mark.parametrize("wish", ON_AMBIGUOUS)
@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("answers", ANSWERS, ids="-".join)
@pytest.mark.parametrize("cleared", [False, True], ids=["retry", "clear"])
@pytest.mark.parametrize("name", RECORDS)
def test_every_state_leads_where_the_guarantee_says(
    name: str, cleared: bool, answers: tuple[str, ...], sight: str, wish: str
) -> None:
    """What is stored, when, how often a copy is sent, and how it ends."""
    record = RECORDS[name]
    world = World(stacks=[DONE] if name == "done" else [], answers=answers, on_lost=show(sight))
    if name.startswith("sent"):
        world.on_lost(world)

    end, result = outcome(world, record, Rules(generation=int(cleared), on_ambiguous=wish))

    assert (end, world.journal) == expected(name, cleared, answers, sight, wish)
    assert result is None or result.generation == int(cleared)
    assert result is None or not world.saved or world.saved[-1] == result.to_json()
    # Whatever was sent is told from the rest by the world before the first of them, also after hours.
    assert cleared or len({saved["snapshot"]["at"] for saved in world.saved if saved["sent"]}) <= 1


def sent(number: int = 1, **changes: Any) -> CopyRecord:
    return CopyRecord(replace(SNAPSHOT, at=NOW, **changes), 0, sent=number)


def lost_and(*stacks: Any) -> World:
    return World(stacks=list(stacks))


def test_the_snapshot_before_the_first_copy_is_kept_for_the_second() -> None:
    """Minutes pass between the two, and both are looked for since the first."""
    world = World(answers=("lost", "made"), now=NOW)
    result = world.run(copy_once(REQUEST, None, Rules()))
    assert world.now - NOW >= 180.0
    assert result.sent == 2
    assert [saved["snapshot"] for saved in world.saved] == [world.saved[0]["snapshot"]] * 4
    assert world.saved[0]["snapshot"]["at"] == NOW


def test_a_first_copy_that_comes_after_the_second_was_lost_too_is_taken() -> None:
    """It was created before the second was sent: the second's snapshot alone would hide it."""

    def second_lost(world: World) -> None:
        if world.asked("copy") == 2:
            world.stacks.append(stack("late", NOW + 30.0))

    world = World(answers=("lost",), on_lost=second_lost)
    assert world.run(copy_once(REQUEST, None, Rules())).copy["id"] == "late"
    assert world.asked("copy") == 2


@pytest.mark.parametrize(("sight", "seconds"), [("one", 60.0), ("several", 60.0), ("forming", 180.0), ("none", 180.0)])
def test_nothing_is_decided_before_its_time(sight: str, seconds: float) -> None:
    """A candidate waits for another a minute; that none comes, or none with a version, is believed after three."""
    world = World(on_lost=show(sight), answers=("lost", "403"))
    decided = ""
    try:
        decided = world.run(copy_once(REQUEST, None, Rules())).copy["id"]
    except (CopyNeedsHelp, errors.Forbidden) as error:
        decided = str(error)
    assert decided
    assert seconds <= world.now - NOW <= seconds + 30.0


def test_a_candidate_that_is_there_for_a_moment_only_is_not_taken() -> None:
    """It was deleted, or is not what it seemed: nothing is sent before the full time has passed all the same."""
    world = lost_and(stack("short", NOW + 1))
    looks = iter(range(100))

    def vanish(asked: Operation[Any]) -> None:
        if asked.name.startswith("list version stacks") and next(looks) == 3:
            world.stacks.clear()

    world.trouble = vanish
    result = world.run(copy_once(REQUEST, sent(), Rules()))
    assert (result.copy["id"], result.sent) == ("copy-1", 2)
    assert world.now - NOW >= 180.0


def test_a_second_candidate_within_the_minute_makes_it_doubtful() -> None:
    """The first one alone would have been the wrong one, perhaps."""
    world = lost_and(stack("first", NOW + 1))
    looks = iter(range(100))

    def join(asked: Operation[Any]) -> None:
        if asked.name.startswith("list version stacks") and next(looks) == 4:
            world.stacks.append(stack("second", NOW + 2))

    world.trouble = join
    with pytest.raises(CopyNeedsHelp, match=r"'Cut\.mov' first of .*first\); 'Cut\.mov' second of .*/second\)\."):
        world.run(copy_once(REQUEST, sent(), Rules()))
    assert world.journal == []


def test_only_the_servers_time_passes() -> None:
    """A server whose clock stands still has not given the copy time to come, however long the client waits."""
    world = lost_and()
    flow = copy_once(REQUEST, sent(), Rules())
    step = next(flow)
    waited = 0.0
    while waited < 1000.0:
        assert not isinstance(step, Recorded)
        answer = world.take(step)
        if isinstance(step, Pause):
            waited += step.seconds
            world.now, answer = NOW, NOW + CLIENTS_CLOCK + waited
        step = flow.send(answer)
    assert world.journal == []


def test_the_looks_grow_rarer() -> None:
    """From five seconds by half as much again up to thirty: a dozen lists in three minutes."""
    world = lost_and()
    world.run(copy_once(REQUEST, sent(), Rules(patience=Patience(scale=0.5, give_up_after=90.0))))
    intervals = [pause.seconds * 2 for pause in world.pauses]
    assert intervals[:6] == [5.0, 7.5, 11.25, 16.875, 25.3125, 30.0]
    assert set(intervals[6:]) <= {30.0}
    assert "Looking for the copy since 2 s: 0 found so far." in [pause.reason for pause in world.pauses]


@pytest.mark.parametrize(("failures", "ends"), [(10, False), (11, True)])
def test_looks_may_fail_ten_times_in_a_row(failures: int, ends: bool) -> None:
    """None of them is an answer: afterwards the copy is looked for as long as ever."""
    world = lost_and()
    faults = iter(range(failures))
    began: list[float] = []

    def fail(asked: Operation[Any]) -> errors.FrameioError | None:
        if not asked.name.startswith("list version stacks"):
            return None
        if next(faults, -1) >= 0:
            return status_error(503, asked)
        began.append(world.now)
        return None

    world.trouble = fail
    if ends:
        with pytest.raises(errors.ServerError):
            world.run(copy_once(REQUEST, sent(), Rules()))
        assert world.journal == []
        return
    world.run(copy_once(REQUEST, sent(), Rules()))
    assert began[-1] - began[0] >= 180.0
    assert world.journal == ["sent 2", "copy", "done"]
    assert "Could not look for the copy (10 in a row): " in "".join(pause.reason for pause in world.pauses)


def test_only_failures_in_a_row_are_counted() -> None:
    """Every other look fails, for longer than ten looks."""
    world = lost_and()
    looks = iter(range(1000))
    world.trouble = lambda asked: (
        status_error(503, asked) if asked.name.startswith("list version stacks") and next(looks) % 2 else None
    )
    world.run(copy_once(REQUEST, sent(), Rules(patience=Patience(give_up_after=600.0))))
    assert next(looks) > 22


def test_a_folder_that_must_not_be_seen_is_an_error_at_once() -> None:
    """Waiting would not help, and the record still says that a copy was sent."""
    world = lost_and()
    world.trouble = lambda asked: status_error(403, asked) if asked.name.startswith("list version stacks") else None
    with pytest.raises(errors.Forbidden):
        world.run(copy_once(REQUEST, sent(), Rules()))
    assert world.pauses == []
    assert world.journal == []


def test_a_copy_that_was_made_and_deleted_is_not_made_again_by_a_retry() -> None:
    """Somebody meant it; a clear copies again."""
    world = World()
    with pytest.raises(CopyFailed, match=r"'Cut\.mov' done-before of .* is gone\. Clear"):
        world.run(copy_once(REQUEST, RECORDS["done"], Rules()))
    assert world.run(copy_once(REQUEST, RECORDS["done"], Rules(generation=1))).copy["id"] == "copy-1"


def test_what_need_not_be_verified_costs_no_call() -> None:
    """A copy that is done is the result, as the record has it."""
    world = World()
    record = RECORDS["done"]
    assert world.run(copy_once(REQUEST, record, Rules(verify=False))) is record
    assert world.calls == []


def test_whether_a_copy_is_still_there_must_be_seen() -> None:
    """An error of another kind says nothing about it."""
    world = World()
    world.trouble = lambda asked: status_error(503, asked)
    with pytest.raises(errors.ServerError):
        world.run(copy_once(REQUEST, RECORDS["done"], Rules()))


@pytest.mark.parametrize(
    ("kept", "advice"),
    [(True, "clear the task: it takes what is left, or copies again"), (False, "mark the task as success")],
)
@pytest.mark.parametrize("stacks", [[], [stack("a"), stack("b")]], ids=["none came", "several"])
def test_a_request_for_help_says_what_a_clear_will_do(kept: bool, advice: str, stacks: list[Any]) -> None:
    """It takes what is left only where the record outlives it."""
    with pytest.raises(CopyNeedsHelp) as caught:
        lost_and(*stacks).run(copy_once(REQUEST, sent(2), Rules(kept=kept)))
    assert advice in str(caught.value)
    assert "copies of 'Cut.mov' were sent" in str(caught.value) or "next.frame.io/a" in str(caught.value)


def test_a_server_whose_time_stands_still_is_not_searched_for_ever() -> None:
    """A proxy that repeats an old answer would hold the task until somebody ends it; nothing is sent meanwhile."""

    @dataclass
    class Standing(World):
        def take(self, step: object) -> Any:
            answer = super().take(step)
            return replace(answer, date=NOW) if isinstance(answer, Page) else answer

    world = Standing(answers=("lost", "made"))
    with pytest.raises(errors.UnreadableAnswer, match="look for the copy: the server's time stands still"):
        world.run(copy_once(REQUEST, None, Rules()))
    assert world.asked("copy version stack") == 1
    assert 1800 < world.now - NOW < 1900


def test_foreign_names_are_said_on_one_line() -> None:
    """A stack's name cannot forge a line of the log, nor fill it."""
    evil = stack("a", created_at="now", name="\nMarking task as SUCCESS\x1b[2J", view_url="x" * 5_000)
    assert words(evil) == f"'\\nMarking task as SUCCESS\\x1b[2J' a of now ({'x' * 299}…)"


def test_why_it_waits_is_said() -> None:
    """That an answer was lost, and what was found in the end."""
    world = World(answers=("lost",), on_lost=show("one"))
    world.run(copy_once(REQUEST, None, Rules()))
    reasons = [pause.reason for pause in world.pauses]
    assert reasons[0].startswith("the connection broke. The copy may have been made: looking for it")
    assert reasons[-1].startswith("Found the copy whose answer was lost: 'Cut.mov' found-0 of ")


def test_a_copy_on_the_happy_path_costs_five_calls() -> None:
    """Its versions, itself, the user and one look at the folder, however full; none in the bucket of copies."""
    world = World(stacks=[stack(f"old-{number}", NOW - 1e5 - number) for number in range(50)])
    world.run(copy_once(REQUEST, None, Rules()))
    assert [call.name.rsplit(" ", 1)[0] for call in world.calls] == [
        "list version stack children",
        "show version stack",
        "show",
        "list version stacks",
        "copy version stack",
    ]


def test_a_source_without_versions_is_refused() -> None:
    """Before anything is stored or sent."""
    world = World(children={"s1": ()})
    for flow in (copy_once(REQUEST, None, Rules()), copy_without_record(REQUEST), prepare(REQUEST, 0)):
        with pytest.raises(errors.InvalidParameter, match="no versions"):
            world.run(flow)
    assert world.journal == []


def test_versions_that_are_not_uploaded_are_told() -> None:
    """They may never be in the copy; it is made all the same."""
    world = World(children={"s1": (VERSIONS[0], version("New.mov", None, status="created"))})
    world.run(copy_once(REQUEST, None, Rules()))
    assert [pause.reason for pause in world.pauses] == [
        "Not uploaded yet in the source, so perhaps never in the copy: New.mov"
    ]
    assert world.journal[-1] == "done"


def test_without_a_record_a_lost_answer_is_an_error() -> None:
    """Nothing is stored, and nothing could be found again."""
    world = World(answers=("made", "lost"))
    record = world.run(copy_without_record(REQUEST))
    assert (record.copy["id"], record.sent, record.snapshot.versions) == ("copy-1", 1, 2)
    with pytest.raises(errors.CopyOutcomeUnknown):
        world.run(copy_without_record(REQUEST))
    assert world.journal == ["sent 1", "copy"] * 2


def test_what_is_asked_for_is_sent() -> None:
    """Folder and flags; None for the source's own folder."""
    world = World(source={**stack("s1"), "parent_id": "p9"})
    world.run(copy_once(replace(REQUEST, copy_metadata=True), None, Rules()))
    world.run(copy_once(replace(REQUEST, parent_id=None), None, Rules()))
    first, second = (call.request for call in world.calls if call.name.startswith("copy"))
    assert (first.params, first.json) == ({"copy_metadata": "true"}, {"data": {"parent_id": "p1"}})
    assert second.json is None
    assert [saved["snapshot"]["folder_id"] for saved in world.saved] == ["p1"] * 3 + ["p9"] * 3


@pytest.mark.parametrize("age", [290.0, 2.0])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_try_that_knows_nothing_looks_back_to_the_beginning(scale: float, age: float) -> None:
    """It turns its own clock's distance into the server's time, and takes whatever was there for a candidate."""
    world = World(stacks=[stack("found", NOW - age), stack("yesterday", NOW - 90000.0)], scale=scale)
    rules = Rules(2, patience=Patience(scale=scale))
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 300.0 * scale, rules))
    assert record.snapshot.at == pytest.approx(NOW - 300.0, abs=1.0)
    assert (record.sent, record.assumed, record.generation, record.snapshot.existing) == (1, True, 2, ())
    assert world.journal == []
    assert world.run(copy_once(REQUEST, record, rules)).copy["id"] == "found"


def test_a_beginning_in_the_future_is_now() -> None:
    """The machine that started the DAG run may be ahead of this one."""
    record = World().run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK + 300.0, Rules()))
    assert record.snapshot.at == NOW


def test_calls_that_take_long_do_not_hide_the_copy() -> None:
    """A minute for the first look at the folder makes it look back longer, never shorter."""
    world = World(stacks=[stack("found", NOW - 290.0)])

    def slow(asked: Operation[Any]) -> None:
        world.now += 60.0 if asked.name.startswith("show version stack") else 0.0

    world.trouble = slow
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 300.0, Rules()))
    assert record.snapshot.at <= NOW - 300.0
    assert world.run(copy_once(REQUEST, record, Rules())).copy["id"] == "found"


def test_a_flow_that_is_stopped_stores_nothing_more() -> None:
    """A task that is killed while its copy is under way leaves the record that says so."""
    world = World()
    flow = copy_once(REQUEST, None, Rules())
    step = next(flow)
    while not isinstance(step, Recorded):
        step = flow.send(world.take(step))
    world.take(step)
    flow.close()
    assert world.journal == ["prepared", "sent 1", "copy"]
