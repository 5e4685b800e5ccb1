"""The one task that refreshes: in which order it asks and stores, and what becomes of answers that get lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import AuthorizationLost, NoUserToken, TokenNotKept
from tests.client.conftest import Studio
from tests.client.user import NAME, UserStudio
from tests.consent import consent

IMS, SHOW = "ims_token", "show_version_stack"
AGAIN = "python -m airflow_provider_frameio.authorize --conn-id frameio_default"


@pytest.fixture
def user(studio: Studio) -> UserStudio:
    begun = UserStudio.begin(studio)
    studio.emulator.clear_requests()
    return begun


def test_a_refresh_stores_both_tokens(user: UserStudio) -> None:
    """With the access token's end; asked once, and the next refresh goes on from there."""
    old = user.token
    for number in range(1, 4):
        user.studio.clock.sleep(6 * 3600)
        new = user.refresh()
        assert new == user.token
        assert (new.access_token != old.access_token, new.refresh_token != old.refresh_token) == (True, True)
        assert new.expires_at == user.studio.clock.epoch() + 86399
        assert (new.refreshed_at, new.asked_at) == (user.studio.clock.epoch(), None)
        assert user.studio.calls(IMS) == [200] * number
        old = new
    assert user.client().call(user.studio.show())["id"] == user.studio.stack


def test_an_expired_access_token_is_no_obstacle(user: UserStudio) -> None:
    """As long as the refresh token lives: 14 days."""
    user.studio.clock.sleep(13.9 * 86400)
    user.refresh()
    assert user.client().call(user.studio.show())["id"] == user.studio.stack


@pytest.mark.parametrize("text", [None, "", "{}", "eyJ.something"])
def test_without_tokens_nothing_is_asked(user: UserStudio, text: str | None) -> None:
    """It says how to get the first ones."""
    user.variable.text = text
    with pytest.raises(NoUserToken, match=AGAIN):
        user.refresh()
    assert user.studio.calls(IMS) == []
    assert user.variable.text == text


class TestStoring:
    """What IMS answers must not be lost."""

    def test_where_something_hides_the_variable_nothing_is_asked(self, user: UserStudio) -> None:
        """A secrets backend with the same name: what is written would never be read, and the account be lost."""
        user.variable.hidden_by = user.token.to_text()
        with pytest.raises(TokenNotKept, match=r"Nothing was asked of Adobe IMS\. If a secrets backend") as caught:
            user.refresh()
        assert f"AIRFLOW_VAR_{NAME.upper()}" in str(caught.value)
        assert user.studio.calls(IMS) == []

    def test_where_nothing_can_be_written_nothing_is_asked(self, user: UserStudio) -> None:
        """The refresh token stays alive."""
        user.variable.troubles = [ConnectionError("no database")]
        with pytest.raises(ConnectionError):
            user.refresh()
        assert user.studio.calls(IMS) == []
        user.refresh()

    def test_what_was_issued_is_stored_again_and_again(self, user: UserStudio) -> None:
        """The database is away for a while, just then: nowhere else are the new tokens."""
        user.variable.troubles = [None, *[ConnectionError("no database")] * 5]
        new = user.refresh()
        assert user.token == new
        assert user.studio.clock.slept == [2.0, 1.0, 2.0, 4.0, 8.0, 16.0]
        assert user.studio.calls(IMS) == [200]

    def test_after_half_an_hour_it_says_what_to_do(self, user: UserStudio, caplog: pytest.LogCaptureFixture) -> None:
        """The old tokens stay, with the note; no secret is shown."""
        old = user.token
        user.variable.troubles = [None, *[ConnectionError("no database")] * 1000]
        with pytest.raises(TokenNotKept, match=r"could not be stored \(ConnectionError: no database\)") as caught:
            user.refresh()
        assert AGAIN in str(caught.value)
        assert 1800 <= sum(user.studio.clock.slept) < 1900
        assert (user.token.refresh_token, user.token.asked_at is not None) == (old.refresh_token, True)
        shown = caplog.text + str(caught.value)
        assert [secret for secret in user.masked if secret in shown] == []

    def test_what_hides_the_variable_only_then_is_told(self, user: UserStudio) -> None:
        """The write works, but something else reads back: behind that, the new tokens are stored."""
        old = user.token
        user.variable.then["write", 2] = lambda: setattr(user.variable, "hidden_by", old.to_text())
        with pytest.raises(TokenNotKept, match="something else reads back"):
            user.refresh()
        assert user.token.refresh_token != old.refresh_token

    def test_waits_are_as_fast_as_the_emulator(self, user: UserStudio) -> None:
        """``time_scale``, as everywhere."""
        user.variable.troubles = [None, ConnectionError("no database")]
        user.refresh(time_scale=0.01)
        assert user.studio.clock.slept == [0.02, 0.01]


