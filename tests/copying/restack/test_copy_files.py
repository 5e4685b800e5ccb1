"""Copied files whose answer was lost: which they are, and which they never are."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.files import copy_files
from airflow_provider_frameio.api.errors import CopyNeedsHelp
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import Search, Series
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from tests.copying.restack.files_world import AGAIN, REQUEST, RULES, SOURCE, FilesWorld, Killed, resume, whole
from tests.copying.world import CLIENTS_CLOCK, ME, status_error, when


@pytest.mark.parametrize("choice", ["fail", "adopt_oldest", "copy_again"])
def test_two_that_may_be_the_copy(choice: str) -> None:
    """It is asked, or done as the user wished."""
    world = FilesWorld(2)
    world.lost = lambda operation: operation.name.startswith("copy files") and world.asked("copy files") == 1
    rules = Rules(on_ambiguous=choice)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("list files") and world.asked("list files") == 2:
            world.add("twin", "p1", "Cut_v1 (1).mov", 101, world.now + 1)
        return None

    world.trouble = trouble
    if choice == "fail":
        with pytest.raises(CopyNeedsHelp, match=r"'Cut_v1.mov' c2-v1 of .*; 'Cut_v1 \(1\).mov' twin"):
            world.run(whole(None, rules))
        return
    record = world.run(whole(None, rules))
    (stack,) = world.made()
    first, second = world.inside[stack]
    assert record.finished
    assert second == "c1-v2"
    assert first == ("c2-v1" if choice == "adopt_oldest" else "c3-v1")


def test_files_of_others_and_of_old_are_no_candidates() -> None:
    """Nor what was there before, whatever its name and size."""
    world = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))
    world.add("before", "p1", "Cut_v1.mov", 101, world.now)
    world.add("old", "p1", "Cut_v2.mov", 102, world.now - 3600)
    record = world.run(copy_versions(REQUEST, None, RULES))
    world.add("other", "p1", "Cut_v1.mov", 101)["creator"] = {"id": "u2", "email": "ben@studio.test"}
    assert [copy.split("-")[0] for copy in record.copies] == ["c2", "c1"]


def test_failed_looks_are_no_answers() -> None:
    """Ten in a row are borne; those that do not pass are not."""
    world = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        failing = operation.name.startswith("list files") and 2 <= world.asked("list files") <= 11
        return status_error(503, operation) if failing else None

    world.trouble = trouble
    world.run(copy_versions(REQUEST, None, RULES))
    for status, error in ((503, errors.ServerError), (403, errors.Forbidden)):
        failing = FilesWorld(2, lost=lambda operation: operation.name.startswith("copy files"))
        failing.trouble = lambda operation, status=status, failing=failing: (
            status_error(status, operation)
            if operation.name.startswith("list files") and failing.asked("list files") > 1
            else None
        )
        with pytest.raises(error):
            failing.run(copy_versions(REQUEST, None, RULES))


def test_what_an_earlier_edition_made_is_not_this_editions_copy() -> None:
    """Somebody takes its files out of their stack: they are never taken for copies whose answer was lost."""
    world = FilesWorld(2)
    first = world.run(whole(None))

    def lose(operation: Operation[Any]) -> bool:
        if not operation.name.startswith("copy files"):
            return False
        for copy in first.copies:
            world._move(operation, copy, "p1")
        return True

    world.lost = lose
    assert resume(world, rules=AGAIN).copies == ["c5-v1", "c4-v2"]


def test_a_clear_allows_two_more_copies_in_doubt() -> None:
    """Somebody has looked, and asks for them; a retry of Airflow's own does not."""
    world = FilesWorld(2, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("copy f") else None)
    for rules, sent in ((RULES, 2), (RULES, 2), (Rules(Series(0, "2")), 4), (Rules(Series(0, "2")), 4)):
        with pytest.raises(CopyNeedsHelp, match="2 copies of"):
            resume(world, rules=rules)
        assert world.asked("copy files") == sent


@pytest.mark.parametrize("meddled", ["", "taken out", "added"])
def test_the_source_its_versions_and_what_this_task_made_besides_are_never_copies(meddled: str) -> None:
    """Stacking anew in the source's own folder, where an earlier try kept no record, and another source is alike.

    Somebody may take the versions out of their stack, or add one that is alike, while the copies are searched for.
    """
    world = FilesWorld(2)
    world.stacks[SOURCE] |= {"parent_id": "p1", "created_at": when(world.now), "creator": ME}
    for number in (1, 2):
        world.files[f"v{number}"]["created_at"] = when(world.now)
        world.add(f"sibling{number}", "p1", world.names(number), world.sizes(number))
    rules = Rules(taken={"sibling1", "sibling2"})
    begun = world.run(assume_begun(REQUEST, world.now + CLIENTS_CLOCK, None, rules))
    if meddled == "taken out":
        for number in (1, 2):
            world._move(copy_files("a1", ["x"], "p1"), f"v{number}", "p1")
    elif meddled == "added":
        world.add("v3", SOURCE, world.names(1), world.sizes(1))
    record = world.run(copy_versions(REQUEST, begun, rules))
    assert [one[0] for one in record.copies] == ["c", "c"]


