"""The emulator's README says what the emulator does: its code runs, its tables are complete."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from airflow_provider_frameio import emulator
from airflow_provider_frameio.emulator.__main__ import parser
from airflow_provider_frameio.emulator.control import PREFIX
from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.wire.faults import KINDS
from tests.emulator.conftest import Studio

README = Path(str(emulator.__file__)).with_name("README.md").read_text()
ASSUMPTIONS = README.partition("## What is assumed")[2]


def test_its_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The first block starts an emulator, seeds it and prints where it is."""
    block = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "line", re.findall(r"^python -m airflow_provider_frameio.emulator (.*)$", README, re.MULTILINE)
)
def test_its_commands_are_understood(studio: Studio, line: str) -> None:
    """Each option of each command line exists, and so does each setting."""
    options = parser().parse_args(shlex.split(line))
    studio.emulator.configure(limit_mode=options.limit_mode, **dict(options.set))


def test_it_names_every_setting_fault_and_order(studio: Studio) -> None:
    """And none that does not exist."""
    settings = {entry.name for entry in fields(Settings)}
    last_column = [line.rsplit("|", 2)[1] for line in ASSUMPTIONS.splitlines() if line.startswith("|")]
    named = {name for cell in last_column for name in re.findall(r"`(\w+)`", cell)}
    assert settings - named == {"rival"}  # not about Frame.io itself
    # What a request, a seed or a fault names.
    assert named - settings == {"sort", "never_transcodes", "created", "foreign_next"}
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == KINDS
    known = studio.get(f"{PREFIX}nothing").json()["error"]
    for order in re.findall(rf"{PREFIX}(\S+?)(?:,|$)", known):
        assert f"{order}`" in README or f" {order}?" in README or f" {order}` with" in README, order
