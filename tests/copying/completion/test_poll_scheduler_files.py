"""Waits for copied files at the scheduler, alone and beside waits for stacks, in virtual time."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.copying.completion.judge import Done, Pending
from tests.copying.completion.watched import Copy, Watched

FILES, FILE = "list files", "show file"


def pair(number: int = 0, **times: float) -> tuple[Copy, Copy]:
    """Two copied files."""
    return Copy(f"a{number}", **times), Copy(f"b{number}", **times)


def test_one_list_serves_all_waits_for_files_in_a_folder() -> None:
    """It alone decides: no file is asked for by itself, and each wait ends with the list that shows its files ready."""
    frameio, random = Watched(), Random(3)
    for number in range(300):
        frameio.watch_files(*pair(number, head_at=random.uniform(3, 60)))
    frameio.until(90)
    assert {type(outcome) for outcome, _ in frameio.ended.values()} == {Done}
    assert len(frameio.ended) == 300
    assert {kind for kind, _, _ in frameio.calls} == {FILES}
    assert len(frameio.calls) <= 60


def test_stacks_and_files_together_cost_forty_calls_a_minute() -> None:
    """As many of each as Frame.io starts, a thousand open; found within six seconds on average."""
    frameio, random, late = Watched(now=6000.0), Random(3), list[float]()
    for number in range(1000):
        frameio.watch(Copy(f"old{number}", created_at=6.0 * number), poll_interval=60.0)
        frameio.watch_files(*pair(10_000 + number, created_at=6.0 * number), poll_interval=60.0)
    frameio.until(6100)
    frameio.calls.clear()
    for number in range(100):
        ready = frameio.now + random.uniform(3, 180)
        frameio.watch(Copy(f"c{number}", created_at=frameio.now, head_at=ready))
        frameio.watch_files(*pair(number, created_at=frameio.now, head_at=ready))
        frameio.until(frameio.now + 6)
    assert len(frameio.calls) <= 40 * 10
    frameio.until(7000)
    for number in range(100):
        ready = frameio.copies[f"c{number}"].head_at
        late += [frameio.ended[name][1] - ready for name in (f"c{number}", f"a{number}")]
    assert sum(late) / len(late) <= 6


def test_files_that_are_not_ready_say_how_many_are() -> None:
    """Once the time allowed is over, after a last look."""
    frameio = Watched()
    tracked = frameio.watch_files(Copy("a", head_at=10.0), Copy("b"), allowed=47.0)
    frameio.until(40)
    assert tracked.progress == "1 of 2 files uploaded"
    frameio.until(100)
    assert frameio.outcome("a") == Pending("1 of 2 files uploaded")
    assert frameio.ended["a"][1] == pytest.approx(47.1)


def test_a_file_that_fails_ends_the_wait_at_once() -> None:
    """The list says it; also where the file is not in it and is asked for."""
    for listed_at in (0.0, 1e6):
        frameio = Watched()
        frameio.watch_files(Copy("a", failed_at=100.0, listed_at=listed_at), Copy("b"))
        frameio.until(1000)
        outcome, at = frameio.ended["a"]
        assert isinstance(outcome, errors.CopyFailed)
        assert str(outcome) == "A copied file failed: 'a' a has the status upload_failed."
        assert 100.0 <= at <= 170.0


def test_a_file_that_vanishes_is_asked_for_at_once() -> None:
    """It is gone, and that is said."""
    frameio = Watched()
    frameio.watch_files(Copy("a"), Copy("b", gone_at=12.0))
    frameio.until(30)
    assert isinstance(frameio.outcome("a"), errors.CopyFailed)
    assert "The copied file b is not there (any more)" in str(frameio.outcome("a"))
    assert len(frameio.made(FILE)) == 1


def test_a_file_that_left_the_folder_ends_its_wait() -> None:
    """An earlier try has stacked it; another folder's list, which shows it, is none of its business."""
    frameio = Watched()
    moved = Copy("b")
    frameio.watch_files(Copy("a", head_at=5.0), moved)
    frameio.until(12)
    moved.folder_id = "s1"
    frameio.until(30)
    assert frameio.outcome("a") == Done(2)


def test_files_that_a_late_list_lacks_are_found_all_the_same() -> None:
    """A look lists once more, and asks for a file that the list still lacks."""
    frameio = Watched()
    frameio.watch_files(Copy("a", head_at=5.0), Copy("b", head_at=5.0, listed_at=1e9))
    frameio.until(30)
    assert frameio.outcome("a") == Done(2)
    assert len(frameio.made(FILE, "b")) == 1


def test_old_files_are_found_far_down() -> None:
    """Behind those that were copied later; the first list is short, the next one long enough."""
    frameio = Watched(now=10_000.0)
    frameio.files = {f"x{number}": Copy(f"x{number}", created_at=9000.0) for number in range(700)}
    frameio.watch_files(*pair(created_at=8000.0, head_at=9000.0))
    frameio.until(10_010)
    assert frameio.outcome("a0") == Done(2)
    assert len(frameio.made(FILES)) == 1 + 2


def test_long_lists_of_all_folders_share_one_ration() -> None:
    """A page every ten seconds for stacks and files together, however many are far down; neither starves."""
    frameio = Watched(now=10_000.0)
    for copies in (frameio.copies, frameio.files):
        copies |= {f"x{number}": Copy(f"x{number}", created_at=9000.0) for number in range(700)}
    frameio.watch(Copy("stack", created_at=8000.0), poll_interval=1.0)
    frameio.watch_files(*pair(created_at=8000.0), poll_interval=1.0)
    frameio.until(10_600)
    assert len(frameio.calls) <= 6 * 10 + 10
    for kind in ("list", FILES):
        assert max(after - before for before, after in pairwise(frameio.made(kind))) < 45


def test_an_outage_of_lists_ends_a_wait_for_files_in_the_end() -> None:
    """After as many failed looks as it tolerates, with the error that came."""
    lost = errors.NoAnswer("list", "the connection broke", "Try again.")

    def fault(kind: str, asked_id: str) -> None:
        raise lost

    frameio = Watched(fault=fault)
    frameio.watch_files(*pair(), tolerated=3)
    frameio.until(300)
    assert frameio.outcome("a0") is lost
