"""Takes back what the probe made: the versions of its copies one by one, then its folder. Performs no I/O.

Nothing else is deleted: what is in its folder or its copies and was not made by the probe stays, and so do they.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from airflow_provider_frameio.api.endpoints.files import delete_file
from airflow_provider_frameio.api.endpoints.folders import delete_folder, get_folder, list_folder_children
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack, list_version_stack_children
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.protocol import Operation, Pause, Sleep
from airflow_provider_frameio.probe.findings import Findings
from airflow_provider_frameio.probe.scene import Ledger, Scene
from airflow_provider_frameio.probe.steps import Answer, Ids, Inquiry

_GONE = 404


def take_back(scene: Scene, ledger: Ledger, findings: Findings) -> Inquiry:
    """Delete it; what stays is in the ledger afterwards. An error about one copy keeps no other back."""
    ours: set[str] = set()
    for stack_id, (_, source_versions) in list(ledger.stacks.items()):
        try:
            nothing_else = yield from _empty(scene, ledger, stack_id, source_versions, findings)
        except FrameioError:
            continue
        if nothing_else:
            ours.add(stack_id)
    folder = ledger.folder
    if folder and (yield from _delete_folder(scene.options.account_id, folder.id, ours, findings)):
        ledger.folder = None
        ledger.stacks = {one: made for one, made in ledger.stacks.items() if made[0].parent_id != folder.id}


def _empty(
    scene: Scene, ledger: Ledger, stack_id: str, source_versions: Ids, findings: Findings
) -> Generator[Operation[Any] | Pause, Any, bool]:
    """Delete as many versions of a copy as its source has; they may come late. Whether there was nothing else in it."""
    account, scale = scene.options.account_id, scene.scale
    deleted: set[str] = set()
    start = None
    while True:
        children: Answer = yield list_version_stack_children(account, stack_id)
        there = {text(child, "id") for child in children.items} - deleted
        if there & source_versions or len(there | deleted) > len(source_versions):
            return False  # somebody put it there
        for version in there:
            answer: Answer = yield delete_file(account, version)
            if answer.status not in (204, _GONE):
                return False
        deleted |= there
        shown: Answer = yield get_version_stack(account, stack_id)
        if shown.status == _GONE:
            findings.judge("empty_stack", True, "gone")
            del ledger.stacks[stack_id]
            return True
        start = shown.at if start is None else start
        if len(deleted) >= len(source_versions):
            findings.judge("empty_stack", False, f"still there, shown with {shown.status}")
            return True
        if shown.at - start >= scene.options.patience * scale:
            return children.status == 200
        yield Sleep(5 * scale, "Cleaning up: waiting for versions that are still to come.")


def _delete_folder(
    account_id: str, folder_id: str, ours: set[str], findings: Findings
) -> Generator[Operation[Any], Any, bool]:
    """Whether it is gone. It stays where anything is in it that the probe did not make, or does not know of."""
    children: Answer = yield list_folder_children(account_id, folder_id)
    links = (children.reply.json_object() or {}).get("links")
    whole = children.status == 200 and isinstance(links, dict) and links.get("next") is None
    if not whole or {text(child, "id") for child in children.items} - ours:
        return False
    answer: Answer = yield delete_folder(account_id, folder_id)
    shown: Answer = yield get_folder(account_id, folder_id)
    gone = shown.status == _GONE
    seen = f"{'gone' if gone else 'still shown'}, deleting it answered {answer.status}"
    findings.judge("deleted_folder", gone and answer.status == 204, seen)
    return gone
