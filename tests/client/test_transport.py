"""How requests travel: connections, TLS, proxies, time; and whether an error can tell that nothing was sent."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.client.client import Client
from tests.client.conftest import Studio
from tests.client.raw import Tunnel
from tests.client.servers import (
    CERTIFICATE,
    ScriptedServer,
    in_pieces,
    plain_text_into_tls,
    refuse,
)
from tests.fakes import FakeClock
from tests.harness.patience import PATIENCE

SOMEWHERE = "https://api.frame.example"


@pytest.fixture
def clock() -> FakeClock:
    """Real time passes as well: these tests wait for sockets."""
    return FakeClock(running=True)


@pytest.fixture
def to(studio: Studio) -> Any:
    """Makes a client of another server, with a token that no server looks at."""

    def client(url: str, **changes: Any) -> Client:
        return studio.client(
            **{"base_url": url, "auth_type": "token", "secret": "t0ken", "time_scale": 0.001, **changes}
        )

    return client


def closed_port() -> int:
    """A port of the loopback interface where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class TestConnections:
    """Which calls share one."""

    def test_calls_that_may_be_repeated_share_a_connection(self, studio: Studio, to: Any) -> None:
        """One for a thread, until it is closed."""
        with ScriptedServer() as server:
            client = to(server.url)
            client.close()
            for _ in range(3):
                client.call(get_me())
            assert len({heard.port for heard in server.heard}) == 1

            thread = threading.Thread(target=lambda: client.call(get_me()))
            thread.start()
            thread.join()
            assert len({heard.port for heard in server.heard}) == 2

            client.close()
            client.call(get_me())
            assert len({heard.port for heard in server.heard}) == 3

    def test_a_copy_gets_a_connection_of_its_own(self, studio: Studio, to: Any) -> None:
        """A kept one may be closed by the server at that very moment, and whether the copy was made is then unknown."""
        with ScriptedServer() as server:
            client = to(server.url)
            client.call(get_me())
            for _ in range(2):
                client.call(studio.copy())

            assert len({heard.port for heard in server.heard}) == 3

    def test_a_kept_connection_that_the_server_closed_is_replaced(self, studio: Studio, to: Any) -> None:
        """A pause between two calls is nothing to be told of."""

        def answer_and_close(handler: BaseHTTPRequestHandler) -> None:
            in_pieces(handler)
            handler.close_connection = True

        with ScriptedServer(answer_and_close) as server:
            client = to(server.url)
            for _ in range(3):
                assert client.call(get_me())["id"] == "u1"

            assert len({heard.port for heard in server.heard}) == 3