class TestLostAnswers:
    """IMS was asked, and nobody knows what it did."""

    @pytest.mark.parametrize("fault", [{"kind": "drop"}, {"kind": "status", "status": 503}, {"kind": "garbage"}])
    def test_one_that_never_reached_it_is_made_again(self, user: UserStudio, fault: dict[str, Any]) -> None:
        """The old refresh token is asked with once more, and it is alive."""
        user.studio.emulator.fault(route=IMS, when="before", **fault)
        assert user.refresh() == user.token
        assert len(user.studio.calls(IMS)) == 2
        assert user.token.asked_at is None

    def test_where_the_old_token_lives_on_nothing_is_lost(self, user: UserStudio) -> None:
        """Adobe does not say when it ends."""
        user.studio.emulator.configure(refresh_rotation="keep_old")
        user.studio.emulator.fault(route=IMS, kind="drop", when="after")
        assert user.refresh() == user.token
        assert user.client().call(user.studio.show())["id"] == user.studio.stack

    def test_where_it_died_at_once_the_user_must_consent_again(self, user: UserStudio) -> None:
        """It says so, with the command, and how long tasks can go on meanwhile: they do."""
        user.studio.clock.sleep(6 * 3600)
        user.studio.emulator.fault(route=IMS, kind="drop", when="after")
        with pytest.raises(AuthorizationLost, match="Adobe IMS answered invalid_grant: the refresh token") as caught:
            user.refresh()
        assert f"'{NAME}' is dead" in str(caught.value)
        assert AGAIN in str(caught.value)
        assert "for 18.0 h" in str(caught.value)
        assert user.client().call(user.studio.show())["id"] == user.studio.stack

        user.variable.text = consent(user.studio.emulator, user.studio.clock.epoch()).to_text()
        assert user.refresh() == user.token

    def test_two_lost_answers_are_left_to_a_retry(self, user: UserStudio, caplog: pytest.LogCaptureFixture) -> None:
        """The note stays, so that the retry knows; it asks with what is stored."""
        old = user.token
        user.studio.emulator.fault(route=IMS, kind="drop", times=2)
        with pytest.raises(errors.NoAnswer):
            user.refresh()
        assert (user.token.refresh_token, user.token.asked_at) == (old.refresh_token, 1_800_001_000.0)
        assert user.refresh() == user.token
        assert "The answer to an earlier refresh was not stored" in caplog.text

    def test_a_death_before_storing_is_found_by_the_next_run(
        self, user: UserStudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The worker was killed with the answer in its hands."""

        class Killed(BaseException):
            pass

        user.variable.troubles = [None, Killed()]
        with pytest.raises(Killed):
            user.refresh()
        with pytest.raises(AuthorizationLost, match="replaced by one in an answer that was lost"):
            user.refresh()
        assert "The answer to an earlier refresh was not stored" in caplog.text

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"kind": "status", "status": 429}, errors.RateLimited),
            ({"kind": "status", "status": 400, "body": {"error": "invalid_client"}}, errors.ImsError),
        ],
    )
    def test_a_refusal_is_no_lost_answer(
        self, user: UserStudio, fault: dict[str, Any], error: type[errors.FrameioError]
    ) -> None:
        """It is not asked again at once; what is stored is as good as before."""
        user.studio.emulator.fault(route=IMS, **fault)
        with pytest.raises(error):
            user.refresh()
        assert len(user.studio.calls(IMS)) == 1
        assert user.refresh() == user.token

    def test_a_host_that_cannot_be_reached_was_asked_nothing(self, user: UserStudio) -> None:
        """A retry is harmless."""
        with pytest.raises(errors.HostUnreachable):
            user.refresh(ims_url="http://127.0.0.1:1")
        assert user.refresh() == user.token


def test_a_consent_that_was_taken_back(user: UserStudio) -> None:
    """Or a password that was changed: only the user can help."""
    user.studio.emulator.revoke_refresh_tokens()
    with pytest.raises(AuthorizationLost, match="revoked by the user"):
        user.refresh()


def test_after_14_days_without_a_refresh(user: UserStudio) -> None:
    """The DAG was paused: nothing is left for the tasks either."""
    user.studio.clock.sleep(14 * 86400)
    with pytest.raises(AuthorizationLost, match=r"unused for 14 days.* for 0\.0 h"):
        user.refresh()


class TestTwoAtOnce:
    """One refreshes, the other one takes its tokens."""

    def test_whoever_finds_a_note_waits_for_the_tokens(self, user: UserStudio) -> None:
        """Another process asks: its note is seconds old."""
        user.variable.text = user.token.asking(user.studio.clock.epoch() - 3).to_text()
        theirs = replace(user.token, access_token="eyJ.theirs", refresh_token="eyJ.next", asked_at=None)
        user.variable.then["read", 4] = lambda: setattr(user.variable, "text", theirs.to_text())
        assert user.refresh() == theirs == user.token
        assert user.studio.calls(IMS) == []
        assert user.studio.clock.slept == [2.0] * 4

    def test_of_two_notes_written_at_once_the_later_one_stands(self, user: UserStudio) -> None:
        """The other process read before this one wrote."""
        note = user.token.asking(user.studio.clock.epoch() + 0.5)
        theirs = replace(note, access_token="eyJ.theirs", asked_at=None)
        user.variable.then["read", 2] = lambda: setattr(user.variable, "text", note.to_text())
        user.variable.then["read", 5] = lambda: setattr(user.variable, "text", theirs.to_text())
        assert user.refresh() == theirs
        assert user.studio.calls(IMS) == []

    @pytest.mark.parametrize(("age", "waits"), [(0.0, 76), (140.0, 6), (150.0, 1), (-150.0, 1), (86400.0, 1)])
    def test_the_note_of_a_process_that_died_is_good_for_its_time(
        self, user: UserStudio, age: float, waits: int
    ) -> None:
        """Two calls to IMS and half a minute, by clocks that may differ; then the next one refreshes."""
        user.variable.text = user.token.asking(user.studio.clock.epoch() - age).to_text()
        assert user.refresh() == user.token
        assert user.studio.calls(IMS) == [200]
        assert user.studio.clock.slept == [2.0] * waits

    def test_one_that_stands_still_meanwhile_keeps_the_tokens_that_live(
        self, user: UserStudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Longer than its note is good for: before its last look at the note, and after."""
        for look, asked in ((2, [200]), (3, [200, 400])):
            theirs: list[UserToken] = []
            user.variable.reads = 0
            user.studio.emulator.clear_requests()
            user.variable.then["read", look] = lambda theirs=theirs: theirs.append(user.refresh())
            assert [user.refresh()] == theirs == [user.token]
            assert user.studio.calls(IMS) == asked
        assert "only one task should" in caplog.text


def test_without_a_new_refresh_token_the_old_one_is_kept(user: UserStudio) -> None:
    """OAuth allows it."""
    old = user.token
    body = {"access_token": "eyJ.new", "token_type": "bearer", "expires_in": 3600}
    user.studio.emulator.fault(route=IMS, kind="status", status=200, body=body)
    assert user.refresh().refresh_token == old.refresh_token
    assert user.token.access_token == "eyJ.new"


class TestShortLives:
    """Adobe issues tokens of a day, and tokens of an hour."""

    @pytest.mark.parametrize(("life", "pause", "warned"), [(3600, 6, True), (3600, 0.5, False), (86399, 6, False)])
    def test_a_life_shorter_than_the_pause_between_refreshes_is_warned_of(
        self, user: UserStudio, caplog: pytest.LogCaptureFixture, life: float, pause: float, warned: bool
    ) -> None:
        """With the schedule that it takes: else every task fails for most of the time."""
        user.studio.emulator.configure(token_life=life)
        user.studio.clock.sleep(pause * 3600)
        user.refresh()
        message = (
            "The new access token lives for 1.0 h, and the refresh before this one was 6.0 h ago: "
            "in between tasks have no token. Schedule a refresh at least every 30 minutes."
        )
        assert (message in caplog.text) == warned
        assert bool(caplog.records) == warned


def test_a_refresh_token_is_stored_though_the_access_token_is_unusable(user: UserStudio) -> None:
    """The one before it may be dead; the access token before it lives on, and IMS is asked once."""
    old = user.token
    user.variable.text = old.asking(1.0).to_text()  # the answer before was lost
    body = {"access_token": "eyJ.new", "refresh_token": "rt.new", "expires_in": "soon"}
    user.studio.emulator.fault(route=IMS, kind="status", status=200, body=body)
    with pytest.raises(errors.UnreadableAnswer, match=r"no usable 'expires_in' in it\. Its refresh token is stored"):
        user.refresh()
    assert user.token == replace(old, refresh_token="rt.new")
    assert "rt.new" in user.masked
    assert user.studio.calls(IMS) == [200]


def test_a_life_in_text_is_a_life(user: UserStudio) -> None:
    """Some versions of Adobe's login write it so."""
    body = {"access_token": "eyJ.new", "refresh_token": "rt.new", "expires_in": "86399"}
    user.studio.emulator.fault(route=IMS, kind="status", status=200, body=body)
    assert user.refresh().expires_at == user.studio.clock.epoch() + 86399
    assert (user.token.access_token, user.token.refresh_token) == ("eyJ.new", "rt.new")
