"""``FrameioHook``: each verb against the emulator, through a connection in the environment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator

pytest.importorskip("airflow")

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.hooks.frameio import FrameioHook
from tests.hooks.conftest import Connect
from tests.reported import reported


class Desk:
    """A hook, and where things are in the demo."""

    def __init__(self, frameio: Emulator) -> None:
        self.frameio = frameio
        self.hook = FrameioHook()
        described = frameio.description()
        self.stacks: list[str] = described["version_stacks"]
        self.source: str = described["folders"]["source"]
        self.target: str = described["folders"]["target"]
        self.project: str = described["projects"]["Spring Campaign"]

    def file(self, name: str = "Loose.mov") -> str:
        """A new file in the source folder."""
        return str(self.frameio.seed_file(self.source, name)["id"])

    def names(self, folder: str) -> list[str]:
        """What is directly in a folder."""
        return [entry["name"] for entry in self.frameio.tree(folder) if entry["depth"] == 1]

    @property
    def last_query(self) -> dict[str, str]:
        return dict(self.frameio.requests[-1].query)


@pytest.fixture
def desk(frameio: Emulator, connect: Connect) -> Desk:
    return Desk(frameio)


class TestVerbs:
    """What is asked of Frame.io, and what is returned of its answer."""

    def test_copy_version_stack(self, desk: Desk) -> None:
        """The record of the copy, in the folder asked for."""
        copy = desk.hook.copy_version_stack(desk.stacks[0], parent_id=desk.target, copy_metadata=True)

        assert copy["parent_id"] == desk.target
        assert copy["id"] not in desk.stacks
        assert desk.last_query == {"copy_metadata": "true"}
        assert desk.names(desk.target) == ["Spring Hero 60s.mov"]

    def test_copy_version_stack_beside_its_source(self, desk: Desk) -> None:
        """Without a folder Frame.io takes the source's own."""
        assert desk.hook.copy_version_stack(desk.stacks[0])["parent_id"] == desk.source
        assert desk.frameio.requests[-1].body is None

    def test_get_version_stack(self, desk: Desk) -> None:
        """One record, with what else it is to include."""
        stack = desk.hook.get_version_stack(desk.stacks[0], include=["creator", "project"])

        assert stack["id"] == desk.stacks[0]
        assert stack["creator"]["name"] == "Ada Editor"

    def test_update_metadata(self, desk: Desk) -> None:
        """By names, on several files; what is not there is refused before anything is set."""
        files = [desk.file("a.mov"), desk.file("b.mov")]

        desk.hook.update_metadata(desk.project, files, {"Status": "Approved", "Delivered": "yes"})

        marked = {"Status": "Approved", "Delivered": True}
        assert [line["metadata"] for line in desk.frameio.tree(desk.source) if line["id"] in files] == [marked] * 2
        with pytest.raises(errors.InvalidParameter, match=r"values\['Status'\]='Done' cannot be used"):
            desk.hook.update_metadata(desk.project, files, {"Status": "Done"})
        before = len(desk.frameio.requests)
        for wrong in ({"file_ids": [], "values": {"Status": "Approved"}}, {"file_ids": files, "values": {}}):
            with pytest.raises(errors.InvalidParameter):
                desk.hook.update_metadata(desk.project, **wrong)
        assert len(desk.frameio.requests) == before

    def test_list_version_stacks(self, desk: Desk) -> None:
        """All of them."""
        stacks = desk.hook.list_version_stacks(desk.source, sort="name_desc")

        assert {stack["id"] for stack in stacks} == set(desk.stacks)
        assert desk.last_query["sort"] == "name_desc"

    def test_a_list_of_many_pages_is_complete(self, desk: Desk) -> None:
        """More than the 500 that Frame.io gives at once."""
        folder = desk.frameio.seed_folder(desk.source, "Many")["id"]
        for number in range(501):
            desk.frameio.seed_version_stack(folder, f"{number}.mov", 1)

        assert len(desk.hook.list_version_stacks(folder)) == 501

    def test_list_version_stack_children(self, desk: Desk) -> None:
        """The versions, newest first."""
        versions = desk.hook.list_version_stack_children(desk.stacks[0], include="creator")

        assert [version["name"][-6:-4] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]

    def test_create_version_stack(self, desk: Desk) -> None:
        """From files of one folder, oldest first."""
        files = [desk.file("A.mov"), desk.file("B.mov")]

        stack = desk.hook.create_version_stack(desk.source, files)

        assert stack["head_version"]["id"] == files[-1]

    def test_move_version_stack(self, desk: Desk) -> None:
        """It is in the other folder, and no longer in its own."""
        assert desk.hook.move_version_stack(desk.stacks[0], desk.target)["parent_id"] == desk.target
        assert desk.names(desk.target) == ["Spring Hero 60s.mov"]

    def test_copy_file(self, desk: Desk) -> None:
        """With its comments if asked for."""
        copy = desk.hook.copy_file(desk.file(), parent_id=desk.target, copy_metadata=True, copy_comments="public")

        assert copy["parent_id"] == desk.target
        assert desk.last_query == {"copy_metadata": "true", "copy_comments": "public"}

    def test_copy_files(self, desk: Desk) -> None:
        """Each copy beside the id of its source."""
        files = [desk.file("A.mov"), desk.file("B.mov")]

        pairs = desk.hook.copy_files(files, desk.target)

        assert [pair["source_file_id"] for pair in pairs] == files
        assert desk.names(desk.target) == ["A.mov", "B.mov"]

    def test_move_file_onto_a_stack(self, desk: Desk) -> None:
        """There it becomes the newest version."""
        file = desk.file()

        desk.hook.move_file(file, desk.stacks[0])

        assert desk.hook.list_version_stack_children(desk.stacks[0])[0]["id"] == file

    def test_move_files(self, desk: Desk) -> None:
        """Their records, in the order given."""
        files = [desk.file("A.mov"), desk.file("B.mov")]

        moved = desk.hook.move_files(files, desk.target)

        assert [(file["id"], file["parent_id"]) for file in moved] == [(file, desk.target) for file in files]
        assert desk.names(desk.target) == ["A.mov", "B.mov"]

    def test_delete_file(self, desk: Desk) -> None:
        """It returns nothing and the file is gone."""
        file = desk.file()

        assert desk.hook.delete_file(file) is None
        with pytest.raises(errors.NotFound):
            desk.hook.delete_file(file)

    def test_get_project(self, desk: Desk) -> None:
        """By its id."""
        assert desk.hook.get_project(desk.project, include="owner")["name"] == "Spring Campaign"

    def test_get_me_and_list_accounts(self, desk: Desk) -> None:
        """They need no account id."""
        assert desk.hook.get_me()["name"] == "Ada Editor"
        assert [account["id"] for account in desk.hook.list_accounts()] == [desk.frameio.account_id]

    def test_get_conn_is_the_client(self, desk: Desk) -> None:
        """As other hooks have it."""
        assert desk.hook.get_conn() is desk.hook.client


