"""Every example DAG does what it says, against the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator

pytest.importorskip("airflow", reason="example DAGs are Airflow's")

from airflow.exceptions import AirflowException
from airflow.models.variable import Variable

from tests.harness.configuration import IS_AIRFLOW_2, KEEPS_RECORDS
from tests.harness.emulator import RunningEmulator
from tests.harness.folders import differences, stacks
from tests.harness.mirrors import contents, seed_tree
from tests.inline import Outcome

# With a user who consented (tests/operators/test_refresh_token.py), with a triggerer (tests/e2e/test_events.py).
ELSEWHERE = {"refresh_frameio_token", "copy_new_cuts"}
EXAMPLES = Path(__file__).parents[1] / "example_dags"


def run(airflow: Any, name: str, arguments: dict[str, Any] | None = None, **conf: Any) -> Outcome:
    """A run of the example of this name.

    :param arguments: of ``dag.test()``.
    """
    text = (EXAMPLES / f"{name}.py").read_text().replace("poll_interval=10", "poll_interval=0.05")
    text = text.replace("poke_interval=10", "poke_interval=0.05")
    outcome: Outcome = airflow.run_file(_as_tested(text), name, conf, **(arguments or {}))
    return outcome


def _as_tested(text: str) -> str:
    """Without records ``dag.test()`` cannot go on with every deferred task; ``tests/e2e`` defers real ones."""
    return text if KEEPS_RECORDS else text.replace("deferrable=True", "deferrable=False")


def test_copy_version_stacks(airflow: Any, frameio: Emulator) -> None:
    """All stacks of a folder are in the other one, and their links are printed."""
    folders = frameio.description()["folders"]
    conf = {"source_folder_id": folders["source"], "target_folder_id": folders["target"]}
    outcome = run(airflow, "copy_version_stacks", **conf)
    source, target = stacks(frameio.tree(folders["source"])), stacks(frameio.tree(folders["target"]))
    assert outcome.state == "success", outcome.log
    assert differences(source, target) == []
    assert len(outcome.xcom("report")) == len(target) == 12


def test_deliver_with_comments(airflow: Any, frameio: Emulator) -> None:
    """The new stack has the public comments, and its link is told."""
    told = frameio.description()
    conf = {"version_stack_id": told["version_stacks"][1], "client_folder_id": told["folders"]["target"]}
    outcome = run(airflow, "deliver_with_comments", **conf)
    assert outcome.state == "success", outcome.log
    assert outcome.xcom("tell") == outcome.xcom("deliver", "frameio_url")
    files = [line for line in frameio.tree(told["folders"]["target"]) if line["type"] == "file"]
    assert [file["comments"] > 0 for file in files] == [True] * 4


@pytest.mark.parametrize("arguments", [{}] if IS_AIRFLOW_2 else [{}, {"logical_date": None}])
def test_nightly_archive(airflow: Any, frameio: Emulator, arguments: dict[str, Any]) -> None:
    """At first all of the folder is archived, then only what came since, also by runs without a logical date."""
    folders = frameio.description()["folders"]
    conf = {"finished_folder_id": folders["source"], "archive_folder_id": folders["target"]}
    Variable.delete(f"frameio_archived_until_{folders['source']}")
    first = run(airflow, "nightly_archive", arguments, **conf)
    assert first.state == "success", first.log
    assert differences(stacks(frameio.tree(folders["source"])), stacks(frameio.tree(folders["target"]))) == []
    ((uri, extra),) = first.events
    assert (uri.removesuffix("/"), extra["copied"]) == ("frameio-archive", 12)
    second = run(airflow, "nightly_archive", arguments, **conf)
    # The emulator's time is long before this machine's: what it has was finished before the first run.
    assert (second.xcom("list"), second.xcom("archive")) == ([], [])
    assert second.state == "success", second.log
    late = frameio.seed_version_stack(folders["source"], "Late.mov", versions=1, age=-3650 * 86400)["id"]
    assert run(airflow, "nightly_archive", arguments, **conf).xcom("list") == [late]


def test_mirror_project(airflow: Any, frameio: Emulator) -> None:
    """The archive holds what the project holds."""
    running = RunningEmulator(frameio.description())
    tree = seed_tree(running, stacks=4, files=6)
    outcome = run(airflow, "mirror_project", project_folder_id=tree.source, archive_folder_id=tree.target)
    assert outcome.state == "success", outcome.log
    assert contents(running, tree.target) == contents(running, tree.source)


def test_one_stack_for_many_clients(airflow: Any, frameio: Emulator) -> None:
    """Each folder has its copy, a folder that is gone has none, and all links are told."""
    told = frameio.description()
    parent, source = told["folders"]["target"], told["version_stacks"][0]
    folders = [frameio.seed_folder(parent, f"Client {number}")["id"] for number in range(3)]
    gone = "0a1b2c3d-0000-4000-8000-000000000000"
    outcome = run(airflow, "one_stack_for_many_clients", version_stack_id=source, folder_ids=[*folders, gone])
    assert [outcome.task("deliver", index) for index in range(4)] == ["success"] * 3 + ["failed"]
    copies = [stacks(frameio.tree(folder)) for folder in folders]
    assert [[copy.id for copy in found] for found in copies] == [
        [outcome.xcom("deliver", map_index=index)] for index in range(3)
    ]
    links = [outcome.xcom("deliver", "frameio_url", index) for index in range(3)]
    assert outcome.xcom("report") == links


@pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no watchers")
def test_deliver_approved_cuts(airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the events tell is copied once with its comments, then marked; ``tests/e2e`` starts it by an approval."""
    told = frameio.description()
    stacks_, folders = told["version_stacks"][1:3], told["folders"]
    monkeypatch.setenv("FRAMEIO_CLIENT_FOLDER_ID", folders["target"])
    payloads = [{"version_stack_ids": stacks_[:1]}, {"version_stack_ids": stacks_}]
    events = f"[[SimpleNamespace(extra={{'payload': one}}) for one in {payloads}]]"
    text = (EXAMPLES / "deliver_approved_cuts.py").read_text().replace("import os", "import os\nfrom types import *")
    text = text.replace("triggering_asset_events: Any = None", "").replace("triggering_asset_events.values()", events)
    outcome = airflow.run_file(_as_tested(text), "deliver_approved_cuts")
    assert outcome.state == "success", outcome.log
    target = frameio.tree(folders["target"])
    assert [line["id"] for line in target if line["type"] == "version_stack"] == outcome.xcom("deliver")
    assert sum(line["comments"] > 0 for line in target if line["type"] == "file") > 0
    delivered = [line["id"] for line in frameio.tree(folders["source"]) if "Delivered" in line.get("metadata", {})]
    assert sorted(delivered) == sorted(outcome.xcom("mark"))
    assert len(delivered) == 2


def test_many_clients_are_a_list(airflow: Any, frameio: Emulator) -> None:
    """A text is refused before the run begins: mapped over, it would be a copy for each letter."""
    with pytest.raises((ValueError, AirflowException), match="is not of type 'array'"):
        run(airflow, "one_stack_for_many_clients", version_stack_id="s", folder_ids="a,b")
    assert frameio.requests == []


def test_no_example_is_left_out() -> None:
    """Each has a test of its name here, or runs beside the tests of its operator."""
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tested | ELSEWHERE
