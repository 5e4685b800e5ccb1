"""One copy, once: every state of the record, with every answer, every sight of the folder and every wish."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyNeedsHelp
from airflow_provider_frameio.api.protocol import Operation, Recorded, Room
from airflow_provider_frameio.copying.adobe_storage import AdobeStorageSeen
from airflow_provider_frameio.copying.exactly_once import (
    ON_AMBIGUOUS,
    Rules,
    assume_sent,
    copy_once,
    copy_without_record,
)
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import CopyRecord, Search, Series, digests
from tests.copying.world import (
    BEFORE,
    CLIENTS_CLOCK,
    NOW,
    REQUEST,
    VERSIONS,
    World,
    lost_and,
    page_two,
    sent,
    stack,
    status_error,
    version,
)

BEGAN = NOW - 3600.0
SNAPSHOT = replace(BEFORE, at=BEGAN)
DONE = stack("done-before", BEGAN + 1)

RECORDS: dict[str, CopyRecord | None] = {
    "nothing": None,
    "prepared": CopyRecord(SNAPSHOT),
    "sent 1": CopyRecord(SNAPSHOT, sent=1),
    "sent 2": CopyRecord(SNAPSHOT, sent=2),
    "done": CopyRecord(SNAPSHOT, sent=1, copy=DONE),
}
# The tries that find the record: Airflow's own retry, and a user's clear of a task that had not finished, or had.
SERIES = {"retry": Series(), "clear": Series(0, "2"), "clear of a finished": Series(1, "2")}
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


def expected(name: str, by: str, answers: tuple[str, ...], sight: str, wish: str) -> tuple[str, list[str]]:
    """How it must end, and the journal up to there: what the text of the guarantee says, with nothing of the code."""
    journal: list[str] = []
    if name == "done" and by != "clear of a finished":
        return "kept", journal
    sent = int(name[-1]) if name.startswith("sent") else 0
    most = 3 if sent == 2 and by != "retry" else 2  # a user's clear allows one more
    replies = list(answers)
    while True:
        if sent:
            if sight == "page fails for ever":
                return "cannot look", journal
            journal.append("looking")
            found, telling = SIGHTS[sight][1], sight != "forming"
            if telling and (found == 1 or (found and wish == "adopt_oldest")):
                return "adopted", [*journal, "done"]
            if (found and wish != "copy_again") or sent >= most:
                return "asks", journal
        before = "looking" if sent else "prepared"  # a search that ended is not begun anew
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
@pytest.mark.parametrize("by", SERIES)
@pytest.mark.parametrize("name", RECORDS)
def test_every_state_leads_where_the_guarantee_says(
    name: str, by: str, answers: tuple[str, ...], sight: str, wish: str
) -> None:
    """What is stored, when, how often a copy is sent, and how it ends."""
    record = RECORDS[name]
    world = World(stacks=[DONE] if name == "done" else [], answers=answers, on_lost=show(sight))
    if name.startswith("sent"):
        world.on_lost(world)

    end, result = outcome(world, record, Rules(SERIES[by], on_ambiguous=wish))

    assert (end, world.journal) == expected(name, by, answers, sight, wish)
    assert result is None or end == "kept" or result.series == SERIES[by]
    assert result is None or not world.saved or world.saved[-1] == result.to_json()
    # Whatever was sent is told from the rest by the world before the first of them, also after hours.
    assert len({saved["snapshot"]["at"] for saved in world.saved if saved["sent"]}) <= 1


def test_the_snapshot_before_the_first_copy_is_kept_for_the_second() -> None:
    """Minutes pass between the two, and both are looked for since the first."""
    world = World(answers=("lost", "made"), now=NOW)
    result = world.run(copy_once(REQUEST, None, Rules()))
    assert world.now - NOW >= 180.0
    assert result.sent == 2
    assert all(saved["snapshot"] == world.saved[0]["snapshot"] for saved in world.saved)
    assert world.saved[0]["snapshot"]["at"] == NOW


def test_a_first_copy_that_comes_after_the_second_was_lost_too_is_taken() -> None:
    """It was created before the second was sent: the second's snapshot alone would hide it."""

    def second_lost(world: World) -> None:
        if world.asked("copy") == 2:
            world.stacks.append(stack("late", NOW + 30.0))

    world = World(answers=("lost",), on_lost=second_lost)
    assert world.run(copy_once(REQUEST, None, Rules())).copy["id"] == "late"
    assert world.asked("copy") == 2


