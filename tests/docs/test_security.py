"""What SECURITY.md says of headers, hosts, limits and releases is what the code does."""

from __future__ import annotations

import re

import pytest

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api import pages
from airflow_provider_frameio.api.auth.settings import API_URL, IMS_URL, Settings
from airflow_provider_frameio.api.endpoints.folders import create_folder
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client import transport
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.exchange import LARGEST_ANSWER
from tests.client.servers import ScriptedServer
from tests.docs.pages import PAGES, ROOT

SECURITY = PAGES["SECURITY.md"]


def headers_sent(monkeypatch: pytest.MonkeyPatch, auth_type: str) -> dict[str, str]:
    """All headers of a call that reads and of one that writes."""
    monkeypatch.setenv("NO_PROXY", "*")
    with ScriptedServer() as server:
        settings = Settings.from_connection(
            "c", host=server.url, password="t0ken", extra={"auth_type": auth_type, "headers": {"X-Mine": "1"}}
        )
        client = Client(settings)
        client.call(get_version_stack("a1", "s1"))
        client.call(create_folder("a1", "f1", "New"))
        return {name: value for heard in server.heard for name, value in heard.headers.items()}


@pytest.mark.parametrize("auth_type", ["token", "legacy_token"])
def test_no_other_header_is_sent_than_it_lists(monkeypatch: pytest.MonkeyPatch, auth_type: str) -> None:
    """With the values that it gives."""
    rows = SECURITY.rows("What leaves the machine")
    listed = {name.lower() for row in rows for name in re.findall(r"`([\w-]+)`", row[0])} - {"headers"}
    if auth_type == "token":
        listed -= {"x-frameio-legacy-token-auth"}
    sent = headers_sent(monkeypatch, auth_type)
    assert set(sent) == listed | {"x-mine"}
    assert sent["user-agent"] == f"airflow-provider-frameio/{__version__}"
    assert (sent["accept"], sent["accept-encoding"]) == ("application/json", "identity")
    assert sent["authorization"] == "Bearer t0ken"


def test_it_names_the_hosts() -> None:
    """Those of a connection that names none."""
    assert set(re.findall(r"`(https://[^`]+)`", SECURITY.text)) == {API_URL, IMS_URL}


def test_it_names_the_limits() -> None:
    """As the code has them."""
    limits = {
        row[0]: [float(number) for number in re.findall(r"\d+", row[1])]
        for row in SECURITY.rows("What an answer can do")
    }
    backoff = Backoff()
    assert limits["size of an answer, headers included"] == [LARGEST_ANSWER / 2**20]
    assert limits["time to connect"] == [transport.CONNECT_TIMEOUT]
    assert limits["time from then on for the whole answer"] == [Settings().timeout, transport._SERVER_GIVES_UP + 5]
    assert limits["pages of a list"] == [pages._MOST_PAGES]
    assert limits["a wait that a server asks for (`Retry-After`)"] == [backoff.longest, backoff.refusal_timeout]


def test_a_release_can_be_verified_as_it_says() -> None:
    """The workflow attests what it publishes, and puts the same files into the GitHub release."""
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    publish, announce = workflow.split("  publish:\n")[1].split("  announce:\n")
    assert "attestations: true" in publish
    assert "gh release create" in announce
    for job in (publish, announce):
        assert re.search(r"download-artifact@\S+ # \S+\n +with:\n +name: dist\n +path: dist/\n", job)
