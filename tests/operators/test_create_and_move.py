"""``FrameioCreateVersionStackOperator`` and ``FrameioMoveVersionStackOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.inline import InlineAirflow

CREATE, MOVE = "create_version_stack", "move_version_stack"
# Carried out, and the answer lost on the way.
LOST = [{"kind": "drop", "when": "after"}, {"kind": "status", "status": 502, "when": "after"}]


class Folder:
    """A folder with files to stack, and one beside it."""

    def __init__(self, frameio: Emulator) -> None:
        self._frameio = frameio
        parent = frameio.description()["folders"]["source"]
        self.id: str = frameio.seed_folder(parent, "Uploads")["id"]
        self.other: str = frameio.seed_folder(parent, "Elsewhere")["id"]
        self.files: list[str] = [frameio.seed_file(self.id, f"Cut_v{n}.mov")["id"] for n in range(1, 4)]

    def stack(self) -> str:
        """A new stack in the folder."""
        stack_id: str = self._frameio.seed_version_stack(self.id, "Hero.mov", versions=2)["id"]
        return stack_id

    def names(self) -> dict[str, str]:
        """What DAGs may name."""
        return {"FOLDER": self.id, "OTHER": self.other}

    def tree(self) -> list[dict[str, Any]]:
        """What is in the folder."""
        return self._frameio.tree(self.id)

    def stacks(self) -> list[str]:
        """The stacks in the folder."""
        return [line["id"] for line in self.tree() if line["type"] == "version_stack"]


@pytest.fixture
def folder(frameio: Emulator) -> Folder:
    return Folder(frameio)


def statuses(frameio: Emulator, route: str) -> list[int | None]:
    return [request.status for request in frameio.requests if request.route == route]


def test_files_become_versions_oldest_first(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """The result is the stack's id, its record and its page are in XCom."""
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id='{{ params.folder }}', file_ids=FILES)",
        options={"params": {"folder": folder.id}},
        FILES=folder.files,
    )
    record = outcome.xcom("stack", "version_stack")
    (request,) = [request for request in frameio.requests if request.route == CREATE]
    assert outcome.task("stack") == "success"
    assert folder.stacks() == [outcome.xcom("stack")] == [record["id"]]
    assert outcome.xcom("stack", "frameio_url") == record["view_url"]
    assert record["head_version"]["id"] == folder.files[-1]
    assert request.body == {"data": {"file_ids": folder.files}}


def test_mapped_tasks_may_give_the_files(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """Their results, in their order, are read as one list."""
    outcome = airflow.run(
        """
        @task
        def file(file_id):
            return file_id

        FrameioCreateVersionStackOperator(
            task_id="stack", folder_id=FOLDER, file_ids=file.expand(file_id=FILES)
        )
        """,
        FILES=folder.files,
        **folder.names(),
    )
    assert outcome.task("stack") == "success"
    assert outcome.xcom("stack", "version_stack")["head_version"]["id"] == folder.files[-1]


def test_creation_is_itself_mapped(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """A stack for each pair."""
    more = frameio.seed_file(folder.id, "Cut_v4.mov")["id"]
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator.partial(task_id='stack', folder_id=FOLDER).expand(file_ids=PAIRS)",
        PAIRS=[folder.files[:2], [folder.files[2], more]],
        **folder.names(),
    )
    assert sorted(outcome.xcom("stack", map_index=index) for index in range(2)) == sorted(folder.stacks())


def test_a_second_run_finds_the_stack_of_the_first(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """As after a retry or a clear, also where somebody added a version: nothing is sent."""
    stack = f"FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids={folder.files[:2]})"
    first = airflow.run(stack, **folder.names())
    airflow.run(
        "@task\ndef add(): FrameioHook().move_file(FILE, STACK)\nadd()",
        FILE=folder.files[2],
        STACK=first.xcom("stack"),
    )
    second = airflow.run(stack, **folder.names())
    assert second.xcom("stack") == first.xcom("stack")
    assert second.xcom("stack", "frameio_url") == first.xcom("stack", "frameio_url")
    assert statuses(frameio, CREATE) == [201]


@pytest.mark.parametrize("fault", [*LOST, {"kind": "late_commit", "delay": 20}])
def test_a_stack_whose_answer_was_lost_is_found(
    airflow: InlineAirflow, frameio: Emulator, folder: Folder, fault: dict[str, Any]
) -> None:
    """It was made, be it twenty seconds later: it is not sent again."""
    frameio.fault(route=CREATE, **fault)
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids=FILES, retries=2)",
        FILES=folder.files,
        **folder.names(),
    )
    assert outcome.task("stack") == "success"
    assert folder.stacks() == [outcome.xcom("stack")]
    assert len(statuses(frameio, CREATE)) == 1


def test_a_stack_that_does_not_show_is_asked_for_again(
    airflow: InlineAirflow, frameio: Emulator, folder: Folder
) -> None:
    """After three minutes of Frame.io's: the files can be in one stack only, so there is never a second one."""
    frameio.fault(route=CREATE, kind="drop", when="before")
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids=FILES)",
        FILES=folder.files,
        **folder.names(),
    )
    assert outcome.task("stack") == "success", outcome.log
    assert folder.stacks() == [outcome.xcom("stack")]
    assert statuses(frameio, CREATE) == [None, 201]