@pytest.mark.parametrize(("sight", "seconds"), [("one", 60.0), ("several", 60.0), ("forming", 600.0), ("none", 180.0)])
def test_nothing_is_decided_before_its_time(sight: str, seconds: float) -> None:
    """A candidate waits for another a minute; that none comes is believed after three.

    One that shows no version yet is waited for ten minutes, and then left to a person.
    """
    world = World(on_lost=show(sight), answers=("lost", "403"))
    decided = ""
    try:
        decided = world.run(copy_once(REQUEST, None, Rules())).copy["id"]
    except (CopyNeedsHelp, errors.Forbidden) as error:
        decided = str(error)
    assert decided
    assert seconds <= world.now - NOW <= seconds + 30.0


def test_a_copy_that_is_done_costs_no_call() -> None:
    """It is the result, as the record has it, also after a clear of a task that had not finished."""
    world = World()
    record = RECORDS["done"]
    assert world.run(copy_once(REQUEST, record, Rules())) is record
    assert world.run(copy_once(REQUEST, record, Rules(Series(0, "5")))) is record
    assert world.calls == []


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


def test_why_it_waits_is_said() -> None:
    """That an answer was lost, and what was found in the end."""
    world = World(answers=("lost",), on_lost=show("one"))
    world.run(copy_once(REQUEST, None, Rules()))
    reasons = [pause.reason for pause in world.pauses]
    assert reasons[0].startswith("the connection broke. The copy may have been made: looking for it")
    assert reasons[-1].startswith("Found the copy whose answer was lost: 'Cut.mov' found-0 of ")


def test_a_copy_on_the_happy_path_costs_five_calls() -> None:
    """The source, its versions, the user and one look at the folder, however full; none in the bucket of copies."""
    world = World(stacks=[stack(f"old-{number}", NOW - 1e5 - number) for number in range(50)])
    world.run(copy_once(REQUEST, None, Rules()))
    assert [call.name.rsplit(" ", 1)[0] for call in world.calls] == [
        "show version stack",
        "show",
        "list version stacks",
        "list version stack children",
        "copy version stack",
    ]


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ((), "no versions"),
        (
            (version("New.mov", status="created"),),
            r"none of its versions is uploaded yet: 'New.mov' f-New.mov \(created\)",
        ),
    ],
)
def test_a_source_without_uploaded_versions_is_refused(versions: tuple[Any, ...], said: str) -> None:
    """Before anything is stored or sent."""
    world = World(children={"s1": versions})
    for flow in (
        copy_once(REQUEST, None, Rules()),
        copy_without_record(REQUEST),
        assume_sent(REQUEST, NOW, None, Rules()),
    ):
        with pytest.raises(errors.InvalidParameter, match=said):
            world.run(flow)
    assert world.journal == []


@pytest.mark.parametrize("status", ["created", "upload_failed"])
def test_versions_that_are_not_uploaded_are_named_and_do_not_count(status: str) -> None:
    """They may never be in the copy; it is made all the same."""
    world = World(children={"s1": (VERSIONS[0], version("New.mov", None, status=status))})
    for flow in (copy_once(REQUEST, None, Rules()), copy_without_record(REQUEST)):
        snapshot = world.run(flow).snapshot
        assert (snapshot.versions, snapshot.version_ids) == (1, ("f-Cut_v2.mov",))
        (warning,) = world.pauses
        said = f"Not uploaded in the source, so not waited for in the copy: 'New.mov' f-New.mov ({status})."
        assert (warning.level, warning.reason) == (logging.WARNING, said)
        world.pauses.clear()


def test_an_uploaded_version_counts_in_a_second_copy_too() -> None:
    """The first copy came to nothing, and somebody finished an upload meanwhile."""
    late = version("New.mov", 30, status="created")
    world = World(children={"s1": (late, *VERSIONS)}, answers=("lost", "made"))

    def finish(_: World) -> None:
        world.children["s1"] = ({**late, "status": "uploaded"}, *VERSIONS)

    world.on_lost = finish
    assert world.run(copy_once(REQUEST, None, Rules())).snapshot.versions == 3


def test_without_a_record_a_lost_answer_is_an_error() -> None:
    """Nothing is stored, and nothing could be found again."""
    world = World(answers=("made", "lost"))
    record = world.run(copy_without_record(REQUEST))
    assert (record.copy["id"], record.sent, record.snapshot.versions) == ("copy-1", 1, 2)
    with pytest.raises(errors.CopyOutcomeUnknown):
        world.run(copy_without_record(REQUEST))
    assert world.journal == ["copy"] * 2


