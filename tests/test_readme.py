"""Every code block of the README does what the README says."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from airflow_provider_frameio.authorize import REDIRECT_URI, parser
from airflow_provider_frameio.emulator.server import Emulator
from tests.consent import consent, user_connection
from tests.harness.bench.report import places
from tests.harness.configuration import KEEPS_RECORDS

ROOT = Path(__file__).parents[1]
pytest.importorskip("airflow", reason="the README speaks of Airflow")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    language: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)]
seen: set[Block] = set()


def blocks(language: str, containing: str) -> list[Block]:
    """The blocks of a language with these words, which are hereby covered."""
    found = [block for block in BLOCKS if block.language == language and containing in block.text]
    assert found, f"no {language} block contains {containing!r}"
    seen.update(found)
    return found


def settings(monkeypatch: pytest.MonkeyPatch, value: str) -> Any:
    """What the provider makes of ``frameio_default`` in an environment variable."""
    from airflow_provider_frameio.hooks.connection import load_settings

    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", value)
    return load_settings("frameio_default")


def exported(block: Block) -> str:
    """The value of the variable that a shell block exports, as a shell understands it."""
    script = f'{block.text}\nprintf %s "$AIRFLOW_CONN_FRAMEIO_DEFAULT"'
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout


def test_the_dag_copies(airflow: Any, frameio: Emulator, tmp_path: Path) -> None:
    """It is imported without an error, and its task returns a complete copy in the client's folder."""
    from airflow import __version__

    (block,) = blocks("python", "deliver_cut")
    text = block.text
    if __version__.startswith("2."):
        text = re.sub(r"from airflow\.sdk import DAG  # Airflow 2: (.*)", r"\1", text)
    description = frameio.description()
    conf = {
        "version_stack_id": description["version_stacks"][0],
        "client_folder_id": description["folders"]["target"],
    }
    outcome = airflow.run_file(text, "deliver_cut", conf)
    assert outcome.task("copy") == "success"
    assert outcome.xcom("copy") == outcome.xcom("copy", "version_stack")["id"]
    assert outcome.xcom("copy", "frameio_url").startswith("http")
    assert [line["type"] for line in frameio.tree(conf["client_folder_id"])].count("file") == 5


def test_the_bulk_copy_copies_a_folder(airflow: Any, frameio: Emulator) -> None:
    """All stacks of the folder are in the other one; below 3.3 ``dag.test`` cannot go on after such a deferral."""
    (block,) = blocks("python", 'task_id="archive"')
    text = block.text.replace("deferrable=True", f"deferrable={KEEPS_RECORDS}")
    folders = frameio.description()["folders"]
    params = {"finished_folder_id": folders["source"], "archive_folder_id": folders["target"]}
    outcome = airflow.run(text, options={"params": params})
    copies = [line["id"] for line in frameio.tree(folders["target"]) if line["type"] == "version_stack"]
    assert sorted(outcome.xcom("archive")) == sorted(copies)
    assert len(copies) == 12


def test_the_dag_that_frame_io_starts_watches_its_folder(airflow: Any) -> None:
    """Its watcher is there, and started by hand, without an event, it copies nothing; ``tests/e2e`` starts its like."""
    from airflow import __version__

    (block,) = blocks("python", "AssetWatcher(")
    if __version__.startswith("2."):
        pytest.skip("Airflow 2 has no watchers")
    outcome = airflow.run_file(block.text, "share_new_cuts")
    assert (outcome.task("changed_stacks"), outcome.task("copy")) == ("success", "skipped")
    names: dict[str, Any] = {}
    exec(block.text, names)
    (watcher,) = names["new_cuts"].watchers
    assert watcher.trigger.folder_id in block.text


def test_a_delivery_with_comments_brings_them_along(airflow: Any, frameio: Emulator) -> None:
    """The new stack has as many versions, and public comments, which a copy of Frame.io's own would lack."""
    (block,) = blocks("python", 'task_id="deliver"')
    told = frameio.description()
    params = {"version_stack_id": told["version_stacks"][1], "client_folder_id": told["folders"]["target"]}
    outcome = airflow.run(block.text, options={"params": params})
    assert outcome.task("deliver") == "success", outcome.log
    files = [line for line in frameio.tree(told["folders"]["target"]) if line["type"] == "file"]
    assert [(file["depth"], file["comments"] > 0) for file in files] == [(2, True)] * 4


def test_outlets_are_told_of_a_copy(airflow: Any, frameio: Emulator) -> None:
    """The asset's event names the copy, the alias stands for its own asset."""
    from airflow import __version__

    from airflow_provider_frameio.assets import parse_version_stack_uri

    (block,) = blocks("python", "outlets=[")
    text = block.text
    if __version__.startswith("2."):
        old = "from airflow.datasets import Dataset as Asset, DatasetAlias as AssetAlias"
        text = re.sub(r"from airflow\.sdk import Asset.*", old, text)
    description = frameio.description()
    params = {
        "version_stack_id": description["version_stacks"][0],
        "client_folder_id": description["folders"]["target"],
    }
    outcome = airflow.run(text, options={"params": params})
    events = dict(outcome.events)
    report = events.pop("s3://reports/deliveries")
    ((uri, extra),) = events.items()
    assert parse_version_stack_uri(uri) == (frameio.account_id, outcome.xcom("send"))
    assert report == extra
    assert (report["source_version_stack_id"], report["versions"]) == (params["version_stack_id"], 5)
    assert (report["version_stack_id"], report["url"]) == (
        outcome.xcom("send"),
        outcome.xcom("send", "frameio_url"),
    )


