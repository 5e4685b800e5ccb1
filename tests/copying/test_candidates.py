"""Which stacks of a folder may be the copy: by what the server says of them, in the server's time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import (
    find_candidates,
    find_late_duplicates,
    may_be_copy,
    newest_stacks,
    take_snapshot,
)
from airflow_provider_frameio.copying.recent_assets import identity
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, Snapshot, digests
from tests.copying.world import NOW, REQUEST, VERSIONS, World, page_two, stack, status_error, version, when

ME = identity({"id": "u1", "email": "ada@studio.test"})
SNAPSHOT = Snapshot(NOW, "s1", "p1", ("Cut.mov",), ME, ("s8",)).of(VERSIONS)
COPY = stack("second", NOW + 200)
LATE = stack("first", NOW + 250)
SENT_TWICE = CopyRecord(SNAPSHOT, sent=2, copy=COPY)


def candidates(world: World, snapshot: Snapshot = SNAPSHOT, taken: Collection[str] = ()) -> list[str]:
    found, _ = world.run(find_candidates(REQUEST, snapshot, taken))
    return [one.asset["id"] for one in found]


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"name": "Cut (1).mov"}, True),
        ({"name": "Cut (1) (1).mov"}, True),
        ({"name": "Cut.mp4"}, False),
        ({"name": "Another.mov"}, False),
        ({"name": None}, False),
        ({"created_at": None}, True),
        ({"created_at": "yesterday"}, True),
        ({"head_version": None}, True),
        ({"head_version": VERSIONS[1]}, True),
        ({"head_version": version("Cut_v2 (1).mov", 20)}, True),
        ({"head_version": version("Cut_v2.mov", None, status="created")}, True),
        ({"head_version": version("Cut_v2.mov", 0, status="created")}, True),
        ({"head_version": version("Cut_v2.mov", 21)}, False),
        ({"head_version": version("Cut_v3.mov", 20)}, False),
        ({"head_version": version("Cut_v3.mov", None)}, False),
    ],
)
def test_a_stack_speaks_for_or_against_itself(changes: JsonObject, may: bool) -> None:
    """By its name, its id, its age and its head version; what it does not say speaks for it."""
    assert may_be_copy(stack("s9", NOW + 1, **changes), SNAPSHOT) is may


def test_a_stack_that_says_nothing_but_its_name_may_be_the_copy() -> None:
    """Asking somebody in vain is better than copying twice."""
    assert may_be_copy({"id": "s9", "name": "Cut.mov"}, SNAPSHOT)


@pytest.mark.parametrize(
    ("age", "may"), [(-3600.0, True), (0.0, True), (4.0, True), (5.0, True), (6.0, False), (86400.0, False)]
)
@pytest.mark.parametrize("form", ["{}Z", "{}+00:00", "{}"])
def test_only_what_was_created_since_the_snapshot_may_be_the_copy(age: float, may: bool, form: str) -> None:
    """Give or take five seconds, in each form of a time; one without a zone is in the server's."""
    created = form.format(when(NOW - age).removesuffix("Z"))
    assert may_be_copy(stack("s9", created_at=created), SNAPSHOT) is may


def test_an_offset_is_part_of_a_time() -> None:
    """Two hours ahead, as a clock there shows it, is now."""
    east = when(NOW + 7200.0).replace("Z", "+02:00")
    assert may_be_copy(stack("s9", created_at=east), SNAPSHOT)
    west = when(NOW - 7200.0).replace("Z", "+02:00")
    assert not may_be_copy(stack("s9", created_at=west), SNAPSHOT)


@pytest.mark.parametrize(
    ("creator", "may"),
    [
        ({"id": "u1"}, True),
        ({"id": "u1", "email": "ada.new@studio.test"}, True),
        ({"id": "u2", "email": "ADA@Studio.test"}, True),
        ({"id": "196C1A5666BF4EB00A49411B@176719f5667c82b4494214.e", "email": "ada@studio.test"}, True),
        ({"id": None, "email": "ada@studio.test"}, True),
        ({"id": "196C1A5666BF4EB00A49411B@176719f5667c82b4494214.e"}, True),
        ({"id": "196C1A5666BF4EB00A49411B@176719f5667c82b4494214.e", "email": "ben@studio.test"}, False),
        ({"id": "u2", "email": "ben@studio.test"}, False),
        ({"id": "u2", "email": None}, False),
        ({"id": "u2"}, False),
        ({"email": "ben@studio.test"}, False),
        ({"id": None, "email": None}, True),
        ({}, True),
        (None, True),
        ("u2", True),
    ],
)
def test_only_what_somebody_else_surely_created_is_excluded(creator: Any, may: bool) -> None:
    """An id of Adobe's own kind says nothing about a profile's; an e-mail address does, in any case of its letters."""
    assert may_be_copy(stack("s9", creator=creator), SNAPSHOT) is may


