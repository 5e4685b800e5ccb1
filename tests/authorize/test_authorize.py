"""``python -m airflow_provider_frameio.authorize``: a user's consent, from the address to the stored tokens."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.authorize import __main__ as authorize
from airflow_provider_frameio.emulator.server import Emulator
from tests.consent import come_back, user_connection
from tests.harness.patience import PATIENCE

NAME = "frameio_token_frameio_default"


@dataclass(frozen=True)
class Listening:
    """The command as a process that listens.

    :ivar back: where Adobe sends the browser.
    """

    process: subprocess.Popen[str]
    back: str
    port: int

    @property
    def target(self) -> str:
        """What the browser asks for."""
        return self.back.partition(f":{self.port}")[2]

    def ask(self, address: str, method: str, target: str) -> bytes:
        """What one request is answered."""
        with socket.create_connection((address, self.port), timeout=PATIENCE) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(4096), b""))


class Terminal:
    """Somebody who opens the address that is printed and pastes the one the browser ends at.

    :ivar pasted: what is made of that address before.
    :ivar said: everything printed so far, on stderr and on stdout.
    """

    def __init__(self, printed: pytest.CaptureFixture[str]) -> None:
        self.pasted: Callable[[str], str] = lambda address: f" {address}\r\n"
        self.said, self.out = "", ""
        self._printed = printed

    def readline(self) -> str:
        self.listen()
        (url,) = re.findall(r"^(http\S+/ims/authorize/v2\S+)$", self.said, re.MULTILINE)
        return self.pasted(come_back(url))

    def listen(self) -> None:
        printed = self._printed.readouterr()
        self.said += printed.err
        self.out += printed.out

    def run(self, *arguments: str) -> int:
        status = authorize.main(arguments)
        self.listen()
        return status


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    at_it = Terminal(capsys)
    monkeypatch.setattr(sys, "stdin", at_it)
    return at_it


def accepted(frameio: Emulator, text: str) -> bool:
    """Whether Frame.io takes the access token in a Variable's text."""
    token = UserToken.from_text(text, NAME, "frameio_default")
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token.access_token}"}
        return session.get(f"{frameio.base_url}/v4/me", headers=headers, timeout=PATIENCE).status_code == 200


