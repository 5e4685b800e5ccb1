"""The search for what was perhaps made: when it looks, how long, and which of the candidates are the copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyNeedsHelp
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded
from airflow_provider_frameio.copying.exactly_once import Rules, assume_sent, copy_once
from airflow_provider_frameio.copying.look_up import Candidate, LookupPolicy, choose, describe
from airflow_provider_frameio.copying.record import CopyRecord, Search
from tests.copying.world import (
    CLIENTS_CLOCK,
    NOW,
    REQUEST,
    VERSIONS,
    World,
    lost_and,
    sent,
    stack,
    status_error,
    version,
)


def found(seen: Mapping[int, Sequence[str]], silent: str = "") -> dict[int, list[Candidate]]:
    """Candidates by position; those named in ``silent`` do not tell enough."""
    return {position: [Candidate({"id": one}, one not in silent) for one in ids] for position, ids in seen.items()}


def ids(chosen: Mapping[int, Any], doubtful: Sequence[Any]) -> tuple[dict[int, str], list[str]]:
    return {position: one["id"] for position, one in chosen.items()}, [one["id"] for one in doubtful]


@pytest.mark.parametrize("adopt_oldest", [True, False])
@pytest.mark.parametrize(
    ("seen", "chosen", "doubtful"),
    [
        ({}, {}, []),
        ({0: []}, {}, []),
        ({0: ["a"]}, {0: "a"}, []),
        ({0: ["a"], 3: ["b"]}, {0: "a", 3: "b"}, []),
        ({0: ["a", "b"], 1: ["a", "b"]}, {0: "a", 1: "b"}, []),
        ({2: ["a", "b"], 0: ["a", "b"]}, {2: "a", 0: "b"}, []),
        ({0: ["a"], 1: ["a"]}, {}, ["a"]),
        ({0: ["a", "b"], 1: ["b"], 2: ["b"]}, {}, ["a", "b"]),
        ({0: ["a"], 1: ["b"], 2: ["a", "b", "c"]}, {0: "a", 1: "b", 2: "c"}, []),
        ({0: ["a"], 1: ["a"], 2: ["c"]}, {2: "c"}, ["a"]),
    ],
)
def test_alike_versions_need_as_many_candidates_as_there_are_of_them(
    seen: dict[int, list[str]], chosen: dict[int, str], doubtful: list[str], adopt_oldest: bool
) -> None:
    """No file is two versions' copy; with one too few nobody can tell whose it is."""
    assert ids(*choose(found(seen), adopt_oldest=adopt_oldest)) == (chosen, doubtful)


@pytest.mark.parametrize("adopt_oldest", [True, False])
def test_a_file_is_never_taken_for_a_version_that_it_cannot_be_of(adopt_oldest: bool) -> None:
    """One version has no size, so two files may be its copy, one of which alone may be another's: a person is asked."""
    assert ids(*choose(found({0: ["a", "b"], 1: ["a"]}), adopt_oldest=adopt_oldest)) == ({}, ["a", "b"])


@pytest.mark.parametrize(
    ("seen", "oldest"),
    [
        ({0: ["a", "b"]}, {0: "a"}),
        ({0: ["a", "b", "c"], 1: ["a", "b", "c"]}, {0: "a", 1: "b"}),
    ],
)
def test_of_more_candidates_than_copies_the_oldest_are_taken_where_the_user_says_so(
    seen: dict[int, list[str]], oldest: dict[int, str]
) -> None:
    """Else all of them are doubtful."""
    assert ids(*choose(found(seen), adopt_oldest=True)) == (oldest, [])
    assert ids(*choose(found(seen), adopt_oldest=False)) == ({}, seen[0])


@pytest.mark.parametrize("adopt_oldest", [True, False])
def test_one_that_does_not_tell_leaves_a_doubt(adopt_oldest: bool) -> None:
    """About those as well that it may be mistaken for."""
    seen = found({0: ["a", "b"], 1: ["a", "b"], 2: ["c"]}, silent="b")
    assert ids(*choose(seen, adopt_oldest=adopt_oldest)) == ({2: "c"}, ["a", "b"])


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
    assert world.journal == ["looking"]


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
    assert world.journal == ["looking"]


def test_the_looks_grow_rarer() -> None:
    """From five seconds by half as much again up to thirty: a dozen lists in three minutes."""
    world = lost_and()
    world.run(copy_once(REQUEST, sent(), Rules(policy=LookupPolicy(scale=0.5, give_up_after=90.0))))
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
    assert world.journal == ["looking", "sent 2", "copy", "done"]
    assert "Could not look for the copy (10 in a row): " in "".join(pause.reason for pause in world.pauses)


def test_only_failures_in_a_row_are_counted() -> None:
    """Every other look fails, for longer than ten looks."""
    world = lost_and()
    looks = iter(range(1000))
    world.trouble = lambda asked: (
        status_error(503, asked) if asked.name.startswith("list version stacks") and next(looks) % 2 else None
    )
    world.run(copy_once(REQUEST, sent(), Rules(policy=LookupPolicy(give_up_after=600.0))))
    assert next(looks) > 22


def test_a_folder_that_must_not_be_seen_is_an_error_at_once() -> None:
    """Waiting would not help, and the record still says that a copy was sent."""
    world = lost_and()
    world.trouble = lambda asked: status_error(403, asked) if asked.name.startswith("list version stacks") else None
    with pytest.raises(errors.Forbidden):
        world.run(copy_once(REQUEST, sent(), Rules()))
    assert world.pauses == []
    assert world.journal == []


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
    assert describe(evil) == f"'\\nMarking task as SUCCESS\\x1b[2J' a of now ({'x' * 299}…)"


