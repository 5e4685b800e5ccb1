"""Every block of Python in the pages does what the pages say, on the emulator."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.assets import parse_version_stack_uri
from airflow_provider_frameio.emulator.server import Emulator
from tests.consent import consent, user_connection
from tests.docs.kinds import of_kind
from tests.docs.pages import Block

pytest.importorskip("airflow", reason="the pages speak of Airflow")

from tests.harness.configuration import IS_AIRFLOW_2
from tests.inline import Outcome

KINDS = {"dag", "tasks", "code", "pytest", "before"}
FAST = {"poll_interval": 0.05}
VERSIONS = 4  # of the stack that is copied


def of_this_airflow(block: Block) -> str:
    """The block as Airflow 2 takes it, by the comments in it, where that is the one here; faster in either."""
    text = re.sub(r"\bpoke_interval=15\b", "poke_interval=0.05", block.text)
    text = re.sub(r"\bretries=\d+\b", "retries=0", text)  # dag.test() sleeps before a retry; what fails shall fail here
    if not IS_AIRFLOW_2:
        return text
    text = re.sub(r"^from airflow\.sdk import .*?  # Airflow 2: (.*)$", r"\1", text, flags=re.MULTILINE)
    if "airflow.sdk" in text:
        pytest.skip("this is for Airflow 3")
    # Its dag.test() cannot go on with every deferred task; tests/e2e defers real ones.
    return text.replace("deferrable=True", "deferrable=False")


def params(frameio: Emulator) -> dict[str, Any]:
    """What the pages' DAGs may be given, by name."""
    told = frameio.description()
    target = told["folders"]["target"]
    folder = frameio.seed_folder(target, "Loose files")["id"]
    return {
        "account_id": frameio.account_id,
        "project_id": next(iter(told["projects"].values())),
        "version_stack_id": told["version_stacks"][1],  # which has comments
        "versions": VERSIONS,
        "finished_folder_id": told["folders"]["source"],
        "client_folder_id": target,
        "archive_folder_id": frameio.seed_folder(target, "Archive")["id"],
        "folder_id": folder,
        "older_file_id": frameio.seed_file(folder, "Cut 1.mov")["id"],
        "newer_file_id": frameio.seed_file(folder, "Cut 2.mov")["id"],
    }


def lines(frameio: Emulator, folder_id: str, kind: str) -> list[Any]:
    """Everything of a kind in a folder, at any depth."""
    return [line for line in frameio.tree(folder_id) if line["type"] == kind]


def versions(frameio: Emulator, folder_id: str, stack_id: str) -> list[Any]:
    """What is in a stack of this folder; the tree tells everything in its order, with its depth."""
    tree = frameio.tree(folder_id)
    start = next(number for number, line in enumerate(tree) if line["id"] == stack_id)
    return list(itertools.takewhile(lambda line: line["depth"] > tree[start]["depth"], tree[start + 1 :]))


