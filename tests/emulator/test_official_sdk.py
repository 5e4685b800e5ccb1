"""Frame.io's own Python SDK takes the emulator for Frame.io."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_frameio.emulator.routes.table import IMS_AUTHORIZE, IMS_TOKEN, ROUTE_NAMES
from airflow_provider_frameio.emulator.state.metadata import FIELD_TYPES
from tests.emulator.conftest import Studio
from tests.harness.patience import PATIENCE

frameio_sdk = pytest.importorskip("frameio", reason="the official SDK has an environment of its own")
files_module = pytest.importorskip("frameio.files")
folders_module = pytest.importorskip("frameio.folders")
metadata_module = pytest.importorskip("frameio.metadata")
stacks_module = pytest.importorskip("frameio.version_stacks")


@pytest.fixture
def sdk(studio: Studio) -> Iterator[Any]:
    """The SDK, pointed at the emulator and nothing else."""
    httpx = pytest.importorskip("httpx")
    with httpx.Client(trust_env=False, timeout=PATIENCE) as transport:
        yield frameio_sdk.Frameio(
            base_url=studio.emulator.base_url, token=studio.emulator.token, httpx_client=transport
        )


@dataclass(frozen=True)
class Seeded:
    """What the calls of the SDK work on: ``folder`` holds all of it, ``target`` nothing; ``scene`` is a field."""

    account: str
    project: str
    folder: str
    target: str
    stack: str
    files: list[str]
    scene: str


@pytest.fixture
def seeded(studio: Studio) -> Seeded:
    files = [studio.emulator.seed_file(studio.cuts, f"{n}.mov")["id"] for n in range(2)]
    stack, project = studio.stack(), studio.project["id"]
    studio.emulator.seed_folder(studio.cuts, "Old")
    for kind in FIELD_TYPES:
        studio.emulator.seed_metadata_field(kind, kind, options=["A", "B"] if kind.startswith("select") else ())
    scene = studio.emulator.seed_metadata_field("Scene")["id"]
    return Seeded(studio.emulator.account_id, project, studio.cuts, studio.client, stack, files, scene)


def server_to_server(studio: Studio) -> Any:
    """A call by a client of the SDK that gets its token by itself."""
    auth, httpx = pytest.importorskip("frameio.auth"), pytest.importorskip("httpx")
    client_id, secret = studio.emulator.client_id, studio.emulator.client_secret
    given = {"client_id": client_id, "client_secret": secret, "ims_base_url": studio.emulator.base_url}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as transport:
        token = auth.ServerToServerAuth(http_client=transport, **given).get_token
        own = frameio_sdk.Frameio(base_url=studio.emulator.base_url, token=token, httpx_client=transport)
        return own.users.show()


def consent(studio: Studio) -> None:
    """The SDK makes the address; a browser opens it."""
    auth, httpx = pytest.importorskip("frameio.auth"), pytest.importorskip("httpx")
    given = {"redirect_uri": "https://localhost/frameio", "ims_base_url": studio.emulator.base_url}
    with httpx.Client(trust_env=False, timeout=PATIENCE) as transport:
        app = auth.SPAAuth(client_id=studio.emulator.user["public_client_id"], http_client=transport, **given)
        asked = app.get_authorization_url("st4te")
        back = parse_qs(urlsplit(transport.get(asked.url).headers["Location"]).query)
        assert app.exchange_code(back["code"][0], asked.code_verifier)["refresh_token"]


def bulk(it: Seeded) -> Any:
    return frameio_sdk.BulkFileCopyMoveParamsData(file_ids=it.files, parent_id=it.target)


# By the emulator's route, what the SDK has for it.
CALLS: dict[str, Callable[[Any, Seeded], Any]] = {
    "me": lambda sdk, it: sdk.users.show(),
    "list_accounts": lambda sdk, it: list(sdk.accounts.index()),
    "list_users": lambda sdk, it: list(sdk.users.account_permissions_index(it.account)),
    "list_field_definitions": lambda sdk, it: list(sdk.metadata_fields.metadata_field_definitions_index(it.account)),
    "update_metadata": lambda sdk, it: sdk.metadata.bulk_update(
        it.account,
        it.project,
        data=metadata_module.BulkUpdateMetadataParamsData(
            file_ids=it.files,
            values=[
                metadata_module.BulkUpdateMetadataParamsDataValuesItem(field_definition_id=it.scene, value="12"),
            ],
        ),
    ),
    "show_project": lambda sdk, it: sdk.projects.show(it.account, it.project),
    "show_folder": lambda sdk, it: sdk.folders.show(it.account, it.folder),
    "list_folder_children": lambda sdk, it: list(
        sdk.folders.index(it.account, it.folder, type="file,folder,version_stack")
    ),
    "create_folder": lambda sdk, it: sdk.folders.create(
        it.account, it.folder, data=folders_module.FolderCreateParamsData(name="New")
    ),
    "delete_folder": lambda sdk, it: sdk.folders.delete(it.account, it.folder),
    "show_file": lambda sdk, it: sdk.files.show(it.account, it.files[0], include="media_links.original"),
    "list_files": lambda sdk, it: list(sdk.files.list(it.account, it.folder, sort="name_asc")),
    "copy_file": lambda sdk, it: sdk.files.copy(
        it.account, it.files[0], data=files_module.FileCopyParamsData(parent_id=it.target)
    ),
    "copy_files": lambda sdk, it: sdk.files.bulk_copy(it.account, copy_comments="all", data=bulk(it)),
    "move_files": lambda sdk, it: sdk.files.bulk_move(it.account, data=bulk(it)),
    "move_file": lambda sdk, it: sdk.files.move(
        it.account, it.files[0], data=files_module.FileMoveParamsData(parent_id=it.target)
    ),
    "update_file": lambda sdk, it: sdk.files.update(
        it.account, it.files[0], data=files_module.FileUpdateParamsData(name="b.mov")
    ),
    "delete_file": lambda sdk, it: sdk.files.delete(it.account, it.files[0]),
    "copy_version_stack": lambda sdk, it: sdk.version_stacks.copy(
        it.account, it.stack, copy_metadata=True, data=stacks_module.VersionStackCopyParamsData(parent_id=it.target)
    ),
    "create_version_stack": lambda sdk, it: sdk.version_stacks.create(
        it.account, it.folder, data=stacks_module.VersionStackCreateParamsData(file_ids=it.files)
    ),
    "show_version_stack": lambda sdk, it: sdk.version_stacks.show(it.account, it.stack, include="creator,project"),
    "list_version_stack_children": lambda sdk, it: list(sdk.version_stacks.index(it.account, it.stack)),
    "list_version_stacks": lambda sdk, it: list(sdk.version_stacks.list(it.account, it.folder)),
    "move_version_stack": lambda sdk, it: sdk.version_stacks.move(
        it.account, it.stack, data=stacks_module.VersionStackMoveParamsData(parent_id=it.target)
    ),
}


def judged(read: Any) -> None:
    """Raise if a field is missing or of another type: the SDK by itself takes an answer as it comes."""
    type(read).model_validate(read.model_dump(by_alias=True))


SIGN_IN: dict[str, Callable[[Studio], Any]] = {IMS_TOKEN: server_to_server, IMS_AUTHORIZE: consent}


def test_the_sdk_has_a_call_for_every_route_of_the_emulator() -> None:
    """What the emulator has and no call of the SDK reaches would be judged by nobody."""
    assert CALLS.keys() | SIGN_IN.keys() == ROUTE_NAMES


@pytest.mark.parametrize("route", [*CALLS, *SIGN_IN])
def test_the_sdk_calls_a_route_and_reads_its_answer(studio: Studio, sdk: Any, seeded: Seeded, route: str) -> None:
    """No field is missing or of another type than the SDK expects."""
    answer = SIGN_IN[route](studio) if route in SIGN_IN else CALLS[route](sdk, seeded)
    assert answer != []
    for read in answer if isinstance(answer, list) else [answer]:
        if read is not None:
            judged(read)
    answered = [entry.status for entry in studio.emulator.requests if entry.route == route]
    assert answered
    assert all(status in (200, 201, 204, 302) for status in answered)


def test_copy_is_complete_after_its_time(studio: Studio, sdk: Any) -> None:
    """The SDK copies a stack, and finds all versions transcoded once the time for it has passed."""
    account_id, source = studio.emulator.account_id, studio.stack(versions=3)
    target = stacks_module.VersionStackCopyParamsData(parent_id=studio.client)
    copy = sdk.version_stacks.copy(account_id, source, copy_metadata=True, data=target).data
    assert (copy.parent_id, copy.head_version.status) == (studio.client, "created")
    studio.clock.advance(60)
    versions = list(sdk.version_stacks.index(account_id, copy.id))
    assert [version.status for version in versions] == ["transcoded"] * 3
    assert sdk.version_stacks.show(account_id, copy.id).data.head_version.id == versions[0].id


def test_lists_of_several_pages_come_whole(studio: Studio, sdk: Any) -> None:
    """The SDK's pager, which re-sends nothing but the cursor, sees every item of each list once."""
    account_id = studio.emulator.account_id
    stacks = {studio.stack(f"{n}.mov", 1) for n in range(120)}
    deep = studio.stack("deep.mov", 130)
    loose = {studio.emulator.seed_file(studio.client, f"{n}.mov")["id"] for n in range(7)}
    listed = [stack.id for stack in sdk.version_stacks.list(account_id, studio.cuts)]
    assert sorted(listed) == sorted({*stacks, deep})
    assert len({version.id for version in sdk.version_stacks.index(account_id, deep, page_size=100)}) == 130
    assert {file.id for file in sdk.files.list(account_id, studio.client, page_size=3)} == loose
    assert {child.id for child in sdk.folders.index(account_id, studio.client, page_size=3)} == loose


