"""Every verb in one DAG run, end to end: what was asked of Frame.io is what its OpenAPI document allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from jsonschema import ValidationError

from airflow_provider_frameio.emulator.requests_log import LoggedRequest
from airflow_provider_frameio.emulator.server import Emulator
from tests.openapi import DOCUMENT, check_request, needs_document

pytest.importorskip("airflow", reason="the verbs are driven by tasks")

NEWER_THAN_THE_DOCUMENT = {"copy_files", "move_files"}
ROUTES = {
    "copy_file",
    "copy_files",
    "copy_version_stack",
    "create_version_stack",
    "delete_file",
    "list_accounts",
    "list_field_definitions",
    "list_users",
    "list_version_stack_children",
    "list_version_stacks",
    "me",
    "move_file",
    "move_files",
    "move_version_stack",
    "show_file",
    "show_project",
    "show_version_stack",
    "update_metadata",
}
# Stacks two files, copies the stack alone and with the folder it is in, moves a copy, and takes another one apart.
DAG = """
stack = FrameioCreateVersionStackOperator(task_id="create", folder_id=FOLDER, file_ids=FILES)
copy = FrameioCopyVersionStackOperator(
    task_id="copy", version_stack_id=stack.output, parent_id=TARGET, poll_interval=0.05, copy_metadata=True
)
bulk = FrameioBulkCopyVersionStacksOperator(task_id="bulk", folder_id=FOLDER, parent_id=TARGET, poll_interval=0.05)
found = FrameioListVersionStacksOperator(
    task_id="list", folder_id=TARGET, name_pattern="cut*", updated_since="2026-01-01T00:00:00Z", sort="name_asc"
)
approved = FrameioListVersionStacksOperator(task_id="approved", folder_id=FOLDER, metadata={"Delivered": "no"})
mark = FrameioUpdateMetadataOperator(
    task_id="mark",
    version_stack_ids=[stack.output],
    metadata={"Status": "Approved", "Delivered": True, "Editor": "Ada Editor"},
)
move = FrameioMoveVersionStackOperator(task_id="move", version_stack_id=copy.output, parent_id=OTHER)

@task
def call_the_hook(stack_id, copies):
    hook = FrameioHook()
    hook.get_me()
    hook.list_accounts()
    hook.get_project(hook.get_version_stack(stack_id, include=["creator", "project"])["project_id"])
    children = hook.list_version_stack_children(stack_id, include="creator", sort="name_desc")
    one = hook.copy_file(children[0]["id"], parent_id=OTHER, copy_metadata=True, copy_comments="all")
    beside = hook.copy_file(one["id"])
    many = hook.copy_files([child["id"] for child in children], TARGET, copy_comments="internal")
    hook.move_file(beside["id"], stack_id)
    hook.move_files([pair["file"]["id"] for pair in many], OTHER)
    for pair in many:
        hook.delete_file(pair["file"]["id"])
    hook.copy_version_stack(stack_id)
    return len(copies)

stack >> approved >> mark >> bulk
[copy, bulk] >> found
found >> move >> call_the_hook(stack.output, found.output)
"""


@pytest.fixture
def requests(airflow: Any, frameio: Emulator) -> list[LoggedRequest]:
    """What the run asked of Frame.io."""
    folders = frameio.description()["folders"]
    folder = frameio.seed_folder(folders["source"], "Uploads")["id"]
    frameio.seed_metadata_field("Editor", "user_multi")
    outcome = airflow.run(
        DAG,
        FOLDER=folder,
        TARGET=frameio.seed_folder(folders["target"], "Delivery")["id"],
        OTHER=frameio.seed_folder(folders["target"], "Archive")["id"],
        FILES=[frameio.seed_file(folder, f"Cut_v{number}.mov", comments=2)["id"] for number in (1, 2)],
    )
    assert outcome.state == "success", outcome.log
    assert outcome.xcom("call_the_hook") == 2
    return [request for request in frameio.requests if request.route != "ims_token"]


def test_every_verb_is_asked_as_documented(requests: list[LoggedRequest]) -> None:
    """All of them were carried out at the first attempt, and fit the document where there is one to look into."""
    assert {request.route for request in requests} == ROUTES
    assert {request.status for request in requests} <= {200, 201, 204}
    for request in requests:
        if DOCUMENT and request.route not in NEWER_THAN_THE_DOCUMENT:
            check_request(request)


ID = "0a1b2c3d-0000-4000-8000-000000000001"
COPY = LoggedRequest(
    at=0.0,
    method="POST",
    path=f"/v4/accounts/{ID}/version_stacks/adobe%3Aurn-1%7C2/copy",
    query={"copy_metadata": "true"},
    body={"data": {"parent_id": ID}},
    headers={"content-type": "application/json"},
)
LIST = replace(
    COPY, method="GET", path=f"/v4/accounts/{ID}/folders/{ID}/version_stacks", query={"page_size": "100"}, body=None
)


@needs_document
@pytest.mark.parametrize(
    "request_",
    [
        replace(COPY, query={"copy_comments": "all"}),
        replace(COPY, query={"copy_metadata": "yes"}),
        replace(COPY, body={"parent_id": ID}),
        replace(COPY, body={"data": {"parent_id": ID, "name": "Cut"}}),
        replace(COPY, headers={"content-type": "text/plain"}),
        replace(COPY, path=f"/v4/accounts/{ID}/stacks/{ID}/copy"),
        replace(LIST, body={}),
        replace(LIST, query={"page_size": "1000"}),
        replace(LIST, query={"include": "creator,owner"}),
        replace(LIST, method="POST", query={}),
        replace(LIST, method="POST", query={}, body={"data": {"file_ids": [ID, ID]}}),
    ],
)
def test_what_the_document_does_not_allow_is_seen(request_: LoggedRequest) -> None:
    """Otherwise the test above could not fail."""
    check_request(COPY)
    check_request(replace(COPY, query={}, body=None))
    check_request(replace(LIST, query={"include": "creator,project", "sort": "name_asc"}))
    with pytest.raises((AssertionError, KeyError, ValueError, ValidationError)):
        check_request(request_)
