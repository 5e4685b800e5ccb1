"""Questions about metadata: where a stack shows it, and whether setting it moves a time. Performs no I/O.

A text is set on the newest version of a copy that the probe made, and that it deletes at the end.
"""

from __future__ import annotations

from airflow_provider_frameio.api.endpoints.accounts import list_field_definitions
from airflow_provider_frameio.api.endpoints.files import update_metadata
from airflow_provider_frameio.api.endpoints.version_stacks import list_version_stacks
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.probe.findings import Findings
from airflow_provider_frameio.probe.scene import Ledger, Scene
from airflow_provider_frameio.probe.steps import Answer, Inquiry

KEYS = ("metadata_shown", "metadata_updated_at")
VALUE = "airflow-frameio-probe"


def ask(scene: Scene, ledger: Ledger, folder_id: str, findings: Findings) -> Inquiry:
    """Set a text field of the account on a copy, and look at the folder's list before and afterwards."""
    account = scene.options.account_id
    copies = list_version_stacks(account, folder_id, include="metadata")
    before: Answer = yield copies
    stack = next((one for one in before.items if text(one, "id") in ledger.stacks and _head(one)), None)
    if stack is None:
        findings.not_asked("no copy with a version was there", *KEYS)
        return
    fields: Answer = yield list_field_definitions(account)
    texts = [one for one in fields.items if one.get("field_type") == "text" and one.get("mutable") is True]
    if not texts:
        findings.not_seen("the account has no text field that can be set", *KEYS)
        return
    values = [{"field_definition_id": text(texts[0], "id"), "value": VALUE}]
    done: Answer = yield update_metadata(account, text(stack, "project_id"), [text(_head(stack), "id")], values)
    after: Answer = yield copies
    now = next((one for one in after.items if one.get("id") == stack["id"]), {})
    if done.status != 204 or not now:
        findings.not_seen(f"setting it answered {done.status}, the list {after.status}", *KEYS)
        return
    places = (("the stack", _has(now)), ("its newest version", _has(_head(now))))
    shown = [place for place, there in places if there]
    findings.judge("metadata_shown", len(shown) == len(places), f"on {' and '.join(shown) or 'neither'}")
    moved = [_times(one) for one in (stack, now)]
    findings.judge("metadata_updated_at", moved[0] == moved[1], "no" if moved[0] == moved[1] else "yes")


def _head(stack: JsonObject) -> JsonObject:
    head = stack.get("head_version")
    return head if isinstance(head, dict) else {}


def _has(asset: JsonObject) -> bool:
    entries = asset.get("metadata")
    return isinstance(entries, list) and any(isinstance(one, dict) and one.get("value") == VALUE for one in entries)


def _times(stack: JsonObject) -> tuple[str, str]:
    return text(stack, "updated_at"), text(_head(stack), "updated_at")
