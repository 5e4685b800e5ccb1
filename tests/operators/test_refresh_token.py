"""``FrameioRefreshTokenOperator`` in DAG runs against the emulator, and the tasks that live on what it stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.models.variable import Variable

from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.emulator.server import Emulator
from tests.consent import consent, user_connection
from tests.inline import InlineAirflow, Outcome

NAME = "frameio_token_frameio_default"
EXAMPLE = Path(__file__).parents[2] / "example_dags" / "refresh_frameio_token.py"
REFRESH = """
from airflow_provider_frameio.operators.refresh_token import FrameioRefreshTokenOperator
FrameioRefreshTokenOperator(task_id="refresh", retries=ARGUMENTS)
"""
COPY = """
FrameioCopyVersionStackOperator(
    task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE
)
"""


@pytest.fixture
def user(airflow: InlineAirflow, frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserToken]:
    """The user has consented; ``frameio_default`` is that user's."""
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(user_connection(frameio)))
    token = consent(frameio)
    Variable.set(NAME, token.to_text())
    frameio.clear_requests()
    yield token
    Variable.delete(NAME)


def stored() -> UserToken:
    return UserToken.from_text(Variable.get(NAME), NAME, "frameio_default")


def refresh(airflow: InlineAirflow, retries: int = 0) -> Outcome:
    return airflow.run(REFRESH.replace("ARGUMENTS", str(retries)))


def copy(airflow: InlineAirflow, frameio: Emulator, *, deferrable: bool = False) -> Outcome:
    demo = frameio.description()
    ends = {"SOURCE": demo["version_stacks"][0], "TARGET": demo["folders"]["target"]}
    return airflow.run(COPY, DEFERRABLE=deferrable, **ends)


def calls(frameio: Emulator, route: str) -> list[int | None]:
    return [request.status for request in frameio.requests if request.route == route]


def secrets(frameio: Emulator, *tokens: UserToken) -> list[str]:
    return [frameio.web_app[1], *(text for token in tokens for text in (token.access_token, token.refresh_token))]


def test_it_stores_the_next_tokens(airflow: InlineAirflow, frameio: Emulator, user: UserToken) -> None:
    """The Variable holds both; the task's result tells its name and until when, and nothing secret."""
    outcome = refresh(airflow)
    new = stored()
    assert outcome.task("refresh") == "success"
    assert new.refresh_token != user.refresh_token
    assert new.access_token != user.access_token
    assert outcome.xcom("refresh")["variable"] == NAME
    assert datetime.fromisoformat(outcome.xcom("refresh")["expires_at"]).timestamp() == int(new.expires_at)
    assert new.expires_at - SYSTEM_CLOCK.epoch() == pytest.approx(86399 / 100, abs=60)
    assert calls(frameio, "ims_token") == [200]


@pytest.mark.parametrize("deferrable", [False, True])
def test_other_tasks_only_read_them(
    airflow: InlineAirflow, frameio: Emulator, user: UserToken, deferrable: bool
) -> None:
    """A copy, in place and through the triggerer, before a refresh and after it."""
    assert copy(airflow, frameio, deferrable=deferrable).task("copy") == "success"
    assert refresh(airflow).task("refresh") == "success"
    assert copy(airflow, frameio, deferrable=deferrable).task("copy") == "success"
    assert calls(frameio, "ims_token") == [200]
    assert calls(frameio, "copy_version_stack") == [200, 200]


def test_no_secret_is_left_behind(airflow: InlineAirflow, frameio: Emulator, user: UserToken) -> None:
    """No log and no XCom shows one: of runs that work, that fail at IMS, and that cannot store."""
    good = refresh(airflow)
    copied = copy(airflow, frameio)
    new = stored()
    frameio.fault(kind="drop", route="ims_token", when="after")
    lost = refresh(airflow)
    frameio.revoke_refresh_tokens()
    dead = refresh(airflow)
    assert [outcome.state for outcome in (good, copied, lost, dead)] == ["success", "success", "failed", "failed"]
    left = repr([(outcome.log, outcome.xcoms) for outcome in (good, copied, lost, dead)])
    assert [secret for secret in secrets(frameio, user, new, stored()) if secret in left] == []


def test_a_dead_refresh_token_fails_for_good_and_says_what_to_do(
    airflow: InlineAirflow, frameio: Emulator, user: UserToken
) -> None:
    """No retry can help; other tasks go on while the access token lives."""
    frameio.revoke_refresh_tokens()
    outcome = refresh(airflow, retries=3)
    assert outcome.task("refresh") == "failed"
    assert "python -m airflow_provider_frameio.authorize --conn-id frameio_default" in outcome.log
    assert calls(frameio, "ims_token") == [400]
    assert copy(airflow, frameio).task("copy") == "success"


