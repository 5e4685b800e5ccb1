"""``FrameioVersionStackCopyTrigger``: what it stores, how it waits, how it ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import CopyUnseen
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers.events import CopyEvent
from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackCopyTrigger
from tests.triggers.waiting import CHILDREN, make_copy, only_event, trigger, until


@pytest.fixture
def copy_id(frameio: Emulator, connection: None) -> str:
    """A fresh copy, complete in a moment."""
    return make_copy(frameio)


def test_it_survives_the_database(frameio: Emulator, copy_id: str) -> None:
    """What it serializes to is JSON, and what is made of that again waits for the same and ends the same."""
    path, kwargs = trigger(frameio, copy_id).serialize()
    assert path == "airflow_provider_frameio.triggers.version_stacks.FrameioVersionStackCopyTrigger"
    again = FrameioVersionStackCopyTrigger(**json.loads(json.dumps(kwargs)))
    assert again.serialize() == (path, kwargs)
    assert asyncio.run(only_event(again)) == CopyEvent("complete", (copy_id,))


def test_rows_of_the_first_version_can_be_read(frameio: Emulator, copy_id: str) -> None:
    """An upgrade finds deferred tasks with just these arguments in the database: each later one needs a default."""
    old = {
        "frameio_conn_id": "frameio_default",
        "account_id": frameio.account_id,
        "copies": [{"version_stack_id": copy_id, "versions": None}],
        "started_at": 0.0,
        "end_time": 1.0,
    }
    assert FrameioVersionStackCopyTrigger(**old).serialize()[1]["target_status"] == "uploaded"


@pytest.mark.parametrize("alias", [True, False])
def test_a_copy_may_be_called_otherwise(frameio: Emulator, connection: None, alias: bool) -> None:
    """It is waited for all the same, and the event has the name given."""
    root = frameio.seed_project("Adobe", adobe=True)["root_folder_id"]
    stack = frameio.seed_version_stack(root, "Hero.mov", 5, status="uploaded")
    name = f"adobe:{stack['adobe_id']}" if alias else stack["id"].upper()
    assert asyncio.run(only_event(trigger(frameio, name))) == CopyEvent("complete", (name,))


def test_no_secret_is_stored(frameio: Emulator, copy_id: str) -> None:
    """Only the connection's id is, not what it holds."""
    stored = json.dumps(trigger(frameio, copy_id).serialize())
    assert frameio.client_secret not in stored
    assert frameio.token not in stored


def test_an_outage_shorter_than_its_patience_is_borne(frameio: Emulator, copy_id: str) -> None:
    """Ten looks in a row may fail; the eleventh finds the copy."""
    frameio.fault(route=CHILDREN, kind="status", status=503, times=10)
    assert asyncio.run(only_event(trigger(frameio, copy_id))).status == "complete"


def test_an_outage_longer_than_its_patience_ends_it(frameio: Emulator, copy_id: str) -> None:
    """The event says how it failed; the task, not the trigger, decides what that means: the copy may be fine."""
    frameio.fault(route=CHILDREN, kind="status", status=503, times=3)
    event = asyncio.run(only_event(trigger(frameio, copy_id, tolerated_failures=2)))
    assert event.status == "unseen"
    assert "Frame.io answered 503" in event.message


def test_a_copy_that_is_gone_ends_it_at_once(frameio: Emulator, copy_id: str) -> None:
    """No further look is taken."""
    gone = "0a1b2c3d-0000-4000-8000-000000000000"
    event = asyncio.run(only_event(trigger(frameio, copy_id, gone, poll_interval=600)))
    assert event.status == "failed"
    assert f"The copy {gone} is not there (any more)" in event.message


