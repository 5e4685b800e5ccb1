"""Questions that a few copies of a stack answer: how they come about, are named, are listed, and show metadata.

Performs no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from os.path import splitext
from typing import Any

from airflow_provider_frameio.api.endpoints.accounts import list_field_definitions
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.api.endpoints.files import update_metadata
from airflow_provider_frameio.api.endpoints.version_stacks import (
    COPY_LIMIT,
    copy_version_stack,
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.parameters import path_of
from airflow_provider_frameio.api.protocol import Operation, Pause, Sleep
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Quota
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.probe import looks as looking
from airflow_provider_frameio.probe import redacted
from airflow_provider_frameio.probe.findings import COPYING, METADATA, Findings
from airflow_provider_frameio.probe.looks import Observation
from airflow_provider_frameio.probe.scene import PREFIX, Ledger, Scene, Source, head_of
from airflow_provider_frameio.probe.steps import Answer, Ids, Inquiry, Write


def ask(scene: Scene, folder_id: str, findings: Findings) -> Inquiry:
    """Copy the source twice into the folder, and the first copy once more beside itself; and no file at all."""
    account, source = scene.options.account_id, scene.source
    copy = copy_version_stack(account, source.id, parent_id=folder_id)

    bulk: Answer = yield Write(copy_of_no_file(account, folder_id))
    findings.judge("bulk_copy", bulk.status != 404, f"{bulk.status} for a copy of no file")
    before: Answer = yield get_version_stack(account, source.id)
    first: Answer = yield Write(copy, source.version_ids)
    if scene.on_adobe_storage and not first.made:
        findings.judge("adobe_refusal", first.status == 422, _status(first))
        findings.not_asked("the folder is on Adobe storage, and the copy was refused", *COPYING)
        return
    findings.judge("copy_answer", first.status == 200 and bool(first.made), _status(first))
    if not first.made:
        findings.not_asked(f"the copy was refused with {first.status}", *COPYING)
        return
    _judge_limit(first, scene.scale, findings)
    seen = yield from _watch(scene, first, folder_id)
    looking.judge(seen, source, scene.scale, findings)

    listed: Answer = yield list_version_stack_children(account, first.made, include="creator")
    _judge_versions(scene, first.made, listed.items, findings)
    second: Answer = yield Write(copy, source.version_ids)
    after: Answer = yield get_version_stack(account, source.id)
    moved = text(before.record, "updated_at") != text(after.record, "updated_at")
    findings.judge("source_updated_at", not moved, "yes" if moved else "no")

    beside = copy_version_stack(account, first.made, parent_id=folder_id)
    third: Answer = yield Write(beside, frozenset(text(child, "id") for child in listed.items))
    if not (second.made and third.made):
        why = f"the second copy answered {second.status}, the third {third.status}"
        findings.not_seen(why, "name_clash", "list_order")
        return
    _judge_names(source.record, first.record, second.record, third.record, findings)
    made = [first.made, second.made, third.made]
    ids = yield from _listed(scene, folder_id, frozenset(made))
    if set(made) <= set(ids):
        found = [one for one in ids if one in made]
        findings.judge("list_order", found == made, "that of arrival" if found == made else "another")
    else:
        findings.not_seen("the list did not have all copies in time", "list_order")


def copy_of_no_file(account_id: str, folder_id: str) -> Operation[Any]:
    """A bulk copy that cannot make anything: the endpoint's own function would refuse to ask for it."""
    body = {"data": {"file_ids": [], "parent_id": folder_id}}
    return any_endpoint("POST", path_of("/v4/accounts/{account_id}/files/copy", {"account_id": account_id}), json=body)


def ask_adobe(scene: Scene, adobe: Source, folder_id: str, findings: Findings) -> Inquiry:
    """Copy a stack that is on Adobe storage into the folder."""
    copy = copy_version_stack(scene.options.account_id, adobe.id, parent_id=folder_id)
    answer: Answer = yield Write(copy, adobe.version_ids)
    findings.judge("adobe_refusal", answer.status == 422, _status(answer))


def ask_metadata(scene: Scene, ledger: Ledger, folder_id: str, findings: Findings) -> Inquiry:
    """Set a text field of the account on the newest version of a copy; look at the folder's list before and after."""
    account = scene.options.account_id
    copies = list_version_stacks(account, folder_id, include="metadata")
    before: Answer = yield copies
    stack = next((one for one in before.items if text(one, "id") in ledger.stacks and head_of(one)), None)
    if stack is None:
        findings.not_asked("no copy with a version was there", *METADATA)
        return
    fields: Answer = yield list_field_definitions(account)
    texts = [one for one in fields.items if one.get("field_type") == "text" and one.get("mutable") is True]
    if not texts:
        findings.not_seen("the account has no text field that can be set", *METADATA)
        return
    values = [{"field_definition_id": text(texts[0], "id"), "value": PREFIX}]
    done: Answer = yield update_metadata(account, text(stack, "project_id"), [text(head_of(stack), "id")], values)
    after: Answer = yield copies
    now = next((one for one in after.items if one.get("id") == stack["id"]), {})
    if done.status != 204 or not now:
        findings.not_seen(f"setting it answered {done.status}, the list {after.status}", *METADATA)
        return
    places = (("the stack", _has(now)), ("its newest version", _has(head_of(now))))
    shown = [place for place, there in places if there]
    findings.judge("metadata_shown", len(shown) == len(places), f"on {' and '.join(shown) or 'neither'}")
    moved = [_times(one) for one in (stack, now)]
    findings.judge("metadata_updated_at", moved[0] == moved[1], "no" if moved[0] == moved[1] else "yes")