def test_what_is_asked_for_is_sent() -> None:
    """Folder and flags; the source's own folder is named too, since the source may be moved meanwhile."""
    world = World(source={**stack("s1"), "parent_id": "p9"})
    world.run(copy_once(replace(REQUEST, copy_metadata=True), None, Rules()))
    world.run(copy_once(replace(REQUEST, parent_id=None), None, Rules()))
    world.run(copy_without_record(replace(REQUEST, parent_id=None)))
    first, second, third = (call.request for call in world.calls if call.name.startswith("copy"))
    assert (first.params, first.json) == ({"copy_metadata": "true"}, {"data": {"parent_id": "p1"}})
    assert second.json == third.json == {"data": {"parent_id": "p9"}}
    assert [saved["snapshot"]["folder_id"] for saved in world.saved] == ["p1"] * 2 + ["p9"] * 2


@pytest.mark.parametrize("age", [290.0, 2.0])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_try_that_knows_nothing_looks_back_to_the_beginning(scale: float, age: float) -> None:
    """It turns its own clock's distance into the server's time, and takes whatever was there for a candidate.

    Two machines' clocks may be five minutes apart.
    """
    world = World(stacks=[stack("found", NOW - age), stack("yesterday", NOW - 90000.0)], scale=scale)
    rules = Rules(Series(2, "3"), policy=LookupPolicy(scale=scale))
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 300.0 * scale, None, rules))
    assert record.snapshot.at == pytest.approx(NOW - 300.0 - 300.0 / scale, abs=1.0)
    assert (record.sent, record.assumed, record.series, record.snapshot.existing) == (1, True, Series(2, "3"), ())
    assert world.journal == []
    assert world.run(copy_once(REQUEST, record, rules)).copy["id"] == "found"


def test_a_beginning_in_the_future_is_now() -> None:
    """The machine that started the DAG run may be ahead of this one."""
    record = World().run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK + 300.0, None, Rules()))
    assert record.snapshot.at == NOW - 300.0


def test_calls_that_take_long_do_not_hide_the_copy() -> None:
    """A minute for the first look at the folder makes it look back longer, never shorter."""
    world = World(stacks=[stack("found", NOW - 590.0)])

    def slow(asked: Operation[Any]) -> None:
        world.now += 60.0 if asked.name.startswith("show version stack") else 0.0

    world.trouble = slow
    record = world.run(assume_sent(REQUEST, NOW + CLIENTS_CLOCK - 300.0, None, Rules()))
    assert record.snapshot.at <= NOW - 600.0
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
    assert world.journal == ["sent 1", "copy"]


def test_before_anything_else_there_is_room() -> None:
    """A task that would have to wait for the limit asks Frame.io for nothing and stores nothing."""
    for flow in (copy_once(REQUEST, None, Rules()), copy_without_record(REQUEST)):
        step = next(flow)
        assert isinstance(step, Room)
        assert step.operation.name == "copy version stack s1"
        with pytest.raises(errors.NoSlot):
            flow.throw(errors.NoSlot("copy", 60.0, 6.0, "copies"))


def test_a_limit_that_closes_in_between_leaves_nothing_stored() -> None:
    """Somebody else took the room: the copy was not sent, and another try goes on as before."""
    world = World()
    flow = copy_once(REQUEST, None, Rules())
    step = next(flow)
    while not isinstance(step, Recorded):
        step = flow.send(world.take(step))
    with pytest.raises(errors.NoSlot):
        flow.throw(errors.NoSlot("copy", 60.0, 6.0, "copies"))
    assert world.journal == []


def test_a_copy_is_of_what_the_source_held_when_it_was_sent() -> None:
    """It may gain a version, and another name and folder, while the task waits for the limit."""

    def change(world: World) -> None:
        world.children["s1"] = (version("Cut_v3.mov", 30), *VERSIONS)
        world.source = {**world.source, "name": "Final.mov", "parent_id": "p9"}

    world = World(on_room=change)
    record = world.run(copy_once(replace(REQUEST, parent_id=None), None, Rules()))
    assert (record.snapshot.versions, record.snapshot.names) == (3, ("Final.mov",))
    assert record.snapshot.version_ids == ("f-Cut_v3.mov", "f-Cut_v2.mov", "f-Cut_v1.mov")
    assert world.calls[-1].request.json == {"data": {"parent_id": "p9"}}