def one_copy(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """The result is the id of a new stack of as many versions in the client's folder, and its page is told."""
    assert outcome.xcom("copy") == outcome.xcom("copy", "version_stack")["id"]
    assert outcome.xcom("copy", "frameio_url").startswith("http")
    assert len(versions(frameio, given["client_folder_id"], outcome.xcom("copy"))) == VERSIONS


def all_archived(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """All stacks of the folder are in the other one."""
    copies = [line["id"] for line in lines(frameio, given["archive_folder_id"], "version_stack")]
    assert sorted(outcome.xcom("archive")) == sorted(copies)
    assert len(copies) == 12


def two_delivered(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """One in each of the two folders."""
    made = outcome.xcom("deliver_all")
    assert len(set(made)) == 2
    assert [line["id"] for line in lines(frameio, given["archive_folder_id"], "version_stack")] == made[1:]


def comments_along(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """The new stack has as many versions, and public comments, which a copy of Frame.io's own would lack."""
    files = versions(frameio, given["client_folder_id"], outcome.xcom("deliver"))
    assert [file["comments"] > 0 for file in files] == [True] * VERSIONS


def outlets_told(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """The asset's event names the copy, the alias stands for its own asset."""
    events = dict(outcome.events)
    report = events.pop("s3://reports/deliveries")
    ((uri, extra),) = events.items()
    assert parse_version_stack_uri(uri) == (frameio.account_id, outcome.xcom("send"))
    assert report == extra
    assert (report["source_version_stack_id"], report["versions"]) == (given["version_stack_id"], VERSIONS)
    assert (report["version_stack_id"], report["url"]) == (outcome.xcom("send"), outcome.xcom("send", "frameio_url"))


def some_listed(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """Those of the names that the patterns say, by name."""
    names = [stack["name"] for stack in outcome.xcom("list", "version_stacks")]
    assert names == sorted(names)
    everything = {line["name"] for line in lines(frameio, given["finished_folder_id"], "version_stack")}
    assert set(names) < everything


def approved_listed(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """Those whose newest version is approved, and no others."""
    everything = [line["id"] for line in lines(frameio, given["finished_folder_id"], "version_stack")]
    newest = {stack_id: versions(frameio, given["finished_folder_id"], stack_id)[-1] for stack_id in everything}
    approved = [stack_id for stack_id, file in newest.items() if file["metadata"]["Status"] == "Approved"]
    assert outcome.xcom("approved") == approved
    assert 0 < len(approved) < len(everything)


def marked(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """The newest version, and no other."""
    files = versions(frameio, given["finished_folder_id"], given["version_stack_id"])
    assert [file["metadata"].get("Delivered") for file in files] == [None] * (VERSIONS - 1) + [True]


def stacked(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """Both files are versions of the new stack."""
    files = [file["id"] for file in versions(frameio, given["folder_id"], outcome.xcom("stack"))]
    assert sorted(files) == sorted([given["older_file_id"], given["newer_file_id"]])


def moved(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """The stack is in the other folder."""
    assert [line["id"] for line in lines(frameio, given["archive_folder_id"], "version_stack")] == [
        outcome.xcom("move")
    ]


def waited(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """For the copy, which is its result."""
    assert outcome.xcom("wait") == outcome.xcom("copy")


def watching(outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """Started by hand, without an event, it copies nothing; ``tests/e2e`` starts its like by events."""
    assert (outcome.task("changed_stacks"), outcome.task("copy")) == ("success", "skipped")


Check = Callable[[Outcome, Emulator, dict[str, Any]], None]
# What else must be so where a block has these words; that all of its tasks succeed is always asked.
CHECKS: dict[str, Check] = {
    '"deliver_cut"': one_copy,
    '"copy_with_provider"': one_copy,
    'task_id="archive"': all_archived,
    'task_id="deliver_all"': two_delivered,
    'task_id="deliver"': comments_along,
    'task_id="send"': outlets_told,
    "name_pattern=": some_listed,
    'task_id="approved"': approved_listed,
    'task_id="mark"': marked,
    'task_id="stack"': stacked,
    'task_id="move"': moved,
    'task_id="wait"': waited,
    "AssetWatcher(": watching,
}


def check(block: Block, outcome: Outcome, frameio: Emulator, given: dict[str, Any]) -> None:
    """All tasks succeeded, or had nothing to do, and what the page says of them holds."""
    assert outcome.state == "success", outcome.log
    for words, further in CHECKS.items():
        if words in block.text:
            further(outcome, frameio, given)


@pytest.mark.parametrize("block", of_kind("tasks"), ids=str)
def test_tasks_succeed(block: Block, airflow: Any, frameio: Emulator) -> None:
    """Within a DAG that has the params that the block names."""
    given = params(frameio)
    outcome = airflow.run(of_this_airflow(block), options={"params": given, "default_args": FAST})
    check(block, outcome, frameio, given)


@pytest.mark.parametrize("block", of_kind("dag"), ids=str)
def test_a_dag_succeeds(block: Block, airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole file: it is imported without an error, and runs."""
    text = re.sub(r"\bschedule=", f"default_args={FAST}, schedule=", of_this_airflow(block), count=1)
    found = re.search(r"with DAG\(\s*\"(\w+)\"", text)
    assert found
    given = params(frameio)
    wanted = {name: value for name, value in given.items() if f'"{name}"' in text}
    if "FrameioRefreshTokenOperator" in text:
        refreshed(text, found[1], airflow, frameio, monkeypatch)
    else:
        check(block, airflow.run_file(text, found[1], wanted), frameio, given)


def refreshed(text: str, dag_id: str, airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task, alone in its DAG, refreshes what a user's consent has stored."""
    from airflow.models.variable import Variable

    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(user_connection(frameio)))
    before = consent(frameio).to_text()
    Variable.set("frameio_token_frameio_default", before)
    try:
        outcome = airflow.run_file(text, dag_id)
        assert outcome.task("refresh") == "success", outcome.log
        assert Variable.get("frameio_token_frameio_default") != before
    finally:
        Variable.delete("frameio_token_frameio_default")


@pytest.mark.parametrize("block", of_kind("before"), ids=str)
def test_the_dag_to_migrate_from_copies(
    block: Block, airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no straw man: where the HTTP provider is installed it runs, as long as nothing goes wrong."""
    compile(block.text, str(block), "exec")
    pytest.importorskip("airflow.providers.http.operators.http", reason="apache-airflow-providers-http is not here")
    token = {"Authorization": f"Bearer {frameio.token}"}
    connection = {"conn_type": "http", "host": frameio.base_url, "extra": token}
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_HTTP", json.dumps(connection))
    given = params(frameio)
    wanted = {name: given[name] for name in ("account_id", "version_stack_id", "client_folder_id", "versions")}
    outcome = airflow.run_file(of_this_airflow(block), "copy_by_hand", wanted)
    assert outcome.state == "success", outcome.log
    assert outcome.xcom("copy") in [line["id"] for line in frameio.tree(given["client_folder_id"])]


@pytest.mark.parametrize("block", of_kind("code"), ids=str)
def test_code_runs(block: Block, airflow: Any, frameio: Emulator) -> None:
    """With a connection to the emulator."""
    names: dict[str, Any] = {}
    exec(compile(block.text, f"<{block}>", "exec"), names)
    if "hook.list_accounts()" in block.text:
        assert names["account"]["id"] == frameio.account_id
        assert names["me"] == names["hook"].get_me()


def test_the_pytest_examples_pass(tmp_path: Path) -> None:
    """The files of each page, in an empty folder, make tests that pass."""
    blocks = of_kind("pytest")
    for page in {block.page for block in blocks}:
        folder = tmp_path / page.replace("/", "-")
        folder.mkdir()
        files = [block for block in blocks if block.page == page]
        for block in files:
            (folder / block.text.split("\n", 1)[0].removeprefix("# ")).write_text(block.text)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"{len(files) - 1} passed" in done.stdout, done.stdout + done.stderr


def test_every_check_has_its_block() -> None:
    """Words that no block has any more would check nothing."""
    texts = [block.text for kind in ("dag", "tasks") for block in of_kind(kind)]
    assert [words for words in CHECKS if not any(words in text for text in texts)] == []
