"""Every command, connection and configuration in the pages is one that works."""

from __future__ import annotations

import configparser
import itertools
import json
import re
import select
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.authorize import __main__ as authorize
from airflow_provider_frameio.emulator import __main__ as emulator
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.folder_events.diff import Change, payloads
from airflow_provider_frameio.folder_events.snapshot import StackState
from airflow_provider_frameio.probe import __main__ as probe
from tests.docs.kinds import of_kind
from tests.docs.pages import BLOCKS, ROOT, Block

pytest.importorskip("airflow", reason="the pages speak of Airflow")

KINDS = {"connection", "make", "dags test", "module", "airflow", "store", "ini", "json", "requirements"}


def shell(script: str) -> str:
    """What a script prints."""
    done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def settings(monkeypatch: pytest.MonkeyPatch, value: str) -> Any:
    """What the provider makes of ``frameio_default`` with this text, as a secrets backend or the environment has it."""
    from airflow_provider_frameio.hooks.connection import load_settings

    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", value)
    return load_settings("frameio_default")


def is_the_pages(read: Any) -> None:
    """The settings are those that all pages use: of a server-to-server credential, or a legacy token."""
    assert (read.base_url, read.account_id) == ("https://api.frame.io", "your-account-id")
    if read.auth_type == "legacy_token":
        assert read.secret == "fio-u-your-token"
    else:
        assert (read.auth_type, read.client_id) == ("server_to_server", "your-client-id")
        assert read.secret == "your-client-secret"


