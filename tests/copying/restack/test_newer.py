"""Newer versions are put on what holds the older ones: what is there, what is waited for, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import FIRST
from airflow_provider_frameio.copying.restack.copy_files import copy_versions
from airflow_provider_frameio.copying.restack.plan import plan_newer
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from tests.copying.restack.files_world import REQUEST, RULES, SOURCE, FilesWorld
from tests.copying.world import NOW, when

ONTO = replace(REQUEST, onto="k")
DAY = 86400.0


def target(world: FilesWorld, *versions: int, made: float = NOW - DAY, parent_id: str = "p1") -> None:
    """A stack that holds copies of these of the source's versions."""
    more = {"type": "version_stack", "parent_id": parent_id, "created_at": when(made), "name": "Cut.mov"}
    world.stacks["k"] = {"id": "k", **more}
    world.inside["k"] = []
    for number in versions:
        world.add(f"k{number}", "k", f"Cut_v{number}.mov", 100 + number, made)


def plan(world: FilesWorld) -> RestackRecord:
    planned: RestackRecord = world.run(plan_newer(ONTO, FIRST, LookupPolicy()))
    return planned


@pytest.mark.parametrize(("there", "kept"), [((1,), ["k1", "", ""]), ((1, 2), ["k1", "k2", ""])])
def test_only_what_it_lacks_is_copied(there: tuple[int, ...], kept: list[str]) -> None:
    world = FilesWorld(3)
    target(world, *there)
    planned = plan(world)
    assert (planned.copies, planned.kept, planned.onto) == (kept, len(there), "k")
    finished = world.run(stack_copies("a1", world.run(copy_versions(ONTO, None, RULES)), RULES.policy))
    assert finished.finished
    assert [world.files[one]["name"] for one in world.inside["k"]] == ["Cut_v1.mov", "Cut_v2.mov", "Cut_v3.mov"]
    assert world.inside["k"][: len(there)] == [f"k{number}" for number in there]


def test_a_file_becomes_a_stack() -> None:
    """It is the copy of a stack that had one version."""
    world = FilesWorld(2)
    world.add("k", "p1", "Cut_v1.mov", 101, NOW - DAY)
    world.run(stack_copies("a1", world.run(copy_versions(ONTO, None, RULES)), RULES.policy))
    (stack,) = world.made()
    assert world.inside[stack][0] == "k"
    assert len(world.inside[stack]) == 2


@pytest.mark.parametrize("fills", [True, False])
def test_a_young_stack_is_waited_for(fills: bool) -> None:
    """It may be filled yet; ten minutes are enough."""
    world = FilesWorld(3)
    target(world, 1, made=world.now)

    def fill(operation: Operation[Any]) -> None:
        if fills and world.now > NOW + 60.0 and len(world.inside["k"]) == 1:
            for number in (2, 3):
                world.add(f"k{number}", "k", f"Cut_v{number}.mov", 100 + number)

    world.trouble = fill
    planned = plan(world)
    assert planned.kept == (3 if fills else 1)
    assert {pause.reason for pause in world.pauses if pause.seconds} == {
        "k was made only just now: waiting until it is filled."
    }
    waited = sum(pause.seconds for pause in world.pauses)
    assert waited <= 75.0 if fills else waited >= LookupPolicy().ask_after - 30.0


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda world: world.files["k1"].update(file_size=7), errors.NotMirrored, "its version 1 is 'Cut_v1.mov' of 7"),
        (lambda world: world.add("k9", "k", "More.mov", 9), errors.NotMirrored, "its version 2 is 'More.mov' of 9"),
        (lambda world: world.stacks["k"].update(parent_id="p2"), errors.CopyUnseen, "k is no longer there"),
        (lambda world: world.stacks.pop("k"), errors.CopyUnseen, "k is no longer there"),
        (
            lambda world: (world.stacks.pop("k"), world.add("k", "p2", "Cut_v1.mov", 101)),
            errors.CopyUnseen,
            "k is no longer there",
        ),
    ],
)
def test_what_became_something_else_is_left_alone(
    change: Callable[[FilesWorld], object], error: type[errors.FrameioError], words: str
) -> None:
    """Nothing is sent; a retry compares anew where it is gone."""
    world = FilesWorld(3)
    target(world, 1)
    change(world)
    with pytest.raises(error, match=words):
        plan(world)
    assert world.asked("copy") == 0
    assert SOURCE in world.stacks


def test_files_whose_names_are_lost_are_not_guessed() -> None:
    """A batch is known by its record only."""
    with pytest.raises(errors.CopyUnseen, match="is no longer known"):
        FilesWorld(1).run(copy_versions(replace(REQUEST, batch=1), None, RULES))