def test_the_hook_lists_accounts_and_calls_any_endpoint(airflow: Any, frameio: Emulator) -> None:
    """The example ends with the record of the connection's user."""
    (block,) = blocks("python", "hook.list_accounts()")
    names: dict[str, Any] = {}
    exec(block.text, names)
    assert names["account"]["id"] == frameio.account_id
    assert names["me"] == names["hook"].get_me()


def test_the_json_connection_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an environment variable, and so in a secrets backend."""
    (block,) = blocks("shell", '"conn_type": "frameio"')
    read = settings(monkeypatch, exported(block))
    assert (read.auth_type, read.client_id) == ("server_to_server", "your-client-id")
    assert (read.secret, read.account_id) == ("your-client-secret", "your-account-id")


def test_the_uri_connection_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A legacy token as a URI."""
    (block,) = blocks("shell", "frameio://")
    read = settings(monkeypatch, exported(block))
    assert (read.auth_type, read.secret, read.account_id) == ("legacy_token", "fio-u-token", "0a1b2c3d")
    assert read.base_url == "https://api.frame.io"


def test_the_command_adds_the_connection(airflow: Any, tmp_path: Path) -> None:
    """The connection is in Airflow's database afterwards, with the fields that the provider reads."""
    (block,) = blocks("shell", "airflow connections add")
    bin_folder = Path(sys.executable).parent
    script = f'PATH="{bin_folder}:$PATH"; airflow connections delete frameio_default >/dev/null 2>&1; {block.text}'
    script += "\nunset AIRFLOW_CONN_FRAMEIO_DEFAULT; airflow connections get frameio_default --output json"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (added,) = json.loads(done.stdout[done.stdout.rindex("\n[") :] if "\n[" in done.stdout else done.stdout)
    assert (added["conn_type"], added["login"]) == ("frameio", "your-client-id")
    assert "your-account-id" in json.dumps(added["extra_dejson"])


def test_a_user_consents_and_the_tokens_are_refreshed(
    airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command knows its options; the task, alone in its DAG, refreshes what is stored."""
    from airflow.models.variable import Variable

    (command,) = blocks("shell", "airflow_provider_frameio.authorize")
    assert command.text.split()[:3] == ["python", "-m", "airflow_provider_frameio.authorize"]
    assert parser().parse_args(command.text.split()[3:]).redirect_uri == REDIRECT_URI
    (block,) = blocks("python", "FrameioRefreshTokenOperator")
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(user_connection(frameio)))
    text = consent(frameio).to_text()
    Variable.set("frameio_token_frameio_default", text)
    try:
        assert airflow.run(block.text).task("refresh") == "success"
        assert Variable.get("frameio_token_frameio_default") != text
    finally:
        Variable.delete("frameio_token_frameio_default")


def test_the_emulator_starts_and_says_where(tmp_path: Path) -> None:
    """The command's first line of output is JSON with the connection to use."""
    (block,) = blocks("shell", "airflow_provider_frameio.emulator --port")
    command = block.text.replace("8765", "0").split()
    assert command[0] == "python"
    with subprocess.Popen([sys.executable, *command[1:]], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], 60)
            assert ready
            assert json.loads(process.stdout.readline())["airflow_connection"]["conn_type"] == "frameio"
        finally:
            process.terminate()
    assert process.returncode == 0


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    """Its two files, in an empty folder, make a test that passes."""
    for block in blocks("python", "# conftest.py") + blocks("python", "# test_delivery.py"):
        name = block.text.split("\n", 1)[0].removeprefix("# ")
        (tmp_path / name).write_text(block.text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_commands_are_targets_of_the_makefile() -> None:
    """``make demo`` and ``make test`` themselves run before every release, not within the suite they run."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for block in blocks("shell", "make "):
        command, target = block.text.split()
        assert command == "make"
        assert target in targets


def test_the_requirement_is_this_distribution() -> None:
    """What a managed Airflow is told to install has our name."""
    (block,) = blocks("text", "airflow-provider")
    assert f'name = "{block.text.strip()}"' in (ROOT / "pyproject.toml").read_text()


def test_links_to_files_lead_somewhere() -> None:
    """Every relative link of the README."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target


def test_the_benchmark_has_its_places() -> None:
    """Each table that ``make bench`` writes has a place, which is filled, and the picture beside them is one."""
    text = (ROOT / "README.md").read_text()
    assert places(text) == ["one process", "shared budget", "real Airflow", "simulation", "waits", "imports"]
    for name in places(text):
        assert "| ---: |" in text.partition(f"<!-- bench: {name} -->")[2].partition("<!-- /bench")[0], name
    assert "](docs/benchmark.svg)" in text
    assert ElementTree.parse(ROOT / "docs/benchmark.svg").getroot().tag.endswith("svg")


def test_no_block_is_left_out() -> None:
    """Runs last in this file: a block that no test looked at is not covered."""
    assert [block for block in BLOCKS if block not in seen] == []