class TestRequest:
    """``request()``, the way to every other endpoint."""

    def test_it_gives_the_whole_body(self, desk: Desk) -> None:
        """``links`` included, for whoever wants to turn the pages."""
        path = f"/v4/accounts/{desk.frameio.account_id}/folders/{desk.source}/children"

        page = desk.hook.request("get", path, params={"page_size": 2, "type": ["file", "version_stack"]})

        assert page
        assert len(page["data"]) == 2
        assert page["links"]["next"]
        assert desk.last_query["type"] == "file,version_stack"

    def test_it_sends_a_body(self, desk: Desk) -> None:
        """The whole of it, as it is given."""
        path = f"/v4/accounts/{desk.frameio.account_id}/folders/{desk.target}/folders"

        made = desk.hook.request("POST", path, json={"data": {"name": "Approved"}})

        assert made
        assert made["data"]["name"] == "Approved"
        assert desk.names(desk.target) == ["Approved"]

    def test_it_sends_headers_of_its_own_which_no_error_report_shows(self, desk: Desk) -> None:
        """Such as the one that an experimental endpoint asks for; it may be a secret."""
        desk.frameio.fault(route="me", kind="status", status=403)

        with pytest.raises(errors.Forbidden) as raised:
            desk.hook.request("GET", "/v4/me", headers={"api-version": "exper1mental"})

        assert desk.frameio.requests[-1].headers["api-version"] == "exper1mental"
        assert "exper1mental" not in reported(raised.value)

    def test_an_answer_without_content_is_none(self, desk: Desk) -> None:
        """As after a deletion."""
        assert desk.hook.request("DELETE", f"/v4/accounts/{desk.frameio.account_id}/files/{desk.file()}") is None

    @pytest.mark.parametrize(("repeatable", "error"), [(None, errors.OutcomeUnknown), (True, None)])
    def test_only_a_get_is_repeated_unless_it_is_said_that_more_may_be(
        self, desk: Desk, repeatable: bool | None, error: type[errors.FrameioError] | None
    ) -> None:
        """A folder made twice is one too many."""
        path = f"/v4/accounts/{desk.frameio.account_id}/folders/{desk.target}/folders"
        desk.frameio.fault(route="create_folder", kind="drop", when="after")

        def make() -> None:
            desk.hook.request("POST", path, json={"data": {"name": "Approved"}}, repeatable=repeatable)

        if error:
            with pytest.raises(error):
                make()
        else:
            make()
        assert len(desk.names(desk.target)) == (1 if error else 2)