def test_without_knowing_oneself_nobody_is_somebody_else() -> None:
    """A profile may come without an id or an address."""
    assert may_be_copy(stack("s9", creator={"id": "u2", "email": "ben@studio.test"}), replace(SNAPSHOT, me=("", "")))
    assert not may_be_copy(stack("s9", creator={"email": "ben@studio.test"}), replace(SNAPSHOT, me=("", ME[1])))


def test_what_was_there_the_source_and_what_this_task_made_besides_are_no_candidates() -> None:
    """Whatever else speaks for them."""
    world = World(stacks=[stack(name, NOW + number) for number, name in enumerate(("s8", "s1", "mine", "s9"))])
    assert candidates(world, taken=["mine"]) == ["s9"]
    assert not world.asked("list version stack children s1")


def test_sources_given_by_an_alias_are_no_candidates() -> None:
    """The copy's own is known by its own id, those of other copies by Adobe's id, where the list shows it."""
    own = CopyRequest("a1", "adobe:urn:1|1", "p1")
    world = World(stacks=[stack("s1", NOW + 1), stack("s2", NOW + 2, adobe_id="urn:2"), stack("s9", NOW + 3)])
    found, _ = world.run(find_candidates(own, SNAPSHOT, ["adobe:urn:2|1"]))
    assert [one.asset["id"] for one in found] == ["s9"]


def test_a_source_that_got_another_name_is_searched_for_by_both() -> None:
    """The copy was carried out before or after."""
    snapshot = SNAPSHOT.seen({"name": "Final.mov"}, VERSIONS)
    world = World(stacks=[stack("a", NOW + 1), stack("b", NOW + 2, name="Final (1).mov"), stack("c", name="x.mov")])
    assert candidates(world, snapshot) == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "children", "tells"),
    [
        ({}, VERSIONS, True),
        ({}, VERSIONS[:1], True),
        ({}, (), True),
        ({"head_version": None}, VERSIONS, False),
        ({"head_version": version("Cut_v2.mov", None)}, VERSIONS, False),
        ({}, (VERSIONS[0], version("Cut_v1.mov", None)), False),
        ({}, (VERSIONS[0], version("Cut_v1.mov", 0, status="created")), False),
    ],
)
def test_a_candidate_tells_enough_with_a_newest_version_and_every_size(
    changes: JsonObject, children: Sequence[JsonObject], tells: bool
) -> None:
    """Else it may be a stack of any other content."""
    world = World(stacks=[stack("s9", NOW + 1, **changes)], children={"s9": children})
    ((one,), _) = world.run(find_candidates(REQUEST, SNAPSHOT))
    assert one.tells is tells


@pytest.mark.parametrize(
    ("children", "found"),
    [
        (VERSIONS, True),
        (VERSIONS[:1], True),
        ((), True),
        ((version("Cut_v2.mov", None, status="created"),), True),
        ((*VERSIONS, version("Cut_v3.mov", 30)), False),
        ((version("Cut_v2.mov", 21),), False),
    ],
)
def test_a_candidate_holds_nothing_but_the_sources_versions(children: Sequence[JsonObject], found: bool) -> None:
    """Fewer are fine, since they appear over time, and so do their sizes."""
    world = World(stacks=[stack("s9", NOW + 1)], children={"s9": children})
    assert candidates(world) == ["s9"] * found


def test_a_size_that_the_source_did_not_have_yet_speaks_against_nothing() -> None:
    """It was still being uploaded when the copy was asked for."""
    snapshot = replace(SNAPSHOT, digests=digests([version("Cut_v2.mov", None), VERSIONS[1]]))
    assert candidates(World(stacks=[stack("s9", NOW + 1)]), snapshot) == ["s9"]


def test_of_a_source_with_too_many_versions_only_the_stack_itself_is_compared() -> None:
    """3,001 are not remembered, so nothing in a stack speaks against it."""
    many = [version(f"{number}.mov") for number in range(3001)]
    world = World(children={"s1": many, "s9": [version("x.mov")]})
    snapshot = world.run(take_snapshot(REQUEST, world.source)).of(many)
    assert (snapshot.versions, snapshot.digests) == (3001, ())
    world.stacks = [stack("s9", NOW + 1, head_version=many[7]), stack("s10", NOW + 2, name="x.mov")]
    assert candidates(world, snapshot) == ["s9"]


def test_candidates_come_oldest_first() -> None:
    """Whatever the order of the list; one without a time is first."""
    stacks = [stack("b", NOW + 2), stack("c", NOW + 3), stack("a", NOW + 1), stack("x", None)]
    assert candidates(World(stacks=stacks)) == ["x", "a", "b", "c"]


