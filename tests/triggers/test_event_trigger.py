"""``FrameioVersionStackEventTrigger``: what it stores, what it tells, and what it bears. Over a real socket."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import Any

import pytest

from airflow_provider_frameio import _compat
from airflow_provider_frameio._compat import BaseHook
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.triggers import folder_watcher, version_stack_events
from airflow_provider_frameio.triggers.driver import Caller
from airflow_provider_frameio.triggers.version_stacks import FrameioFilesTrigger, FrameioVersionStackEventTrigger
from tests.triggers.waiting import make_copy, trigger
from tests.triggers.watching import CHILDREN, LIST, LOG, Inbox, Run

pytestmark = pytest.mark.usefixtures("connection")
if _compat.BaseEventTrigger is _compat.BaseTrigger:
    pytest.skip("Airflow 2 has no event triggers", allow_module_level=True)


@pytest.fixture
def inbox(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(version_stack_events, "_BETWEEN_EVENTS", 0.0)
    return Inbox(frameio)


def test_it_survives_the_database() -> None:
    """What it serializes to is JSON, and what is made of that again is the same trigger to Airflow."""
    first = FrameioVersionStackEventTrigger(folder_id="f1", events=["metadata", "version", "created"], poll_interval=30)
    path, kwargs = first.serialize()
    assert path == "airflow_provider_frameio.triggers.version_stack_events.FrameioVersionStackEventTrigger"
    again = FrameioVersionStackEventTrigger(**json.loads(json.dumps(kwargs)))
    assert again.serialize() == (path, kwargs)
    other = FrameioVersionStackEventTrigger(folder_id="f1", poll_interval=30.0)
    assert first.hash(*first.serialize()) == other.hash(*other.serialize())


def test_nothing_but_the_connections_id_is_stored(frameio: Emulator) -> None:
    stored = json.dumps(FrameioVersionStackEventTrigger(folder_id="f1").serialize())
    assert "frameio_default" in stored
    assert frameio.client_secret not in stored


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"folder_id": ""}, "folder_id"),
        ({"folder_id": "{{ var.value.inbox }}"}, "folder_id"),
        ({"account_id": " "}, "account_id"),
        ({"include_subfolders": "yes"}, "include_subfolders"),
        ({"target_status": "created"}, "target_status"),
        ({"target_status": None}, "target_status"),
        ({"events": []}, "events"),
        ({"events": ["deleted"]}, "events"),
        ({"poll_interval": 0}, "poll_interval"),
        ({"poll_interval": "60"}, "poll_interval"),
        ({"lookback": -1}, "lookback"),
    ],
)
def test_what_cannot_be_right_is_said_when_the_dag_is_parsed(given: dict[str, Any], named: str) -> None:
    """One clear error, which names the parameter."""
    with pytest.raises(InvalidParameter, match=named):
        FrameioVersionStackEventTrigger(**{"folder_id": "f1", **given})


def test_a_new_stack_and_a_new_version_are_told_once(inbox: Inbox) -> None:
    """What was there before is not."""
    known = inbox.known()

    async def scenario() -> tuple[list[dict[str, Any]], list[str]]:
        run = Run(inbox.trigger())
        await run.until_looked(inbox)
        made = [inbox.stack()]
        await run.until(lambda: run.told == made)
        made += [inbox.version(known)]
        await run.until(lambda: run.told == made)
        made += [inbox.version(made[0])]
        await run.until(lambda: run.told == made)
        await run.until_looked(inbox, 3)
        await run.stop()
        return run.changes, made

    changes, made = asyncio.run(scenario())
    assert [change["event_id"] for change in changes] == made
    assert [change["event"] for change in changes] == ["created", "version", "version"]
    record = FrameioHook().get_version_stack(changes[2]["version_stack_id"])
    assert changes[2] == {
        "event": "version",
        "event_id": made[2],
        "version_stack_id": record["id"],
        "name": record["name"],
        "head_version_id": record["head_version"]["id"],
        "head_version_status": "transcoded",
        "folder_id": inbox.id,
        "project_id": record["project_id"],
        "account_id": inbox.frameio.account_id,
        "view_url": record["view_url"],
    }


@pytest.mark.parametrize("alias", [True, False])
def test_the_folder_may_be_called_otherwise(frameio: Emulator, alias: bool) -> None:
    """Events name what is in it, and in its subfolders, by own ids."""
    root = frameio.seed_project("Adobe", adobe=True)["root_folder_id"]
    own = frameio.seed_folder(root, "Inbox")
    inbox = Inbox(frameio, f"adobe:{own['adobe_id']}" if alias else own["id"].upper())
    inbox.known()

    async def scenario() -> tuple[list[dict[str, Any]], str]:
        run = Run(inbox.trigger(include_subfolders=True))
        await run.until_looked(inbox, route="list_folder_children")
        made = inbox.stack()
        await run.until(lambda: run.told == [made])
        await run.stop()
        return run.changes, made

    changes, made = asyncio.run(scenario())
    assert [(change["event_id"], change["folder_id"]) for change in changes] == [(made, own["id"])]


def test_what_one_look_finds_is_one_event(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow would leave all but the first of several to the next run, which may never come."""
    monkeypatch.setattr(version_stack_events, "_BETWEEN_EVENTS", 3600.0)
    known = inbox.known()

    async def scenario() -> tuple[list[dict[str, Any]], list[str]]:
        run = Run(inbox.trigger())
        await run.until_looked(inbox)
        inbox.frameio.fault(kind="status", status=503, route=LIST, times=None)
        made = [inbox.stack(), inbox.stack(), inbox.version(known)]
        inbox.frameio.clear_faults()
        await run.until(lambda: run.told)
        inbox.stack()
        await run.until_looked(inbox, 2)
        await run.stop()
        return run.payloads, made

    (payload,), made = asyncio.run(scenario())
    assert payload["watched_folder_id"] == inbox.id
    assert payload["version_stack_ids"] == [event_id.partition("/")[0] for event_id in made]
    assert [change["event_id"] for change in payload["changes"]] == made