def test_what_the_source_gains_while_the_folder_is_read_belongs_to_the_copy() -> None:
    """The versions are read last, so that the copy is not called complete without one."""
    world = World()

    def change(asked: Operation[Any]) -> None:
        if asked.name.startswith("list version stacks"):
            world.children["s1"] = (version("Cut_v3.mov", 30), *VERSIONS)

    world.trouble = change
    assert world.run(copy_once(REQUEST, None, Rules())).snapshot.versions == 3


def test_a_copy_bears_a_name_that_its_source_had_for_a_while() -> None:
    """A try that saw this name may die, and the source be renamed again before the next one."""
    world = World(answers=("lost",))

    def rename(asked: Operation[Any]) -> errors.FrameioError | None:
        looks = world.asked("list version stacks") - 1
        world.source = {**world.source, "name": "Meanwhile.mov" if looks > 0 else "Cut.mov"}
        return status_error(403, asked) if looks > 2 else None

    world.trouble = rename
    with pytest.raises(errors.Forbidden):
        world.run(copy_once(REQUEST, None, Rules()))
    later = lost_and(stack("found", world.now, name="Meanwhile.mov"))
    later.now, later.source = world.now, {**world.source, "name": "Final.mov"}
    record = CopyRecord.from_json(world.saved[-1])
    assert later.run(copy_once(REQUEST, record, Rules())).copy["id"] == "found"


def test_a_second_copy_is_of_what_the_source_then_holds() -> None:
    """The first one is still told by what the source was."""

    def change(world: World) -> None:
        if world.asked("copy version stack"):
            world.children["s1"] = VERSIONS[:1]

    world = World(answers=("lost", "made"), on_room=change)
    record = world.run(copy_once(REQUEST, None, Rules()))
    assert (record.snapshot.versions, record.snapshot.version_ids) == (1, ("f-Cut_v2.mov",))
    assert record.snapshot.digests == digests(VERSIONS)


@pytest.mark.parametrize("name", ["Cut.mov", "Final.mov"])
@pytest.mark.parametrize("head", [version("Cut_v3.mov", 30), VERSIONS[0]], ids=["new version", "old version"])
def test_a_lost_copy_is_searched_for_by_what_the_source_was_and_is(name: str, head: dict[str, Any]) -> None:
    """It was carried out before or after the source was renamed and got a version."""
    world = lost_and(stack("found", NOW + 1, name=name, head_version=head))
    world.source = {**world.source, "name": "Final.mov"}
    world.children = {"s1": (version("Cut_v3.mov", 30), *VERSIONS), "found": (head,)}
    assert world.run(copy_once(REQUEST, sent(), Rules())).copy["id"] == "found"


def test_a_source_that_is_gone_is_searched_for_by_what_it_was() -> None:
    """Its copy is there all the same."""
    world = lost_and(stack("found", NOW + 1))
    world.trouble = lambda asked: status_error(404, asked) if asked.name == "show version stack s1" else None
    assert world.run(copy_once(REQUEST, sent(), Rules())).copy["id"] == "found"


@pytest.mark.parametrize(("what", "status"), [("show version stack s1", 503), ("list version stack children s1", 401)])
def test_where_the_source_cannot_be_read_nothing_is_sent_again(what: str, status: int) -> None:
    """It may have another name by now, and so may the copy: that none is found proves nothing, however late it is."""
    world = lost_and(stack("renamed", NOW + 1, name="Final.mov"))
    world.source = {**world.source, "name": "Final.mov"}
    world.now += 3600.0
    world.trouble = lambda asked: status_error(status, asked) if asked.name == what else None
    with pytest.raises(errors.CallError):
        world.run(copy_once(REQUEST, sent(search=Search(NOW + 1)), Rules()))
    assert world.asked("copy") == 0
    world.trouble = lambda asked: None
    assert world.run(copy_once(REQUEST, sent(search=Search(NOW + 1)), Rules())).copy["id"] == "renamed"


def test_the_source_and_what_this_task_made_besides_are_never_the_copy() -> None:
    """Two of its sources may have equal content, and a source may be new in the target folder."""
    source = stack("s1", NOW + 1)
    world = World(source=source, stacks=[source, stack("sibling", NOW + 2), stack("found", NOW + 3)])
    assert world.run(copy_once(REQUEST, sent(), Rules(taken={"sibling"}))).copy["id"] == "found"
    world.stacks.pop()
    result = world.run(copy_once(REQUEST, sent(), Rules(taken={"sibling"}, on_ambiguous="adopt_oldest")))
    assert (result.copy["id"], result.sent) == ("copy-1", 2)


