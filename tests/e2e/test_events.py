"""Changes in a folder start DAGs, through a real scheduler and triggerer."""

from __future__ import annotations

import itertools
import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from airflow_provider_frameio.folder_events.snapshot import StackState
from airflow_provider_frameio.folder_events.watermark import Watermark
from tests.harness.configuration import IS_AIRFLOW_2, KEEPS_RECORDS
from tests.harness.emulator import RunningEmulator, emulated
from tests.harness.folders import differences, stacks
from tests.harness.patience import PATIENCE
from tests.harness.processes import poll_until
from tests.harness.stack import AirflowStack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.whole,
    pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no watchers"),
]

ROOT = Path(__file__).parents[2]
LIST = "list_version_stacks"


@dataclass
class Inbox:
    """A folder into which editors put their cuts.

    :ivar made: the id of each change that there should be told.
    """

    frameio: RunningEmulator
    id: str
    made: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    turn: bool = False

    def stack(self, **properties: float) -> None:
        """A new version stack."""
        name = f"Cut {next(self.numbers)}.mov"
        order = {"kind": "version_stack", "parent_id": self.id, "name": name, "versions": 2, **properties}
        stack = self.frameio.control("POST", "seed", order)
        self.made.append(f"{stack['id']}/{stack['head_version']['id']}")

    def version(self, event_id: str) -> None:
        """A new version on top of a stack."""
        stack_id, name = event_id.partition("/")[0], f"New {next(self.numbers)}.mov"
        file = self.frameio.control("POST", "seed", {"kind": "file", "parent_id": self.id, "name": name})
        said = self.frameio.description
        request = urllib.request.Request(
            f"{said['base_url']}/v4/accounts/{said['account_id']}/files/{file['id']}/move",
            json.dumps({"data": {"parent_id": stack_id}}).encode(),
            {"Authorization": f"Bearer {said['token']}", "Content-Type": "application/json"},
            method="PATCH",
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE).close()
        self.made.append(f"{stack_id}/{file['id']}")

    def approve(self, *event_ids: str, status: str = "Approved") -> None:
        """What a reviewer sets on the newest versions of stacks."""
        for event_id in event_ids:
            order = {"asset_id": event_id.partition("/")[0], "metadata": {"Status": status}}
            self.frameio.control("POST", "metadata", order)

    def change(self, times: int) -> None:
        """New stacks and, by turns, new versions of different stacks that were there before."""
        older = list(dict.fromkeys(event_id.partition("/")[0] for event_id in self.made))
        for _ in range(times):
            self.turn = not self.turn
            self.stack() if self.turn else self.version(older.pop())


@pytest.fixture(scope="module")
def frameio() -> Iterator[RunningEmulator]:
    with emulated(speed=20, seed="demo") as frameio:
        yield frameio


@pytest.fixture(scope="module")
def inbox(frameio: RunningEmulator) -> Inbox:
    """With three stacks that were there long before."""
    parent_id = frameio.description["folders"]["source"]
    folder = frameio.control("POST", "seed", {"kind": "folder", "parent_id": parent_id, "name": "Inbox"})
    inbox = Inbox(frameio, folder["id"])
    for _ in range(3):
        inbox.stack(age=86400.0)
    return inbox


