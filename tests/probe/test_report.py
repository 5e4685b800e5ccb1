"""What the probe says: before it does anything, and at the end, in a report that can be shown to anybody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import pytest

from airflow_provider_frameio import emulator
from airflow_provider_frameio.probe import plan
from airflow_provider_frameio.probe.findings import NOT_ASKED, QUESTIONS
from tests.probe.conftest import MISSING, Ground

README = Path(str(emulator.__file__)).with_name("README.md").read_text().partition("## What is assumed")[2]
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:4]] for line in README.splitlines() if line[:2] == "| "
][1:]


@pytest.mark.parametrize("row", [*sorted({each.row for each in QUESTIONS.values()}), *NOT_ASKED])
def test_each_question_has_its_row_in_the_readme_of_the_emulator(row: str) -> None:
    """One, which is marked if the probe asks it."""
    (found,) = [cells[0] for cells in ROWS if cells[0].startswith(row)]
    assert found.endswith(" †") is (row not in NOT_ASKED)


def test_each_assumption_is_asked_or_said_not_to_be() -> None:
    """Whatever is not simply documented."""
    rows = (*(each.row for each in QUESTIONS.values()), *NOT_ASKED)
    unsure = [behaviour for behaviour, sure, _ in ROWS if sure != "D" and not sure.startswith("D (RFC")]
    assert [behaviour for behaviour in unsure if not behaviour.startswith(tuple(rows))] == []


@pytest.mark.parametrize("charged", [True, False])
def test_no_id_no_name_and_no_secret_is_in_the_report(
    ground: Ground, capsys: pytest.CaptureFixture[str], charged: bool
) -> None:
    """It may be pasted into a public issue; also where Frame.io's own words have them."""
    ground.emulator.configure(charge_failed=charged, adobe_copy_refusal_status=500)
    secrets = f"{ground.emulator.token} {ground.emulator.client_id}"
    words = f"cannot copy Hero.mov of {ground.stack} in Scratch, {secrets}"
    probe = ground.probe()
    ground.emulator.fault(kind="status", status=403, body=words, route="copy_version_stack", skip=1)
    probe.run("x", "2026-01-05")
    text = capsys.readouterr().out

    assert "cannot copy [name] of " in text
    user = ground.emulator.user
    hidden = [
        *(user[name] for name in ("email", "name", "id", "client_id", "client_secret", "legacy_token")),
        *(entry["name"] for entry in ground.tree() if entry["name"] != "root"),
        *(entry["id"] for entry in ground.tree()),
        *(ground.adobe, "Cloud", "Hero", "Bearer", "urn:aaid"),
    ]
    assert [secret for secret in hidden if secret in text] == []
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-", text) == []
    assert set(re.findall(r"after=([^ &]*)", text)) == {"…"}


def test_the_report_is_a_table_with_a_row_for_each_question(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """In order, with four cells; the calls follow."""
    ground.probe().run("x", "2026-01-05")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "## Probe of Frame.io V4"
    head = lines.index("| question | assumed | seen | verdict |")
    rows = [line.strip("| ").split(" | ") for line in lines[head + 2 : head + 2 + len(QUESTIONS)]]
    assert [row[:2] for row in rows] == [[each.asks, each.assumed] for each in QUESTIONS.values()]
    assert {len(row) for row in rows} == {4}
    calls = [line for line in lines if re.search(r"\| (GET|POST|DELETE) /v4/", line)]
    assert f"<details><summary>All {len(calls)} calls</summary>" in lines


def _planned(lines: Iterable[plan.Planned]) -> Counter[str]:
    """How often each method and path may be called at most."""
    most: Counter[str] = Counter()
    for each in lines:
        request = each.operation.request
        most[f"{request.method} {unquote(request.path)}"] += 10**6 if each.times is None else each.times
    return most


@pytest.mark.parametrize("settings", [{}, {"charge_failed": False}, {"limit_mode": "sliding"}])
def test_what_is_done_is_what_was_planned(ground: Ground, settings: dict[str, object]) -> None:
    """No other call is made, and none more often; so a dry run shows all of them."""
    ground.emulator.configure(**settings)
    options = ground.options(version_stack_id=ground.stack)
    planned = _planned([*plan.writes(options), *plan.reads(options)])
    probe = ground.probe(version_stack_id=ground.stack)
    known = {ground.stack, ground.folder, ground.adobe, ground.emulator.account_id}
    probe.run("x", "2026-01-05")
    ledger = {entry["id"] for entry in ground.tree()} | known

    made = Counter[str]()
    for request in ground.emulator.requests:
        path = unquote(request.path).replace(MISSING, "{no-such-id}")
        for one in re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", path):
            path = path if one in ledger or "adobe:" in path else path.replace(one, _kind(request.route))
        if request.route != "ims_token":
            made[f"{request.method} {path}"] += 1

    assert set(made) <= set(planned)
    assert {call: times for call, times in made.items() if times > planned[call]} == {}
    copies = [call for call in ground.writes() if call[1:] == ("copy_version_stack", 200)]
    assert 3 <= len(copies) <= options.most_copies


def _kind(route: str) -> str:
    """What an id must be that was not there before, or is a project's."""
    if route == "show_project":
        return "{project}"
    if route in ("show_version_stack", "list_version_stack_children", "copy_version_stack"):
        return "{probe-copy}"
    return "{its-version}" if route == "delete_file" else "{probe-folder}"


def test_the_calls_that_change_something_are_all_planned_as_such(ground: Ground) -> None:
    """None hides among the reads."""
    options = ground.options()
    assert {each.operation.request.method for each in plan.reads(options)} == {"GET"}
    assert "GET" not in {each.operation.request.method for each in plan.writes(options)}
    assert [each.operation.request.path for each in plan.writes(ground.options(burst=0)) if "no such" in each.why] == []