@pytest.mark.parametrize("block", of_kind("connection"), ids=str)
def test_an_exported_connection_is_understood(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON and as a URI, after a shell has read it."""
    is_the_pages(settings(monkeypatch, shell(f'{block.text}\nprintf %s "$AIRFLOW_CONN_FRAMEIO_DEFAULT"')))


def ini_before(block: Block) -> dict[str, Any]:
    """The ``backend_kwargs`` of the configuration that stands above a block, or none."""
    above = [ini for ini in of_kind("ini") if ini.page == block.page and ini.line < block.line]
    return dict(kwargs_of(above[-1])) if above else {}


def kwargs_of(block: Block) -> Any:
    """What a secrets backend is told, in an ``airflow.cfg``."""
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(block.text)
    assert config.sections() == ["secrets"]
    assert re.fullmatch(r"airflow\.providers(\.\w+)+Backend", config["secrets"]["backend"])
    return json.loads(config["secrets"]["backend_kwargs"])


@pytest.mark.parametrize("block", of_kind("ini"), ids=str)
def test_a_configuration_is_one(block: Block) -> None:
    """It reads as ``airflow.cfg`` does, and finds connections of the name that all pages use."""
    kwargs = kwargs_of(block)
    assert {"connections_prefix", "connections_path"} & set(kwargs)
    assert re.match(kwargs.get("connections_lookup_pattern", ""), "frameio_default")


@pytest.mark.parametrize("block", of_kind("store"), ids=str)
def test_what_a_tool_is_told_to_store_is_the_connection(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name that the configuration above it says; the tools here only print what they were given."""
    tools = "".join(f"{tool}() {{ printf '%s\\0' \"$@\"; cat; }}\n" for tool in ("aws", "gcloud", "vault", "astro"))
    *given, stdin = shell(tools + block.text).split("\0")
    if "--extra" in given:  # its parts
        options = dict(itertools.pairwise(given))
        assert options["--key"] == "frameio_default"
        parts = {"conn_type": options["--type"], "login": options["--login"], "password": options["--password"]}
        is_the_pages(settings(monkeypatch, json.dumps({**parts, "extra": json.loads(options["--extra"])})))
        return
    values = {stdin, *(word.removeprefix("conn_uri=") for word in given)}
    (value,) = [value for value in values if value.startswith(("{", "frameio://"))]
    is_the_pages(settings(monkeypatch, value))
    kwargs = ini_before(block)
    prefix = kwargs.get("connections_prefix") or f"{kwargs['mount_point']}/{kwargs['connections_path']}"
    assert {f"{prefix}{separator}frameio_default" for separator in "/-"} & set(given)


@pytest.mark.parametrize("block", of_kind("airflow"), ids=str)
def test_airflows_own_commands_work(block: Block, airflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is in Airflow's database afterwards, with the fields that the provider reads; or is tested."""
    if "connections test" in block.text:
        assert "Connection success" in shell(f'PATH="{Path(sys.executable).parent}:$PATH"; {block.text}')
        return
    from airflow.cli.cli_parser import get_parser
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    command = get_parser().parse_args(shlex.split(block.text.replace("\\\n", " "))[1:])
    command.func(command)
    with create_session() as session:
        added = session.query(Connection).filter(Connection.conn_id == "frameio_default").one()
        text = added.as_json()
        session.delete(added)
    read = settings(monkeypatch, text)
    if "--conn-host" in block.text:
        assert read.base_url == read.ims_url == "http://127.0.0.1:8765"
    else:
        is_the_pages(read)


@pytest.mark.parametrize("block", of_kind("dags test"), ids=str)
def test_a_dag_that_is_started_is_on_a_page(block: Block) -> None:
    """With the params that it has."""
    from airflow.cli.cli_parser import get_parser

    given = get_parser().parse_args(shlex.split(block.text)[1:])
    (dag,) = [other.text for other in of_kind("dag") if f'"{given.dag_id}"' in other.text]
    (params,) = re.findall(r"params=(\{.*?\})", dag)
    assert set(json.loads(given.conf)) == set(json.loads(params))


@pytest.mark.parametrize("block", of_kind("make"), ids=str)
def test_a_make_command_is_a_target(block: Block) -> None:
    """``make demo`` and ``make test`` themselves run before every release, not within the suite they run."""
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    command, target, *variables = shlex.split(block.text)
    assert (command, target in targets) == ("make", True)
    for name, value in (variable.split("=") for variable in variables):
        assert f"$({name})" in text
        assert "/" not in value or (ROOT / value).exists()


@pytest.mark.parametrize("block", of_kind("module"), ids=str)
def test_a_command_of_the_package_knows_its_options(block: Block) -> None:
    """And settings of the emulator exist."""
    for line in block.text.splitlines():
        _, _, module, *arguments = shlex.split(line)
        if module == "airflow_provider_frameio.emulator":
            options = emulator.parser().parse_args(arguments)
            with Emulator() as server:
                server.configure(limit_mode=options.limit_mode, **dict(options.set))
        elif module == "airflow_provider_frameio.probe":
            assert probe.parser().parse_args(arguments).dry_run == ("--dry-run" in arguments)
        else:
            assert module == "airflow_provider_frameio.authorize"
            options = authorize.parser().parse_args(arguments)
            assert options.redirect_uri == authorize.REDIRECT_URI


def test_the_emulator_starts_and_says_where() -> None:
    """The command's first line of output is JSON with all that the pages name."""
    block = next(block for block in of_kind("module") if block.page == "README.md")
    command = block.text.replace("8765", "0").split()
    with subprocess.Popen([sys.executable, *command[1:]], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], 60)
            assert ready
            told = json.loads(process.stdout.readline())
            assert told["airflow_connection"]["conn_type"] == "frameio"
            assert {"client_id", "client_secret", "account_id", "folders", "version_stacks"} <= set(told)
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.mark.parametrize("block", of_kind("requirements"), ids=str)
def test_a_requirement_is_this_distribution(block: Block) -> None:
    """With an extra that it has; before it there may be a constraint of Airflow's own."""
    project = (ROOT / "pyproject.toml").read_text()
    *before, requirement = block.text.splitlines()
    name, _, extra = requirement.removesuffix("]").partition("[")
    assert f'name = "{name}"' in project
    assert not extra or f"\n{extra} = [" in project
    for line in before:
        address = (
            r"https://raw\.githubusercontent\.com/apache/airflow/constraints-\d+\.\d+\.\d+/constraints-3\.\d+\.txt"
        )
        assert re.fullmatch(rf'--constraint "{address}"', line)


@pytest.mark.parametrize("block", of_kind("json"), ids=str)
def test_a_payload_is_that_of_an_event(block: Block) -> None:
    """With the names that the trigger tells, all of them."""
    shown = json.loads(block.text)
    values: dict[str, Any] = {field.name: "x" for field in fields(StackState)}
    (made,) = payloads([Change("created", StackState(**values))], "x", "x")
    assert list(shown) == list(made)
    assert [list(change) for change in shown["changes"]] == [list(change) for change in made["changes"]]


def test_connections_of_one_page_say_the_same() -> None:
    """So that whoever changes the place changes nothing else: the JSON stands once for each place."""
    texts = {found for block in BLOCKS for found in re.findall(r"\{\n  \"conn_type\".*?\n\}", block.text, re.DOTALL)}
    assert len(texts) == 2  # a credential, and a legacy token
