"""Rate limits as a client sees them: headers on every answer, plain text on a refusal, time that may run faster."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_frameio.emulator.routes.table import ROUTES
from airflow_provider_frameio.emulator.server import Emulator
from tests.emulator.conftest import Studio
from tests.fakes import FakeClock

DOCUMENTED = {
    "copy_version_stack": (10, 60.0),
    "create_version_stack": (10, 60.0),
    "show_version_stack": (100, 60.0),
    "list_version_stack_children": (100, 60.0),
    "list_version_stacks": (5, 1.0),
    "move_version_stack": (10, 60.0),
    "copy_file": (100, 60.0),
    "copy_files": (60, 60.0),
    "move_files": (60, 60.0),
    "show_file": (10, 1.0),
    "list_files": (5, 1.0),
    "move_file": (100, 60.0),
    "update_file": (100, 60.0),
    "delete_file": (100, 60.0),
    "show_folder": (100, 60.0),
    "list_folder_children": (100, 60.0),
    "create_folder": (3, 1.0),
    "delete_folder": (60, 60.0),
    "show_project": (100, 60.0),
    "me": (100, 60.0),
    "list_accounts": (100, 60.0),
    "list_users": (100, 60.0),
    "list_field_definitions": (100, 60.0),
    "update_metadata": (10, 60.0),
}


def limits(answer: requests.Response) -> tuple[str, ...]:
    return tuple(answer.headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "window"))


def test_every_route_has_its_documented_limit() -> None:
    """The table of Frame.io's reference, route by route."""
    assert {route.name: (route.limit.limit, route.limit.window) for route in ROUTES} == DOCUMENTED


def test_every_answer_tells_the_limit(studio: Studio) -> None:
    """Successes, refusals of any kind and unauthorized calls carry the three headers."""
    stack_id = studio.stack()
    assert limits(studio.get(f"/version_stacks/{stack_id}")) == ("100", "99", "60000")
    assert limits(studio.get(f"/version_stacks/{studio.cuts}")) == ("100", "98", "60000")
    studio.act_as("wrong")
    assert limits(studio.get(f"/version_stacks/{stack_id}")) == ("100", "100", "60000")


def test_the_eleventh_copy_is_refused_until_a_slot_has_drained(studio: Studio) -> None:
    """429 in plain text, claiming a full bucket, without ``Retry-After``; nothing is copied; 6 s later it works."""
    stack_id = studio.stack()
    for _ in range(10):
        assert studio.copy(stack_id, studio.client).status_code == 200
    refused = studio.copy(stack_id, studio.client)
    assert (refused.status_code, refused.text) == (429, "Rate limit exceeded")
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert limits(refused) == ("10", "10", "60000")
    assert "Retry-After" not in refused.headers
    assert [entry["type"] for entry in studio.emulator.tree(studio.client)].count("version_stack") == 10
    studio.clock.advance(6)
    assert studio.copy(stack_id, studio.client).status_code == 200


def test_refusals_can_be_made_to_look_otherwise(studio: Studio) -> None:
    """Limits of one's own, no headers, and a ``Retry-After``."""
    studio.emulator.configure(limits={"me": {"limit": 1}}, headers_on_429=False, retry_after=7)
    assert limits(studio.get("/v4/me")) == ("1", "0", "60000")
    refused = studio.get("/v4/me")
    assert (refused.status_code, limits(refused), refused.headers["Retry-After"]) == (429, ("", "", ""), "7")


def test_another_user_is_not_held_up(studio: Studio) -> None:
    """Budgets belong to a user, whichever of its tokens it uses."""
    editor = studio.emulator.seed_user("Eddie Editor")
    for _ in range(100):
        studio.get("/v4/me")
    assert studio.get("/v4/me").status_code == 429
    studio.act_as(editor["token"])
    assert studio.get("/v4/me").status_code == 200


def test_time_runs_as_fast_as_told() -> None:
    """At speed 100, 60 ms of a client's time drain a slot of 6 s and no less."""
    clock = FakeClock()
    with Emulator(speed=100, clock=clock.monotonic) as emulator:
        studio = Studio(emulator, clock)
        stack_id = studio.stack()
        statuses = [studio.copy(stack_id).status_code for _ in range(11)]
        clock.advance(0.059)
        statuses.append(studio.copy(stack_id).status_code)
        clock.advance(0.001)
        assert [*statuses, studio.copy(stack_id).status_code] == [200] * 10 + [429, 429, 200]


@pytest.mark.parametrize(("speed", "window", "expires_in"), [(1, "60000", 86399), (100, "600", 863.99)])
def test_clients_are_told_times_in_their_own_seconds(speed: float, window: str, expires_in: float) -> None:
    """At speed 100 a window of 60 s lasts 600 ms, and a token lives as much shorter."""
    with Emulator(speed=speed, clock=FakeClock().monotonic) as emulator:
        studio = Studio(emulator, FakeClock())
        assert studio.get("/v4/me").headers["x-ratelimit-window"] == window
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "scope": "openid",
        }
        assert studio.call("POST", "/ims/token/v3", data=form).json()["expires_in"] == expires_in


@pytest.mark.parametrize("mode", ["leaky", "fixed", "sliding"])
def test_a_call_that_fails_may_cost_nothing(studio: Studio, mode: str) -> None:
    """``charge_failed``: by default a 404 costs as much as a success; else the headers show that it does not."""
    studio.emulator.configure(limit_mode=mode)
    missing = studio.project["id"]
    assert [limits(studio.copy(missing))[1] for _ in range(2)] == ["9", "8"]
    studio.emulator.configure(charge_failed=False)
    assert [limits(studio.copy(missing))[1] for _ in range(9)] == ["8"] * 9
    assert limits(studio.copy(studio.stack(), studio.client))[1] == "7"
