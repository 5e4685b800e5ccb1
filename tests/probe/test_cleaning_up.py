"""Whatever happens, the probe takes back what it made, deletes nothing else, and says what is left."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.probe.findings import QUESTIONS, Verdict
from airflow_provider_frameio.probe.probing import Probe
from tests.probe.conftest import Ground


def kinds(tree: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(entry["depth"], entry["type"]) for entry in tree]


def run_with(ground: Ground, words: str, deed: Any) -> tuple[Probe, int]:
    """Run a probe, and do something as soon as it says these words."""
    probe = ground.probe()
    said = probe.driver.say

    def say(line: str) -> None:
        said(line)
        if words in line:
            deed(probe)

    probe.driver.say = say
    return probe, probe.run("x", "2026-01-05")


@pytest.mark.parametrize(
    ("fault", "differing"),
    [
        ({"kind": "status", "status": 403, "route": "copy_version_stack"}, {"copy_answer"}),
        ({"kind": "status", "status": 403, "route": "copy_version_stack", "skip": 1, "times": 2}, set()),
        ({"kind": "status", "status": 403, "route": "create_folder"}, set()),
        ({"kind": "status", "status": 500, "route": "list_version_stacks", "skip": 4, "times": 9}, set()),
        ({"kind": "garbage", "route": "list_version_stack_children", "skip": 8}, set()),
        ({"kind": "drop", "route": "show_version_stack", "skip": 5, "times": 9}, set()),
        ({"kind": "drop", "route": "delete_file", "times": 3}, set()),
    ],
)
def test_a_fault_in_the_middle_leaves_nothing(ground: Ground, fault: dict[str, Any], differing: set[str]) -> None:
    """What could not be asked is said with the reason, and no difference is made up."""
    before = ground.tree()
    probe = ground.probe()
    ground.emulator.fault(**fault)

    probe.run("x", "2026-01-05")

    assert set(probe.findings.differing()) == differing
    assert ground.tree() == before
    assert probe.driver.ledger.left() == []


def test_a_copy_whose_answer_is_lost_is_left_and_told(ground: Ground) -> None:
    """Nobody can know whether it is the probe's, so it stays, and so does its folder; the rest is deleted."""
    probe = ground.probe()
    ground.emulator.fault(kind="drop", route="copy_version_stack", when="after", skip=1)
    before = ground.tree()

    assert probe.run("x", "2026-01-05") == 3

    made = ground.tree()[len(before) :]
    assert kinds(made) == [(2, "folder"), (3, "version_stack"), *[(4, "file")] * 3]
    assert ground.tree()[: len(before)] == before
    assert f"({made[0]['id']}): {ground.emulator.base_url}/project/" in ground.said[-1]
    assert "Perhaps made" in ground.said[-1]
    assert probe.findings.of("name_clash").verdict is Verdict.NOT_SEEN


def test_a_folder_whose_answer_is_lost_is_told(ground: Ground) -> None:
    """With its name; nothing is made in it."""
    probe = ground.probe()
    ground.emulator.fault(kind="drop", route="create_folder", when="after")
    assert probe.run("x", "2026-01-05") == 3
    assert kinds(ground.tree())[-1] == (2, "folder")
    assert "Perhaps made, with {'data': {'name': 'airflow-frameio-probe-x'}}" in ground.said[-1]
    assert {method for method, _, _ in ground.writes()} == {"POST"}


def test_a_success_that_does_not_say_what_was_made_is_told(ground: Ground) -> None:
    """An answer without an id, as a service might send that copies later."""
    probe = ground.probe()
    ground.emulator.fault(kind="status", status=202, body={}, route="copy_version_stack")
    assert probe.run("x", "2026-01-05") == 3
    assert "202, and not what was made" in ground.said[-1]


def test_everything_is_made_in_the_folder_of_the_probe(ground: Ground) -> None:
    """Each copy names it, so none lands beside its source."""
    folders: list[Any] = []
    probe, _ = run_with(ground, "Cleaning up.", lambda probe: folders.append(probe.driver.ledger.folder))
    assert probe.driver.ledger.folder is None
    bodies = [request.body for request in ground.emulator.requests if request.route == "copy_version_stack"]
    assert len(bodies) > 10
    assert {body["data"]["parent_id"] for body in bodies} == {folders[0].id}


def test_what_somebody_else_puts_into_the_folder_stays(ground: Ground) -> None:
    """And the folder with it; the copies are deleted."""

    def put(probe: Probe) -> None:
        assert probe.driver.ledger.folder
        ground.emulator.seed_file(probe.driver.ledger.folder.id, "Mine.mov")

    before = ground.tree()
    probe, status = run_with(ground, "Cleaning up.", put)
    assert status == 3
    assert [entry["name"] for entry in ground.tree()[len(before) :]] == ["airflow-frameio-probe-x", "Mine.mov"]
    assert [line for line in probe.driver.ledger.left() if "the probe's folder" in line]


