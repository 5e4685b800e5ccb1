"""The control API does over HTTP what the methods of ``Emulator`` do, and says what is wrong with a bad order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Studio


def order(studio: Studio, request: str, body: Any = None, **query: str) -> Any:
    """An order that must be carried out."""
    method, _, name = request.partition(" ")
    body = {} if method == "POST" and body is None else body
    answer = studio.call(method, f"/_emulator/{name}", json=body, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_describes_the_emulator(studio: Studio) -> None:
    """The same as ``description()``."""
    assert order(studio, "GET description") == studio.emulator.description()


def test_requests_can_be_read_and_cleared(studio: Studio) -> None:
    """As JSON, with the fields of the log."""
    studio.get("/v4/me")
    (entry,) = order(studio, "GET requests")
    assert (entry["route"], entry["status"], entry["acted"]) == ("me", 200, True)
    assert order(studio, "DELETE requests") == {}
    assert order(studio, "GET requests") == []


def test_faults_can_be_ordered_and_withdrawn(studio: Studio) -> None:
    """With the parameters of ``fault``."""
    order(studio, "POST faults", {"kind": "status", "status": 503, "route": "me", "times": 2})
    assert studio.get("/v4/me").status_code == 503
    assert [fault["times"] for fault in order(studio, "GET faults")] == [1]
    order(studio, "DELETE faults")
    assert studio.get("/v4/me").status_code == 200


def test_settings_can_be_changed(studio: Studio) -> None:
    """With the names of ``Settings``; those not named stay."""
    order(studio, "POST settings", {"limits": {"me": {"limit": 7}}})
    order(studio, "POST settings", {"list_lag": 5})
    assert studio.get("/v4/me").headers["x-ratelimit-limit"] == "7"


def test_everything_can_be_seeded(studio: Studio) -> None:
    """``kind`` names the method, the rest are its arguments; the answer is the record."""
    project = order(studio, "POST seed", {"kind": "project", "name": "P", "adobe": False})
    folder = order(studio, "POST seed", {"kind": "folder", "parent_id": project["root_folder_id"], "name": "F"})
    order(studio, "POST seed", {"kind": "file", "parent_id": folder["id"], "name": "a.mov", "status": "uploaded"})
    order(studio, "POST seed", {"kind": "version_stack", "parent_id": folder["id"], "name": "S.mov", "versions": 2})
    account = order(studio, "POST seed", {"kind": "account", "name": "A"})
    user = order(studio, "POST seed", {"kind": "user", "name": "U", "account_id": account["id"]})
    assert user["token"] != studio.emulator.token
    field = order(studio, "POST seed", {"kind": "metadata_field", "name": "Take", "type": "number"})
    assert (field["name"], field["field_type"]) == ("Take", "number")
    tree = order(studio, "GET tree", folder_id=folder["id"])
    assert [(entry["depth"], entry["type"], entry["name"]) for entry in tree] == [
        (0, "folder", "F"),
        (1, "file", "a.mov"),
        (1, "version_stack", "S.mov"),
        (2, "file", "S v1.mov"),
        (2, "file", "S v2.mov"),
    ]


def test_metadata_can_be_set(studio: Studio) -> None:
    """As a reviewer does in Frame.io."""
    stack_id = studio.stack(versions=1)
    order(studio, "POST metadata", {"asset_id": stack_id, "metadata": {"Status": "Approved"}})
    assert studio.emulator.tree(studio.cuts)[-1]["metadata"] == {"Status": "Approved"}


def test_time_can_be_let_pass(studio: Studio) -> None:
    """A copy that takes minutes is complete at once, whatever the clock that the emulator runs on."""
    copy = studio.copy(studio.stack(versions=1), studio.client).json()["data"]["id"]
    assert studio.statuses(copy) == ["created"]
    order(studio, "POST advance", {"seconds": 600})
    assert studio.statuses(copy) == ["transcoded"]


def test_tokens_can_be_expired(studio: Studio) -> None:
    """All of them, the static one included."""
    order(studio, "POST tokens/expire")
    assert studio.get("/v4/me").status_code == 401


@pytest.mark.parametrize(
    ("request_line", "body", "status", "reason"),
    [
        ("POST faults", {"kind": "explode"}, 400, "unknown kind 'explode'"),
        ("POST faults", {}, 400, "'kind' is missing"),
        ("POST faults", [], 400, "not a JSON object"),
        ("POST settings", {"list_lags": 1}, 400, "unknown setting 'list_lags'"),
        ("POST settings", {"largest_page": 0}, 400, "1 or more"),
        ("POST settings", {"list_lag": -1}, 400, "seconds, 0 or more"),
        ("POST settings", {"limit_mode": "none"}, 400, "leaky, fixed, sliding"),
        ("POST settings", {"charge_refused": "yes"}, 400, "true or false"),
        ("POST settings", {"retry_after": "soon"}, 400, "seconds, 0 or more"),
        ("POST settings", {"adobe_copy_refusal_status": 200}, 400, "from 400 to 599"),
        ("POST settings", {"limits": {"copy": {"limit": 1}}}, 400, "no such route: copy"),
        ("POST settings", {"limits": {"me": {"limit": 0}}}, 400, "above 0"),
        ("POST settings", {"limits": {"me": 5}}, 400, "above 0"),
        ("POST settings", {"rival": {"me": -1}}, 400, "calls a minute"),
        ("POST settings", {"rival": {"copy": 1}}, 400, "no such route: copy"),
        ("POST settings", {"missing_routes": "me"}, 400, "route names"),
        ("POST seed", {"name": "x"}, 400, "kind is missing"),
        ("POST seed", {"kind": "share"}, 400, "unknown kind 'share'"),
        ("POST seed", {"kind": "folder", "name": "x"}, 400, "missing a required argument"),
        ("POST seed", {"kind": "folder", "name": "x", "parent_id": "nowhere"}, 400, "no folder has the id"),
        ("POST seed", {"kind": "file", "name": "x", "parent_id": "{cuts}", "colour": 1}, 400, "colour"),
        ("POST metadata", {"asset_id": "x", "metadata": {}}, 400, "no file has the id 'x'"),
        ("POST advance", {}, 400, "seconds is missing"),
        ("POST advance", {"seconds": "10"}, 400, "seconds='10': give seconds, 0 or more"),
        ("POST advance", {"seconds": -1}, 400, "seconds=-1: give seconds, 0 or more"),
        ("GET tree", None, 400, "folder_id is missing"),
        ("GET everything", None, 404, "GET /_emulator/tree"),
        ("PATCH settings", {}, 404, "POST /_emulator/settings"),
    ],
)
def test_bad_orders_are_refused_with_the_reason(
    studio: Studio, request_line: str, body: Any, status: int, reason: str
) -> None:
    """Under ``error``, naming what there is instead."""
    method, _, name = request_line.partition(" ")
    if isinstance(body, dict) and body.get("parent_id") == "{cuts}":
        body = {**body, "parent_id": studio.cuts}
    answer = studio.call(method, f"/_emulator/{name}", json=body)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


def test_an_order_must_be_json(studio: Studio) -> None:
    """400 that says so."""
    answer = studio.call("POST", "/_emulator/faults", data="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not JSON"})


@pytest.mark.parametrize("order_", ["faults", "settings", "seed", "tokens/expire", "tokens/revoke"])
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain;application/json",
    ],
)
def test_an_order_must_say_that_it_is_json(studio: Studio, order_: str, content_type: str | None) -> None:
    """415 for all that a page of another site can send without asking; a browser asks before it sends JSON."""
    headers = {"Content-Type": content_type} if content_type else {}
    body = b'{"kind": "status", "route": "me"}' if content_type else b""
    answer = studio.call("POST", f"/_emulator/{order_}", data=body, headers=headers)
    assert (answer.status_code, answer.json()) == (
        415,
        {"error": "send it as JSON, with Content-Type: application/json"},
    )
    assert studio.get("/v4/me").status_code == 200


def test_a_charset_may_stand_beside_it(studio: Studio) -> None:
    """As many clients add one."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert studio.call("POST", "/_emulator/settings", data='{"list_lag": 5}', headers=headers).status_code == 200


def test_a_browser_that_asks_whether_it_may_send_json_is_not_allowed(studio: Studio) -> None:
    """Its preflight gets no permission."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = studio.call("OPTIONS", "/_emulator/settings", headers=headers)
    assert answer.status_code == 501
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
