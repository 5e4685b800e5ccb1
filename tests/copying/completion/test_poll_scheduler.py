"""Many waits at one scheduler, in virtual time: when a folder is listed, a copy is looked at, and what that costs."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.copying.completion.judge import Done, Pending
from tests.copying.completion.watched import Copy, Watched


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]


def test_a_thousand_copies_cost_thirty_calls_a_minute() -> None:
    """As many as Frame.io starts, each complete in seconds or minutes: found within six seconds on average."""
    frameio, random = Watched(), Random(3)
    for number in range(1000):
        frameio.until(6.0 * number)
        frameio.watch(Copy(f"c{number}", created_at=frameio.now, head_at=frameio.now + random.uniform(3, 300)))
    frameio.until(7000)
    late = [frameio.ended[copy.id][1] - copy.head_at for copy in frameio.copies.values()]
    assert sum(late) / 1000 <= 6
    assert len([call for call in frameio.calls if call[2] < 6000]) <= 30 * 100


def test_ten_thousand_open_waits_cost_sixty_calls_a_minute() -> None:
    """All of the most pages that a round reads, in each single minute."""
    frameio = Watched(now=60_000.0)
    for number in range(10_000):
        frameio.watch(Copy(f"c{number}", created_at=6.0 * number))
    for minute in range(3):
        frameio.until(60_060.0 + 60 * minute)
        assert len(frameio.calls) <= 60
        frameio.calls.clear()


def test_a_thousand_copies_that_begin_at_once_are_all_found() -> None:
    """With one look at each: more would be refused."""
    frameio = Watched()
    for number in range(1000):
        frameio.watch(Copy(f"c{number}", head_at=60.0 + number % 7))
    frameio.until(400)
    assert {type(outcome) for outcome, _ in frameio.ended.values()} == {Done}
    assert (len(frameio.ended), len(frameio.made("look"))) == (1000, 1000)


def test_copies_of_one_age_are_not_all_looked_at_in_one_minute() -> None:
    """When their age has doubled nothing is urgent: they take turns."""
    frameio = Watched()
    for number in range(1000):
        frameio.watch(Copy(f"c{number}"))
    for minute in range(8):
        frameio.until(60 + 60 * minute)
        assert len(frameio.calls) <= 60
        frameio.calls.clear()


def test_the_older_a_copy_the_rarer_its_list() -> None:
    """An eighth of its age, from five seconds to a minute, give or take a tenth."""
    frameio = Watched()
    frameio.watch(Copy("c1"))
    frameio.until(3000)
    lists = frameio.made("list")
    for at, gap in zip(lists, gaps(lists), strict=False):
        wanted = min(max(at / 8, 5.0), 60.0)
        assert 0.9 * wanted - 0.2 <= gap <= 1.1 * wanted + 0.4


def test_no_list_is_older_than_the_poll_interval() -> None:
    """What a user asked for holds for old copies, too."""
    frameio = Watched(now=5000.0)
    frameio.watch(Copy("c1"), poll_interval=20.0)
    frameio.until(6000)
    assert max(gaps(frameio.made("list"))) <= 20.5


def test_a_round_reads_down_to_the_oldest_wait_that_is_due() -> None:
    """One for a young copy reads one page; after one of three pages, the next deep one waits for it to pay."""
    frameio = Watched(now=10_000.0)
    frameio.copies = {f"x{number}": Copy(f"x{number}", created_at=9000.0 + number / 2) for number in range(1400)}
    frameio.watch(Copy("old", created_at=8000.0), poll_interval=1.0)
    frameio.watch(Copy("young", created_at=9999.0))
    frameio.until(10_060)
    lists = frameio.made("list")
    rounds = [at for at, gap in zip(lists, [9.0, *gaps(lists)], strict=True) if gap > 0.15]
    pages = [sum(0 <= at - start < 0.35 for at in lists) for start in rounds]
    assert set(pages) == {1, 3}
    deep = [start for start, read in zip(rounds, pages, strict=True) if read == 3]
    assert min(gaps(deep)) >= 2.5 * 3


def test_a_list_only_hints() -> None:
    """A new version that is uploaded leads to a look; while that finds others that are not, looks become rarer."""
    frameio = Watched()
    frameio.watch(Copy("c1", head_at=10.0, done_at=200.0))
    frameio.until(300)
    looks = frameio.made("look")
    assert frameio.outcome("c1") == Done(2)
    assert len(looks) <= 10
    assert gaps(looks[:5]) == sorted(gaps(looks[:5]))
    assert frameio.ended["c1"][1] <= 260


def test_a_list_that_never_tells_delays_a_copy_but_does_not_hide_it() -> None:
    """It is looked at whenever its age has doubled."""
    frameio = Watched()
    frameio.watch(Copy("c1", head_at=190.0, hinted_at=1e9))
    frameio.until(1000)
    assert [round(at / 180, 1) for at in frameio.made("look")] == [1, 2]
    assert frameio.outcome("c1") == Done(2)


def test_copies_that_vanish_have_failed_at_once() -> None:
    """The list that no longer shows them is followed by a look at each, which is final; none waits for its turn."""
    frameio = Watched()
    for number in range(30):
        frameio.watch(Copy(f"c{number}", gone_at=30.0))
    frameio.until(40)
    assert len(frameio.ended) == 30
    assert all(isinstance(outcome, errors.CopyFailed) for outcome, _ in frameio.ended.values())


def test_a_copy_whose_newest_version_fails_has_failed_at_once() -> None:
    """The list hints, and a look decides."""
    frameio = Watched()
    frameio.watch(Copy("c", failed_at=100.0))
    frameio.until(1000)
    outcome, at = frameio.ended["c"]
    assert isinstance(outcome, errors.CopyFailed)
    assert str(outcome) == "The copy c will never be complete: 'v0' v0 has the status upload_failed."
    assert 100.0 <= at <= 130.0


def test_a_copy_that_its_list_does_not_show_yet_is_no_failure() -> None:
    """Lists may lag: the copy itself tells that it is there, and that it is complete."""
    frameio = Watched()
    frameio.watch(Copy("c1", head_at=12.0, listed_at=1e9))
    frameio.until(60)
    assert frameio.outcome("c1") == Done(2)


def test_the_time_allowed_ends_with_a_last_look() -> None:
    """At that very moment, whatever the lists say."""
    frameio = Watched()
    frameio.watch(Copy("c1"), allowed=47.0)
    frameio.until(100)
    outcome, at = frameio.ended["c1"]
    assert outcome == Pending("0 of 2 versions uploaded (others: created)")
    assert frameio.made("look") == [47.0]
    assert at == pytest.approx(47.1)


def test_last_looks_are_not_rationed() -> None:
    """Thirty that end together are each looked at, one right after the other."""
    frameio = Watched()
    for number in range(30):
        frameio.watch(Copy(f"c{number}"), allowed=47.0)
    frameio.until(52)
    assert len(frameio.ended) == len(frameio.made("look")) == 30


def test_the_last_look_can_be_the_one_that_finds_it() -> None:
    """A triggerer that was down finds a copy that was complete long ago."""
    frameio = Watched(now=1000.0)
    frameio.watch(Copy("c1", head_at=50.0), allowed=0.0)
    frameio.until(1001)
    assert frameio.outcome("c1") == Done(2)


def test_an_unknown_folder_is_asked_for_once() -> None:
    """Then it is listed like any other."""
    frameio = Watched()
    frameio.watch(Copy("c1", head_at=30.0), folder_id="")
    frameio.until(60)
    assert frameio.outcome("c1") == Done(2)
    assert (len(frameio.made("show")), len(frameio.made("look"))) == (1, 1)
    assert frameio.made("list", "f1")


def test_one_folder_that_is_learned_finds_its_neighbours() -> None:
    """Waits that know no folder need not each ask for theirs: the list of the first one's shows them."""
    frameio = Watched()
    for number in range(300):
        frameio.watch(Copy(f"c{number}", head_at=60.0), folder_id="")
    frameio.until(400)
    assert len(frameio.ended) == 300
    assert len(frameio.made("show")) <= 3