def test_what_somebody_else_puts_into_a_copy_stays(ground: Ground) -> None:
    """And the copy and the folder with it."""
    mine = ground.emulator.seed_file(ground.folder, "Mine.mov")["id"]

    def put(probe: Probe) -> None:
        stack = next(iter(probe.driver.ledger.stacks))
        path = f"/v4/accounts/{ground.emulator.account_id}/files/{mine}/move"
        from airflow_provider_frameio.api.endpoints.build import any_endpoint

        ground.client().call(any_endpoint("PATCH", path, json={"data": {"parent_id": stack}}))

    _, status = run_with(ground, "Cleaning up.", put)
    assert status == 3
    assert mine in [entry["id"] for entry in ground.tree()]
    assert [entry["type"] for entry in ground.tree()].count("folder") == 3


def test_what_cannot_be_deleted_is_told(ground: Ground) -> None:
    """With the pages of all of it; the report says only how many."""
    probe = ground.probe()
    ground.emulator.fault(kind="status", status=403, route="delete_file", times=None)
    assert probe.run("x", "2026-01-05") == 3
    left = probe.driver.ledger.left()
    assert len(left) == 4
    assert all(f"{ground.emulator.base_url}/project/" in line for line in left)
    assert ground.said[-1].splitlines()[1:] == left


def test_versions_that_come_late_are_waited_for(ground: Ground) -> None:
    """A copy cannot be emptied before it is whole."""
    ground.emulator.configure(copy_first_child_seconds=90.0)
    before = ground.tree()
    probe, status = run_with(ground, "Looking at the copy", lambda probe: probe.driver.stop.hear(2, None))
    assert status == 3
    assert ground.tree() == before
    assert "Ending early" in "\n".join(ground.said)
    assert probe.driver.ledger.left() == []


def test_an_unforeseen_error_is_no_excuse(ground: Ground) -> None:
    """It is cleaned up all the same."""

    def stumble(probe: Probe) -> None:
        raise ZeroDivisionError

    before = ground.tree()
    with pytest.raises(ZeroDivisionError):
        run_with(ground, "Looking at the copy", stumble)
    assert ground.tree() == before


def test_a_signal_waits_for_the_answer_to_a_write(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a copy could be made of which nobody knows; afterwards nothing more is asked."""
    probe = ground.probe()
    call = probe.client.call

    def interrupted(operation: Any, journal: Any = None, max_wait_slots: float = 0.0) -> Any:
        if operation.name.startswith("copy version stack"):
            journal.sending()
            probe.driver.stop.hear(2, None)
            probe.client.call = call  # type: ignore[method-assign]
        return call(operation, journal)

    probe.client.call = interrupted  # type: ignore[method-assign]
    before = ground.tree()
    assert probe.run("x", "2026-01-05") == 3
    assert [write for write in ground.writes() if write[1] == "copy_version_stack"] == [
        ("POST", "copy_version_stack", 200)
    ]
    assert ground.tree() == before
    assert "the probe did not come to it" in capsys.readouterr().out


def test_a_second_signal_ends_the_cleaning_up(ground: Ground) -> None:
    """What is left is told."""

    def twice(probe: Probe) -> None:
        probe.driver.stop.hear(2, None)
        probe.driver.stop.hear(2, None)

    probe, status = run_with(ground, "Cleaning up.", twice)
    assert status == 3
    assert len(probe.driver.ledger.left()) == 4
    assert ground.said[-1].startswith("Still there, to be deleted by hand:")


def test_without_a_burst_the_rate_limit_is_spared(ground: Ground) -> None:
    """Three copies and one refused, and it is said what was not asked."""
    probe = ground.probe(burst=0)
    assert probe.run("x", "2026-01-05") == 0
    assert [route for _, route, _ in ground.writes()].count("copy_version_stack") == 4
    unasked = {key for key in QUESTIONS if probe.findings.of(key).verdict is Verdict.NOT_ASKED}
    assert unasked == {
        "failed_calls",
        "refusal_headers",
        "refusal_remaining",
        "refusal_body",
        "retry_after",
        "limit_mode",
        "refused_calls",
    }


def test_without_a_stack_on_adobe_storage_its_question_is_left_out(ground: Ground) -> None:
    """And the report says why."""
    probe = ground.probe(adobe_version_stack_id="")
    assert probe.run("x", "2026-01-05") == 0
    assert probe.findings.of("adobe_refusal").seen == "no --adobe-version-stack was given"