class TestWhatIsSent:
    """Headers, whoever else would set them."""

    def test_a_netrc_file_does_not_replace_the_token(
        self, studio: Studio, to: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such a file is read by the HTTP library for every host in it."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))

        with ScriptedServer() as server:
            to(server.url).call(get_me())

        assert server.heard[0].headers["authorization"] == "Bearer t0ken"

    def test_nor_does_it_add_a_password_to_the_token_request(
        self, to: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Adobe IMS takes the client's id and secret from the form."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))

        with ScriptedServer() as server, pytest.raises(errors.UnreadableAnswer):
            to(server.url, ims_url=server.url, auth_type="server_to_server").call(get_me())

        assert all("authorization" not in heard.headers for heard in server.heard)

    def test_extra_headers_are_sent_but_do_not_replace_the_token(self, to: Any) -> None:
        """Some integrations want an ``x-api-key``."""
        with ScriptedServer() as server:
            to(server.url, headers={"x-api-key": "k1", "Authorization": "Basic x"}).call(get_me())

        (heard,) = server.heard
        assert heard.headers["x-api-key"] == "k1"
        assert heard.headers["authorization"] == "Bearer t0ken"

    def test_a_calls_own_headers_go_before_the_connections(self, to: Any) -> None:
        """Whatever the case of their names; the token stays."""
        own = {"X-Api-Key": "k2", "api-version": "experimental", "authorization": "Basic x"}
        with ScriptedServer() as server:
            to(server.url, headers={"x-api-key": "k1"}).call(any_endpoint("GET", "/v4/me", headers=own))

        sent = server.heard[0].headers
        assert (sent["x-api-key"], sent["api-version"], sent["authorization"]) == ("k2", "experimental", "Bearer t0ken")

    def test_adobes_login_gets_no_extra_headers(self, studio: Studio, to: Any) -> None:
        """They are the API's: some gateway's key, or a second Authorization that IMS would read."""
        changes = {name: getattr(studio.settings, name) for name in ("ims_url", "auth_type", "secret")}
        with ScriptedServer() as server:
            to(server.url, headers={"x-api-key": "k1"}, **changes).call(get_me())

        (asked,) = studio.emulator.requests
        assert (asked.route, "x-api-key" in asked.headers) == ("ims_token", False)
        assert server.heard[0].headers["x-api-key"] == "k1"

    def test_it_says_who_it_is(self, to: Any) -> None:
        """Adobe's support can find its calls."""
        with ScriptedServer() as server:
            to(server.url).call(get_me())

        assert server.heard[0].headers["user-agent"].startswith("airflow-provider-frameio/")


class TestProxies:
    """The extra ``proxies``."""

    @pytest.fixture(autouse=True)
    def _as_on_a_machine_behind_a_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NO_PROXY")

    def test_a_proxy_is_used(self, to: Any) -> None:
        """It hears the host's name, and not what is said to it."""
        with ScriptedServer(tls=True) as server, Tunnel(server.url) as proxy:
            client = to("https://localhost:443", proxies={"https": proxy.url}, verify=str(CERTIFICATE))
            for _ in range(2):
                assert client.call(get_me())["id"] == "u1"
            client.close()

        assert proxy.requests[0].startswith(b"CONNECT localhost:443 HTTP/1.")
        assert b"t0ken" not in proxy.requests[0]
        assert [heard.target for heard in server.heard] == ["/v4/me"] * 2

    def test_plain_http_leads_to_this_machine_past_every_proxy(self, to: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy would see the token."""
        nobody = f"http://127.0.0.1:{closed_port()}"
        monkeypatch.setenv("HTTP_PROXY", nobody)
        with ScriptedServer() as server:
            assert to(server.url, proxies={"http": nobody, "all": nobody}).call(get_me())["id"] == "u1"

    def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(self, studio: Studio, to: Any) -> None:
        """So a copy is tried again, and its error does not say that it may have been made."""
        proxy = f"http://user:pa55word@127.0.0.1:{closed_port()}"

        with pytest.raises(errors.HostUnreachable, match="'proxies'") as raised:
            to(SOMEWHERE, proxies={"https": proxy}).call(studio.copy())

        assert "pa55word" not in str(raised.value)
        assert len(studio.clock.slept) == 3

    def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(self, studio: Studio, to: Any) -> None:
        """It wants a password, say."""
        with ScriptedServer(refuse) as proxy, pytest.raises(errors.HostUnreachable, match="407"):
            to(SOMEWHERE, proxies={"https": proxy.url}).call(studio.copy())

        assert {heard.method for heard in proxy.heard} == {"CONNECT"}

    def test_a_proxy_that_breaks_off_later_leaves_a_copy_unknown(self, studio: Studio, to: Any) -> None:
        """It may have passed the request on."""

        def break_off(handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True

        with ScriptedServer(break_off, tls=True) as server, Tunnel(server.url) as proxy:
            client = to("https://localhost:443", proxies={"https": proxy.url}, verify=str(CERTIFICATE))
            with pytest.raises(errors.CopyOutcomeUnknown):
                client.call(studio.copy())

        assert len(server.heard) == 1

    @pytest.mark.parametrize("proxy", ["http://user:pa55word@127.0.0.1:99999", "user:pa55word@"])
    def test_a_proxy_that_is_no_address_is_named_without_its_password(self, to: Any, proxy: str) -> None:
        """The HTTP library would show the whole of it."""
        with pytest.raises(errors.HostUnreachable, match="'proxies'") as raised:
            to(SOMEWHERE, proxies={"https": proxy}).call(get_me())

        assert "pa55word" not in str(raised.value)

    def test_a_socks_proxy_needs_a_package(self, to: Any) -> None:
        """The error says so, and that nothing was sent."""
        with pytest.raises(errors.HostUnreachable, match="SOCKS"):
            to(SOMEWHERE, proxies={"https": "socks5://127.0.0.1:1"}).call(get_me())


class TestTls:
    """The extra ``verify``, and what is no TLS."""

    def test_a_certificate_that_is_trusted(self, to: Any) -> None:
        """``verify`` may name a file of certificates."""
        with ScriptedServer(tls=True) as server:
            assert to(server.url, verify=str(CERTIFICATE)).call(get_me())["id"] == "u1"

    def test_verification_can_be_switched_off(self, to: Any) -> None:
        """For a network whose certificates nobody has."""
        with ScriptedServer(tls=True) as server, pytest.warns(match="Unverified HTTPS"):
            assert to(server.url, verify=False).call(get_me())["id"] == "u1"

    def test_a_certificate_that_nobody_trusts(self, studio: Studio, to: Any) -> None:
        """Nothing is sent, and nothing tried again: the certificate will be the same."""
        with ScriptedServer(tls=True) as server, pytest.raises(errors.TlsFailed, match="CERTIFICATE_VERIFY_FAILED"):
            to(server.url).call(studio.copy())

        assert server.heard == []
        assert studio.clock.slept == []

    def test_a_certificate_for_another_host(self, studio: Studio, to: Any) -> None:
        """localhost is not 127.0.0.1."""
        with ScriptedServer(tls=True) as server, pytest.raises(errors.TlsFailed, match=r"mismatch|doesn't match"):
            to(server.url.replace("localhost", "127.0.0.1"), verify=str(CERTIFICATE)).call(studio.copy())

        assert server.heard == []

    def test_a_server_that_speaks_plain_http(self, studio: Studio, to: Any) -> None:
        """The handshake is refused for good: the address is wrong, and nothing was sent."""
        url = studio.emulator.base_url.replace("http:", "https:")

        with pytest.raises(errors.TlsFailed, match="Check the address"):
            to(url).call(studio.copy())

        assert studio.emulator.requests == []

    def test_a_server_that_says_nothing_in_the_handshake(self, studio: Studio, to: Any) -> None:
        """The copy cannot have been sent without an encrypted connection: it is not unknown, and tried again."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(errors.HostUnreachable, match="timed out"):
                to(url, timeout=0.05).call(studio.copy())

        assert len(studio.clock.slept) == 3

    def test_a_server_that_hangs_up_in_the_handshake(self, studio: Studio, to: Any) -> None:
        """As when a load balancer restarts: worth another try."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=lambda: [listener.accept()[0].close() for _ in range(4)], daemon=True)
            thread.start()
            with pytest.raises(errors.HostUnreachable):
                to(f"https://127.0.0.1:{listener.getsockname()[1]}").call(studio.copy())
            thread.join(PATIENCE)

        assert len(studio.clock.slept) == 3

    def test_tls_that_breaks_later_leaves_a_copy_unknown(self, studio: Studio, to: Any) -> None:
        """OpenSSL gives the same reason as for a refused handshake, but the request had been sent."""
        with ScriptedServer(plain_text_into_tls, tls=True) as server, pytest.raises(errors.CopyOutcomeUnknown):
            to(server.url, verify=str(CERTIFICATE)).call(studio.copy())

        assert len(server.heard) == 1

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "something else"])
    def test_a_file_of_certificates_that_cannot_be_used(
        self, studio: Studio, to: Any, tmp_path: Path, content: str | None
    ) -> None:
        """The error names the extra to correct."""
        path = tmp_path / "certificates.pem"
        if content:
            path.write_text(content)

        with ScriptedServer(tls=True) as server, pytest.raises(errors.TlsFailed, match="'verify'"):
            to(server.url, verify=str(path)).call(studio.copy())

        assert server.heard == []


class TestWhatCannotBeSent:
    """Values that the connection may hold and that no request can carry."""

    @pytest.mark.parametrize("value", [" 5ecret", "5ecret…"])
    def test_a_header_is_refused_without_showing_it(self, to: Any, value: str) -> None:
        """It may be a secret."""
        with ScriptedServer() as server, pytest.raises(errors.HostUnreachable, match="'headers'") as raised:
            to(server.url, headers={"x-api-key": value}).call(get_me())

        assert "5ecret" not in str(raised.value)
        assert server.heard == []

    def test_a_host_name_that_is_none(self, to: Any) -> None:
        """A label of a name has at most 63 characters."""
        with pytest.raises(errors.HostUnreachable, match="Host"):
            to(f"https://{'a' * 64}.example").call(get_me())


def test_what_the_caller_is_just_handling_is_no_cause(to: Any) -> None:
    """A call made while another exception is handled has that one in its chain, not in its message."""
    client = to(f"http://127.0.0.1:{closed_port()}")

    try:
        raise KeyError("unrelated")
    except KeyError:
        with pytest.raises(errors.HostUnreachable) as raised:
            client.call(get_me())

    assert "Connection refused" in str(raised.value)
    assert "unrelated" not in str(raised.value)


def test_a_whole_answer_in_pieces(to: Any) -> None:
    """The deadline is for the whole of it; pieces do no harm."""
    with ScriptedServer(in_pieces) as server:
        assert to(server.url).call(get_me())["name"] == "Scripted"


def test_a_copy_is_waited_for_longer_than_frameio_needs_to_give_up(studio: Studio) -> None:
    """Frame.io answers within 30 s; a shorter ``timeout`` would make copies unknown that are not."""
    studio.emulator.fault(route="copy_version_stack", kind="slow_body", seconds=0.2)

    client = studio.client(auth_type="token", secret=studio.emulator.token, timeout=0.05, time_scale=0.5)
    client.call(studio.copy())

    assert studio.copies() == 1
