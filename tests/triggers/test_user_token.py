"""Triggers of a user's connection: they read the Variable in the event loop, and again when it may have changed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.client.credentials import PROCESS_TOKENS
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.triggers.events import CopyEvent
from tests.consent import consent, user_connection
from tests.triggers.waiting import CHILDREN, LIST, SHOW, make_copy, only_event, trigger, until

VARIABLE = "AIRFLOW_VAR_FRAMEIO_TOKEN_FRAMEIO_DEFAULT"
pytest.importorskip("airflow")


@pytest.fixture
def token(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> UserToken:
    """The user has consented; the Variable is in the environment, which a test can change as a refresh would."""
    token = consent(frameio)
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(user_connection(frameio)))
    monkeypatch.setenv(VARIABLE, token.to_text())
    return token


def calls(frameio: Emulator, status: int) -> int:
    return sum(request.status == status and request.route in (CHILDREN, LIST, SHOW) for request in frameio.requests)


def copy_by_another_process(frameio: Emulator) -> str:
    """This one's cache of tokens knows nothing of it."""
    copy = make_copy(frameio)
    PROCESS_TOKENS.forget()
    frameio.clear_requests()
    return copy


def expired(token: UserToken) -> str:
    past = SYSTEM_CLOCK.epoch() - 90000
    return replace(token, expires_at=past + 86399, refreshed_at=past).to_text()


def test_a_copy_is_waited_for_with_the_stored_token(frameio: Emulator, token: UserToken) -> None:
    """And the trigger keeps neither it nor its Variable."""
    awaited = trigger(frameio, make_copy(frameio))
    stored = json.dumps(awaited.serialize())
    assert asyncio.run(only_event(awaited)).status == "complete"
    assert [text for text in (token.access_token, token.refresh_token, "frameio_token") if text in stored] == []


def test_a_token_that_was_refreshed_while_waiting_is_found(
    frameio: Emulator, token: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frame.io refuses the old one; several calls may notice at the same time, and all go on with the new one."""
    copies = [make_copy(frameio, copy_upload_seconds=1e6) for _ in range(3)]

    async def scenario() -> None:
        waiting = asyncio.ensure_future(asyncio.gather(*(only_event(trigger(frameio, copy)) for copy in copies)))
        await until(lambda: calls(frameio, 200), waiting)
        frameio.expire_tokens()
        monkeypatch.setenv(VARIABLE, consent(frameio).to_text())
        await until(lambda: calls(frameio, 401), waiting)
        before = calls(frameio, 200)
        await until(lambda: calls(frameio, 200) > before, waiting)
        assert waiting.cancel()

    asyncio.run(scenario())


def test_a_refused_token_without_a_newer_one_is_said(frameio: Emulator, token: UserToken) -> None:
    """It was looked for before."""
    copy = copy_by_another_process(frameio)
    frameio.expire_tokens()
    event = asyncio.run(only_event(trigger(frameio, copy)))
    assert event.status == "unseen"
    assert "revoked" in event.message


def test_an_expired_token_is_borne_for_a_while(
    frameio: Emulator, token: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refresh is late, nothing more: the looks that fail count as any others do."""
    copy = copy_by_another_process(frameio)
    monkeypatch.setenv(VARIABLE, expired(token))

    async def scenario() -> CopyEvent:
        asyncio.get_running_loop().call_later(0.1, monkeypatch.setenv, VARIABLE, token.to_text())
        return await only_event(trigger(frameio, copy, tolerated_failures=10_000))

    assert asyncio.run(scenario()).status == "complete"
    assert {request.status for request in frameio.requests} == {200}


def test_an_expired_token_ends_it_in_the_end(
    frameio: Emulator, token: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event names the Variable and the operator that should have refreshed it."""
    copy = copy_by_another_process(frameio)
    monkeypatch.setenv(VARIABLE, expired(token))
    event = asyncio.run(only_event(trigger(frameio, copy, tolerated_failures=2)))
    assert event.status == "unseen"
    assert "'frameio_token_frameio_default' has expired" in event.message
    assert "FrameioRefreshTokenOperator" in event.message


def test_a_variable_that_is_missing_is_looked_for_at_each_call(
    frameio: Emulator, token: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Airflow 3 a fault of its API looks the same, and passes."""
    copy = copy_by_another_process(frameio)
    monkeypatch.delenv(VARIABLE)

    async def scenario() -> CopyEvent:
        asyncio.get_running_loop().call_later(0.1, monkeypatch.setenv, VARIABLE, token.to_text())
        return await only_event(trigger(frameio, copy, tolerated_failures=10_000))

    assert asyncio.run(scenario()).status == "complete"
