"""Frame.io's own Python SDK takes the emulator for Frame.io."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.conftest import Studio

frameio_sdk = pytest.importorskip("frameio", reason="the official SDK has an environment of its own")
files_module = pytest.importorskip("frameio.files")
folders_module = pytest.importorskip("frameio.folders")
stacks_module = pytest.importorskip("frameio.version_stacks")


@pytest.fixture
def sdk(studio: Studio) -> Iterator[Any]:
    """The SDK, pointed at the emulator and nothing else."""
    httpx = pytest.importorskip("httpx")
    with httpx.Client(trust_env=False, timeout=10) as transport:
        yield frameio_sdk.Frameio(
            base_url=studio.emulator.base_url, token=studio.emulator.token, httpx_client=transport
        )


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
    with pytest.importorskip("httpx").Client(trust_env=False, timeout=10) as transport:
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
