"""``frameio-mcp``, which others wrote upon the official SDK, works on the emulator, asked over its own protocol.

It knows no address but Frame.io's and Adobe's own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.adobes_hosts import adobes_hosts
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock

pytest.importorskip("frameio_mcp", reason="it has an environment of its own")

from anyio.from_thread import start_blocking_portal
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError

from tests.harness.patience import PATIENCE

# Its sign-in listens with a certificate of its own making.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
PROGRAM = str(Path(sys.executable).with_name("frameio-mcp"))
# It says where to sign in before it listens for the answer.
SOON = Retry(total=50, backoff_factor=0.1, backoff_max=0.2)


class Tools:
    """The server's tools, in one session of the protocol."""

    def __init__(self, portal: Any, client: Any) -> None:
        self._portal, self._client = portal, client

    def names(self) -> set[str]:
        return {tool.name for tool in self._portal.call(self._client.list_tools)}

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        return self._portal.call(partial(self._client.call_tool, tool, arguments)).structured_content

    def items(self, tool: str, **arguments: Any) -> Any:
        """What a tool that lists something answers."""
        return self.call(tool, arguments)["result"]

    def data(self, tool: str, **arguments: Any) -> Any:
        """What a tool that has one answer of Frame.io gives on."""
        return self.call(tool, arguments)["data"]

    def delete(self, tool: str, asset_id: str) -> None:
        kind = tool.removeprefix("delete_")
        assert self.call(tool, {f"{kind}_id": asset_id}) == {"deleted": asset_id}


def sign_in(environment: dict[str, str], base_url: str) -> None:
    """Let the program ask for consent, which a browser gives at the emulator."""
    login = [PROGRAM, "login", "--no-browser"]
    with subprocess.Popen(login, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        asked = next(line.strip() for line in process.stdout if line.startswith("https://"))
        with requests.Session() as browser:
            browser.trust_env = False
            browser.mount("https://localhost", HTTPAdapter(max_retries=SOON))
            consented = browser.get(re.sub("^https://[^/]+", base_url, asked), timeout=PATIENCE, allow_redirects=False)
            assert browser.get(consented.headers["Location"], timeout=PATIENCE, verify=False).status_code == 200
        assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    clock = FakeClock()
    with Emulator(clock=clock.monotonic) as emulator:
        yield Studio(emulator, clock)


@pytest.fixture(scope="module")
def tools(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    with adobes_hosts(studio.emulator.base_url) as (environment, refused):
        environment |= {
            "FRAMEIO_MCP_HOME": str(tmp_path_factory.mktemp("frameio-mcp")),
            "FRAMEIO_CLIENT_ID": str(studio.emulator.user["public_client_id"]),
            "FASTMCP_CHECK_FOR_UPDATES": "off",
            "PYTHONUNBUFFERED": "1",
        }
        sign_in(environment, studio.emulator.base_url)
        server = StdioTransport(PROGRAM, ["serve"], env=environment, keep_alive=False)
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server)) as client:
            yield Tools(portal, client)
        assert refused == []


@pytest.fixture
def here(studio: Studio) -> str:
    """A folder of the test's own."""
    folder_id: str = studio.emulator.seed_folder(studio.cuts, "Here")["id"]
    return folder_id


def test_it_has_tools_for_version_stacks(tools: Tools) -> None:
    """To copy, create, list, move and show them."""
    kinds = {"list_version_stacks", *(f"{verb}_version_stack" for verb in ("copy", "create", "move", "show"))}
    assert {name for name in tools.names() if "version_stack" in name} == kinds