class TestAccount:
    """Whose assets a call is about."""

    def test_another_account_can_be_given(self, desk: Desk) -> None:
        """It goes before the connection's."""
        other = desk.frameio.seed_account("Other Studio")["id"]
        project = desk.frameio.seed_project("Elsewhere", account_id=other)

        assert desk.hook.get_project(project["id"], account_id=other)["id"] == project["id"]

    def test_a_call_without_any_fails_before_it_is_sent(self, desk: Desk, connect: Connect) -> None:
        """The error names both places where it could stand."""
        connect(extra={"account_id": ""})

        with pytest.raises(errors.InvalidParameter, match=r"extra 'account_id' of the connection 'frameio_default'"):
            FrameioHook().get_version_stack(desk.stacks[0])

        assert desk.frameio.requests == []

    @pytest.mark.parametrize("stack", ["", None, "None", "a b"])
    def test_an_id_that_cannot_be_one_fails_before_it_is_sent(self, desk: Desk, stack: Any) -> None:
        """As when a template rendered nothing."""
        with pytest.raises(errors.InvalidParameter, match="version_stack_id"):
            desk.hook.copy_version_stack(stack)

        assert desk.frameio.requests == []


def test_a_hook_can_be_used_by_many_threads(desk: Desk) -> None:
    """They share its token and its budgets."""
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda stack: desk.hook.get_version_stack(stack)["id"], desk.stacks))

    assert found == desk.stacks
    assert sum(request.route == "ims_token" for request in desk.frameio.requests) == 1


def test_hooks_of_one_process_share_their_token(desk: Desk) -> None:
    """A token is fetched for a process, not for a task."""
    for _ in range(3):
        FrameioHook().get_me()

    assert sum(request.route == "ims_token" for request in desk.frameio.requests) == 1


def test_a_rotated_secret_is_read_while_the_hook_lives(desk: Desk, connect: Connect) -> None:
    """A long task need not be restarted: after a refusal the connection is read again."""
    connect(password="expired", extra={"auth_type": "token"})
    hook = FrameioHook()
    with pytest.raises(errors.Unauthorized):
        hook.get_me()

    connect(password=desk.frameio.token, extra={"auth_type": "token"})

    assert hook.get_me()["name"] == "Ada Editor"


def test_making_a_hook_reads_no_connection() -> None:
    """Operators make hooks where connections cannot be read yet."""
    assert FrameioHook("no_such_connection").frameio_conn_id == "no_such_connection"