def test_a_candidate_that_is_deleted_meanwhile_is_none() -> None:
    """It was in the list, and its versions are not found."""
    world = World(stacks=[stack("gone", NOW + 1), stack("here", NOW + 2)])
    world.trouble = lambda asked: status_error(404, asked) if asked.name.endswith("children gone") else None
    assert candidates(world) == ["here"]


@pytest.mark.parametrize("status", [403, 500])
def test_versions_that_cannot_be_listed_are_an_error(status: int) -> None:
    """Whether it is the copy is not known then."""
    world = World(stacks=[stack("s9", NOW + 1)])
    world.trouble = lambda asked: status_error(status, asked) if "children" in asked.name else None
    with pytest.raises(errors.ApiError):
        candidates(world)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_page_that_fails_is_an_error(status: int) -> None:
    """Not a list that ends there: the copy may be on the page that failed."""
    world = World(stacks=[stack("s9", NOW + 1), *(stack(f"x{n}", NOW + 2, name="x.mov") for n in range(2))])
    world.trouble = lambda asked: status_error(status, asked) if page_two(asked) else None
    with pytest.raises(errors.ApiError):
        candidates(world)


def test_a_folder_that_is_gone_is_an_error_and_no_empty_list() -> None:
    """The 404 of the list is not that of a candidate."""
    world = World()
    world.trouble = lambda asked: status_error(404, asked) if asked.name.startswith("list version stacks") else None
    with pytest.raises(errors.NotFound):
        candidates(world)


def old(number: int) -> JsonObject:
    return stack(f"old-{number}", NOW - 100.0 - number)


def test_a_look_ends_where_the_list_is_older_than_the_snapshot() -> None:
    """The pages behind hold nothing newer."""
    world = World(stacks=[stack("s9", NOW + 1), *map(old, range(100))])
    assert candidates(world) == ["s9"]
    assert world.asked("list version stacks") == 1


def test_a_look_goes_on_while_what_it_sees_is_new() -> None:
    """However many pages that takes."""
    newer = [stack(f"x{number}", NOW + 2 + number, name="x.mov") for number in range(9)]
    world = World(stacks=[stack("s9", NOW + 1), *newer, *map(old, range(100))])
    assert candidates(world) == ["s9"]
    assert world.asked("list version stacks") == 6


def test_what_was_made_within_the_margin_is_seen_too() -> None:
    """Three seconds before the snapshot, behind a page of the same age."""
    same = [stack(f"x{number}", NOW - 2.0, name="x.mov") for number in range(4)]
    world = World(stacks=[stack("s9", NOW - 3.0), *same, *map(old, range(10))])
    assert candidates(world) == ["s9"]


@pytest.mark.parametrize(
    "sort", [lambda one: -float(one["id"]), lambda one: -ord(one["name"][0])], ids=["oldest first", "by name"]
)
def test_a_server_that_ignores_the_order_asked_for_hides_nothing(sort: Any) -> None:
    """The copy is on its last page."""
    stacks = [stack(str(number), NOW - 900.0 + number, name=f"{number % 7}.mov") for number in range(9)]
    world = World(stacks=[*stacks, stack("99", NOW + 1)], sort=sort, page_size=3)
    assert candidates(world) == ["99"]
    assert world.asked("list version stacks") == 4


@given(st.permutations(range(8)), st.integers(2, 7))
def test_a_list_that_begins_in_no_useful_order_is_read_to_its_end(places: list[int], size: int) -> None:
    """Once two stacks stand the wrong way round, nothing tells where it may be left."""
    stacks = [*map(old, range(7)), stack("s9", NOW + 1)]
    listed = [stacks[place] for place in places]
    assume(any(one["created_at"] < other["created_at"] for one, other in pairwise(listed[:size])))
    world = World(stacks=stacks, sort=lambda one: -listed.index(one), page_size=size)
    assert candidates(world) == ["s9"]


def test_a_list_whose_times_cannot_be_read_is_read_to_its_end() -> None:
    """Nothing tells where it may be left."""
    world = World(stacks=[stack(f"s{n}", None, name="x.mov") for n in range(4)] + [stack("z9", None)])
    world.sort = lambda one: one["name"]
    assert candidates(world) == ["z9"]


def test_the_list_is_asked_for_newest_first_with_its_creators() -> None:
    """On every page."""
    world = World(stacks=[stack(f"x{number}", NOW + number) for number in range(4)])
    world.run(newest_stacks("a1", "p1", NOW))
    wanted = {"include": "creator", "sort": "created_at_desc", "page_size": "100"}
    assert [{**call.request.params, **wanted} == call.request.params for call in world.calls] == [True, True]