def test_a_variable_that_the_environment_hides_is_noticed_first(
    airflow: InlineAirflow, frameio: Emulator, user: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be written to Airflow's database would never be read: IMS is not asked."""
    monkeypatch.setenv(f"AIRFLOW_VAR_{NAME.upper()}", user.to_text())
    outcome = refresh(airflow, retries=3)
    assert outcome.task("refresh") == "failed"
    assert f"AIRFLOW_VAR_{NAME.upper()}" in outcome.log
    assert calls(frameio, "ims_token") == []


def test_without_tokens_it_says_how_to_get_the_first(
    airflow: InlineAirflow, frameio: Emulator, user: UserToken
) -> None:
    """And so does any other task of the connection."""
    Variable.delete(NAME)
    for outcome in (refresh(airflow), copy(airflow, frameio)):
        assert outcome.state == "failed"
        assert f"there is no Airflow Variable '{NAME}'" in outcome.log
        assert "python -m airflow_provider_frameio.authorize --conn-id frameio_default" in outcome.log
        assert "FrameioRefreshTokenOperator" in outcome.log
    assert frameio.requests == []
    Variable.set(NAME, user.to_text())


def test_an_expired_token_fails_other_tasks_with_the_name_of_the_dag_to_look_at(
    airflow: InlineAirflow, frameio: Emulator, user: UserToken
) -> None:
    """The operator can still refresh it, and then they work."""
    past = SYSTEM_CLOCK.epoch() - 90000
    Variable.set(NAME, UserToken(user.access_token, user.refresh_token, past + 86399, past).to_text())
    outcome = copy(airflow, frameio)
    assert outcome.task("copy") == "failed"
    assert f"the access token in the Airflow Variable '{NAME}' has expired; it was refreshed 25.0 h ago" in outcome.log
    assert calls(frameio, "copy_version_stack") == []
    assert refresh(airflow).task("refresh") == "success"
    assert copy(airflow, frameio).task("copy") == "success"


def test_a_connection_of_another_kind_is_told(
    airflow: InlineAirflow, frameio: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of anybody."""
    outcome = refresh(airflow, retries=3)
    assert outcome.task("refresh") == "failed"
    assert "field 'auth_type': 'server_to_server' has no tokens to be refreshed here" in outcome.log
    assert frameio.requests == []


@pytest.mark.parametrize("extra", [None, "[1]"], ids=["no connection", "a list as its extra"])
def test_a_connection_that_cannot_be_right_fails_at_once(
    airflow: InlineAirflow, frameio: Emulator, monkeypatch: pytest.MonkeyPatch, extra: str | None
) -> None:
    """A retry would only meet the same again, here and in a copy."""
    monkeypatch.delenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", raising=False)
    if extra:
        connection = {"conn_type": "frameio", "login": "id", "password": "s3cret", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(connection))
    for outcome in (refresh(airflow, retries=3), copy(airflow, frameio)):
        assert outcome.state == "failed"
        assert "Connection 'frameio_default', field '" in outcome.log  # 'conn_id', or 'extra' where Airflow reads it
        assert "AirflowFailException" in outcome.log
    assert frameio.requests == []


def test_the_example_refreshes(airflow: InlineAirflow, frameio: Emulator, user: UserToken) -> None:
    """As it is shipped: one run at a time, nothing to catch up with."""
    outcome = airflow.run_file(EXAMPLE.read_text(), "refresh_frameio_token")
    assert outcome.task("refresh") == "success"
    assert stored().refresh_token != user.refresh_token


def test_it_runs_alone(airflow: InlineAirflow) -> None:
    """No two of its instances at a time, unless somebody insists; the example has one run at a time."""
    from airflow_provider_frameio.operators.refresh_token import FrameioRefreshTokenOperator as Operator

    assert Operator(task_id="refresh").max_active_tis_per_dag == 1
    assert Operator(task_id="refresh", max_active_tis_per_dag=2).max_active_tis_per_dag == 2
    names: dict[str, Any] = {}
    text = EXAMPLE.read_text().replace("\nrefresh_frameio_token()\n", "\nmade = refresh_frameio_token()\n")
    exec(compile(text, str(EXAMPLE), "exec"), names)
    assert (names["made"].max_active_runs, names["made"].catchup) == (1, False)
