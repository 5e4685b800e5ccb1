"""The request log: everything asked, what came of it, and no secrets."""

from __future__ import annotations

from tests.emulator.conftest import Studio


def test_a_logged_request(studio: Studio) -> None:
    """When, what, by whom, with what answer, and whether it was carried out."""
    studio.clock.advance(5)
    stack_id = studio.stack()
    studio.copy(stack_id, studio.client, copy_metadata="true")
    (entry,) = studio.emulator.requests
    assert (entry.at, entry.method, entry.route) == (1767603605.0, "POST", "copy_version_stack")
    assert entry.path == f"/v4/accounts/{studio.emulator.account_id}/version_stacks/{stack_id}/copy"
    assert (entry.query, entry.body) == ({"copy_metadata": "true"}, {"data": {"parent_id": studio.client}})
    assert (entry.status, entry.acted, entry.user_id) == (200, True, studio.emulator.user["id"])
    assert entry.headers["content-type"] == "application/json"


def test_refused_requests_did_not_act(studio: Studio) -> None:
    """By the limiter, for the token, for the id, for the route: logged all the same."""
    studio.emulator.configure(limits={"me": {"limit": 1}})
    studio.get("/v4/me")
    studio.get("/v4/me")
    studio.get("/folders/x")
    studio.get("/v4/nothing")
    studio.act_as("wrong")
    studio.get("/v4/me")
    outcomes = [(entry.route, entry.status, entry.acted) for entry in studio.emulator.requests]
    assert outcomes == [
        ("me", 200, True),
        ("me", 429, False),
        ("show_folder", 422, False),
        ("", 404, False),
        ("me", 401, False),
    ]


def test_the_log_holds_no_secret(studio: Studio) -> None:
    """No token, client secret or authorization header, wherever it was sent."""
    form = {"grant_type": "client_credentials", "client_secret": studio.emulator.client_secret, "scope": "openid"}
    token = studio.call("POST", "/ims/token/v3", data={**form, "client_id": studio.emulator.client_id}).json()
    studio.act_as(token["access_token"])
    studio.get("/v4/me")
    studio.call("GET", "/ims/token/v3", data=form)
    written = repr(studio.emulator.requests)
    for secret in (studio.emulator.client_secret, token["access_token"], studio.emulator.token):
        assert secret not in written
    assert studio.emulator.client_id in written


def test_the_log_can_be_emptied(studio: Studio) -> None:
    """A request that is carried out after its entry was cleared does not bring it back."""
    studio.emulator.fault(kind="late_commit", status=500)
    studio.copy(studio.stack(), studio.client)
    studio.emulator.clear_requests()
    studio.clock.advance(60)
    assert studio.emulator.requests == []
    assert len(studio.emulator.tree(studio.client)) > 1


def test_control_orders_are_not_logged(studio: Studio) -> None:
    """Only what a client of Frame.io would send."""
    studio.get("/_emulator/description")
    assert studio.emulator.requests == []
