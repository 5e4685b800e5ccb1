"""Operators and sensors whose ids are Adobe's, or UUIDs in capitals: they do as with the ids that Frame.io answers."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.assets import version_stack_uri
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from tests.inline import InlineAirflow

LOST = {"kind": "drop", "when": "after"}
NAMES = pytest.mark.parametrize("alias", [True, False], ids=["alias", "capitals"])


class Storage:
    """A project on Adobe storage: a folder with three files and a stack, and a folder beside it."""

    def __init__(self, frameio: Emulator, *, alias: bool) -> None:
        self._frameio = frameio
        self._alias = alias
        root = frameio.seed_project("Adobe", adobe=True)["root_folder_id"]
        self.folder = frameio.seed_folder(root, "Cuts")
        self.other = frameio.seed_folder(root, "Client")
        self.files = [frameio.seed_file(self.folder["id"], f"Cut_v{n}.mov") for n in range(3)]
        self.stack = frameio.seed_version_stack(self.folder["id"], "Hero.mov", 3)

    def name(self, record: dict[str, Any]) -> str:
        """Another name of something."""
        if not self._alias:
            return str(record["id"]).upper()
        return f"adobe:{record['adobe_id']}" + ("|1" if record["type"] == "file" else "")

    def names(self) -> dict[str, Any]:
        """What DAGs may name."""
        return {
            "FOLDER": self.name(self.folder),
            "OTHER": self.name(self.other),
            "STACK": self.name(self.stack),
            "FILES": [self.name(file) for file in self.files],
        }

    def stacks(self, folder: dict[str, Any]) -> list[str]:
        """The stacks in a folder."""
        return [line["id"] for line in self._frameio.tree(folder["id"]) if line["type"] == "version_stack"]

    def sent(self, route: str) -> int:
        return sum(request.route == route for request in self._frameio.requests)


@pytest.fixture
def storage(frameio: Emulator, alias: bool) -> Storage:
    return Storage(frameio, alias=alias)


@NAMES
def test_a_stack_is_copied_by_its_files(airflow: InlineAirflow, frameio: Emulator, storage: Storage) -> None:
    """The source shows that it is on Adobe storage; the copy is made once though its answer is lost."""
    frameio.fault(route="create_version_stack", **LOST)
    outcome = airflow.run(
        "FrameioCopyVersionStackOperator(task_id='copy', version_stack_id=STACK, parent_id=OTHER, poll_interval=0.05)",
        **storage.names(),
    )
    assert outcome.task("copy") == "success"
    assert storage.stacks(storage.other) == [outcome.xcom("copy")]
    assert (storage.sent("copy_version_stack"), storage.sent("copy_files")) == (0, 1)


@NAMES
def test_files_are_stacked_once(airflow: InlineAirflow, frameio: Emulator, storage: Storage) -> None:
    """The stack whose answer was lost is found, and a task that is repeated sends nothing."""
    frameio.fault(route="create_version_stack", **LOST)
    task = "FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids=FILES)"
    outcomes = [airflow.run(task, **storage.names()) for _ in range(2)]
    assert [outcome.task("stack") for outcome in outcomes] == ["success"] * 2
    assert outcomes[0].xcom("stack") == outcomes[1].xcom("stack") in storage.stacks(storage.folder)
    assert storage.sent("create_version_stack") == 1


def test_one_file_by_two_names_is_refused(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Before anything is sent."""
    storage = Storage(frameio, alias=True)
    file = storage.files[0]
    outcome = airflow.run(
        "FrameioCreateVersionStackOperator(task_id='stack', folder_id=FOLDER, file_ids=TWICE)",
        TWICE=[file["id"], storage.name(file)],
        **storage.names(),
    )
    assert outcome.task("stack") == "failed"
    assert "give each id once" in outcome.log
    assert storage.sent("create_version_stack") == 0


@NAMES
def test_a_stack_is_moved_once(airflow: InlineAirflow, frameio: Emulator, storage: Storage) -> None:
    """A lost answer is looked up, and a task that is repeated sends nothing."""
    frameio.fault(route="move_version_stack", times=4, **LOST)
    task = "FrameioMoveVersionStackOperator(task_id='move', version_stack_id=STACK, parent_id=OTHER)"
    outcomes = [airflow.run(task, **storage.names()) for _ in range(2)]
    assert [outcome.xcom("move") for outcome in outcomes] == [storage.stack["id"]] * 2
    assert storage.stacks(storage.other) == [storage.stack["id"]]


