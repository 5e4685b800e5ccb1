"""``python -m airflow_provider_frameio.probe``: asks before it writes, and ends well whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.probe import __main__ as command
from tests.harness.patience import PATIENCE
from tests.probe.planted import ALL, HEADERS, seen_in

pytest.importorskip("airflow", reason="the command reads a connection")


class Place:
    """A folder with a stack, and the connection that leads to it."""

    def __init__(self, frameio: Emulator) -> None:
        self.emulator = frameio
        self.root = frameio.seed_project("Campaign")["root_folder_id"]
        self.folder = frameio.seed_folder(self.root, "Scratch")["id"]
        frameio.seed_version_stack(self.folder, "Hero.mov", 2)
        self.environment = {"AIRFLOW_CONN_FRAMEIO_DEFAULT": json.dumps(frameio.description()["airflow_connection"])}

    def methods(self) -> set[str]:
        """Of all calls but those for tokens."""
        return {request.method for request in self.emulator.requests if request.route != "ims_token"}


@pytest.fixture
def place(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("NO_PROXY", "*")
    made = Place(frameio)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def place_in_real_time() -> Iterator[Place]:
    """For a probe that runs as a process of its own, with a clock of its own."""
    with Emulator(seed="demo", speed=100) as emulator:
        yield Place(emulator)


class Somebody:
    """A terminal at which an answer is typed."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return self.answer is not None

    def readline(self) -> str:
        if self.answer is None:
            raise AssertionError("nobody is there")
        return self.answer


