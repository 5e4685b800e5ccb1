"""What a release needs is there and says the same: version, changelog, workflow."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from airflow_provider_frameio import __version__
from tests.docs.pages import PAGES, Page
from tests.docs.test_links import problems

yaml = pytest.importorskip("yaml", reason="Airflow brings it")
ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
PROJECT = (ROOT / "pyproject.toml").read_text()


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
    assert 'dynamic = ["readme", "version"]' in PROJECT
    files = [*ROOT.glob("*.toml"), *(ROOT / "airflow_provider_frameio").rglob("*.py")]
    assert [path.name for path in files if f'"{__version__}"' in path.read_text()] == ["__init__.py"]


def test_the_changelog_tells_of_this_version() -> None:
    """It is the newest that has a date, and has something to tell."""
    released = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert released[0] == __version__


def test_a_package_index_s_page_leads_into_the_repository_of_that_version() -> None:
    """Links and pictures alike; where there is something. Each is as it was but for the address before it."""
    address, readme = "https://github.com/owner/name", PAGES["README.md"]
    shown = Page("README.md", hatch_build.absolute(readme.text, f"{address}/", "1.2.3"))
    assert [link for link in shown.links if not link.startswith(("https://", "#"))] == []
    assert f"]({address}/raw/v1.2.3/docs/pictures/task-airflow-3.png)" in shown.text
    assert f"]({address}/blob/v1.2.3/docs/connection.md#first-copy)" in shown.text
    back = re.sub(rf"{address}/(raw|blob)/v1\.2\.3/", "", shown.text)
    assert (back, problems(Page("README.md", back))) == (readme.text, [])


def test_a_package_index_knows_whose_it_is_and_builds_that_page() -> None:
    """The hook is where the build looks for it."""
    assert "\nauthors = [{ name = " in PROJECT
    assert "\n[tool.hatch.metadata.hooks.custom]" in PROJECT
    assert (ROOT / "hatch_build.py").is_file()


def test_the_readme_names_the_versions_that_are_tested() -> None:
    """All of the Makefile's, and no other; the metadata names the Pythons, too."""
    makefile = (ROOT / "Makefile").read_text()
    told = re.search(r"Tested on Airflow (.*?) with\s+Python (\S+) to (\S+)\. ", PAGES["README.md"].text, re.DOTALL)
    assert told is not None
    tested = re.findall(r"^(?:AIRFLOW|OTHERS) \?= (.*)$", makefile, re.MULTILINE)
    airflows = {"2.11.2", *re.findall(r"\d+\.\d+\.\d+", " ".join(tested))}
    pythons = re.findall(r"Python :: (3\.\d+)", PROJECT)
    assert set(re.findall(r"\d+\.\d+\.\d+", told[1])) == airflows
    assert [told[2], told[3]] == [pythons[0], pythons[-1]]
    assert set(re.findall(r"-py(\S+)", " ".join(tested))) <= set(pythons)


def test_only_a_tag_releases(workflow: dict[Any, Any]) -> None:
    """YAML reads the key ``on`` as true."""
    assert workflow[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}


def test_it_publishes_as_a_trusted_publisher_what_was_built_and_tested(workflow: dict[Any, Any]) -> None:
    """Without a password, and with no right but that proof."""
    publish = workflow["jobs"]["publish"]
    assert workflow["permissions"] == {}
    assert (publish["needs"], publish["permissions"]) == (["test", "build"], {"id-token": "write"})
    (step,) = [step for step in steps(workflow, "publish") if "pypi-publish" in step["uses"]]
    assert step["with"] == {"attestations": True}
    assert "secrets." not in str(workflow)


def test_the_tests_run_before_a_release_as_for_every_change(workflow: dict[Any, Any]) -> None:
    """From one workflow, which may read and nothing else."""
    assert workflow["jobs"]["test"] == {"permissions": {"contents": "read"}, "uses": "./.github/workflows/test.yml"}
    tests = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert tests[True] == {"push": {"branches": ["main"]}, "pull_request": None, "workflow_call": None}
    assert tests["permissions"] == {"contents": "read"}
    assert [step["run"] for step in steps(tests, "test") if "run" in step] == ["make test-all"]


def test_the_next_airflow_is_tried_every_week() -> None:
    """With a right to read and nothing else; its failures stop no change."""
    weekly = yaml.safe_load((ROOT / ".github/workflows/next.yml").read_text())
    assert (list(weekly[True]), weekly["permissions"]) == (["schedule", "workflow_dispatch"], {"contents": "read"})
    assert [step["run"] for step in steps(weekly, "test") if "run" in step] == ["make test-next"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """Somebody who moves a tag changes nothing here; a comment says which version it is."""
    used = re.findall(r"uses: (.*)", path.read_text())
    pinned = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [one for one in used if not re.fullmatch(pinned, one) and one != "./.github/workflows/test.yml"] == []


def test_an_action_is_the_same_everywhere() -> None:
    """One commit for each."""
    texts = "".join(path.read_text() for path in WORKFLOWS)
    pins = {tuple(pin.split("@")) for pin in re.findall(r"uses: ([\w/-]+@\S+)", texts)}
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("name", ["build", "docs"])
def test_what_makes_a_release_or_the_site_is_pinned_by_hash(name: str) -> None:
    """Each requirement; no index is named."""
    text = (ROOT / f"tests/requirements/{name}.txt").read_text()
    requirements = [line for line in text.splitlines() if not line.startswith(" ")]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+( ; .*)? \\", line) for line in requirements)
    assert text.count("\n    --hash=sha256:") >= 2 * len(requirements)
    assert "://" not in text


def test_a_release_is_built_with_nothing_else(workflow: dict[Any, Any]) -> None:
    """Than what is pinned."""
    (build,) = [step["run"] for step in steps(workflow, "build") if step.get("name") == "Build and check"]
    for script in (build, (ROOT / ".ci/run").read_text()):
        (line,) = [line for line in script.splitlines() if "requirements/build.txt" in line]
        assert "--require-hashes" in line
    assert "--generate-hashes" in (ROOT / "Makefile").read_text()


def test_no_private_key_is_distributed() -> None:
    """Tests make theirs when they run."""
    included = ("airflow_provider_frameio", "docs", "example_dags", "tests")
    assert all(f'"{name}"' in PROJECT for name in included)
    files = [path for name in included for path in (ROOT / name).rglob("*") if path.is_file()]
    assert len(files) > 300
    assert [path.name for path in files if re.search(rb"BEGIN [A-Z ]*PRIVATE KEY", path.read_bytes())] == []


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