def test_a_stack_that_never_shows_fails_for_good(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """It was asked for three times, and the task says what it saw."""
    frameio.fault(route=CREATE, kind="drop", when="before", times=3)
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids=FILES, retries=2)",
        FILES=folder.files,
        **folder.names(),
    )
    assert outcome.task("stack") == "failed"
    assert f"the files were not in one version stack of the folder {folder.id}" in outcome.log
    assert statuses(frameio, CREATE) == [None] * 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("folder_id='{{ params.nothing }}', file_ids=['a', 'b']", "folder_id='' cannot be used: no id was given"),
        ("folder_id='f', file_ids=['a']", "give 2 to 10 ids, not 1"),
        ("folder_id='f', file_ids=list('abcdefghijk')", "give 2 to 10 ids, not 11"),
        ("folder_id='f', file_ids=['a', 'a']", "give each id once"),
        ("folder_id='f', file_ids=['a', '{{ params.nothing }}']", "file_ids[1]='' cannot be used: no id was given"),
        ("folder_id='f', file_ids='{{ params.ids }}'", "another task's output, or set the DAG's render_template"),
    ],
)
def test_bad_files_fail_before_anything_is_asked_of_frameio(
    airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str
) -> None:
    """With what was given, and what to do."""
    outcome = airflow.run(
        f"FrameioCreateVersionStackOperator(task_id='stack', retries=3, {arguments})",
        options={"params": {"nothing": "", "ids": ["a", "b"]}},
    )
    assert outcome.task("stack") == "failed"
    assert words in outcome.log
    assert [request.route for request in frameio.requests if request.route != "ims_token"] == []


def test_files_of_another_folder_are_refused_in_frameios_words(
    airflow: InlineAirflow, frameio: Emulator, folder: Folder
) -> None:
    """No retry is spent on it."""
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id=OTHER, file_ids=FILES, retries=3)",
        FILES=folder.files,
        **folder.names(),
    )
    assert outcome.task("stack") == "failed"
    assert f"{folder.files[0]} is not in folder {folder.other}" in outcome.log
    assert statuses(frameio, CREATE) == [422]


def test_a_stack_moves_and_keeps_its_id(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """Templated; its record and page are in XCom. A second run finds it there and sends nothing."""
    stack_id = folder.stack()
    move = "FrameioMoveVersionStackOperator(task_id='move', version_stack_id=STACK, parent_id='{{ params.to }}')"
    for _ in range(2):
        outcome = airflow.run(move, options={"params": {"to": folder.other}}, STACK=stack_id)
        assert outcome.xcom("move") == stack_id
        assert outcome.xcom("move", "version_stack")["parent_id"] == folder.other
        assert outcome.xcom("move", "frameio_url") == outcome.xcom("move", "version_stack")["view_url"]
    assert [line["id"] for line in frameio.tree(folder.other) if line["type"] == "version_stack"] == [stack_id]
    assert statuses(frameio, MOVE) == [200]


def test_mapped_moves_wait_for_the_limit(airflow: InlineAirflow, frameio: Emulator, folder: Folder) -> None:
    """Twelve, two more than it admits at once: none is refused."""
    stacks = [folder.stack() for _ in range(12)]
    outcome = airflow.run(
        "FrameioMoveVersionStackOperator.partial(task_id='move', parent_id=OTHER).expand(version_stack_id=STACKS)",
        STACKS=stacks,
        **folder.names(),
    )
    assert outcome.state == "success"
    assert statuses(frameio, MOVE) == [200] * 12


@pytest.mark.parametrize("fault", LOST)
def test_a_move_whose_answer_was_lost_is_found_or_repeated(
    airflow: InlineAirflow, frameio: Emulator, folder: Folder, fault: dict[str, Any]
) -> None:
    """It ends in the same place, so it may be sent again."""
    frameio.fault(route=MOVE, **fault)
    outcome = airflow.run(
        "FrameioMoveVersionStackOperator(task_id='move', version_stack_id=STACK, parent_id=OTHER)",
        STACK=folder.stack(),
        **folder.names(),
    )
    assert outcome.task("move") == "success"
    assert outcome.xcom("move", "version_stack")["parent_id"] == folder.other


@pytest.mark.parametrize(
    ("arguments", "words", "asked"),
    [
        ("version_stack_id='', parent_id=OTHER", "version_stack_id='' cannot be used: no id was given", False),
        ("version_stack_id=STACK, parent_id='{{ params.nothing }}'", "parent_id='' cannot be used", False),
        ("version_stack_id=OTHER, parent_id=FOLDER", "Frame.io answered 422", True),
        ("version_stack_id=STACK, parent_id=STACK", "Frame.io answered 422", True),
    ],
)
def test_a_move_that_cannot_be_is_final(
    airflow: InlineAirflow, frameio: Emulator, folder: Folder, arguments: str, words: str, asked: bool
) -> None:
    """A bad id before anything is asked, a wrong kind of id in Frame.io's words; no retry is spent."""
    outcome = airflow.run(
        f"FrameioMoveVersionStackOperator(task_id='move', retries=3, {arguments})",
        options={"params": {"nothing": ""}},
        STACK=folder.stack(),
        **folder.names(),
    )
    assert outcome.task("move") == "failed"
    assert words in outcome.log
    assert any(request.route != "ims_token" for request in frameio.requests) is asked
