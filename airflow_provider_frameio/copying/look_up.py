"""The search for what was perhaps made, until there has been time enough for it to show. Performs no I/O.

It serves stacks that Frame.io copied and files that are to be stacked anew alike. What it rests on: what was sent is
carried out and listed within ``LookupPolicy.give_up_after``, and nobody renames or moves it meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from airflow_provider_frameio.api.errors import FrameioError, UnreadableAnswer
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.protocol import RecordedFlow, Save, Sleep
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.copying.recent_assets import CLOCK_TOLERANCE, created_at
from airflow_provider_frameio.copying.record import Search

_FIRST_INTERVAL, _LONGEST_INTERVAL = 5.0, 30.0
_STANDSTILL = 10.0  # times ``give_up_after`` in sleeps: by then the server's time must have passed as well


@dataclass(frozen=True)
class LookupPolicy:
    """How long to look for a copy whose answer was lost. All times in seconds of the server.

    :ivar adopt_after: a candidate is taken for the copy only so long after it first showed enough to be recognized.
    :ivar give_up_after: with no candidate by then, the copy was not made. Frame.io gives up on a request after 30 s.
    :ivar ask_after: a candidate that tells too little until then is left to a person.
    :ivar tolerated_failures: looks in a row that may fail; none of them counts as an answer.
    :ivar scale: multiplies the sleeps; below 1 only for an emulator whose time runs faster.
    """

    adopt_after: float = 60.0
    give_up_after: float = 180.0
    ask_after: float = 600.0
    tolerated_failures: int = 10
    scale: float = 1.0


@dataclass(frozen=True)
class Candidate:
    """What may be a copy.

    :ivar tells: whether it tells enough: one without a size, or a stack without a version, may be anything's copy.
    """

    asset: JsonObject
    tells: bool


Found: TypeAlias = Mapping[int, Sequence[Candidate]]
"""By the position of what was sent, in the order of sending: what may be its copy, oldest first."""


def look_until_certain(
    look: Callable[[], RecordedFlow[tuple[Found, float]]],
    policy: LookupPolicy,
    search: Search,
    save: Callable[[Search], JsonObject],
    *,
    what: str,
) -> RecordedFlow[Found]:
    """Look again and again, until what was found is all that there will be, and can be told from everything else.

    :param look: one look: what was found, and the server's time.
    :param search: how far an earlier try was.
    :param save: makes the record that says how far this one is.
    :param what: is looked for, in words.
    :raises UnreadableAnswer: the server's time stands still, so there would never be an answer.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures, interval, waited = 0, _FIRST_INTERVAL, 0.0
    while True:
        try:
            found, now = yield from look()
        except FrameioError as error:
            failures += 1
            if not error.transient or failures > policy.tolerated_failures:
                raise
            reason = f"Could not look for {what} ({failures} in a row): {error}"
        else:
            failures = 0
            since = now if search.since is None else search.since
            latest = since + policy.give_up_after + CLOCK_TOLERANCE
            found = {sent: [one for one in several if _was_made_by(one, latest)] for sent, several in found.items()}
            candidates = {str(one.asset["id"]): one for several in found.values() for one in several}
            recognized = {name: search.recognized.get(name, now) for name, one in candidates.items() if one.tells}
            seen = Search(since, recognized)
            if seen != search:
                search = seen
                yield Save(save(search))
            age = now - since
            told_apart = all(now - recognized.get(name, inf) >= policy.adopt_after for name in candidates)
            all_there = age >= policy.give_up_after or (candidates and all(found.values()))
            if (told_apart and all_there) or age >= policy.ask_after:
                return found
            if waited > _STANDSTILL * policy.give_up_after:
                asked = f"look for {what}"
                raise UnreadableAnswer(asked, "the server's time stands still", "Check that no proxy answers for it.")
            reason = f"Looking for {what} since {age:.0f} s: {len(candidates)} found so far."
        yield Sleep(interval * policy.scale, reason)
        waited += interval
        interval = min(interval * 1.5, _LONGEST_INTERVAL)


def choose(found: Found, *, adopt_oldest: bool) -> tuple[dict[int, JsonObject], list[JsonObject]]:
    """Which candidates are the copies, by position, and which leave a doubt.

    Positions that share candidates are alike: then only as many candidates as positions are no doubt.
    """
    chosen: dict[int, JsonObject] = {}
    doubtful: list[JsonObject] = []
    for positions, candidates in _groups(found):
        surplus = len(candidates) - len(positions)
        pairs = [*zip(positions, candidates, strict=False)]
        fit = all(one.tells for one in candidates) and all(one in found[position] for position, one in pairs)
        if fit and (surplus == 0 or (surplus > 0 and adopt_oldest)):
            chosen.update((position, one.asset) for position, one in pairs)
        else:
            doubtful += [one.asset for one in candidates]
    return chosen, doubtful


def describe(asset: JsonObject) -> str:
    """A stack or file, so that somebody can find it."""
    name, moment, page = (foreign(text(asset, field)) for field in ("name", "created_at", "view_url"))
    return f"'{name}' {asset['id']} of {moment} ({page})"


def _was_made_by(candidate: Candidate, latest: float) -> bool:
    """False for what was made after all that had been sent was carried out: somebody else sent it, or another copy."""
    made = created_at(candidate.asset)
    return made is None or made <= latest


def _groups(found: Found) -> list[tuple[list[int], list[Candidate]]]:
    """Positions with their candidates; those that share one are together."""
    groups: list[tuple[list[int], dict[str, Candidate]]] = []
    for position in filter(found.get, found):
        mine = {str(one.asset["id"]): one for one in found[position]}
        positions = [position]
        for group in [group for group in groups if not mine.keys().isdisjoint(group[1])]:
            groups.remove(group)
            positions = [*group[0], *positions]
            mine = {**group[1], **mine}
        groups.append((positions, mine))
    return [(positions, list(several.values())) for positions, several in groups]