def test_only_the_events_that_are_wanted_are_told(inbox: Inbox) -> None:
    """The others are known all the same."""

    async def scenario() -> tuple[list[str], list[str]]:
        run = Run(inbox.trigger(events=["version"]))
        await run.until_looked(inbox)
        made = inbox.stack()
        await run.until_looked(inbox)
        made = inbox.version(made)
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, [made]

    told, made = asyncio.run(scenario())
    assert told == made


def test_a_stack_is_told_when_its_versions_are_there(inbox: Inbox) -> None:
    """A copy has none at first, then one without bytes."""
    inbox.frameio.configure(copy_first_child_seconds=10.0, copy_upload_seconds=10.0)
    source = inbox.frameio.description()["version_stacks"][0]

    async def scenario() -> dict[str, Any]:
        run = Run(inbox.trigger())
        await run.until_looked(inbox)
        copy = FrameioHook().copy_version_stack(source, parent_id=inbox.id)
        assert copy["head_version"] is None
        await run.until(lambda: run.told)
        await run.stop()
        return run.changes[0]

    change = asyncio.run(scenario())
    assert change["head_version_status"] in ("uploaded", "transcoded")
    assert change["event"] == "created"


def test_subfolders_are_watched_from_when_they_appear(inbox: Inbox) -> None:
    """At any depth, with all that is in them; a stack that moves from one to another is the same."""
    scenes = inbox.folder("Scenes")
    known = scenes.known()

    async def scenario() -> tuple[list[str], list[str]]:
        run = Run(inbox.trigger(include_subfolders=True))
        await run.until_looked(inbox, 2, CHILDREN)
        takes = scenes.folder("Takes")
        made = [takes.stack()]
        await run.until(lambda: run.told == made)
        FrameioHook().move_version_stack(known.partition("/")[0], takes.id)
        await run.until_looked(inbox, 6, CHILDREN)
        made += [takes.version(known)]
        await run.until(lambda: len(run.told) > 1)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made
    assert inbox.looks(LIST) == 0


def test_watchers_of_a_folder_share_its_looks(inbox: Inbox) -> None:
    """Thirty of them, who want different things, cost what one costs; each is told, the most eager sets the pace."""
    wishes = [{}, {"target_status": "transcoded"}, {"events": ["created"]}, {"lookback": 7200.0}]
    made = [inbox.stack()]

    async def scenario() -> int:
        runs = [Run(inbox.trigger(poll_interval=3600.0, **wish)) for wish in [wishes[n % 4] for n in range(30)]]
        for run in runs:
            await run.until(lambda run=run: run.told == made)
        looks = inbox.looks()
        eager = Run(inbox.trigger())
        await eager.until(lambda: eager.told == made)
        made.append(inbox.stack())
        for run in [eager, *runs]:
            await run.until(lambda run=run: run.told == made)
            await run.stop()
        return looks

    assert asyncio.run(scenario()) == 1