@NAMES
def test_a_folder_is_not_copied_into_itself(airflow: InlineAirflow, frameio: Emulator, storage: Storage) -> None:
    """Under whatever name: a retry would copy the copies."""
    outcome = airflow.run(
        "FrameioBulkCopyVersionStacksOperator(task_id='copy', folder_id=OWN, parent_id=FOLDER)",
        OWN=storage.folder["id"],
        **storage.names(),
    )
    assert outcome.task("copy") == "failed"
    assert "give another folder than folder_id" in outcome.log


@NAMES
@pytest.mark.parametrize("twice", ["[STACK, OWN]", "[{'version_stack_id': STACK, 'parent_id': OTHER}, OWN]"])
def test_the_same_copy_twice_is_refused(
    airflow: InlineAirflow, frameio: Emulator, storage: Storage, twice: str
) -> None:
    """Also where stack or folder bear two names in one list."""
    outcome = airflow.run(
        f"FrameioBulkCopyVersionStacksOperator(task_id='copy', version_stacks={twice}, parent_id=INTO)",
        OWN=storage.stack["id"],
        INTO=storage.other["id"],
        **storage.names(),
    )
    assert outcome.task("copy") == "failed"
    assert "it stands there twice with the same target" in outcome.log
    assert storage.stacks(storage.other) == []


def test_many_are_copied_although_one_is_nobodys(airflow: InlineAirflow, frameio: Emulator) -> None:
    """An alias that leads nowhere fails its own copy only."""
    storage = Storage(frameio, alias=True)
    outcome = airflow.run(
        """
        FrameioBulkCopyVersionStacksOperator(
            task_id="copy", version_stacks=[STACK, "adobe:nobody", OWN], parent_id=OTHER, poll_interval=0.05
        )
        """,
        OWN=frameio.seed_version_stack(storage.folder["id"], "Other.mov", 2)["id"],
        **storage.names(),
    )
    assert outcome.task("copy") == "failed"
    assert [row["state"] for row in outcome.xcom("copy", "results")] == ["complete", "failed", "complete"]
    assert len(storage.stacks(storage.other)) == 2


@NAMES
@pytest.mark.parametrize("mode", ["mode='poke'", "deferrable=True"])
def test_a_copy_is_no_copy_of_itself(airflow: InlineAirflow, frameio: Emulator, storage: Storage, mode: str) -> None:
    """A sensor that was given one stack by two names would be content at once."""
    outcome = airflow.run(
        f"FrameioVersionStackCopySensor(task_id='wait', version_stack_id=STACK, source_version_stack_id=OWN, {mode})",
        OWN=storage.stack["id"],
        **storage.names(),
    )
    assert outcome.task("wait") == "failed"
    assert "this is the source; give the id of its copy" in outcome.log


@NAMES
@pytest.mark.parametrize("mode", ["mode='poke'", "deferrable=True"])
def test_a_copy_is_waited_for(airflow: InlineAirflow, frameio: Emulator, storage: Storage, mode: str) -> None:
    """Until its files are there. The result is the id as it was given."""
    hook, folder_id = FrameioHook(), storage.other["id"]
    files = hook.copy_files([file["id"] for file in storage.files], folder_id)
    copy = hook.create_version_stack(folder_id, [file["file"]["id"] for file in files])
    outcome = airflow.run(
        f"""
        FrameioVersionStackCopySensor(
            task_id="wait", version_stack_id=[COPY], source_version_stack_id=[STACK], poke_interval=0.05, {mode}
        )
        """,
        COPY=storage.name(copy),
        **storage.names(),
    )
    assert outcome.task("wait") == "success"
    assert outcome.xcom("wait") == [storage.name(copy)]


def test_outlets_are_told_of_own_ids(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Whatever names account and source were given by: others wait for one spelling of the copy's asset."""
    storage = Storage(frameio, alias=True)
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", account_id=ACCOUNT, version_stack_id=STACK, parent_id=OTHER, poll_interval=0.05,
            outlets=[AssetAlias("delivered")],
        )
        """,
        ACCOUNT=f"adobe:{FrameioHook().list_accounts()[0]['adobe_id']}",
        **storage.names(),
    )
    ((uri, extra),) = outcome.events
    assert uri == version_stack_uri(frameio.account_id, outcome.xcom("copy"))
    assert extra["source_version_stack_id"] == storage.stack["id"]