def test_a_snapshot_is_the_world_before_the_copy() -> None:
    """In the server's time, years from this machine's; of the folder, what could be taken for the copy."""
    world = World(
        now=NOW + 0.9,
        stacks=[
            stack("same", NOW - 1.0),
            stack("numbered", NOW - 2.0, name="Cut (4).mov"),
            stack("other", NOW - 1.0, name="x.mov"),
            stack("theirs", NOW - 3.0, creator={"id": "u2"}),
            stack("old", NOW - 60.0),
        ],
    )
    snapshot = world.run(take_snapshot(REQUEST, world.source)).of(VERSIONS)
    assert snapshot == replace(SNAPSHOT, existing=("same", "numbered", "theirs"))
    assert candidates(world, snapshot) == []


def test_a_snapshot_without_a_target_is_of_the_sources_folder() -> None:
    """There the copy will be."""
    world = World(source=stack("s1", NOW - 9e5, parent_id="p7"), me={"id": None, "email": None})
    snapshot = world.run(take_snapshot(replace(REQUEST, parent_id=None), world.source))
    assert (snapshot.folder_id, snapshot.me) == ("p7", ("", ""))
    assert world.calls[-1].request.path == "/v4/accounts/a1/folders/p7/version_stacks"


def test_a_snapshot_of_a_full_folder_is_one_page() -> None:
    """Whatever is behind the first page is too old to be taken for the copy."""
    world = World(stacks=[old(number) for number in range(1000)])
    assert world.run(take_snapshot(REQUEST, world.source)).existing == ()
    assert world.asked("list version stacks") == 1


def test_a_snapshot_keeps_at_most_five_hundred_stacks() -> None:
    """Of those whose age is not known."""
    world = World(stacks=[stack(f"s{number}", None) for number in range(502)], page_size=100)
    assert len(world.run(take_snapshot(REQUEST, world.source)).existing) == 500


@pytest.mark.parametrize("flow", [take_snapshot(REQUEST, stack("s1")), find_candidates(REQUEST, SNAPSHOT)])
def test_a_server_that_does_not_say_its_time_is_an_error(flow: Any) -> None:
    """This machine's time is none to compare the server's with."""
    with pytest.raises(errors.UnreadableAnswer, match="no Date"):
        World(dates=False, stacks=[stack("s9", NOW + 1)]).run(flow)


def test_the_time_of_a_look_is_that_of_its_first_page() -> None:
    """What appears while the rest is read may be missing: it was not looked for before then."""
    world = World(stacks=[stack(f"x{number}", NOW + number, name="x.mov") for number in range(6)])

    def slow(asked: Operation[Any]) -> None:
        world.now += 10.0 if page_two(asked) else 0.0

    world.trouble = slow
    assert world.run(newest_stacks("a1", "p1", NOW))[1] == NOW
    assert world.now == NOW + 20.0


def test_a_source_without_a_folder_needs_one_named() -> None:
    """Frame.io may leave ``parent_id`` null: then nobody knows where the copy would appear, and nothing is sent."""
    world = World(source={**stack("s1"), "parent_id": None})
    with pytest.raises(errors.InvalidParameter, match="parent_id=None cannot be used: the source shows no folder"):
        world.run(take_snapshot(replace(REQUEST, parent_id=None), world.source))
    assert world.asked("list version stacks") == 0


@pytest.mark.parametrize(
    "record", [replace(SENT_TWICE, sent=0), replace(SENT_TWICE, sent=1), replace(SENT_TWICE, copy=None)]
)
def test_where_one_copy_was_sent_no_duplicate_is_asked_for(record: CopyRecord) -> None:
    """Not a single call; nor where there is none yet to be the duplicate of."""
    world = World(stacks=[COPY, LATE])
    assert world.run(find_late_duplicates(REQUEST, record)) == []
    assert world.calls == []


def test_a_duplicate_is_what_may_be_the_copy_but_is_not() -> None:
    """Since the first was sent; a colleague's is none, and nothing but a look is taken."""
    theirs = stack("theirs", NOW + 9, creator={"id": "u2"})
    world = World(stacks=[COPY, LATE, theirs, stack("old", NOW - 99)])
    assert world.run(find_late_duplicates(REQUEST, SENT_TWICE)) == [LATE]
    assert {call.request.method for call in world.calls} == {"GET"}
    assert World(stacks=[COPY]).run(find_late_duplicates(REQUEST, SENT_TWICE)) == []


def test_what_this_task_made_besides_is_no_duplicate() -> None:
    """Another of its sources may have equal content."""
    world = World(stacks=[COPY, LATE, stack("sibling", NOW + 260)])
    assert world.run(find_late_duplicates(REQUEST, SENT_TWICE, {"sibling"})) == [LATE]
