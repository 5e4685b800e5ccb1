"""What else is in the folder: never taken for the copy where it can be told apart, and asked about where it cannot."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.version_stacks import (
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
)
from airflow_provider_frameio.api.errors import CopyNeedsHelp
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.copying.exactly_once import Rules
from airflow_provider_frameio.copying.record import Series
from tests.faults.conftest import Studio, Task, Try, dies_with_a_record, lives_on
from tests.faults.orders import MOMENTS, lost


def colleague(studio: Studio) -> Client:
    """A client of another user of the same account."""
    user = studio.emulator.seed_user("Ben Producer")
    return studio.client(auth_type="token", secret=user["token"])


@pytest.mark.parametrize("goes_on", [lives_on, dies_with_a_record])
@pytest.mark.parametrize("when", MOMENTS)
def test_a_copy_that_was_there_before_is_not_taken(task: Task, when: str, goes_on: Try) -> None:
    """Frame.io numbers the new one, " (1)", and that is the one that is found."""
    earlier = task.client().call(task.studio.copy())
    task.studio.emulator.fault(**lost("dropped", when))

    record = goes_on(task)

    assert task.copies() == [earlier["id"], (record.copy or {})["id"]]
    assert "(1)" in (record.copy or {})["name"]


@pytest.mark.parametrize("when", MOMENTS)
def test_a_colleagues_copy_of_the_same_stack_is_not_taken(task: Task, when: str) -> None:
    """It came while ours was unknown, and differs in nothing but its creator."""
    task.studio.emulator.fault(**lost("dropped", when))
    task.first_try_dies()
    theirs = colleague(task.studio).call(task.studio.copy())["id"]

    ours = (task.retry_with_record().copy or {})["id"]

    assert ours != theirs
    assert sorted(task.copies()) == sorted([ours, theirs])


def test_of_two_identical_copies_by_the_same_user_neither_is_taken(task: Task) -> None:
    """The error names both with their links, and nothing more is sent."""
    task.studio.emulator.fault(**lost("dropped", "after"))
    task.first_try_dies()
    task.client().call(task.studio.copy())

    with pytest.raises(CopyNeedsHelp) as doubt:
        task.retry_with_record()

    both = task.copies()
    assert len(both) == 2
    assert all(f"/{copy}" in str(doubt.value) for copy in both)
    assert not doubt.value.transient
    assert task.sent() == 2


def test_after_the_surplus_was_deleted_a_clear_takes_what_is_left_and_copies_no_more(task: Task) -> None:
    """As the error advises."""
    task.studio.emulator.fault(**lost("dropped", "after"))
    task.first_try_dies()
    left = task.client().call(task.studio.copy())["id"]
    with pytest.raises(CopyNeedsHelp):
        task.retry_with_record()
    surplus = next(copy for copy in task.copies() if copy != left)
    for version in task.client().run(all_pages(list_version_stack_children(task.request.account_id, surplus))):
        task.client().call(delete_file(task.request.account_id, version["id"]))

    record = task.retry_with_record(Rules(Series(0, "2")))

    assert task.copies() == [left] == [(record.copy or {})["id"]]


@pytest.mark.parametrize(("wish", "taken", "number"), [("adopt_oldest", 0, 2), ("copy_again", 2, 3)])
def test_the_user_may_decide_beforehand_what_a_doubt_leads_to(task: Task, wish: str, taken: int, number: int) -> None:
    """``adopt_oldest`` takes the one that came first, ``copy_again`` makes another."""
    task.studio.emulator.fault(**lost("dropped", "after"))
    task.first_try_dies()
    task.studio.clock.sleep(1.0)
    task.client().call(task.studio.copy())

    record = task.retry_with_record(Rules(on_ambiguous=wish))

    assert len(task.copies()) == number
    assert task.copies()[taken] == (record.copy or {})["id"]


def test_the_only_candidate_is_taken_even_if_the_same_user_made_it_elsewhere(task: Task) -> None:
    """The residual risk: ours was never made, and an identical copy by the same user cannot be told from it."""
    task.studio.emulator.fault(**lost("dropped", "before"))
    task.first_try_dies()
    other = task.client().call(task.studio.copy())["id"]

    record = task.retry_with_record()

    assert task.copies() == [other] == [(record.copy or {})["id"]]


@pytest.mark.parametrize("when", MOMENTS)
def test_an_empty_copy_of_another_stack_of_the_same_name_is_not_taken(task: Task, when: str) -> None:
    """Before its first version is there it looks like ours; so nothing is decided until it shows one."""
    emulator = task.studio.emulator
    emulator.configure(copy_first_child_seconds=100.0)
    emulator.fault(**lost("dropped", when))
    task.first_try_dies()
    shelf = emulator.seed_folder(emulator.description()["folders"]["source"], "Others")["id"]
    namesake = emulator.seed_version_stack(shelf, task.stored[-1]["snapshot"]["names"][0], versions=4)["id"]
    copy_of_it = copy_version_stack(task.request.account_id, namesake, parent_id=task.studio.target)
    other = task.client().call(copy_of_it)["id"]

    record = task.retry_with_record()

    assert (record.copy or {})["id"] != other
    assert sorted(task.copies()) == sorted([other, (record.copy or {})["id"]])


@pytest.mark.parametrize("when", MOMENTS)
def test_another_stack_of_the_same_name_is_not_taken(task: Task, when: str) -> None:
    """Somebody stacked something else under the source's name meanwhile: its versions are not the source's."""
    task.studio.emulator.fault(**lost("dropped", when))
    task.first_try_dies()
    name = task.stored[-1]["snapshot"]["names"][0]
    other = task.studio.emulator.seed_version_stack(task.studio.target, name, versions=2)["id"]

    record = task.retry_with_record()

    assert sorted(task.copies()) == sorted([other, (record.copy or {})["id"]])


@pytest.mark.parametrize("when", MOMENTS)
def test_a_stack_that_holds_the_sources_head_version_and_something_else_is_not_taken(task: Task, when: str) -> None:
    """Its name and its newest version are the copy's; an older version gives it away."""
    task.studio.emulator.fault(**lost("dropped", when))
    task.first_try_dies()
    head = task.client().call(get_version_stack(task.request.account_id, task.studio.stack))["head_version"]
    other = task.studio.emulator.seed_version_stack(
        task.studio.target,
        task.stored[-1]["snapshot"]["names"][0],
        versions=[{"name": "Foreign.mov"}, {"name": head["name"], "file_size": head["file_size"]}],
    )["id"]

    record = task.retry_with_record()

    assert sorted(task.copies()) == sorted([other, (record.copy or {})["id"]])
