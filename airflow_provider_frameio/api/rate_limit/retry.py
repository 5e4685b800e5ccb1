"""Whether and when to retry a call that failed: a decision for each error. Performs no I/O, has no clock.

Adobe advises to wait at least 30 seconds with jitter after a 5xx and to retry few times.
Source: https://developer.adobe.com/frameio/guides/Rate%20Limits/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_frameio.api import errors


@dataclass(frozen=True)
class Backoff:
    """When and how often a call is retried. All times in seconds.

    :ivar attempts: tries in all, refusals by a rate limit not counted.
    :ivar server_error: first delay after a 5xx; doubled each time.
    :ivar connection: first delay after a connection that failed; doubled each time.
    :ivar longest: the longest delay, jitter aside; where the server asks for a longer one, the call is not retried.
    :ivar refusal_timeout: how long after the first refusal by a rate limit the call is still retried.
    :ivar scale: multiplies the delays; below 1 only for an emulator whose time runs faster.
    """

    attempts: int = 4
    server_error: float = 30.0
    connection: float = 1.0
    longest: float = 120.0
    refusal_timeout: float = 3600.0
    scale: float = 1.0

    def seconds(self, error: errors.FrameioError, fault: int, jitter: float) -> float | None:
        """The delay after the nth fault (1 is the first): up to half more, never less than the server asks for.

        None where the server asks for more than ``longest``: a task that Airflow retries later holds no worker.
        """
        first = self.server_error if isinstance(error, errors.ServerError) else self.connection
        delay = min(self.longest, first * 2.0 ** (fault - 1)) * (1 + jitter / 2) * self.scale
        asked = (error.retry_after if isinstance(error, errors.ApiError) else None) or 0.0
        return max(delay, asked) if asked <= self.longest else None


class Attempts:
    """The failures of one call so far; decides about each next one."""

    def __init__(self, backoff: Backoff, jitter: Callable[[], float], *, paced: bool) -> None:
        """:param paced: whether a budget makes the next try wait for its slot, so a refusal needs no delay here."""
        self._backoff = backoff
        self._jitter = jitter
        self._paced = paced
        self._faults = 0
        self._first_refusal: float | None = None

    def after(self, error: errors.FrameioError, now: float, renew: Callable[[], bool]) -> float | None:
        """Seconds until the call is made again; None gives up.

        :param now: seconds of a monotonic clock.
        :param renew: replaces the refused credentials; returns False when there are no others.
        """
        if isinstance(error, errors.NoSlot):
            return None  # its caller said so
        if isinstance(error, errors.RateLimited) and self._paced:
            if self._first_refusal is None:
                self._first_refusal = now
            until = now + (error.retry_after or 0.0)  # a server may ask for more than the timeout
            return 0.0 if until - self._first_refusal < self._backoff.refusal_timeout * self._backoff.scale else None
        if isinstance(error, errors.Unauthorized):
            return 0.0 if renew() else None
        self._faults += 1
        if not error.transient or self._faults >= self._backoff.attempts:
            return None
        return self._backoff.seconds(error, self._faults, self._jitter())