def test_a_copy_that_does_not_tell_its_folder_is_looked_at_by_itself() -> None:
    """It is found all the same."""
    frameio = Watched()
    frameio.watch(Copy("c1", folder_id="", head_at=30.0), folder_id="")
    frameio.until(60)
    assert frameio.outcome("c1") == Done(2)
    assert frameio.made("list") == []


def test_who_gave_up_while_its_folder_was_asked_for_is_not_taken_in_again() -> None:
    """No list is read for it."""
    frameio = Watched()
    wait = frameio.watch(Copy("c1"), folder_id="")
    frameio.fault = lambda kind, asked_id: frameio.scheduler.drop(wait)
    frameio.until(1000)
    assert [kind for kind, _, _ in frameio.calls] == ["show"]


def test_an_old_copy_that_is_waited_for_anew_is_found_far_down() -> None:
    """Its place is not known yet: a round of the newest stacks does not show it, so a deep one follows."""
    frameio = Watched(now=10_000.0)
    frameio.copies = {f"x{number}": Copy(f"x{number}", created_at=9000.0) for number in range(700)}
    frameio.watch(Copy("old", created_at=8000.0, head_at=9000.0))
    frameio.until(10_010)
    assert frameio.outcome("old") == Done(2)
    assert len(frameio.calls) == 1 + 2 + 1