def test_what_an_earlier_edition_made_is_not_this_editions_copy() -> None:
    """A clear of a task that had finished copies again, and does not take the earlier copy for a lost one."""
    done = stack("done-before", NOW + 1)
    record = sent(existing=("s8",)).made(done)
    world = World(now=NOW + 10, stacks=[done], answers=("lost", "made"))
    result = world.run(copy_once(REQUEST, record, Rules(Series(1, "2"))))
    assert (result.copy["id"], result.series) == ("copy-2", Series(1, "2"))
    assert {"s8", "done-before"} <= {*result.snapshot.existing}


def test_what_is_unfinished_is_resolved_first_whatever_was_cleared() -> None:
    """A copy of which nobody knows is looked for before another one is made."""
    world = lost_and(stack("found", NOW + 1))
    result = world.run(copy_once(REQUEST, sent(), Rules(Series(1, "2"))))
    assert (result.copy["id"], result.series) == ("found", Series(1, "2"))
    assert world.asked("copy version stack") == 0


@pytest.mark.parametrize("tries", [1, 2])
def test_a_clear_allows_one_more_copy_once(tries: int) -> None:
    """A retry after it does not allow yet another."""
    world = World(answers=("lost",))
    record = sent(2)
    for _ in range(tries):
        with pytest.raises(CopyNeedsHelp, match="3 copies"):
            world.run(copy_once(REQUEST, record, Rules(Series(0, "4"))))
        record = CopyRecord.from_json(world.saved[-1])
    assert world.asked("copy version stack") == 1


def test_on_adobe_storage_nothing_is_sent() -> None:
    """Frame.io would refuse it, and there is another way; whoever wants its own copy gets its refusal."""
    world = World()
    world.source = {**world.source, "adobe_id": "urn:1"}
    with pytest.raises(AdobeStorageSeen):
        world.run(copy_once(REQUEST, None, Rules(native_only=False)))
    assert world.journal == []
    assert world.run(copy_once(REQUEST, None, Rules())).copy["id"] == "copy-1"


def test_a_copy_that_could_not_leave_is_sent_again_after_another_look_at_the_source() -> None:
    """It may have changed meanwhile; nothing is unknown, and nothing is searched for."""

    def change(world: World) -> None:
        if world.asked("copy version stack") == 2:
            world.children["s1"] = VERSIONS[:1]

    world = World(answers=("unreached", "unreached", "made"), on_room=change)
    record = world.run(copy_once(REQUEST, None, Rules()))
    assert (record.sent, record.snapshot.versions) == (1, 1)
    assert world.journal == [*["sent 1", "copy", "prepared"] * 2, "sent 1", "copy", "done"]
    assert [pause.seconds for pause in world.pauses] == [1.0, 2.0]


def test_a_frameio_that_stays_out_of_reach_ends_the_try() -> None:
    """After four times; the record says that nothing was sent."""
    world = World(answers=("unreached",))
    with pytest.raises(errors.HostUnreachable):
        world.run(copy_once(REQUEST, None, Rules()))
    assert world.asked("copy version stack") == 4
    assert world.journal[-1] == "prepared"


def test_a_reason_not_to_send_that_does_not_pass_ends_the_try_at_once() -> None:
    """Another second would not help."""
    world = World()
    flow = copy_once(REQUEST, None, Rules())
    step = next(flow)
    while not isinstance(step, Recorded):
        step = flow.send(world.take(step))
    step = flow.throw(errors.TlsFailed("copy", "bad certificate", ""))
    with pytest.raises(errors.TlsFailed):
        flow.send(world.take(step))


@pytest.mark.parametrize(("wish", "asks"), [("fail", True), ("adopt_oldest", False)])
def test_a_candidate_that_may_be_another_rows_is_not_taken(wish: str, asks: bool) -> None:
    """While that row's copy is looked for as well a person is asked, unless the user decided beforehand."""
    world = lost_and(stack("found", NOW + 1))
    rules = Rules(on_ambiguous=wish, contested=lambda: True)
    if asks:
        with pytest.raises(CopyNeedsHelp, match="found"):
            world.run(copy_once(REQUEST, sent(), rules))
    else:
        assert world.run(copy_once(REQUEST, sent(), rules)).copy["id"] == "found"
