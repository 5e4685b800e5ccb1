"""Ordered faults: which request one strikes, whether the server acted, and what reaches the client."""

from __future__ import annotations

import http.client
import threading
from typing import Any

import pytest
import requests

from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock
from tests.harness.patience import PATIENCE


def copies(studio: Studio) -> int:
    return sum(entry["type"] == "version_stack" for entry in studio.emulator.tree(studio.client))


@pytest.fixture
def source(studio: Studio) -> str:
    return studio.stack()


LOST: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "rst": ({"kind": "drop"}, ConnectionResetError),
    "fin": ({"kind": "drop", "how": "fin"}, http.client.RemoteDisconnected),
    "hang": ({"kind": "hang", "seconds": 0.01}, http.client.RemoteDisconnected),
    "truncated": ({"kind": "truncated_body"}, http.client.IncompleteRead),
}


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1), ("late", 0)])
def test_a_lost_answer(studio: Studio, source: str, kind: str, when: str, made: int) -> None:
    """Reset, closed, silent or cut short: the client gets no whole answer, whether or not the copy was made."""
    order, error = LOST[kind]
    studio.emulator.fault(route="copy_version_stack", when=when, **order)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as lost:
        studio.copy(source, studio.client)
    assert error.__name__ in repr(lost.value)
    assert copies(studio) == made
    entry = studio.emulator.requests[-1]
    assert (entry.acted, entry.status) == (bool(made), 200 if kind == "truncated" else None)
    assert studio.copy(source, studio.client).status_code == 200


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_an_error_instead_of_the_answer(studio: Studio, source: str, status: int, when: str, made: int) -> None:
    """Any status, once, whether or not the copy was made; it spends budget like any other call."""
    studio.emulator.fault(kind="status", status=status, when=when)
    answer = studio.copy(source, studio.client)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (status, "9")
    assert copies(studio) == made
    assert studio.copy(source, studio.client).status_code == 200


@pytest.mark.parametrize("order", [{"kind": "late_commit"}, {"kind": "late_commit", "status": 504}])
def test_a_late_commit_happens_after_its_delay(studio: Studio, source: str, order: dict[str, Any]) -> None:
    """The answer is lost or an error now; 20 s later the copy is made, as of that moment, and the log says so."""
    studio.emulator.fault(**order, delay=20)
    try:
        assert studio.copy(source, studio.client).status_code == 504
    except requests.ConnectionError:
        assert "status" not in order
    studio.clock.advance(19.9)
    assert (copies(studio), studio.emulator.requests[-1].acted) == (0, False)
    studio.clock.advance(100)
    assert (copies(studio), studio.emulator.requests[-1].acted) == (1, True)
    made = studio.data(f"/folders/{studio.client}/version_stacks")[0]
    assert made["created_at"] == "2026-01-05T09:00:20.000000Z"
    assert studio.statuses(made["id"]) == ["transcoded"] * 3


def test_late_commits_happen_in_the_order_in_which_they_fall_due(studio: Studio, source: str) -> None:
    """The one ordered for sooner is made first, and gets the unnumbered name."""
    target = studio.emulator.seed_folder(studio.client, "Target")["id"]
    for delay in (30, 10):
        studio.emulator.fault(kind="late_commit", status=500, delay=delay)
        studio.copy(source, target)
    studio.clock.advance(60)
    made = [(stack["name"], stack["created_at"][17:19]) for stack in studio.data(f"/folders/{target}/version_stacks")]
    assert made == [("Hero.mov", "10"), ("Hero (1).mov", "30")]


def test_a_late_request_may_fail_by_then(studio: Studio) -> None:
    """What is gone when its moment comes is not acted on."""
    file_id = studio.emulator.seed_file(studio.cuts, "a.mov")["id"]
    studio.emulator.fault(kind="late_commit", status=500, route="copy_file")
    studio.call("POST", f"/files/{file_id}/copy", json={})
    studio.call("DELETE", f"/files/{file_id}")
    studio.clock.advance(60)
    assert [entry.acted for entry in studio.emulator.requests] == [False, True]


