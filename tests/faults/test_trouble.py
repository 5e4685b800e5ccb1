"""Trouble on top of a lost answer: a failed look is no answer, and nothing is sent on the strength of one."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.errors import CopyNeedsHelp
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.candidates import find_late_duplicates
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.record import CopyRecord, Series
from tests.faults.conftest import COPY, LIST, Task, Try, dies_with_a_record, dies_without_a_record, lives_on
from tests.faults.orders import MOMENTS, lost

TRIES = pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record, dies_without_a_record])


def id_of(record: CopyRecord) -> str:
    return str((record.copy or {})["id"])


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "bad_page"}, {"kind": "drop"}])
def test_a_failed_second_page_is_no_proof_of_absence(task: Task, fault: dict[str, object]) -> None:
    """The copy is behind a hundred newer stacks; for minutes only the first page of the list can be read."""
    emulator = task.studio.emulator
    emulator.fault(**lost("dropped", "after"))
    task.first_try_dies()
    for number in range(100):
        emulator.seed_version_stack(task.studio.target, f"Newer {number}.mov", versions=1)
    emulator.fault(route=LIST, page=2, times=8, **fault)

    record = task.retry_with_record()

    assert record.copy is not None
    assert id_of(record) in task.copies()
    assert task.sent() == 1


@pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record])
@pytest.mark.parametrize("when", MOMENTS)
def test_an_outage_of_the_look_up_is_waited_out(task: Task, when: str, goes_on: Try) -> None:
    """Minutes in which nobody can look do not count towards the time after which a copy counts as not made."""
    task.studio.emulator.fault(**lost("503", when))
    # The first look is the snapshot before the copy.
    task.studio.emulator.fault(route=LIST, kind="status", status=503, skip=1, times=12)

    record = goes_on(task)

    assert task.copies() == [id_of(record)]


@pytest.mark.parametrize("route", ["me", "show_version_stack", LIST])
def test_a_retry_that_is_held_up_still_looks_back_to_the_beginning(task: Task, route: str) -> None:
    """Without a record it turns the time when the task began into the server's, however long its own calls take."""
    task.studio.emulator.fault(**lost("dropped", "after"))
    task.first_try_dies()
    task.studio.emulator.fault(route=route, kind="status", status=503, times=3)

    record = task.retry_without_record()

    assert task.copies() == [id_of(record)]
    assert task.sent() == 1


def test_an_outage_that_lasts_ends_the_try_and_the_next_one_goes_on(task: Task) -> None:
    """The error is one that Airflow retries, and the record still says that a copy may be out there."""
    task.studio.emulator.fault(**lost("dropped", "after"))
    task.studio.emulator.fault(route=LIST, kind="status", status=503, skip=1, times=None)
    with pytest.raises(errors.ServerError) as outage:
        task.first_try()
    assert outage.value.transient
    assert task.stored[-1]["sent"] == 1
    task.studio.emulator.clear_faults()

    record = task.retry_with_record()

    assert task.copies() == [id_of(record)]
    assert task.sent() == 1


@TRIES
@pytest.mark.parametrize("when", MOMENTS)
def test_tokens_may_expire_at_any_time(task: Task, when: str, goes_on: Try) -> None:
    """A copy refused with 401 was not made; a look that is refused is made again with a new token."""
    task.studio.emulator.configure(token_life=20.0)
    task.studio.emulator.fault(route=COPY, kind="status", status=401)
    task.studio.emulator.fault(**lost("dropped", when))

    record = goes_on(task)

    assert task.copies() == [id_of(record)]
    assert task.studio.calls("ims_token").count(200) > 2


@pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record])
@pytest.mark.parametrize("second", ["after", "late"])
def test_the_second_copys_answer_may_be_lost_as_well(task: Task, second: str, goes_on: Try) -> None:
    """The first was never made, the second was."""
    task.studio.emulator.fault(**lost("503", "before"))
    task.studio.emulator.fault(**lost("dropped", second))

    record = goes_on(task)

    assert task.copies() == [id_of(record)]
    assert task.sent() == 2


@TRIES
def test_after_two_copies_that_never_came_somebody_has_to_look(task: Task, goes_on: Try) -> None:
    """No third is sent, not by a retry either."""
    task.studio.emulator.fault(**lost("503", "before", times=2))

    with pytest.raises(CopyNeedsHelp, match=r"2 copies of .* were sent, and none can be told to have come"):
        goes_on(task)

    assert task.copies() == []
    assert task.sent() == 2


def test_a_clear_after_two_copies_that_never_came_looks_once_more_and_copies(task: Task) -> None:
    """What the error advises when the folder is empty."""
    task.studio.emulator.fault(**lost("503", "before", times=2))
    with pytest.raises(CopyNeedsHelp):
        task.first_try()
    looks = len(task.studio.calls(LIST))

    cleared = task.retry_with_record(Rules(Series(0, "2")))

    assert task.copies() == [id_of(cleared)]
    assert len(task.studio.calls(LIST)) == looks + 1


def test_a_copy_later_than_promised_is_found_beside_its_replacement(task: Task) -> None:
    """It is told and left alone."""
    task.studio.emulator.fault(**lost("503", "late", delay=250.0))
    record = task.first_try()
    assert task.client().run(find_late_duplicates(task.request, record)) == []
    task.studio.clock.sleep(100.0)

    (late,) = task.client().run(find_late_duplicates(task.request, record))

    assert sorted(task.copies()) == sorted([id_of(record), late["id"]])
    assert task.studio.calls("delete_file") == []


def test_a_refusal_by_the_rate_limit_is_no_lost_answer(task: Task) -> None:
    """The copy is sent again without a look, and what is stored meanwhile says that nothing was sent."""
    task.studio.emulator.fault(route=COPY, kind="status", status=429)

    record = task.first_try()

    assert task.copies() == [id_of(record)]
    assert [stored["sent"] for stored in task.stored] == [1, 0, 1, 1]
    assert len(task.studio.calls(LIST)) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_copy_that_frameio_refuses_is_not_looked_for(task: Task, status: int) -> None:
    """It was not made, and the record says so: the next try sends it without a look."""
    task.studio.emulator.fault(route=COPY, kind="status", status=status)
    with pytest.raises(errors.ApiError):
        task.first_try()
    assert task.stored[-1]["sent"] == 0

    record = task.retry_with_record()

    assert task.copies() == [id_of(record)]
    assert len(task.studio.calls(LIST)) == 2


def test_nothing_is_sent_while_the_store_refuses_to_write(task: Task) -> None:
    """A copy that nobody would remember is not made; once the store works again it is."""

    def full(stored: JsonObject) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        task.client().run(task.flow(), full)
    assert task.sent() == 0

    record = task.first_try()

    assert task.copies() == [id_of(record)]


def test_a_store_that_fails_after_the_copy_leaves_a_copy_that_is_found(task: Task) -> None:
    """The answer came and could not be stored: the next try looks for the copy."""

    def full(stored: JsonObject) -> None:
        if stored["copy"]:
            raise OSError("no space left")
        task.stored.append(stored)

    with pytest.raises(OSError, match="no space left"):
        task.client().run(task.flow(), full)

    record = task.retry_with_record()

    assert task.copies() == [id_of(record)]
    assert task.sent() == 1
