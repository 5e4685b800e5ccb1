"""What the probe says: before it does anything, and at the end, in a report that can be shown to anybody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from airflow_provider_frameio import emulator
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.client.client import NO_JOURNAL, Client, Journal
from airflow_provider_frameio.probe import plan, redacted
from airflow_provider_frameio.probe.findings import NOT_ASKED, QUESTIONS
from airflow_provider_frameio.probe.probing import Probe
from airflow_provider_frameio.probe.scene import Options
from tests.probe.conftest import MISSING, Ground
from tests.probe.planted import ALL, BODIES, HEADERS, PLANTED, seen_in

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

    assert re.search(r"\| 403 \| …limit: 10, …remaining: \d, …window: 60000, date: 2026-01-05 09:\d\d:\d\d, con", text)
    assert f"content-type: text/plain | {len(words)} bytes, no JSON object |" in text
    user = ground.emulator.user
    hidden = [
        *(user[name] for name in ("email", "name", "id", "client_id", "client_secret", "legacy_token")),
        *(entry["name"] for entry in ground.tree() if entry["name"] != "root"),
        *(entry["id"][:8] for entry in ground.tree()),
        *(ground.adobe, "Cloud", "Hero", "Bearer", "urn:aaid", ground.emulator.base_url),
    ]
    assert [secret for secret in hidden if secret in text] == []
    assert set(re.findall(r"after=([^ &]*)", text)) == {"…"}
    paths = re.findall(r"(?:GET|POST|DELETE) (/v4/[^ ?]*)", text)
    assert {re.sub(r"\{\d+\}", "{}", path) for path in paths} >= {"/v4/accounts/{}/version_stacks/{}/copy"}
    assert paths[0] == "/v4/accounts/{1}/folders/{2}/version_stacks"


def shown(ground: Ground, probe: Probe, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The report, and all that was said on stderr."""
    probe.run("x", "2026-01-05")
    return capsys.readouterr().out, "\n".join(ground.said)


@pytest.mark.parametrize("status", [403, 429, 500])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_personal_detail_of_a_refusal_is_shown(
    ground: Ground, capsys: pytest.CaptureFixture[str], body: Any, status: int
) -> None:
    """Wherever in it a server mentions one, headers and request id included; neither in the report nor on stderr."""
    probe = ground.probe()
    fault = {"kind": "status", "status": status, "body": body, "headers": HEADERS, "ratelimit_headers": False}
    for route in ("list_version_stack_children", "show_file", "copy_version_stack", "delete_file", "show_folder"):
        ground.emulator.fault(**fault, route=route, times=None, skip=1)

    report, said = shown(ground, probe, capsys)

    assert seen_in(report) == []
    assert seen_in(said) == []
    assert f"| {status} |" in report or f", {status}" in report


class Talkative(Client):
    """Tells the details in every name, status, type of a list's items, link and header of a success."""

    def call(self, operation: Any, journal: Journal = NO_JOURNAL, max_wait_slots: float = float("inf")) -> Any:
        reply = super().call(operation, journal, max_wait_slots)
        if not isinstance(reply, Reply):
            return reply
        body = reply.json_object() or {"data": {}}
        fields = dict.fromkeys(("name", "status", "media_type", "updated_at"), ALL)
        for item in body["data"] if isinstance(body["data"], list) else [body["data"]]:
            item |= fields if item is body["data"] else {**fields, "type": ALL}
        keys = "&".join(f"{quote(whole)}=1" for whole, _ in PLANTED.values())
        body["links"] = {"next": f"https://f.io/QwErTy12/?{keys}"}
        headers = dict.fromkeys({*reply.headers, *HEADERS, "content-type", "date"}, ALL)
        return replace(reply, headers=headers, body=json.dumps(body).encode())


