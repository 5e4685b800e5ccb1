"""Looking for what was perhaps made, until there has been time enough for it to show. Performs no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_frameio.api.errors import FrameioError, UnreadableAnswer
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.protocol import Flow, Log, Sleep
from airflow_provider_frameio.api.replies import JsonObject

T = TypeVar("T")

_FIRST_INTERVAL, _LONGEST_INTERVAL = 5.0, 30.0
_STANDSTILL = 10.0  # times ``give_up_after`` in pauses: by then the server's time must have passed as well


@dataclass(frozen=True)
class Patience:
    """How long to look for a copy whose answer was lost. All times in seconds of the server.

    :ivar adopt_after: a single candidate is taken for the copy only then: another may be late in the list.
    :ivar give_up_after: with no candidate by then, the copy was not made. Frame.io gives up on a request after 30 s.
    :ivar tolerated_failures: looks in a row that may fail; none of them counts as an answer.
    :ivar scale: multiplies the pauses; below 1 only for an emulator whose time runs faster.
    """

    adopt_after: float = 60.0
    give_up_after: float = 180.0
    tolerated_failures: int = 10
    scale: float = 1.0


def look_until_certain(
    look: Callable[[], Flow[tuple[T, float]]],
    patience: Patience,
    *,
    what: str,
    is_telling: Callable[[T], bool],
    count: Callable[[T], int],
    since: float | None = None,
) -> Flow[T]:
    """Look again and again.

    :param look: one look: what was found, and the server's time.
    :param what: is looked for, in words.
    :param is_telling: whether what was found may be taken for it once ``adopt_after`` has passed.
    :param count: of what was found, for the log.
    :param since: the server's time from which on nothing more can have been sent; None: from the first look on.
    :raises UnreadableAnswer: the server's time stands still, so there would never be an answer.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures, interval, waited = 0, _FIRST_INTERVAL, 0.0
    while True:
        try:
            found, now = yield from look()
        except FrameioError as error:
            failures += 1
            if not error.transient or failures > patience.tolerated_failures:
                raise
            reason = f"Could not look for {what} ({failures} in a row): {error}"
        else:
            failures = 0
            since = now if since is None else since
            if now - since >= (patience.adopt_after if is_telling(found) else patience.give_up_after):
                return found
            if waited > _STANDSTILL * patience.give_up_after:
                asked = f"look for {what}"
                raise UnreadableAnswer(asked, "the server's time stands still", "Check that no proxy answers for it.")
            reason = f"Looking for {what} since {now - since:.0f} s: {count(found)} found so far."
        yield Sleep(interval * patience.scale, reason)
        waited += interval
        interval = min(interval * 1.5, _LONGEST_INTERVAL)


def words(asset: JsonObject) -> str:
    """A stack or file, so that somebody can find it."""
    name, moment, page = (foreign(text(asset, field)) for field in ("name", "created_at", "view_url"))
    return f"'{name}' {asset['id']} of {moment} ({page})"


def warn_of_empty(versions: Sequence[JsonObject]) -> Flow[None]:
    """Name those of a source's versions that have no bytes yet."""
    empty = [foreign(text(version, "name")) for version in versions if version.get("status") == "created"]
    if empty:
        yield Log(f"Not uploaded yet in the source, so perhaps never in the copy: {listed(empty, ', ')}")
