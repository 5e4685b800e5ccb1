"""A Frame.io that behaves unlike what is assumed: the probe names each difference, and takes back what it made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.probe.driver import Driver
from airflow_provider_frameio.probe.findings import QUESTIONS, Verdict
from airflow_provider_frameio.probe.steps import Answer, Write
from tests.probe.conftest import MISSING, Ground

SLOW = {"copy_upload_seconds": 400.0}
SETTINGS: list[tuple[dict[str, Any], set[str]]] = [
    ({"limit_mode": "fixed"}, {"limit_mode"}),
    ({"limit_mode": "sliding"}, {"limit_mode"}),
    ({"charge_refused": True}, {"refused_calls"}),
    ({"limit_mode": "sliding", "charge_refused": True}, {"limit_mode", "refused_calls"}),
    ({"charge_failed": False}, {"failed_calls"}),
    ({"charge_failed": False, "charge_refused": True}, {"failed_calls", "refused_calls"}),
    ({"headers_on_429": False}, {"refusal_headers"}),
    ({"remaining_on_429": "true"}, {"refusal_remaining"}),
    ({"retry_after": 17.0}, {"retry_after"}),
    ({"limits": {"copy_version_stack": {"limit": 20}}}, {"limit_headers"}),
    ({"limits": {"copy_version_stack": {"window": 30.0}}, "limit_mode": "sliding"}, {"limit_headers", "limit_mode"}),
    ({"name_clash": "never"}, {"name_clash"}),
    ({"name_clash": "always"}, {"name_clash"}),
    ({"name_clash": "same_folder"}, {"name_clash"}),
    ({"children_order": "oldest_first"}, {"children_order"}),
    ({"list_lag": 15.0}, {"list_lag"}),
    ({"copy_first_child_seconds": 5.0}, {"first_version"}),
    ({"copy_children_seconds": 0.0}, {"one_by_one"}),
    (SLOW, {"complete"}),
    ({"null_media_type": True}, {"media_type"}),
    ({"unknown_query": "ignore"}, {"unknown_query"}),
    ({"adobe_copy_refusal_status": 400}, {"adobe_refusal"}),
    ({"adobe_copy_refusal_status": 409}, {"adobe_refusal"}),
    ({"metadata_shown": "stack"}, {"metadata_shown"}),
    ({"metadata_shown": "head"}, {"metadata_shown"}),
    ({"missing_routes": ["copy_files"]}, {"bulk_copy"}),
]


@pytest.mark.parametrize(("settings", "differing"), SETTINGS, ids=[json.dumps(row[0]) for row in SETTINGS])
def test_a_setting_that_differs_is_named(
    ground: Ground, capsys: pytest.CaptureFixture[str], settings: dict[str, Any], differing: set[str]
) -> None:
    """And no other; the exit status says so, and everything is as it was before."""
    ground.emulator.configure(**settings)
    before = ground.tree()

    probe = ground.probe(patience=600.0 if settings is SLOW else 180.0)
    status = probe.run("x", "2026-01-05")

    assert set(probe.findings.differing()) == differing
    assert status == 1
    assert ground.tree() == before
    rows = [line for line in capsys.readouterr().out.splitlines() if line.endswith("| **differs** |")]
    assert sorted(row.split(" | ")[0].removeprefix("| ") for row in rows) == sorted(
        QUESTIONS[key].asks for key in differing
    )


@dataclass
class Distorted(Driver):
    """A driver to whom each answer is told otherwise than Frame.io gave it."""

    change: Callable[[str, Reply], Reply] = lambda call, reply: reply

    def take(self, step: Any) -> Any:
        answer = super().take(step)
        if not isinstance(answer, Answer):
            return answer
        operation: Operation[Any] = step.operation if isinstance(step, Write) else step
        request = operation.request
        query = "&".join(f"{name}={value}" for name, value in request.params.items())
        call = f"{request.method} {re.sub(r'[0-9a-f-]{36}', '{}', request.path)}?{query}"
        return replace(answer, reply=self.change(call, answer.reply))


def becomes(pattern: str, status: int | None = None, *, body: Callable[[Any], Any] = lambda body: body) -> Any:
    """Answers to calls that fit get another status, or body."""

    def change(call: str, reply: Reply) -> Reply:
        if not re.search(pattern, call):
            return reply
        content = json.dumps(body(reply.json_object())).encode()
        return replace(reply, status=status or reply.status, body=content)

    return change


def each(**fields: Any) -> Callable[[Any], Any]:
    """Records get other fields; a callable makes its field from the old value."""

    def change(body: Any) -> Any:
        data = body.get("data", {})
        for record in data if isinstance(data, list) else [data]:
            for name, value in fields.items():
                record[name] = value(record.get(name)) if callable(value) else value
        return body

    return change


def later() -> Any:
    """A time that is another one each time it is shown."""
    count = iter(range(1000))
    return each(updated_at=lambda old: str(next(count)))


def late() -> Any:
    """The copy cannot be shown when it is looked at first; before, only the source was."""
    shown: list[str] = []

    def change(call: str, reply: Reply) -> Reply:
        if not re.search(SHOWN, call) or reply.status != 200:
            return reply
        shown.append(call)
        return replace(reply, status=404) if len(shown) == 2 else reply

    return change


def outlived(call: str, reply: Reply) -> Reply:
    """A stack without versions is still shown."""
    gone = re.search(SHOWN, call) and reply.status == 404 and MISSING.encode() not in reply.body
    return replace(reply, status=200, body=b'{"data": {"id": "x"}}') if gone else reply


def refused_with(body: bytes) -> Any:
    """A 429 has another body."""
    return lambda call, reply: replace(reply, body=body) if reply.status == 429 else reply


def unfinished_head(head: Any) -> Any:
    return None if head and head["status"] == "created" else head


def linked(link: str) -> Any:
    return becomes(r"sort=name_asc", body=lambda body: {**body, "links": {"next": link}})


CHILDREN = r"GET .*/version_stacks/\{\}/children\?(page_size=100|include=creator&page_size=100)$"
SHOWN = r"GET .*/version_stacks/\{\}\?$"
DISTORTIONS: dict[str, tuple[Any, set[str]]] = {
    "larger pages of versions": (becomes(r"page_size=101", 200), {"page_size"}),
    "larger pages of stacks": (becomes(r"page_size=501", 200), {"page_size"}),
    "an absolute link": (linked("https://x/y?after=a"), {"next_link"}),
    "a link with more": (linked("/y?after=a&sort=b"), {"next_link"}),
    "a cursor that names an item": (
        becomes(
            r"/folders/\{\}/children\?page_size=1$", body=lambda body: {**body, "links": {"next": "/y?after=aXRlbQ"}}
        ),
        {"offset"},
    ),
    "a cursor for any order": (becomes(r"sort=name_desc", 200), {"cursor"}),
    "another status for no cursor": (becomes(r"after=not-a-cursor", 400), {"cursor"}),
    "404 for the wrong kind": (becomes(r"GET .*/files/\{\}", 404), {"wrong_id"}),
    "404 for a malformed id": (becomes(r"/not-an-id", 404), {"wrong_id"}),
    "403 for what is not there": (becomes(r"/folders/\{\}\?$", 403), {"wrong_account", "deleted_folder"}),
    "a copy is accepted only": (becomes(r"POST .*stacks/\{\}/copy\?$", 201), {"copy_answer", "adobe_refusal"}),
    "versions name another parent": (becomes(CHILDREN, body=each(parent_id="another")), {"parent_id"}),
    "versions get new names": (becomes(CHILDREN, body=each(name=lambda name: f"{name} copy")), {"kept_names"}),
    "versions belong to another": (becomes(r"include=creator", body=each(creator={"id": "another"})), {"kept_names"}),
    "an unknown status": (
        becomes(CHILDREN, body=each(status=lambda old: "brewing" if old == "created" else old)),
        {"statuses"},
    ),
    "no head until it is uploaded": (becomes(SHOWN, body=each(head_version=unfinished_head)), {"head_version"}),
    "the newest stacks first": (
        becomes(r"/folders/\{\}/version_stacks", body=lambda body: {**body, "data": body.get("data", [])[::-1]}),
        {"list_order"},
    ),
    "the source's updated_at moves": (becomes(SHOWN, body=later()), {"source_updated_at"}),
    "setting metadata moves a time": (
        becomes(r"include=metadata", body=later()),
        {"metadata_updated_at"},
    ),
    "a new stack is not shown": (late(), {"shown_at_once"}),
    "a stack outlives its versions": (outlived, {"empty_stack"}),
    "JSON in a 429": (refused_with(b'{"errors": []}'), {"refusal_body"}),
    "nothing in a 429": (refused_with(b""), {"refusal_body"}),
}


@pytest.mark.parametrize(("change", "differing"), DISTORTIONS.values(), ids=DISTORTIONS)
def test_what_no_setting_changes_is_named_too(ground: Ground, change: Any, differing: set[str]) -> None:
    """Where an answer is told otherwise than the emulator gives it; what was made is taken back all the same."""
    before = ground.tree()
    probe = ground.probe()
    driver = probe.driver
    probe.driver = Distorted(driver.client, driver.clock, driver.say, change=change)
    probe.run("x", "2026-01-05")
    assert set(probe.findings.differing()) == differing
    assert ground.tree() == before


def test_every_question_can_be_answered_with_a_difference() -> None:
    """A question that no test sees differ might never do so."""
    shown = [differing for _, differing in (*SETTINGS, *DISTORTIONS.values())]
    assert set().union(*shown) == set(QUESTIONS)


def test_a_frame_io_as_assumed_has_no_difference(ground: Ground) -> None:
    """Every question is asked, and answered as assumed; the status is 0 and nothing is left."""
    before = ground.tree()
    probe = ground.probe()
    assert probe.run("x", "2026-01-05") == 0
    assert {probe.findings.of(key).verdict for key in QUESTIONS} == {Verdict.AS_ASSUMED}
    assert ground.tree() == before


@pytest.mark.parametrize("adobe_ids", [True, False])
def test_a_folder_on_adobe_storage_answers_what_it_can(ground: Ground, adobe_ids: bool) -> None:
    """Copies are refused there, as assumed, so nothing is asked of them; the rest is, and all is taken back."""
    root = ground.emulator.seed_project("Cloud", adobe=True, adobe_ids=adobe_ids)["root_folder_id"]
    ground.emulator.seed_version_stack(root, "Cloud.mov", 2)
    ground.folder, before = root, ground.emulator.tree(root)
    probe = ground.probe(adobe_version_stack_id="")
    assert probe.run("x", "2026-01-05") == 0
    verdicts = {key: probe.findings.of(key).verdict for key in QUESTIONS}
    assert (verdicts["adobe_refusal"], verdicts["limit_mode"]) == (Verdict.AS_ASSUMED,) * 2
    assert probe.findings.of("copy_answer").seen == "the folder is on Adobe storage, and the copy was refused"
    assert ground.emulator.tree(root) == before