def sizes_show_at(moment: float, *children: dict[str, Any]) -> World:
    """A candidate whose versions have no sizes until then."""
    world = lost_and(stack("found", NOW + 1))
    bare = tuple({**one, "file_size": None} for one in children)

    def show_sizes(asked: Operation[Any]) -> None:
        world.children["found"] = children if world.now >= moment else bare

    world.trouble = show_sizes
    return world


def test_a_candidate_is_taken_a_minute_after_it_first_told() -> None:
    """Not a minute after the first look: until then it may be of other content."""
    world = sizes_show_at(NOW + 100.0, *VERSIONS)
    assert world.run(copy_once(REQUEST, sent(), Rules())).copy["id"] == "found"
    assert NOW + 160.0 <= world.now <= NOW + 250.0


def test_a_candidate_that_turns_out_to_hold_something_else_is_not_taken() -> None:
    """Its sizes came late, and are others: the copy is sent again."""
    world = sizes_show_at(NOW + 100.0, version("Cut_v2.mov", 21))
    result = world.run(copy_once(REQUEST, sent(), Rules(on_ambiguous="adopt_oldest")))
    assert (result.copy["id"], result.sent) == ("copy-1", 2)


@pytest.mark.parametrize("wish", ["fail", "adopt_oldest"])
def test_a_candidate_that_never_tells_is_never_taken(wish: str) -> None:
    """After ten minutes a person is asked."""
    world = sizes_show_at(NOW + 1e9, *VERSIONS)
    with pytest.raises(CopyNeedsHelp, match="found"):
        world.run(copy_once(REQUEST, sent(), Rules(on_ambiguous=wish)))
    assert NOW + 600.0 <= world.now <= NOW + 630.0


def test_a_search_goes_on_where_it_was() -> None:
    """Tries that each live for a minute only come to an end together, in the time that one alone would take."""
    world = World(answers=("lost", "made"))
    record, ends = None, 0.0

    class Killed(Exception):
        """By ``execution_timeout``."""

    def live(asked: Operation[Any]) -> None:
        if world.now >= ends:
            raise Killed

    world.trouble = live
    for _ in range(4):
        ends = world.now + 60.0
        with suppress(Killed):
            world.run(copy_once(REQUEST, record, Rules()))
        record = CopyRecord.from_json(world.saved[-1])
    assert record is not None
    assert (record.done, record.sent, world.asked("copy version stack")) == (True, 2, 2)
    assert 180.0 <= world.now - NOW <= 240.0


def test_a_candidate_that_an_earlier_try_saw_needs_no_second_minute() -> None:
    """When it first told is stored with the search."""
    world = lost_and(stack("found", NOW - 70.0))
    began = Search(NOW - 65.0, {"found": NOW - 61.0})
    record = sent(search=began)
    record = replace(record, snapshot=replace(record.snapshot, at=NOW - 80.0))
    assert world.run(copy_once(REQUEST, record, Rules())).copy["id"] == "found"
    assert world.now == NOW


def test_after_a_copy_of_its_own_a_try_waits_the_full_time() -> None:
    """What it knows of the try before it ends the first search at once, and says nothing about the second copy."""
    world = World(answers=("lost", "lost"))
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK, NOW - 1000.0, Rules()))
    assert record.search == Search(NOW - 1000.0)
    with pytest.raises(CopyNeedsHelp, match="2 copies"):
        world.run(copy_once(REQUEST, record, Rules()))
    assert world.asked("copy version stack") == 1
    assert 180.0 <= world.now - NOW <= 210.0


@pytest.mark.parametrize(("after", "found"), [(100.0, True), (184.0, True), (400.0, False)])
def test_what_was_made_after_all_was_carried_out_is_no_copy(after: float, found: bool) -> None:
    """An earlier try is known to have sent nothing for the last thousand seconds: what was made since is another's."""
    world = World(stacks=[stack("made", NOW - 1000.0 + after)])
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 1000.0, NOW - 1000.0, Rules()))
    assert world.run(copy_once(REQUEST, record, Rules())).copy["id"] == ("made" if found else "copy-1")


def test_what_was_there_before_this_try_sent_a_copy_is_not_that_copy() -> None:
    """The assumption that an earlier try sent one looks far back; once it is settled, only what comes now counts."""
    world = World(stacks=[stack("another", NOW - 400.0)], answers=("lost",))
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 1000.0, NOW - 1000.0, Rules()))
    world.on_lost = lambda world: world.stacks.append(stack("mine", world.now))
    result = world.run(copy_once(REQUEST, record, Rules()))
    assert result.copy["id"] == "mine"


def test_that_an_earlier_try_left_no_record_is_known_also_once_frameio_refused_a_copy() -> None:
    """It may have copied files, which are looked for before the stack is made anew; the search is not begun again."""
    world = World(answers=("422",))
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 1000.0, NOW - 1000.0, Rules()))
    with pytest.raises(errors.Unprocessable):
        world.run(copy_once(REQUEST, record, Rules()))
    stored = CopyRecord.from_json(world.saved[-1])
    assert (stored.sent, stored.assumed, stored.search.since) == (1, True, NOW - 1000.0)