def test_status_bodies(studio: Studio) -> None:
    """Text, an object, or by default what Frame.io would say; headers added, the limiter's left out."""
    order = {"kind": "status", "route": "me"}
    studio.emulator.fault(**order, status=503, body="upstream is down")
    studio.emulator.fault(**order, status=403, body={"errors": [{"detail": "locked"}]})
    studio.emulator.fault(**order, status=429, headers={"Retry-After": "3"}, ratelimit_headers=False)
    text, given, foreign = (studio.get("/v4/me") for _ in range(3))
    assert text.text == "upstream is down"
    assert given.json() == {"errors": [{"detail": "locked"}]}
    assert (foreign.headers["Retry-After"], "x-ratelimit-limit" in foreign.headers) == ("3", False)


def test_a_page_of_html_and_a_redirect(studio: Studio) -> None:
    """200 that is no JSON, and a redirect to wherever it was told."""
    studio.emulator.fault(kind="garbage")
    studio.emulator.fault(kind="redirect", location="http://127.0.0.1:9/login", status=307)
    garbage, redirect = studio.get("/v4/me"), studio.get("/v4/me")
    assert (garbage.status_code, garbage.headers["Content-Type"][:9]) == (200, "text/html")
    assert (redirect.status_code, redirect.headers["Location"]) == (307, "http://127.0.0.1:9/login")


def test_a_slow_body_arrives_whole(studio: Studio) -> None:
    """It drips, but nothing is missing."""
    studio.emulator.fault(kind="slow_body", seconds=0.02)
    assert studio.data("/v4/me")["id"] == studio.emulator.user["id"]
    assert studio.emulator.requests[-1].acted


@pytest.mark.parametrize("kind", ["hang", "slow_body"])
def test_stopping_releases_whoever_hangs(studio: Studio, kind: str) -> None:
    """A client that waits for an answer of an hour is let go when the emulator stops."""
    studio.emulator.fault(kind=kind, seconds=3600)
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            studio.get("/v4/me")
        except requests.RequestException as exc:
            outcome.append(exc)

    others = set(threading.enumerate())
    asking = threading.Thread(target=ask)
    asking.start()
    while not studio.emulator.requests:
        pass
    studio.emulator.stop()
    for thread in set(threading.enumerate()) - others:
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive()
    assert len(outcome) == 1


def test_bad_pages(studio: Studio) -> None:
    """A cursor that leads back, data that is no list, and a link to somewhere else."""
    for n in range(6):
        studio.emulator.seed_file(studio.client, f"{n}.mov")
    path = f"/folders/{studio.client}/files"
    second = studio.get(path, page_size=2).json()["links"]["next"]
    for how in ("repeated_cursor", "not_a_list", "foreign_next"):
        studio.emulator.fault(kind="bad_page", route="list_files", page=2, how=how)
    repeated, no_list, foreign = (studio.get(f"{second}&page_size=2").json() for _ in range(3))
    assert repeated["links"]["next"] == second
    assert isinstance(no_list["data"], dict)
    assert foreign["links"]["next"].startswith("http://127.0.0.2")
    assert studio.emulator.faults() == []


def test_a_repeated_cursor_on_the_first_page_leads_back_to_it(studio: Studio) -> None:
    """Whoever follows it reads the first page for ever."""
    path = f"/version_stacks/{studio.stack(versions=3)}/children"
    studio.emulator.fault(kind="bad_page", times=None)
    for size in (2, 100):
        first = studio.get(path, page_size=size, sort="name_desc").json()
        again = studio.get(f"{first['links']['next']}&page_size={size}&sort=name_desc").json()
        assert again == first


def test_what_is_no_list_cannot_be_a_bad_page(studio: Studio) -> None:
    """A struck answer without pages stays as it is."""
    file_id = studio.emulator.seed_file(studio.client, "a.mov")["id"]
    studio.emulator.fault(kind="bad_page", times=None)
    assert studio.data("/v4/me")["id"] == studio.emulator.user["id"]
    assert studio.call("DELETE", f"/files/{file_id}").status_code == 204


