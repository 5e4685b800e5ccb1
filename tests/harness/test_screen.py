"""The closing screen tells what pytest wrote, and does not let a test pass that ran nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.screen import main, ran_nowhere, read

TESTS = """
import pytest
def test_good(): pass
def test_bad(): assert {good}
@pytest.mark.parametrize("value", ["a.b"])
def test_elsewhere(value): {elsewhere}
"""
SKIPPED_AS_A_WHOLE = "import pytest\npytest.importorskip('{library}', reason='no library')\ndef test_it(): pass\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pytest wrote of one suite where all is well, one that skips two of the tests, and one that fails."""
    folder = tmp_path_factory.mktemp("suites")
    _run(folder, "new")
    _run(folder, "old", elsewhere="pytest.skip('too old')", library="no_such_library")
    _run(folder, "broken", good=False)
    return folder


def _run(folder: Path, suite: str, *, good: bool = True, elsewhere: str = "pass", library: str = "json") -> None:
    tests = folder / suite
    tests.mkdir(parents=True)
    (tests / "test_some.py").write_text(TESTS.format(good=good, elsewhere=elsewhere))
    (tests / "test_module.py").write_text(SKIPPED_AS_A_WHOLE.format(library=library))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={folder / suite}.xml", "."]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=tests, env=env, capture_output=True, check=False)


@pytest.fixture
def suites(written: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with those suites that the test names."""
    for name in request.param:
        shutil.copy(written / f"{name}.xml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("suites", [["new", "old"]], indirect=True)
def test_the_last_line_is_the_sum(suites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Above it the steps, the suites, the slowest tests, and why something was skipped."""
    (suites / "steps").write_text("12.0\tlint and types\n")
    assert main([str(suites)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "6 passed, 0 failed, 2 skipped"
    assert "   12.0  lint and types" in lines
    assert any(line.endswith("old: 2 passed, 0 failed, 2 skipped") for line in lines)
    assert any(line.startswith("      1  ") and "too old" in line for line in lines)


@pytest.mark.parametrize("suites", [["broken"]], indirect=True)
def test_a_failure_is_named_and_fails(suites: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it happened."""
    assert main([str(suites)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "  test_some.test_bad (broken)" in lines
    assert lines[-1] == "3 passed, 1 failed, 0 skipped"


@pytest.mark.parametrize(("suites", "missed"), [(["old"], 2), (["old", "new"], 0)], indirect=["suites"])
def test_what_was_skipped_must_have_run_somewhere(suites: Path, missed: int) -> None:
    """One test of another version, and a module of a library that is not everywhere; told in CI only."""
    assert len(ran_nowhere(read(suites))) == missed
    assert main([str(suites)]) == 0
    assert main([str(suites), "--strict"]) == int(missed > 0)


@pytest.mark.parametrize("suites", [[]], indirect=True)
def test_nothing_is_no_success(suites: Path) -> None:
    """Without a file nothing was shown."""
    assert main([str(suites)]) == 1