def test_its_end_time_is_absolute(frameio: Emulator, connection: None) -> None:
    """A trigger that restarts after its end looks once more, then gives up."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)
    event = asyncio.run(
        only_event(trigger(frameio, copy, started_at=SYSTEM_CLOCK.epoch() - 90, end_time=SYSTEM_CLOCK.epoch() - 1))
    )
    assert event.status == "timeout"
    assert "0 of 5 versions uploaded" in event.message
    assert [request.route for request in frameio.requests].count(CHILDREN) == 1


def test_a_rotated_secret_is_read_anew(frameio: Emulator, connection: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that Frame.io refuses while waiting is no failure if the connection holds something better by then."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)
    good = frameio.description()["airflow_connection"]
    short_lived = {**good, "password": frameio.token, "extra": {**good["extra"], "auth_type": "token"}}

    async def scenario() -> None:
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(short_lived))
        waiting = asyncio.ensure_future(only_event(trigger(frameio, copy)))
        await until(lambda: calls(frameio, 200), waiting)
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(good))
        frameio.expire_tokens()
        await until(lambda: calls(frameio, 401), waiting)
        before = calls(frameio, 200)
        await until(lambda: calls(frameio, 200) > before, waiting)
        assert waiting.cancel()

    asyncio.run(scenario())


def test_a_connection_that_is_not_there_is_said(frameio: Emulator) -> None:
    """Whatever goes wrong reaches the task in words."""
    event = asyncio.run(only_event(trigger(frameio, "a", frameio_conn_id="frameio_missing")))
    assert event.status == "unseen"
    assert "frameio_missing" in event.message


def test_the_event_loop_is_never_blocked(frameio: Emulator, copy_id: str) -> None:
    """While a call hangs, everything else in the triggerer goes on."""
    frameio.clear_requests()
    frameio.fault(route=CHILDREN, kind="hang", when="before", seconds=1e6)

    async def scenario() -> int:
        waiting = asyncio.ensure_future(only_event(trigger(frameio, copy_id)))
        while not frameio.requests:
            await asyncio.sleep(0)
        turns = 0
        while turns < 1000 and not waiting.done():
            turns += 1
            await asyncio.sleep(0)
        waiting.cancel()
        frameio.stop()  # releases the thread that hangs
        return turns

    assert asyncio.run(scenario()) == 1000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "https://127.0.0.1:{port}"}, "no trusted connection"),
        ({"host": "http://127.0.0.1:9"}, "no connection to"),
        ({"password": "mistyped", "extra": {"auth_type": "token"}}, "answered 401"),
    ],
    ids=["TLS", "refused", "token"],
)
def test_who_may_not_look_does_not_say_that_the_copy_failed(
    frameio: Emulator, copy_id: str, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], words: str
) -> None:
    """Nothing is known of the copy: the task looks again when it is retried."""
    stored = frameio.description()["airflow_connection"]
    host = changes.get("host", stored["host"]).format(port=urlsplit(stored["host"]).port)
    held = {**stored, **changes, "host": host, "extra": {**stored["extra"], "auth_type": "token", "timeout": 2}}
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(held))
    event = asyncio.run(only_event(trigger(frameio, copy_id, tolerated_failures=1)))
    assert event.status == "unseen"
    assert event.message.startswith("Whether the copy is complete could not be seen: ")
    assert words in event.message
    with pytest.raises(CopyUnseen):
        event.raise_unless_complete()


def test_a_number_of_versions_that_is_unknown_is_asked_for(frameio: Emulator, copy_id: str) -> None:
    """So that a copy that has fewer is not taken for complete; an outage meanwhile is borne."""
    source = frameio.seed_version_stack(frameio.description()["folders"]["source"], "Longer.mov", 6)["id"]
    frameio.fault(route=CHILDREN, kind="status", status=503, times=3)
    copies = [{"version_stack_id": copy_id, "versions": None, "source_id": source}]
    event = asyncio.run(only_event(trigger(frameio, copies=copies, end_time=SYSTEM_CLOCK.epoch() + 5)))
    assert event.status == "timeout"
    assert "5 of 6 versions uploaded" in event.message


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "complete",
        {},
        {"status": "done", "version_stack_ids": ["a"]},
        {"status": "complete"},
        {"status": "complete", "version_stack_ids": []},
        {"status": "complete", "version_stack_ids": [1]},
    ],
)
def test_an_event_of_unknown_form_is_never_success(payload: object) -> None:
    """It passed through a database and may come from another version: it fails loudly."""
    with pytest.raises(AirflowFailException, match="Clear the task to go on"):
        CopyEvent.from_payload(payload)


def calls(frameio: Emulator, status: int) -> int:
    return sum(request.method == "GET" and request.status == status for request in frameio.requests)