def test_only_the_page_asked_for_fails(studio: Studio) -> None:
    """``page=2``: the first page is served, the second is not, then all are."""
    for n in range(4):
        studio.emulator.seed_file(studio.client, f"{n}.mov")
    studio.emulator.fault(kind="status", status=500, route="list_files", page=2)
    path = f"/folders/{studio.client}/files"
    second = studio.get(path, page_size=2).json()["links"]["next"]
    assert [studio.get(f"{second}&page_size=2").status_code for _ in range(2)] == [500, 200]


def test_orders_strike_in_turn(studio: Studio) -> None:
    """``skip`` lets requests pass, ``times`` ends an order, the oldest that fits strikes, others wait."""
    studio.emulator.fault(kind="status", status=502, route="me", skip=1, times=2)
    studio.emulator.fault(kind="status", status=503, route="list_accounts")
    studio.emulator.fault(kind="status", status=504)
    assert [studio.get("/v4/me").status_code for _ in range(4)] == [504, 502, 502, 200]
    assert [studio.get("/v4/accounts").status_code for _ in range(2)] == [503, 200]


def test_withdrawn_orders_strike_nothing(studio: Studio) -> None:
    """``clear_faults`` takes standing orders back."""
    studio.emulator.fault(kind="status", times=None)
    assert studio.get("/v4/me").status_code == 500
    studio.emulator.clear_faults()
    assert studio.get("/v4/me").status_code == 200


def test_faults_by_chance_repeat_with_the_seed() -> None:
    """``probability`` strikes about so often, without end, and the same requests in every run with one seed."""

    def struck(random_seed: int) -> list[int]:
        with Emulator(clock=FakeClock().monotonic, random_seed=random_seed) as emulator:
            emulator.configure(limits={"me": {"limit": 1000}})
            emulator.fault(kind="status", probability=0.2)
            studio = Studio(emulator, FakeClock())
            return [n for n in range(100) if studio.get("/v4/me").status_code == 500]

    first = struck(1)
    assert first == struck(1) != struck(2)
    assert 10 <= len(first) <= 30


def test_chance_looks_at_nothing_but_the_request_itself() -> None:
    """Which of a client's requests are struck does not depend on what other clients do meanwhile."""
    accounts = [f"/v4/accounts?page_size={size}" for size in range(1, 51)]

    def struck(paths: list[str]) -> set[str]:
        with Emulator(clock=FakeClock().monotonic) as emulator:
            emulator.fault(kind="status", probability=0.2)
            studio = Studio(emulator, FakeClock())
            return {path for path in paths if studio.get(path).status_code == 500}

    alone = struck(accounts)
    assert alone == struck([path for account in accounts[::-1] for path in ("/v4/me", account)]) - {"/v4/me"}
    assert 3 <= len(alone) <= 20


def test_ims_can_fail_too(studio: Studio) -> None:
    """``route="ims_token"``; whatever the limiter or the credentials refuse meets no fault."""
    studio.emulator.fault(kind="status", status=503, route="ims_token", body={"error": "server_error"})
    assert studio.call("POST", "/ims/token/v3", data={}).json() == {"error": "server_error"}
    studio.emulator.fault(kind="status", status=500)
    studio.act_as("wrong")
    assert studio.get("/v4/me").status_code == 401


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({}, "'kind' is missing"),
        ({"kind": "explode"}, "unknown kind 'explode'"),
        ({"kind": "drop", "rout": "me"}, "unknown 'rout'"),
        ({"kind": "drop", "route": "copy"}, "unknown route 'copy'"),
        ({"kind": "drop", "when": "never"}, "when='never'"),
        ({"kind": "drop", "how": "loudly"}, "how='loudly'"),
        ({"kind": "bad_page", "when": "before"}, "when='after'"),
        ({"kind": "drop", "probability": 2}, "probability=2"),
        ({"kind": "status", "status": 99}, "status=99"),
        ({"kind": "drop", "times": -1}, "times=-1"),
        ({"kind": "drop", "page": "two"}, "page='two'"),
    ],
)
def test_orders_that_make_no_sense_are_refused(studio: Studio, order: dict[str, Any], reason: str) -> None:
    """With the reason, before anything is struck."""
    with pytest.raises(ValueError, match=reason):
        studio.emulator.fault(**order)
    assert studio.emulator.faults() == []