class TestWithoutAirflow:
    """``--client-id``: the tokens are printed, to be pasted into a Variable."""

    @pytest.fixture(autouse=True)
    def _secret(self, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(authorize.SECRET_VARIABLE, f"{frameio.web_app[1]}\r\n")

    @pytest.fixture
    def options(self, frameio: Emulator) -> list[str]:
        return ["--client-id", frameio.web_app[0], "--ims-url", frameio.base_url]

    def test_stdout_is_the_variable(self, frameio: Emulator, terminal: Terminal, options: list[str]) -> None:
        """And nothing else; stderr says what to do with it, and to keep no copy. The line end of the secret is cut."""
        assert terminal.run(*options) == 0
        assert accepted(frameio, terminal.out)
        assert json.loads(terminal.out)["refresh_token"]
        assert f"Make an Airflow Variable {NAME} of the JSON below, and keep no copy" in terminal.said
        assert "FrameioRefreshTokenOperator" in terminal.said

    def test_no_secret_is_said(self, frameio: Emulator, terminal: Terminal, options: list[str]) -> None:
        """Not the client's, and the tokens only where they were asked for."""
        terminal.run(*options)
        body = json.loads(terminal.out)
        hidden = (frameio.web_app[1], body["access_token"], body["refresh_token"])
        assert [secret for secret in hidden if secret in terminal.said] == []
        assert frameio.web_app[1] not in terminal.out

    def test_the_secret_can_be_typed(
        self, frameio: Emulator, terminal: Terminal, options: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Unseen; there is no option for it, which the process list and the shell's history would keep."""
        monkeypatch.delenv(authorize.SECRET_VARIABLE)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: frameio.web_app[1])
        assert terminal.run(*options) == 0
        options = re.findall(r"--(\S+)", authorize.parser().format_help())
        assert [option for option in options if "secret" in option] == []

    def test_a_client_without_a_secret_uses_pkce(
        self, frameio: Emulator, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Which the emulator demands, and checks."""
        monkeypatch.setenv(authorize.SECRET_VARIABLE, "")
        client_id = frameio.user["public_client_id"]
        assert terminal.run("--client-id", client_id, "--ims-url", frameio.base_url) == 0
        assert accepted(frameio, terminal.out)
        assert "code_challenge_method=S256" in terminal.said

    def test_the_variable_may_be_another(self, terminal: Terminal, options: list[str]) -> None:
        """As in the connection."""
        assert terminal.run(*options, "--auth-variable", "adas_token") == 0
        assert "Make an Airflow Variable adas_token" in terminal.said

    @pytest.mark.parametrize(
        ("pasted", "words"),
        [
            (lambda address: re.sub(r"state=[^&]*", "state=other", address), "'state' is not that of this attempt"),
            (lambda address: "", "'state' is not that of this attempt"),
            (lambda address: re.sub(r"code=[^&]*", "error=access_denied", address), "Adobe answered 'access_denied'"),
            (lambda address: re.sub(r"code=[^&]*", "code=wrong", address), "Adobe IMS answered invalid_grant"),
        ],
        ids=["another's", "nothing", "refused", "another code"],
    )
    def test_what_comes_back_is_checked(
        self, terminal: Terminal, options: list[str], pasted: Callable[[str], str], words: str
    ) -> None:
        """Nothing is printed that could be taken for tokens."""
        terminal.pasted = pasted
        assert terminal.run(*options) == 1
        assert words in terminal.said
        assert terminal.out == ""

    def test_without_offline_access_nobody_is_sent_anywhere(self, terminal: Terminal, options: list[str]) -> None:
        """No refresh token would come."""
        assert terminal.run(*options, "--scopes", "openid") == 1
        assert "without 'offline_access' Adobe gives no refresh token" in terminal.said
        assert "/ims/authorize" not in terminal.said

    def test_a_credential_that_gets_no_refresh_token_is_told(
        self, frameio: Emulator, terminal: Terminal, options: list[str]
    ) -> None:
        """As those of single-page and native apps."""
        body = {"access_token": "eyJ.x", "expires_in": 86399}
        frameio.fault(route="ims_token", kind="status", status=200, body=body)
        assert terminal.run(*options) == 1
        assert "only an OAuth Web App credential with this scope gets one" in terminal.said
        assert "eyJ.x" not in terminal.said + terminal.out

    def test_a_port_that_is_taken_is_told(self, terminal: Terminal, options: list[str]) -> None:
        """Before anybody is sent away."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            back = f"http://127.0.0.1:{taken.getsockname()[1]}/back"
            assert terminal.run(*options, "--redirect-uri", back) == 2
        assert "in use" in terminal.said
        assert "/ims/authorize" not in terminal.said

    @contextmanager
    def listening(self, frameio: Emulator, options: list[str], host: str) -> Iterator[Listening]:
        """The command while it listens on this machine for a browser."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        back = f"http://{host}:{port}/back"
        command = [sys.executable, "-m", "airflow_provider_frameio.authorize", *options, "--redirect-uri", back]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as process:
            assert process.stderr is not None
            url = next(line.strip() for line in iter(process.stderr.readline, "") if line.startswith(frameio.base_url))
            yield Listening(process, come_back(url), port)
            process.kill()

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
    def test_a_browser_on_this_machine_is_listened_to(self, frameio: Emulator, options: list[str], host: str) -> None:
        """Where http on loopback is registered: whatever else comes first is ignored, and nothing shows a code."""
        with self.listening(frameio, options, host) as listening:
            address = "::1" if host == "[::1]" else "127.0.0.1"
            idle = socket.create_connection((address, listening.port), timeout=PATIENCE)
            half = socket.create_connection((address, listening.port), timeout=PATIENCE)
            half.sendall(b"GET /back?code=")
            others = [
                ("GET", "/favicon.ico"),
                ("GET", re.sub(r"state=[^&]*", "state=other", listening.target)),
                ("GET", re.sub(r"code=[^&]*", "", listening.target)),
                ("GET", f"/elsewhere{listening.target}"),
                ("GET", "//["),
                ("HEAD", listening.target),
                ("POST", listening.target),
            ]
            assert [listening.ask(address, *other)[:12] for other in others] == [b"HTTP/1.1 404"] * len(others)
            assert b"Thank you" in listening.ask(address, "GET", listening.target)
            out, err = listening.process.communicate(timeout=PATIENCE)
            idle.close()
            half.close()
        assert listening.process.returncode == 0
        assert accepted(frameio, out)
        assert "code." not in err

    def test_a_user_who_refuses_ends_it(self, frameio: Emulator, options: list[str]) -> None:
        """By Adobe's error with the right state; one with another state is ignored."""
        with self.listening(frameio, options, "127.0.0.1") as listening:
            refused = re.sub(r"code=[^&]*", "error=access_denied", listening.target)
            others = re.sub(r"state=[^&]*", "state=other", refused)
            assert listening.ask("127.0.0.1", "GET", others).startswith(b"HTTP/1.1 404")
            assert listening.ask("127.0.0.1", "GET", refused).startswith(b"HTTP/1.1 200")
            out, err = listening.process.communicate(timeout=PATIENCE)
        assert (listening.process.returncode, out) == (1, "")
        assert "Adobe answered 'access_denied'" in err

    def test_it_can_be_stopped(self, frameio: Emulator, options: list[str]) -> None:
        """By Ctrl-C, with one line."""
        with self.listening(frameio, options, "localhost") as listening:
            listening.process.send_signal(signal.SIGINT)
            out, err = listening.process.communicate(timeout=PATIENCE)
        assert (listening.process.returncode, out) == (1, "")
        assert err == "Stopped. Nothing was stored.\n"

    @pytest.mark.parametrize(
        "pasted", [b"http://[\n", b"\xff\xfe\n", b"http://\xe2\x84\x80/?state=x\n", b"\x00\x1b[2J\n", b""]
    )
    def test_nonsense_that_is_pasted_is_told_in_one_line(
        self, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pasted: bytes
    ) -> None:
        """Whatever it is, without showing it."""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pasted), encoding="utf-8"))
        assert authorize.main(options) == 1
        printed = capsys.readouterr()
        assert printed.err.splitlines()[-2:] == [
            "Paste the whole of it here, within a few minutes:",
            "redirected address='…' cannot be used: its 'state' is not that of this attempt: "
            "give the address of this attempt, whole.",
        ]
        assert printed.out == ""