@pytest.mark.parametrize(("there", "asks"), [(1, True), (2, False), (3, True)])
def test_alike_versions_are_each_found_or_a_person_is_asked(there: int, asks: bool) -> None:
    """One file is never two versions' copy; as many as there are versions are all of them, as sent."""
    world = FilesWorld(2, sizes=lambda number: 7, names=lambda number: "Cut.mov")
    for number in range(there):
        world.add(f"copy{number}", "p1", "Cut.mov", 7)
    began = world.now + CLIENTS_CLOCK
    if asks:
        with pytest.raises(CopyNeedsHelp, match="Which of these files are copies"):
            resume(world, began)
        return
    assert resume(world, began).copies == ["copy1", "copy0"]
    assert world.asked("copy file") == 0


def test_a_file_without_a_size_is_not_taken_until_it_has_one() -> None:
    """It may be another file of that name; a minute from its first telling on it is taken."""
    world = FilesWorld(2)
    world.lost = lambda operation: operation.name.startswith("copy files")
    began = world.now

    def trouble(operation: Operation[Any]) -> None:
        for copy in [one for one in world.files if one.startswith("c")]:
            world.files[copy]["file_size"] = world.sizes(int(copy[-1])) if world.now >= began + 200 else None

    world.trouble = trouble
    assert world.run(copy_versions(REQUEST, None, RULES)).copies == ["c2-v1", "c1-v2"]
    assert 260.0 <= world.now - began <= 330.0


def test_a_search_for_files_goes_on_where_it_was() -> None:
    """Tries that each live for a minute come to an end together."""
    world = FilesWorld(2)
    ends = 0.0

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if world.now >= ends:
            raise Killed
        first = operation.name.startswith("copy files") and world.asked("copy files") == 1
        return errors.NoAnswer("", "", "") if first else None

    began, record = world.now, None
    world.trouble = trouble
    for _ in range(4):
        ends = world.now + 60.0
        with suppress(Killed):
            record = resume(world)
    assert record is not None
    assert world.asked("copy files") == 2
    assert 180.0 <= world.now - began <= 240.0


def test_how_long_ago_an_earlier_try_can_have_sent_shortens_the_search() -> None:
    """Nothing comes any more, so nothing is waited for; a copy of its own is waited for as long as ever."""
    world = FilesWorld(2)
    record = world.run(assume_begun(REQUEST, world.now + CLIENTS_CLOCK, world.now - 1000.0, RULES))
    assert record.search == Search(world.now - 1000.0)
    began = world.now
    assert world.run(whole(record)).finished
    assert world.now - began < 10.0
    slower = FilesWorld(2, trouble=lambda one: errors.NoAnswer("", "", "") if one.name.startswith("copy f") else None)
    with pytest.raises(CopyNeedsHelp, match="2 copies"):
        slower.run(whole(record))
    assert slower.now - began >= 2 * 180.0


def test_what_was_there_before_this_try_copied_is_no_copy_of_its_own() -> None:
    """Files that look the same, made when no earlier try of this copy can have sent any: for another source, say."""
    world = FilesWorld(2)
    for number in (1, 2):
        world.add(f"another{number}", "p1", world.names(number), world.sizes(number), world.now - 400.0)
    world.lost = lambda operation: operation.name.startswith("copy files")
    record = world.run(assume_begun(REQUEST, world.now + CLIENTS_CLOCK - 1000.0, world.now - 1000.0, RULES))
    assert world.run(copy_versions(REQUEST, record, RULES)).copies == ["c2-v1", "c1-v2"]


def test_the_look_back_is_in_the_servers_time() -> None:
    """Where a server's time runs faster, an hour of this machine's is many of its own; clocks may be apart."""
    world = FilesWorld(2)
    rules = Rules(policy=LookupPolicy(scale=0.1))
    record = world.run(assume_begun(REQUEST, world.now + CLIENTS_CLOCK - 60.0, None, rules))
    assert record.at == pytest.approx(world.now - 3600.0, abs=1.0)


def test_without_a_record_stacks_of_others_are_left_alone() -> None:
    """A stack that holds something else, somebody else's, or one that vanishes while it is looked at."""
    world = FilesWorld(2)
    began = world.now + CLIENTS_CLOCK
    for name, creator in (("foreign", None), ("theirs", {"id": "u2", "email": "b@x.test"}), ("vanishing", None)):
        made = world._create(
            copy_files("a1", ["x"], "p1"),
            "p1",
            [world.add(f"{name}-{n}", "p1", f"{name}{n}.mov", n)["id"] for n in (1, 2)],
        )
        if creator:
            world.stacks[str(made["id"])]["creator"] = creator
    gone = world.made()[-1]
    world.trouble = lambda one: status_error(404, one) if one.name == f"list version stack children {gone}" else None
    record = resume(world, began)
    assert len(world.made()) == 4
    assert world.inside[str((record.stack or {})["id"])] == record.copies


def test_a_limit_without_room_is_no_answer() -> None:
    """Nothing was sent: whoever runs the flow waits and comes back, and the record stays as it was."""
    world = FilesWorld(2)

    def trouble(operation: Operation[Any]) -> errors.FrameioError | None:
        if operation.name.startswith("copy files") and world.asked("copy files") == 1:
            return errors.NoSlot(operation.asked, 60.0, 6.0, "copies")
        return None

    world.trouble = trouble
    with pytest.raises(errors.NoSlot):
        world.run(whole(None))
    assert len(world.stored) == 2