def test_an_outage_is_borne(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails on the way: a list that failed, or was cut short, is no answer. It is logged."""
    faults = [
        {"kind": "status", "status": 503},
        {"kind": "drop"},
        {"kind": "garbage"},
        {"kind": "bad_page", "how": "not_a_list"},
    ]

    async def scenario() -> tuple[list[str], str]:
        run = Run(inbox.trigger())
        await run.until_looked(inbox)
        for fault in faults:
            inbox.frameio.fault(route=LIST, **fault)
        made = inbox.stack()
        await run.until(lambda: run.told)
        await run.until_looked(inbox)
        await run.stop()
        return run.told, made

    with caplog.at_level("INFO", LOG):
        told, made = asyncio.run(scenario())
    assert told == [made]
    assert inbox.frameio.faults() == []
    said = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert [line.partition(" in a row")[0][-1:] for line in said[:4]] == ["1", "2", "3", "4"]
    assert "can be looked into again" in said[4]


def test_what_does_not_pass_is_an_error_and_not_asked_again_at_once(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The trigger goes on, so that Airflow does not start it again and again; it looks every ten minutes."""
    nowhere = "0a1b2c3d-0000-4000-8000-000000000000"

    async def scenario() -> None:
        run = Run(inbox.trigger(folder_id=nowhere))
        await run.until(lambda: nowhere in caplog.text)
        await run.stop()

    asyncio.run(scenario())
    (record,) = [record for record in caplog.records if record.name == LOG]
    assert record.levelname == "ERROR"
    assert "next try in 6 s: list version stacks" in record.getMessage()  # ten minutes, a hundred times as fast
    assert "404" in record.getMessage()


def test_a_connection_that_is_corrected_is_read_again(
    frameio: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody need restart anything, and what changed since the start is told."""

    def connect(connection: dict[str, Any] | None) -> None:
        monkeypatch.delenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", raising=False)
        if connection:
            monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))

    async def scenario(inbox: Inbox) -> tuple[list[str], list[str]]:
        run = Run(inbox.trigger(lookback=0))
        await run.until(lambda: "could not be looked into" in caplog.text)
        connect(good)
        made = [inbox.stack()]
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    monkeypatch.setattr(folder_watcher, "_LONGEST_REST", 0.05)
    good = frameio.description()["airflow_connection"]
    nobodys = {**good, "extra": {**good["extra"], "account_id": ""}}
    for bad, said in (
        (nobodys, "ERROR account_id=''"),
        ({**good, "password": "mistyped"}, "ERROR "),
        ({**good, "extra": "[1]"}, "ERROR Connection 'frameio_default', field '"),
        ({**good, "host": "http://127.0.0.1:9"}, "WARNING "),
        (None, "ERROR Connection 'frameio_default', field 'conn_id': there is no such connection"),
    ):
        caplog.clear()
        connect(bad)
        told, made = asyncio.run(scenario(Inbox(frameio)))
        assert told == made
        record = next(record for record in caplog.records if "could not be looked into" in record.getMessage())
        assert f"{record.levelname} {record.getMessage().partition(' s: ')[2]}".startswith(said)


def test_a_backend_of_connections_that_fails_is_borne(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises: a trigger that ended would be started again at once, without end."""

    def fail(conn_id: str) -> None:
        raise ZeroDivisionError(conn_id)

    async def scenario() -> tuple[list[str], list[str]]:
        with monkeypatch.context() as backend:
            backend.setattr(BaseHook, "get_connection", fail)
            run = Run(inbox.trigger(lookback=0))
            await run.until(lambda: "could not be looked into" in caplog.text)
        made = [inbox.stack()]
        await run.until(lambda: run.told)
        await run.stop()
        return run.told, made

    told, made = asyncio.run(scenario())
    assert told == made
    assert "ZeroDivisionError: frameio_default" in caplog.text


def test_triggers_of_all_kinds_share_one_caller(frameio: Emulator, inbox: Inbox) -> None:
    """And with it its sockets and its token: for stacks, for files, and for what starts DAGs."""
    copy = make_copy(frameio, copy_upload_seconds=1e6)
    file = frameio.seed_file(inbox.id, "A.mov", status="created")["id"]
    stacks = trigger(frameio, copy)
    terms = {name: getattr(stacks, name) for name in ("frameio_conn_id", "account_id", "started_at", "end_time")}
    files = FrameioFilesTrigger(folder_id=inbox.id, file_ids=[file], version_stack_id=copy, **terms)

    async def scenario() -> int:
        running = [asyncio.ensure_future(anext(one.run())) for one in (stacks, files, inbox.trigger())]
        while not {LIST, "list_files", "show_version_stack"} <= {request.route for request in frameio.requests}:
            await asyncio.sleep(0.005)
        callers = sum(type(one) is Caller for one in gc.get_objects())
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return callers

    gc.collect()
    assert asyncio.run(scenario()) == 1