class TestWithAirflow:
    """The connection is read, and its Variable written."""

    @pytest.fixture(autouse=True)
    def _variable(self, airflow: Any, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        from airflow.models.variable import Variable

        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(user_connection(frameio)))
        yield
        monkeypatch.delenv(f"AIRFLOW_VAR_{NAME.upper()}", raising=False)
        Variable.delete(NAME)

    @pytest.fixture
    def terminal(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
        at_it = Terminal(capfd)
        monkeypatch.setattr(sys, "stdin", at_it)
        return at_it

    def test_the_tokens_are_stored(self, frameio: Emulator, terminal: Terminal) -> None:
        """And not printed; then tasks can use them."""
        from airflow.models.variable import Variable

        assert terminal.run("--paste") == 0
        assert accepted(frameio, Variable.get(NAME))
        assert f"Stored in the Airflow Variable {NAME}" in terminal.said
        assert Variable.get(NAME) not in terminal.out
        assert json.loads(Variable.get(NAME))["refresh_token"] not in terminal.said + terminal.out

    def test_a_second_consent_takes_the_place_of_the_first(self, frameio: Emulator, terminal: Terminal) -> None:
        """After the first was lost."""
        from airflow.models.variable import Variable

        Variable.set(NAME, "whatever was there")
        assert terminal.run() == 0
        assert accepted(frameio, Variable.get(NAME))

    def test_they_can_be_printed_instead(self, frameio: Emulator, terminal: Terminal) -> None:
        """For another Airflow's Variable."""
        from airflow.models.variable import Variable

        assert terminal.run("--print") == 0
        assert accepted(frameio, terminal.out[terminal.out.index("{\n") :])
        assert Variable.get(NAME, None) is None

    def test_a_variable_that_is_hidden_is_told(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        """Airflow would read the other one."""
        monkeypatch.setenv(f"AIRFLOW_VAR_{NAME.upper()}", "something else")
        assert terminal.run() == 1
        assert f"AIRFLOW_VAR_{NAME.upper()}" in terminal.said

    def test_a_connection_that_is_not_there_is_told(self, terminal: Terminal) -> None:
        """With the way to do without."""
        assert terminal.run("--conn-id", "frameio_missing") == 1
        assert "conn_id='frameio_missing' cannot be used: there is no such connection" in terminal.said

    def test_a_connection_of_another_kind_is_told(
        self, frameio: Emulator, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It needs no consent."""
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
        assert terminal.run() == 1
        assert "its auth_type is 'server_to_server', not 'user'" in terminal.said

    def test_a_wrong_secret_is_told(
        self, frameio: Emulator, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the credential to look at."""
        connection = {**user_connection(frameio), "password": "wr0ng"}
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))
        assert terminal.run() == 1
        assert "under the project's OAuth Web App credential" in terminal.said
        assert "wr0ng" not in terminal.said


def test_where_the_database_is_out_of_reach_the_tokens_are_printed(frameio: Emulator, tmp_path: Path) -> None:
    """They are there by then, and would be lost."""
    pytest.importorskip("airflow")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/there_are_no_tables.db",
        "AIRFLOW_CONN_FRAMEIO_DEFAULT": json.dumps(user_connection(frameio)),
    }
    command = [sys.executable, "-m", "airflow_provider_frameio.authorize"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, text=True, env=environment) as process:
        assert process.stderr is not None
        url = next(line.strip() for line in iter(process.stderr.readline, "") if line.startswith(frameio.base_url))
        out, err = process.communicate(f"{come_back(url)}\n", timeout=PATIENCE)
    assert process.returncode == 0
    assert "Airflow's database cannot be used from here" in err
    assert accepted(frameio, out[out.index("{\n") :])
    assert json.loads(out[out.index("{\n") :])["refresh_token"] not in err