@pytest.fixture(scope="module")
def airflow(frameio: RunningEmulator, inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    """An Airflow of its own, whose watchers would call the Frame.io of other tests."""
    dags = tmp_path_factory.mktemp("dags")
    (dags / "events.py").symlink_to(ROOT / "tests/e2e/dags/events.py")
    for name in ("copy_new_cuts", "deliver_approved_cuts"):
        (dags / f"{name}.py").symlink_to(ROOT / f"example_dags/{name}.py")
    env = {
        "FRAMEIO_INBOX_FOLDER_ID": inbox.id,
        "FRAMEIO_CLIENT_FOLDER_ID": frameio.description["folders"]["target"],
        # A DAG's watchers are found when it is parsed the next time.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
    }
    with AirflowStack(dags, connections={"frameio_default": frameio.connection}, env=env) as stack:
        yield stack


def until(airflow: AirflowStack, condition: Callable[[], object], what: str) -> None:
    poll_until(lambda: bool(condition()), what=what, needs=airflow.services.values())


def watch(airflow: AirflowStack, frameio: RunningEmulator, dag_id: str) -> None:
    """Let a DAG be started by events, and wait until its watcher has looked."""
    until(airflow, lambda: airflow.database.has_dag(dag_id), f"{dag_id} to be parsed")
    triggers = "SELECT id FROM trigger"
    count = len(airflow.database.rows(triggers))
    airflow.cli("dags", "unpause", dag_id)
    until(airflow, lambda: len(airflow.database.rows(triggers)) > count, f"the watcher of {dag_id}")
    looks = frameio.calls()[LIST, 200]
    until(airflow, lambda: frameio.calls()[LIST, 200] > looks + 3, "it to look")


def told(airflow: AirflowStack, dag_id: str = "events") -> Counter[str]:
    """How often each change was handed to a run of a DAG that has ended."""
    rows = airflow.database.rows(
        "SELECT CAST(xcom.value AS TEXT) FROM xcom JOIN dag_run ON xcom.dag_run_id = dag_run.id"
        f" WHERE xcom.dag_id = '{dag_id}' AND xcom.key = 'return_value' AND dag_run.state = 'success'"
    )
    return Counter(event_id for (value,) in rows for event_id in json.loads(value))


def remembered(airflow: AirflowStack, event_ids: list[str]) -> bool:
    """Whether the watermark in Airflow's database holds these, each the last of its stack."""
    rows = airflow.database.rows("SELECT value FROM asset_state_store")
    watermarks = [Watermark.from_json(json.loads(value)) for (value,) in rows]
    pairs = [event_id.split("/") for event_id in event_ids]
    seen = [StackState.from_record({"id": stack, "head_version": {"id": head}}, "") for stack, head in pairs]
    return any(mark and all(mark.heads.get(one.mark) == one.head_mark for one in seen) for mark in watermarks)


def test_a_dag_starts_once_for_each_change(airflow: AirflowStack, frameio: RunningEmulator, inbox: Inbox) -> None:
    """Through twenty changes, an outage of Frame.io, and a triggerer that is killed while some of them are made.

    Before Airflow 3.3, where nothing is remembered, it starts at least once.
    """
    watch(airflow, frameio, "events")
    known = len(inbox.made)
    for number in range(8):
        inbox.change(1)
        until(airflow, lambda: told(airflow)[inbox.made[-1]], f"change {number}")
    runs = airflow.database.rows("SELECT count(*) FROM dag_run WHERE dag_id = 'events'")

    frameio.control("POST", "faults", {"kind": "status", "status": 503, "route": LIST, "times": 3})
    inbox.change(6)
    until(airflow, lambda: len(told(airflow)) >= 14, "the changes of an outage")
    assert frameio.calls()[LIST, 503] == 3

    if KEEPS_RECORDS:  # a triggerer that dies within seconds of an event may tell it again
        until(airflow, lambda: remembered(airflow, inbox.made[-1:]), "what was told to be stored")
    airflow.services["triggerer"].kill()
    inbox.change(6)
    airflow.services["triggerer"].start()
    until(airflow, lambda: len(told(airflow)) >= 20, "the changes without a triggerer")

    looks = frameio.calls()[LIST, 200]
    until(airflow, lambda: frameio.calls()[LIST, 200] > looks + 3, "further looks")
    assert set(told(airflow)) == set(inbox.made[known:])
    if KEEPS_RECORDS:
        assert runs == [(8,)]
        assert set(told(airflow).values()) == {1}


def test_the_example_copies_a_new_cut_to_the_client(
    airflow: AirflowStack, frameio: RunningEmulator, inbox: Inbox
) -> None:
    """It shares the looks of the other watcher of that folder, and copies what was stacked, complete."""
    watch(airflow, frameio, "copy_new_cuts")
    if KEEPS_RECORDS:
        until(airflow, lambda: len(airflow.database.rows("SELECT 1 FROM asset_state_store")) > 1, "its first look")
    inbox.stack()
    source = [stack for stack in stacks(frameio.tree(inbox.id)) if stack.id == inbox.made[-1].partition("/")[0]]
    target = frameio.description["folders"]["target"]

    def copied() -> bool:
        return any(not differences(source, [stack]) for stack in stacks(frameio.tree(target)))

    until(airflow, copied, "the copy")
    if KEEPS_RECORDS:
        assert frameio.calls()["copy_version_stack", 200] == 1


def look_on(airflow: AirflowStack, frameio: RunningEmulator) -> None:
    """Let the watchers look, and store what they saw."""
    looks = frameio.calls()[LIST, 200]
    until(airflow, lambda: frameio.calls()[LIST, 200] > looks + 20, "further looks")


def approvals(airflow: AirflowStack) -> Counter[str]:
    """How often each approval of a head version was told: its event ids differ in their last part."""
    ids = Counter(event_id.rpartition("/")[0] for event_id in told(airflow, "approvals"))
    if KEEPS_RECORDS:
        assert set(told(airflow, "approvals").values()) <= {1}
    return ids


def test_a_dag_starts_once_for_each_approval(airflow: AirflowStack, frameio: RunningEmulator, inbox: Inbox) -> None:
    """Through twenty of them, some withdrawn and given again, an outage of Frame.io, and a triggerer that is killed.

    Nothing is told of what is not approved when it is looked at.
    """
    if not KEEPS_RECORDS:
        pytest.skip("what is approved while no triggerer runs is not told without a memory")
    start = len(inbox.made)
    for _ in range(14):
        inbox.stack()
    cuts, refused = inbox.made[start : start + 12], inbox.made[start + 12 :]
    watch(airflow, frameio, "approvals")
    look_on(airflow, frameio)

    inbox.approve(*cuts[:4])
    wanted = Counter(cuts[:4])
    until(airflow, lambda: approvals(airflow) == wanted, "four approvals")
    inbox.approve(*cuts[:3], status="Needs Review")
    look_on(airflow, frameio)
    frameio.control("POST", "faults", {"kind": "status", "status": 503, "route": LIST, "times": 3})
    inbox.approve(*cuts[:2], *cuts[4:9])
    wanted += Counter(cuts[:2] + cuts[4:9])
    until(airflow, lambda: approvals(airflow) == wanted, "the approvals of an outage")

    inbox.approve(*cuts[5:7], refused[0], status="In Progress")
    look_on(airflow, frameio)
    airflow.services["triggerer"].kill()
    inbox.approve(cuts[2], *cuts[5:7], *cuts[9:])
    inbox.approve(refused[1])
    inbox.approve(refused[1], status="Needs Review")
    airflow.services["triggerer"].start()
    wanted += Counter([cuts[2], *cuts[5:7], *cuts[9:]])
    until(airflow, lambda: approvals(airflow) == wanted, "the approvals without a triggerer")
    inbox.approve(cuts[0], status="Needs Review")
    look_on(airflow, frameio)
    inbox.approve(cuts[0], *refused)
    wanted += Counter([cuts[0], *refused])
    until(airflow, lambda: approvals(airflow) == wanted, "the last three")
    look_on(airflow, frameio)
    assert approvals(airflow) == wanted
    assert sum(wanted.values()) == 20


def test_the_example_delivers_what_is_approved(airflow: AirflowStack, frameio: RunningEmulator, inbox: Inbox) -> None:
    """It copies an approved cut to the client with its comments, and marks it as delivered."""
    watch(airflow, frameio, "deliver_approved_cuts")
    look_on(airflow, frameio)
    versions = [{"comments": {"internal": 1, "public": 2}}] * 2
    order = {"kind": "version_stack", "parent_id": inbox.id, "name": "Approved.mov", "versions": versions}
    stack_id = frameio.control("POST", "seed", order)["id"]
    look_on(airflow, frameio)
    inbox.approve(stack_id)

    def marked() -> list[bool]:
        tree = frameio.tree(inbox.id)
        start = next(number for number, line in enumerate(tree) if line["id"] == stack_id)
        return ["Delivered" in line["metadata"] for line in tree[start + 1 : start + 3]]

    until(airflow, lambda: marked() == [False, True], "the cut to be marked")
    target = frameio.tree(frameio.description["folders"]["target"])
    stacked = [number for number, line in enumerate(target) if line["type"] == "version_stack"]
    copies = [number + 1 for number in stacked if target[number]["name"].startswith("Approved")]
    # Another example may have copied the new cut as well, without comments.
    assert [2, 2] in [[line["comments"] for line in target[first : first + 2]] for first in copies]