def test_it_reads(tools: Tools, studio: Studio, here: str) -> None:
    """Who asks, accounts, a project, folders, files and stacks with their versions."""
    stack = studio.emulator.seed_version_stack(here, "Hero.mov", 3)
    file_id = studio.emulator.seed_file(here, "a.mov")["id"]
    assert tools.data("whoami")["id"] == studio.emulator.user["id"]
    assert [account["id"] for account in tools.items("list_accounts")] == [studio.emulator.account_id]
    assert tools.data("show_project", project_id=studio.project["id"])["name"] == "Campaign"
    contents = tools.items("list_project_contents", project_id=studio.project["id"])
    assert {child["id"] for child in contents} == {studio.cuts, studio.client}
    assert tools.data("show_folder", folder_id=here)["name"] == "Here"
    assert {child["id"] for child in tools.items("list_folder", folder_id=here)} == {stack["id"], file_id}
    assert [file["id"] for file in tools.items("list_files", folder_id=here)] == [file_id]
    assert tools.data("show_file", file_id=file_id, include="media_links.original")["name"] == "a.mov"
    assert [listed["id"] for listed in tools.items("list_version_stacks", folder_id=here)] == [stack["id"]]
    shown = tools.data("show_version_stack", version_stack_id=stack["id"])
    versions = tools.items("list_versions", version_stack_id=stack["id"])
    assert (len(versions), versions[0]["id"]) == (3, shown["head_version"]["id"])


def test_it_copies_a_version_stack(tools: Tools, studio: Studio, here: str) -> None:
    """And sees it become complete."""
    source = studio.stack("Copied.mov", versions=2)
    copy = tools.data("copy_version_stack", version_stack_id=source, new_parent_id=here, copy_metadata=True)
    assert (copy["parent_id"], copy["head_version"]["status"]) == (here, "created")
    studio.clock.advance(60)
    versions = tools.items("list_versions", version_stack_id=copy["id"])
    assert [version["status"] for version in versions] == ["transcoded"] * 2


def test_it_makes_moves_and_deletes(tools: Tools, studio: Studio, here: str) -> None:
    """Folders, files and stacks."""
    folder_id = tools.data("create_folder", parent_folder_id=here, name="New")["id"]
    old, new, newest = (studio.emulator.seed_file(here, f"{n}.mov")["id"] for n in range(3))
    stack_id = tools.data("create_version_stack", folder_id=here, file_ids=[old, new])["id"]
    tools.data("rename_file", file_id=newest, name="Newest.mov")
    tools.data("move_file", file_id=newest, new_parent_id=stack_id)
    moved = tools.data("move_version_stack", version_stack_id=stack_id, new_parent_id=folder_id)
    assert (moved["parent_id"], moved["head_version"]["name"]) == (folder_id, "Newest.mov")
    tools.delete("delete_file", newest)
    assert studio.data(f"/version_stacks/{stack_id}")["head_version"]["id"] == new
    tools.delete("delete_folder", folder_id)
    assert studio.get(f"/version_stacks/{stack_id}").status_code == 404


def test_it_sets_metadata(tools: Tools, studio: Studio, here: str) -> None:
    """Of files, by the id of the field."""
    file_id = studio.emulator.seed_file(here, "a.mov")["id"]
    studio.emulator.seed_metadata_field("Take", "number")
    (field_id,) = [field["id"] for field in tools.items("list_metadata_fields") if field["name"] == "Take"]
    values = {"project_id": studio.project["id"], "file_ids": [file_id], "values": {field_id: 3}}
    assert tools.call("set_file_metadata", values)["updated_files"] == [file_id]
    (shown,) = studio.data(f"/files/{file_id}", include="metadata")["metadata"]
    assert (shown["field_definition_name"], shown["value"]) == ("Take", 3)


def test_it_is_told_what_the_emulator_refuses(tools: Tools, studio: Studio, here: str) -> None:
    """It copies files with the comments ``false``, which is none of the documented words; and knows more endpoints."""
    file_id = studio.emulator.seed_file(here, "a.mov")["id"]
    with pytest.raises(ToolError, match=r"status_code: 422.*copy_comments"):
        tools.data("copy_file", file_id=file_id, new_parent_id=studio.client)
    with pytest.raises(ToolError, match="status_code: 404"):
        tools.items("list_workspaces")
