"""Every way to lose the answer to a copy, at every moment, whoever goes on afterwards: one copy in the folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import Task, Try, dies_with_a_record, dies_without_a_record, lives_on
from tests.faults.orders import LOST, MOMENTS, SILENCE, lost


@pytest.mark.parametrize(
    ("how", "when", "goes_on"),
    [
        (how, when, goes_on)
        for how in LOST
        for when in MOMENTS
        for goes_on in (lives_on, dies_with_a_record, dies_without_a_record)
        if how != SILENCE or goes_on is lives_on
    ],
)
def test_a_lost_answer_leaves_one_copy(task: Task, how: str, when: str, goes_on: Try) -> None:
    """It is found if it was made, also if it is made only after the answer was lost; else it is made, once."""
    task.studio.emulator.fault(**lost(how, when))

    record = goes_on(task)

    assert task.copies() == [(record.copy or {})["id"]]
    assert task.sent() == (2 if when == "before" else 1)


@pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record, dies_without_a_record])
@pytest.mark.parametrize("lag", [45.0, 90.0, 170.0])
def test_a_list_that_lags_is_waited_for(task: Task, lag: float, goes_on: Try) -> None:
    """Also longer than the minute from which a candidate is taken: that it is not in the list proves nothing yet."""
    task.studio.emulator.configure(list_lag=lag)
    task.studio.emulator.fault(**lost("dropped", "after"))

    record = goes_on(task)

    assert task.copies() == [(record.copy or {})["id"]]
    assert task.sent() == 1


@pytest.mark.parametrize("goes_on", [dies_with_a_record, dies_without_a_record])
def test_an_answer_that_nobody_was_there_to_read_is_a_lost_answer(task: Task, goes_on: Try) -> None:
    """Nothing was wrong but that the process died before it could store what came."""
    record = goes_on(task)

    assert task.copies() == [(record.copy or {})["id"]]
    assert task.sent() == 1


@pytest.mark.parametrize("when", MOMENTS)
@pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record, dies_without_a_record])
@pytest.mark.parametrize("settings", [{"copy_first_child_seconds": 40.0}, {"copy_children_seconds": 600.0}])
def test_a_copy_that_is_still_empty_or_half_there_is_found(
    task: Task, settings: dict[str, Any], goes_on: Try, when: str
) -> None:
    """Its versions appear over time; what is missing yet does not speak against it."""
    task.studio.emulator.configure(**settings)
    task.studio.emulator.fault(**lost("502", when))

    record = goes_on(task)

    assert task.copies() == [(record.copy or {})["id"]]
