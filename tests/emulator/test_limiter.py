"""The limiter counts as Frame.io says it does, in each of its modes; all figures follow from 10 calls per 60 s."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.emulator.limiter import Limit, Limiter, Verdict
from airflow_provider_frameio.emulator.settings import Settings

LIMIT = Limit(10, 60.0)
ME = ("account", "user")


def take(limiter: Limiter, now: float, settings: Settings | None = None, user: tuple[str, str] = ME) -> Verdict:
    return limiter.take(now, user, "copy_version_stack", LIMIT, settings or Settings())


def accepted(limiter: Limiter, moments: list[float], settings: Settings) -> list[float]:
    return [now for now in moments if take(limiter, now, settings).allowed]


def test_a_full_burst_then_one_call_a_slot() -> None:
    """Leaky: ten at once, the eleventh only when a slot of 6 s has drained."""
    limiter = Limiter()
    assert [take(limiter, 0.0).remaining for _ in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert [take(limiter, now).allowed for now in (0.0, 5.9, 6.0, 6.1, 12.0)] == [False, False, True, False, True]


def test_unused_slots_do_not_pile_up() -> None:
    """However long nobody calls, a bucket holds ten calls."""
    limiter = Limiter()
    take(limiter, 0.0)
    assert len(accepted(limiter, [1e6] * 20, Settings())) == 10


def test_a_refusal_costs_nothing_and_claims_a_full_bucket() -> None:
    """Hammering a full bucket delays nothing, and its ``remaining`` is not to be believed."""
    limiter = Limiter()
    accepted(limiter, [0.0] * 10, Settings())
    assert {take(limiter, 1.0 + n / 100).remaining for n in range(100)} == {10}
    assert take(limiter, 6.0).allowed


def test_an_honest_refusal_is_a_setting() -> None:
    """``remaining_on_429="true"`` tells what is really left."""
    limiter, honest = Limiter(), Settings(remaining_on_429="true")
    accepted(limiter, [0.0] * 10, honest)
    assert take(limiter, 0.0, honest) == Verdict(False, LIMIT, 0)


@pytest.mark.parametrize(("asked_at", "allowed"), [(17.9, False), (18.0, True)])
def test_charging_for_refusals_pushes_the_next_slot_away(asked_at: float, allowed: bool) -> None:
    """``charge_refused``: after two refused calls the next slot is 18 s away instead of 6 s."""
    limiter, charging = Limiter(), Settings(charge_refused=True)
    assert accepted(limiter, [0.0] * 12, charging) == [0.0] * 10
    assert take(limiter, asked_at, charging).allowed is allowed


def test_a_fixed_window_starts_afresh_at_its_edge() -> None:
    """Fixed: ten before the edge and ten after it, none in between."""
    limiter, fixed = Limiter(), Settings(limit_mode="fixed")
    assert accepted(limiter, [59.0] * 11 + [59.9, *[60.0] * 11], fixed) == [59.0] * 10 + [60.0] * 10


def test_a_sliding_window_forgets_each_call_when_it_is_a_window_old() -> None:
    """Sliding: a call made at 0 counts until 60, one made at 30 until 90."""
    limiter, sliding = Limiter(), Settings(limit_mode="sliding")
    moments = [0.0] * 5 + [30.0] * 6 + [59.0, *[60.0] * 6, 89.0, 90.0]
    assert accepted(limiter, moments, sliding) == [0.0] * 5 + [30.0] * 5 + [60.0] * 5 + [90.0]


def test_users_and_routes_have_budgets_of_their_own() -> None:
    """Who is at the limit does not slow anybody else down."""
    limiter = Limiter()
    accepted(limiter, [0.0] * 11, Settings())
    assert take(limiter, 0.0, user=("account", "other")).remaining == 9
    assert limiter.take(0.0, ME, "me", LIMIT, Settings()).remaining == 9


@pytest.mark.parametrize("mode", ["leaky", "fixed", "sliding"])
def test_a_rival_spends_its_share_in_every_mode(mode: str) -> None:
    """With a rival of 4 calls a minute, asking every second for ten minutes gets the other 6 a minute."""
    settings = Settings(limit_mode=mode, rival={"copy_version_stack": 4.0})
    got = accepted(Limiter(), [1000.0 + second for second in range(600)], settings)
    late = [now for now in got if now >= 1120.0]
    assert len(late) == pytest.approx(6 * 8, abs=4)


def test_a_rival_that_takes_everything_leaves_nothing() -> None:
    """A rival above the limit wins every slot, until it is called off."""
    limiter, greedy = Limiter(), Settings(rival={"copy_version_stack": 20.0})
    assert accepted(limiter, [1000.0 + second for second in range(120)], greedy) == []
    assert take(limiter, 1126.0).allowed
