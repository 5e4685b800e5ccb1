"""What a release needs is there and says the same: version, changelog, workflow."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio import __version__

yaml = pytest.importorskip("yaml", reason="Airflow brings it")
ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


@pytest.fixture
def workflow() -> dict[Any, Any]:
    text = (ROOT / ".github/workflows/release.yml").read_text()
    parsed: dict[Any, Any] = yaml.safe_load(text)
    return parsed


def steps(workflow: dict[Any, Any], job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow["jobs"][job]["steps"]
    return found


def run(step: dict[str, Any], tag: str) -> subprocess.CompletedProcess[str]:
    """A step's command, as the workflow would run it for this tag."""
    return subprocess.run(
        ["bash", "-e", "-c", step["run"].replace("> notes.md", "")],
        cwd=ROOT,
        env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_written_in_one_place() -> None:
    """The build reads it from the package; no other file of the project's own repeats it."""
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
    files = [*ROOT.glob("*.toml"), *(ROOT / "airflow_provider_frameio").rglob("*.py")]
    assert [path.name for path in files if f'"{__version__}"' in path.read_text()] == ["__init__.py"]


def test_the_changelog_tells_of_this_version() -> None:
    """It is the newest that has a date, and has something to tell."""
    released = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert released[0] == __version__


def test_only_a_tag_releases(workflow: dict[Any, Any]) -> None:
    """YAML reads the key ``on`` as true."""
    assert workflow[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}


def test_it_publishes_as_a_trusted_publisher_what_was_built_and_tested(workflow: dict[Any, Any]) -> None:
    """Without a password, and with no right but that proof."""
    publish = workflow["jobs"]["publish"]
    assert workflow["permissions"] == {}
    assert (publish["needs"], publish["permissions"]) == (["test", "build"], {"id-token": "write"})
    assert "pypa/gh-action-pypi-publish@release/v1" in [step.get("uses") for step in steps(workflow, "publish")]
    assert "secrets." not in str(workflow)


@pytest.mark.parametrize(("tag", "passes"), [(f"v{__version__}", True), ("v0.0.1", False)])
def test_a_tag_that_is_not_the_version_stops_it(workflow: dict[Any, Any], tag: str, passes: bool) -> None:
    """Nothing is built for it."""
    (step,) = [step for step in steps(workflow, "build") if step.get("name") == "The tag is the version"]
    assert (run(step, tag).returncode == 0) is passes


def test_the_release_shows_this_version_s_part_of_the_changelog(workflow: dict[Any, Any]) -> None:
    """And nothing where there is none."""
    (step,) = [step for step in steps(workflow, "announce") if "changelog" in step.get("name", "")]
    notes = run(step, f"v{__version__}").stdout
    assert "### Added" in notes
    assert "## [" not in notes
    assert run(step, "v0.0.1").stdout == ""