def test_a_dry_run_makes_no_call_and_shows_all(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    """Not even one that reads; method, path and body of each are shown, and how often it is made."""
    assert command.main(["--folder", place.folder, "--dry-run"]) == 0
    assert place.emulator.requests == []
    shown = capfd.readouterr().out
    account = f"/v4/accounts/{place.emulator.account_id}"
    name = "{'data': {'name': 'airflow-frameio-probe-…'}}"
    assert f"1 x  POST {account}/folders/{place.folder}/folders {name}" in shown
    target = "{'data': {'parent_id': '{probe-folder}'}}"
    assert f"2 x  POST {account}/version_stacks/{{first-stack}}/copy {target}" in shown
    assert f"DELETE {account}/folders/{{probe-folder}}" in shown
    assert "37 at most" in shown


@pytest.mark.parametrize(("answer", "words"), [("\n", "Nothing was written."), (None, "give --yes, or --dry-run")])
def test_nothing_is_written_unless_somebody_agrees(
    place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str | None, words: str
) -> None:
    """Who is told before what will be done, where, and what it costs; without a terminal nobody can be asked."""
    monkeypatch.setattr(sys, "stdin", Somebody(answer))
    assert command.main(["--folder", place.folder]) == 2
    said = capfd.readouterr().err
    assert words in said
    for part in (
        "37 at most",
        "spends the user's budget",
        "180 s each time",
        "Folder: Scratch",
        "Hero.mov, 2 versions",
    ):
        assert part in said
    assert place.methods() == {"GET"}


@pytest.mark.parametrize("answer", ["yes\n", "Y\n"])
def test_somebody_agrees(
    place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """The report is on stdout, and the folder is as before."""
    monkeypatch.setattr(sys, "stdin", Somebody(answer))
    before = place.emulator.tree(place.root)
    assert command.main(["--folder", place.folder, "--burst", "0", "--patience", "60"]) in (0, 1)
    assert "## Probe of Frame.io V4" in capfd.readouterr().out
    assert place.emulator.tree(place.root) == before


WRONG: dict[str, tuple[list[str], str]] = {
    "connection": (["--conn-id", "missing"], "conn_id='missing' cannot be used: there is no such connection; make it"),
    "folder": (["--folder", " "], "--folder=' ' cannot be used: no id was given"),
    "burst": (["--burst", "101"], "--burst=101 cannot be used: give 0 to 100."),
    "patience": (["--patience", "0"], "--patience=0.0 cannot be used: give more than 0 seconds."),
    "much patience": (["--patience", "9999"], "--patience=9999.0 cannot be used: give 3600 seconds at most."),
    "stack": (["--version-stack", "a b"], "--version-stack='a b' cannot be used: an id has no blanks"),
}


@pytest.mark.parametrize(("options", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_right_is_told_before_any_call(
    place: Place, capfd: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    """With the option, what was given, and what to do."""
    assert command.main(["--folder", place.folder, "--yes", *options]) == 2
    assert words in capfd.readouterr().err
    assert place.emulator.requests == []


def test_an_account_is_needed(place: Place, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the connection, or given."""
    connection = json.loads(place.environment["AIRFLOW_CONN_FRAMEIO_DEFAULT"])
    del connection["extra"]["account_id"]
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))
    assert command.main(["--folder", place.folder, "--dry-run"]) == 2
    assert "--account-id='' cannot be used: give it, or set the extra 'account_id'" in capfd.readouterr().err
    assert command.main(["--folder", place.folder, "--dry-run", "--account-id", "a1"]) == 0


def test_a_folder_without_a_stack_is_told(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    """And what to give instead; so is a stack of too many versions, or of one."""
    empty = place.emulator.seed_folder(place.root, "Empty")["id"]
    place.emulator.seed_version_stack(empty, "One.mov", 1)
    big = place.emulator.seed_version_stack(empty, "Big.mov", 11)["id"]
    for options in (["--folder", empty], ["--folder", place.folder, "--version-stack", big]):
        assert command.main([*options, "--yes"]) == 2
        assert "give a version stack of 2 to 10 versions with --version-stack" in capfd.readouterr().err
    assert command.main(["--folder", place.folder, "--adobe-version-stack", big, "--yes"]) == 2
    assert f"--adobe-version-stack='{big}' cannot be used" in capfd.readouterr().err
    assert place.methods() == {"GET"}


def test_no_personal_detail_is_said_before_anything_is_made(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    """What was asked, the kind of error and the remedy are told, none of the server's words."""
    place.emulator.fault(kind="status", status=403, route="show_folder", body=ALL, headers=HEADERS)
    assert command.main(["--folder", place.folder, "--yes"]) == 2
    printed = capfd.readouterr()
    assert "Forbidden, 403, a title of 0 characters. Check that the connection's user may" in printed.err
    assert seen_in(printed.out + printed.err) == []


@contextmanager
def started(place: Place, *options: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "NO_PROXY": "*", **place.environment}
    line = [sys.executable, "-m", "airflow_provider_frameio.probe", "--folder", place.folder, "--yes", *options]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_no_personal_detail_is_said_when_a_call_is_tried_again(place_in_real_time: Place, tmp_path: Path) -> None:
    """The client's log quotes the server, and Airflow writes it to stdout, where the report is."""
    place = place_in_real_time
    fault = {"kind": "status", "status": 503, "body": ALL, "headers": HEADERS, "route": "show_version_stack"}
    place.emulator.fault(**fault, skip=1, times=2)
    with started(place, "--burst", "0", "--patience", "60", home=tmp_path) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert "## Probe of Frame.io V4" in out, err
    assert [request.status for request in place.emulator.requests if request.route == fault["route"]].count(503) == 2
    assert seen_in(out + err) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGINT, "Looking at the copy"), (signal.SIGTERM, "Waiting until the rate limit has forgotten")],
)
def test_a_signal_ends_it_and_nothing_is_left(
    place_in_real_time: Place, tmp_path: Path, number: int, words: str
) -> None:
    """In the middle of a wait that would take minutes: it cleans up and reports what was found so far."""
    place = place_in_real_time
    place.emulator.configure(
        copy_transcode_seconds=1e6 if words.startswith("Looking") else 20.0,
        limits={"copy_version_stack": {"limit": 10, "window": 60_000.0}},
    )
    before = place.emulator.tree(place.root)
    with started(place, "--patience", "3600", home=tmp_path) as process:
        assert process.stderr is not None
        next(line for line in iter(process.stderr.readline, "") if words in line)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err
    assert "Ending early" in err
    assert "Traceback" not in err
    assert "the probe did not come to it" in out
    assert "all that was made is gone again" in out, err
    assert place.emulator.tree(place.root) == before
