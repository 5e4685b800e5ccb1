"""Looking for what was perhaps made, until there has been time enough for it to show. Performs no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.protocol import Flow, Pause
from airflow_provider_frameio.api.replies import JsonObject

T = TypeVar("T")

_FIRST_INTERVAL, _LONGEST_INTERVAL = 5.0, 30.0


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
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures, interval = 0, _FIRST_INTERVAL
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
            reason = f"Looking for {what} since {now - since:.0f} s: {count(found)} found so far."
        yield Pause(interval * patience.scale, reason)
        interval = min(interval * 1.5, _LONGEST_INTERVAL)


def words(asset: JsonObject) -> str:
    """A stack or file, so that somebody can find it."""
    return f"{asset.get('name')!r} {asset['id']} of {asset.get('created_at')} ({asset.get('view_url')})"
