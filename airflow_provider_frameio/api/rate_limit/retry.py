"""Whether and when to repeat a call that failed: a decision for each error. Performs no I/O, has no clock.

Adobe advises to wait at least 30 seconds with jitter after a 5xx and to repeat few times.
Source: https://developer.adobe.com/frameio/guides/Rate%20Limits/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_frameio.api import errors


@dataclass(frozen=True)
class Backoff:
    """How patient a call is. All times in seconds.

    :ivar attempts: tries in all, refusals by a rate limit not counted.
    :ivar server_error: first wait after a 5xx; doubled each time.
    :ivar connection: first wait after a connection that failed; doubled each time.
    :ivar longest: no wait is longer, jitter aside; a server that asks for a longer one is not waited for.
    :ivar patience: how long refusals by a rate limit are borne from the first on.
    :ivar scale: multiplies the waits; below 1 only for an emulator whose time runs faster.
    """

    attempts: int = 4
    server_error: float = 30.0
    connection: float = 1.0
    longest: float = 120.0
    patience: float = 3600.0
    scale: float = 1.0

    def seconds(self, error: errors.FrameioError, fault: int, jitter: float) -> float | None:
        """The wait after the nth fault (1 is the first): half as much again at most, never less than is asked for.

        None where more is asked for than ``longest``: a task that fails and is retried later holds no worker meanwhile.
        """
        first = self.server_error if isinstance(error, errors.ServerError) else self.connection
        wait = min(self.longest, first * 2.0 ** (fault - 1)) * (1 + jitter / 2) * self.scale
        asked = (error.retry_after if isinstance(error, errors.ApiError) else None) or 0.0
        return max(wait, asked) if asked <= self.longest else None


class Attempts:
    """The failures of one call so far, and what to do about the next."""

    def __init__(self, backoff: Backoff, jitter: Callable[[], float], *, paced: bool) -> None:
        """:param paced: whether a budget already makes the next try wait for its slot after a refusal."""
        self._backoff = backoff
        self._jitter = jitter
        self._paced = paced
        self._faults = 0
        self._first_refusal: float | None = None

    def after(self, error: errors.FrameioError, now: float, renew: Callable[[], bool]) -> float | None:
        """Seconds to wait before the call is made again, or None to give up.

        :param now: seconds of a monotonic clock.
        :param renew: gets other credentials in place of those refused; False, sooner or later, when there are none.
        """
        if isinstance(error, errors.NoSlot):
            return None  # its caller said so
        if isinstance(error, errors.RateLimited) and self._paced:
            if self._first_refusal is None:
                self._first_refusal = now
            until = now + (error.retry_after or 0.0)  # whoever asks for more than our patience is not waited for
            return 0.0 if until - self._first_refusal < self._backoff.patience * self._backoff.scale else None
        if isinstance(error, errors.Unauthorized):
            return 0.0 if renew() else None
        self._faults += 1
        if not error.transient or self._faults >= self._backoff.attempts:
            return None
        return self._backoff.seconds(error, self._faults, self._jitter())