def test_no_personal_detail_of_a_success_is_shown(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, statuses, types, ``links.next`` and headers are told by what is known of them."""
    ground.client_class = Talkative
    report, said = shown(ground, ground.probe(), capsys)
    assert seen_in(report) == []
    assert seen_in(said) == []
    assert "an absolute link with another |" in report
    assert "another; another" not in report
    assert "date: no time, content-type: another | 3 items: another, another, another |" in report


def test_what_is_left_is_told_without_names(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """By ids and pages: whoever ran the probe can find it, and may paste what is on the terminal."""
    renamed = ground.emulator.seed_version_stack(ground.folder, "Jane Doe, Nightjar, Titan_Teaser_v7.mov", 2)["id"]
    probe = ground.probe(version_stack_id=renamed)
    ground.emulator.fault(kind="status", status=403, route="delete_file", times=None)
    report, said = shown(ground, probe, capsys)
    assert "Still there, to be deleted by hand:" in said
    assert "a copy (" in said
    assert seen_in(report + said) == []


REFUSALS = {
    '"Not Found", 50 bytes': {"title": "Not Found", "detail": "Jane"},
    '"Invalid value" at /data/parent_id, 77 bytes': {
        "title": "Invalid value",
        "source": {"pointer": "/data/parent_id"},
    },
    "a title of 8 characters at /data/file_ids/#/…": {
        "title": "Jane Doe",
        "source": {"pointer": "/data/file_ids/3/Jane"},
    },
    "a title of 103 characters": {"title": "invalid" + " value" * 16},
    "a title of 0 characters": {"detail": "Jane"},
}


@pytest.mark.parametrize(("words", "error"), REFUSALS.items(), ids=REFUSALS)
def test_titles_and_pointers_are_shown_where_each_word_is_known(words: str, error: Any) -> None:
    """They tell what Frame.io minds; how long the rest is tells that there was more."""
    body = json.dumps({"errors": [error]}, separators=(",", ":")).encode()
    assert redacted.refusal(Reply(422, {}, body)).startswith(words)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("10", "10"), ("60000", "60000"), ("0.25", "0.25"), ("4915123456789", "13 characters"), ("Jane", "4 characters")],
)
def test_numbers_are_shown_where_they_are_small(value: str, shown: str) -> None:
    """A long one may be a phone number."""
    assert redacted.number(value) == shown


def test_the_report_is_a_table_with_a_row_for_each_question(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """In order, with four cells; the calls follow."""
    ground.probe().run("x", "2026-01-05")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "## Probe of Frame.io V4"
    head = lines.index("| question | assumed | seen | verdict |")
    rows = [line.strip("| ").split(" | ") for line in lines[head + 2 : head + 2 + len(QUESTIONS)]]
    assert [row[:2] for row in rows] == [[each.asks, each.assumed] for each in QUESTIONS.values()]
    assert {len(row) for row in rows} == {4}
    calls = [line for line in lines if re.search(r"\| (GET|POST|PATCH|DELETE) /v4/", line)]
    assert f"<details><summary>All {len(calls)} calls</summary>" in lines


def _planned(options: Options) -> set[str]:
    """Method and path of each call that a dry run shows."""
    return {" ".join(line.split("?")[0].split(" ")[:2]) for line, _ in plan.calls(options)}


@pytest.mark.parametrize("settings", [{}, {"limit_mode": "sliding"}])
def test_what_is_done_is_what_a_dry_run_shows(ground: Ground, settings: dict[str, object]) -> None:
    """No other call is made; and no more copies than were announced."""
    ground.emulator.configure(**settings)
    options = ground.options(version_stack_id=ground.stack)
    planned = _planned(options)
    probe = ground.probe(version_stack_id=ground.stack)
    known = {ground.stack, ground.folder, ground.adobe, ground.emulator.account_id}
    probe.run("x", "2026-01-05")
    ledger = {entry["id"] for entry in ground.tree()} | known

    made = set()
    for request in ground.emulator.requests:
        path = unquote(request.path).replace(MISSING, "{no-such-id}")
        for one in re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", path):
            path = path if one in ledger or "adobe:" in path else path.replace(one, _kind(request.route))
        if request.route != "ims_token":
            made.add(f"{request.method} {path}")

    assert made == planned
    copies = [call for call in ground.writes() if call[1:] == ("copy_version_stack", 200)]
    assert 3 <= len(copies) <= options.most_copies


def _kind(route: str) -> str:
    """What an id must be that was not there before, or is a project's."""
    if route in ("show_project", "update_metadata"):
        return "{project}"
    if route in ("show_version_stack", "list_version_stack_children", "copy_version_stack"):
        return "{probe-copy}"
    return "{its-version}" if route == "delete_file" else "{probe-folder}"


def test_the_calls_that_change_something_are_all_shown_as_such(ground: Ground) -> None:
    """None hides among the reads."""
    changing, reading = plan.whole(ground.options()).split("Calls that do not:")
    assert set(re.findall(r"x +([A-Z]+) ", reading)) == {"GET"}
    assert set(re.findall(r"x +([A-Z]+) ", changing)) == {"POST", "PATCH", "DELETE"}
    assert "no-such-id" not in plan.whole(ground.options(burst=0)).split("Calls that do not:")[0]