def test_files_become_a_stack_that_grows_and_moves(studio: Studio, sdk: Any) -> None:
    """Create a stack, put a third file on top, move it, take a version out again."""
    account_id = studio.emulator.account_id
    old, new, newest = (studio.emulator.seed_file(studio.cuts, f"{n}.mov")["id"] for n in range(3))
    order = stacks_module.VersionStackCreateParamsData(file_ids=[old, new])
    stack = sdk.version_stacks.create(account_id, studio.cuts, data=order).data
    assert stack.head_version.id == new
    sdk.files.move(account_id, newest, data=files_module.FileMoveParamsData(parent_id=stack.id))
    assert [version.id for version in sdk.version_stacks.index(account_id, stack.id)] == [newest, new, old]
    destination = stacks_module.VersionStackMoveParamsData(parent_id=studio.client)
    assert sdk.version_stacks.move(account_id, stack.id, data=destination).data.parent_id == studio.client
    sdk.files.delete(account_id, newest)
    assert sdk.version_stacks.show(account_id, stack.id).data.head_version.id == new


def test_files_are_copied_one_by_one_and_in_bulk(studio: Studio, sdk: Any) -> None:
    """Both ways of copying files, renaming, and reading a file back."""
    account_id = studio.emulator.account_id
    sources = [studio.emulator.seed_file(studio.cuts, f"{n}.mov")["id"] for n in range(3)]
    one = sdk.files.copy(
        account_id, sources[0], copy_comments="all", data=files_module.FileCopyParamsData(parent_id=studio.client)
    ).data
    many = frameio_sdk.BulkFileCopyMoveParamsData(file_ids=sources, parent_id=studio.client)
    copies = sdk.files.bulk_copy(account_id, data=many).data
    assert [copy.source_file_id for copy in copies] == sources
    sdk.files.update(account_id, one.id, data=files_module.FileUpdateParamsData(name="Delivery.mov"))
    assert sdk.files.show(account_id, one.id).data.name == "Delivery.mov"