def test_a_copy_in_another_folder_than_believed_is_found() -> None:
    """Nobody lists the right one: the copy is looked at by itself."""
    frameio = Watched()
    frameio.watch(Copy("c1", folder_id="f2", head_at=60.0))
    frameio.until(200)
    assert frameio.outcome("c1") == Done(2)
    assert frameio.ended["c1"][1] <= 80


def test_a_copy_that_is_moved_is_followed() -> None:
    """A list of its new folder, for whatever copy, takes it in again."""
    frameio = Watched()
    moved = Copy("moved", head_at=60.0)
    wait = frameio.watch(moved)
    frameio.watch(Copy("neighbour", folder_id="f2"), folder_id="f2")
    frameio.until(20)
    moved.folder_id = "f2"
    frameio.until(59)
    assert wait.folder_id == "f2"
    frameio.until(80)
    assert frameio.outcome("moved") == Done(2)


def test_two_may_wait_for_the_same_copy() -> None:
    """One that gives up does not take the other along."""
    frameio = Watched()
    copy = Copy("c1", head_at=30.0)
    frameio.scheduler.drop(frameio.watch(copy))
    first = frameio.watch(copy)
    frameio.watch(copy)
    frameio.scheduler.drop(first)
    frameio.scheduler.drop(first)
    frameio.until(60)
    assert frameio.outcome("c1") == Done(2)
    assert len(frameio.made("look")) == 1


def test_a_copy_that_is_gone_before_its_folder_is_known_has_failed() -> None:
    """The question for its folder is followed by a look at once, which says so."""
    frameio = Watched()
    frameio.watch(Copy("c1", gone_at=0.0), folder_id="")
    frameio.until(8)
    assert isinstance(frameio.outcome("c1"), errors.CopyFailed)


def test_many_folders_take_turns() -> None:
    """One list a second serves them all: the first ones do not keep the others waiting."""
    frameio = Watched()
    for number in range(40):
        folder_id = f"f{number}"
        frameio.watch(Copy(f"c{number}", folder_id=folder_id), folder_id=folder_id)
    frameio.until(100)
    assert {asked for kind, asked, _ in frameio.calls if kind == "list"} == {f"f{number}" for number in range(40)}


def test_who_gave_up_is_not_told() -> None:
    """And costs nothing any more."""
    frameio = Watched()
    wait = frameio.watch(Copy("c1", head_at=30.0))
    frameio.until(10)
    frameio.scheduler.drop(wait)
    frameio.calls.clear()
    frameio.until(1000)
    assert (frameio.calls, frameio.ended) == ([], {})