def _watch(scene: Scene, copy: Answer, folder_id: str) -> Generator[Operation[Any] | Pause, Any, list[Observation]]:
    """Look at a new copy, first at once, then ever more rarely, until it is what its source is."""
    account, scale = scene.options.account_id, scene.scale
    statuses = {text(version, "status") for version in scene.source.versions}
    goal = "transcoded" if statuses == {"transcoded"} else "uploaded"
    seen: list[Observation] = []
    wait = scale
    while True:
        shown: Answer = yield get_version_stack(account, copy.made)
        children: Answer = yield list_version_stack_children(account, copy.made)
        listed = bool(seen) and seen[-1].listed
        if not listed:
            stacks: Answer = yield list_version_stacks(account, folder_id)
            listed = copy.made in [text(stack, "id") for stack in stacks.items]
        head_id = text(head_of(shown.record), "id")
        seen.append(Observation(shown.sent - copy.at, shown.status, head_id, tuple(children.items), listed))
        if (listed and seen[-1].has(scene.source, goal)) or seen[-1].after >= scene.options.patience * scale:
            return seen
        yield Sleep(wait, f"Looking at the copy: {len(children.items)} versions after {seen[-1].after / scale:.0f} s.")
        wait = min(wait * 1.25, 10 * scale)


def _listed(scene: Scene, folder_id: str, wanted: Ids) -> Generator[Operation[Any] | Pause, Any, list[str]]:
    start = None
    while True:
        answer: Answer = yield list_version_stacks(scene.options.account_id, folder_id)
        ids = [text(stack, "id") for stack in answer.items]
        start = answer.at if start is None else start
        if wanted <= set(ids) or answer.at - start >= scene.options.patience * scene.scale:
            return ids
        yield Sleep(2 * scene.scale, "Waiting for the folder's list.")


def _judge_limit(answer: Answer, scale: float, findings: Findings) -> None:
    quota = Quota.from_headers(answer.reply.headers)
    if quota is None:
        findings.judge("limit_headers", False, "no such headers")
        return
    window = quota.limit.window / scale
    as_documented = (quota.limit.calls, round(window)) == (COPY_LIMIT.calls, COPY_LIMIT.window)
    seen = f"{redacted.number(quota.limit.calls)} in {redacted.number(f'{window:g}')} s"
    findings.judge("limit_headers", as_documented, seen)


def _judge_versions(scene: Scene, copy_id: str, children: list[JsonObject], findings: Findings) -> None:
    names = [sorted(text(child, "name") for child in stack) for stack in (scene.source.versions, children)]
    makers = [child["creator"].get("id") for child in children if isinstance(child.get("creator"), dict)]
    kept, mine = names[0] == names[1], makers == [scene.user_id] * len(children)
    seen = f"{'kept' if kept else 'other names'}; {'who copied' if mine else 'another, or none'}"
    findings.judge("kept_names", kept and mine, seen)
    parents = {text(child, "parent_id") for child in children}
    findings.judge("parent_id", parents == {copy_id}, "its stack" if parents == {copy_id} else "another, or none")


def _judge_names(
    source: JsonObject, first: JsonObject, second: JsonObject, third: JsonObject, findings: Findings
) -> None:
    pairs = ((source, first), (source, second), (first, third))
    forms = [_form(text(original, "name"), text(copy, "name")) for original, copy in pairs]
    seen = f"where the name is free: {forms[0]}; where it is taken: {forms[1]}; beside the source: {forms[2]}"
    findings.judge("name_clash", forms == ["kept", "numbered", "numbered"], seen)


def _form(name: str, copy: str) -> str:
    """How a copy is named, without showing the name."""
    stem, extension = splitext(name)
    if copy == name:
        return "kept"
    return "numbered" if re.fullmatch(rf"{re.escape(stem)} \(\d+\){re.escape(extension)}", copy) else "another"


def _status(answer: Answer) -> str:
    return f"{answer.status}, {'with' if answer.made else 'without'} a new stack"


def _has(asset: JsonObject) -> bool:
    entries = asset.get("metadata")
    return isinstance(entries, list) and any(isinstance(one, dict) and one.get("value") == PREFIX for one in entries)


def _times(stack: JsonObject) -> tuple[str, str]:
    return text(stack, "updated_at"), text(head_of(stack), "updated_at")