def test_it_knows_who_asks_and_where(studio: Studio, sdk: Any) -> None:
    """The user, its accounts, a project, and a folder made and shown."""
    account_id = studio.emulator.account_id
    assert sdk.users.show().data.id == studio.emulator.user["id"]
    assert [account.id for account in sdk.accounts.index()] == [account_id]
    assert sdk.projects.show(account_id, studio.project["id"]).data.root_folder_id == studio.project["root_folder_id"]
    name = folders_module.FolderCreateParamsData(name="Old")
    made = sdk.folders.create(account_id, studio.cuts, data=name).data
    assert sdk.folders.show(account_id, made.id).data.parent_id == studio.cuts


def test_a_user_consents_and_the_tokens_rotate(studio: Studio) -> None:
    """The SDK's own sign-in: address, code, and two refreshes, the first of which ends the first refresh token."""
    auth = pytest.importorskip("frameio.auth")
    client_id, secret = studio.emulator.web_app
    given = {"redirect_uri": "https://localhost/frameio", "ims_base_url": studio.emulator.base_url}
    with pytest.importorskip("httpx").Client(trust_env=False, timeout=PATIENCE) as transport:
        app = auth.WebAppAuth(client_id=client_id, client_secret=secret, http_client=transport, **given)
        back = transport.get(app.get_authorization_url("st4te")).headers["Location"]
        query = parse_qs(urlsplit(back).query)
        assert query["state"] == ["st4te"]
        tokens = [app.exchange_code(query["code"][0]), app.refresh(), app.refresh()]
        assert len({token["refresh_token"] for token in tokens}) == 3
        studio.act_as(app.get_token())
        assert studio.data("/v4/me")["id"] == studio.emulator.user["id"]
        app.import_tokens({**app.export_tokens(), "refresh_token": tokens[0]["refresh_token"]})
        with pytest.raises(auth.FrameioAuthError, match="invalid_grant"):
            app.refresh()


def test_errors_are_the_ones_it_documents(studio: Studio, sdk: Any) -> None:
    """A wrong kind of id and an unknown id raise the SDK's own exceptions, with the emulator's words."""
    account_id = studio.emulator.account_id
    with pytest.raises(frameio_sdk.UnprocessableEntityError) as wrong_kind:
        sdk.version_stacks.show(account_id, studio.cuts)
    assert "is not a version_stack" in str(wrong_kind.value.body)
    with pytest.raises(frameio_sdk.NotFoundError):
        sdk.version_stacks.show(account_id, studio.project["id"])


def test_what_is_not_imitated_is_not_found(studio: Studio, sdk: Any) -> None:
    """Endpoints that Frame.io has and the emulator has not, in the API's form of an error."""
    account_id, file_id = studio.emulator.account_id, studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    folder = frameio_sdk.FolderCopyParamsData(parent_id=studio.client)
    for call in (
        lambda: sdk.comments.index(account_id, file_id),
        lambda: sdk.workspaces.index(account_id),
        lambda: sdk.folders.copy(account_id, studio.cuts, data=folder),
    ):
        with pytest.raises(frameio_sdk.NotFoundError) as missing:
            call()
        assert missing.value.body.errors[0].detail
