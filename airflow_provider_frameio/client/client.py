"""Runs operations: authorized, paced to the rate limit, and retried where that is safe.

Never retries a call whose outcome is unknown, unless its operation is repeatable.
Not guaranteed: that the calls of two processes with one credential fit the limit; each only sees what the other spent.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from tenacity import Retrying, TryAgain, retry_if_exception_type

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth import ims
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.pages import LARGEST_PAGE, in_pages_of, smaller_page
from airflow_provider_frameio.api.protocol import Operation, Pause, Recorded, RecordedFlow, Room, Save, Step
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Spent
from airflow_provider_frameio.api.rate_limit.retry import Attempts, Backoff
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.credentials import PROCESS_TOKENS, AuthHeaders, TokenCache, credential, fingerprint
from airflow_provider_frameio.client.pacer import PROCESS_PACING, Busy, Pacer, Pacing
from airflow_provider_frameio.client.transport import Transport

S = TypeVar("S")
T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Journal:
    """Callbacks of one call.

    :ivar sending: runs once the rate limit admits the call, right before it is sent; if this raises, it is not sent.
    :ivar not_carried_out: runs when a try was certainly not carried out and another will follow.
    """

    sending: Callable[[], None] = lambda: None
    not_carried_out: Callable[[], None] = lambda: None


NO_JOURNAL = Journal()
_LEAVES_WITHIN = 60.0
"""Seconds from the record that a call is sent to its first byte. Later another process may have taken the call over."""


class Client:
    """Calls Frame.io with one connection's settings. Safe for threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        backoff: Backoff | None = None,
        reload: Callable[[], Settings] | None = None,
        stored: Callable[[str], str | None] = lambda variable: None,
        mask: Callable[[str], None] = lambda secret: None,
        pacing: Pacing = PROCESS_PACING,
        tokens: TokenCache = PROCESS_TOKENS,
    ) -> None:
        """
        :param backoff: default: what Adobe advises.
        :param reload: reads the settings anew; called once when they are refused, since a secret may have been rotated.
        :param stored: reads the Airflow Variable that keeps a user's tokens, for ``auth_type`` ``user``.
        :param mask: receives each secret that arrives, before anything could log it.
        :param pacing: the budgets, and the clock and jitter that the client uses; default: the process's.
        :param tokens: access tokens; default: the process's.
        """
        self._backoff = backoff or Backoff(scale=settings.time_scale)
        self._reload = reload
        self._stored = stored
        self._mask = mask
        self._pacing = pacing
        self._clock = pacing.clock
        self._tokens = tokens
        self._largest_page = LARGEST_PAGE  # that Frame.io takes, as far as was seen
        self._use(settings)

    def call(
        self,
        operation: Operation[T],
        journal: Journal = NO_JOURNAL,
        max_wait_slots: float = math.inf,
        attempts: int | None = None,
    ) -> T:
        """Run one operation, waiting for its rate limit.

        :param journal: callbacks right before the operation is sent, and when a try was certainly not carried out.
        :param max_wait_slots: the longest wait for the rate limit; where it is finite, a refusal ends the call, too.
        :param attempts: tries in all, refusals by a rate limit not counted; default: the backoff's.
        :raises NoSlot: it would take longer than ``max_wait_slots``. Nothing was carried out.
        :raises CallError: the call failed; an ``OutcomeUnknown`` where a retry could carry it out twice.
        """
        asked = in_pages_of(operation, self._largest_page)
        try:
            return self._call(asked, journal, max_wait_slots, attempts)
        except (errors.BadRequest, errors.Unprocessable) as refused:
            smaller = smaller_page(asked, refused)
            if not smaller:
                raise
        self._largest_page = smaller
        return self.call(operation, journal, max_wait_slots, attempts)

    def run(
        self,
        flow: RecordedFlow[T],
        save: Callable[[JsonObject], None] = lambda record: None,
        max_wait_slots: float = math.inf,
    ) -> T:
        """Run a flow to its end in this thread; its pauses sleep, and their reasons are logged.

        :param save: stores the flow's record; whatever it raises ends the flow. Default: nothing is kept.
        :param max_wait_slots: how long a recorded operation waits for its rate limit, in slots; see ``call``.
        """
        return drive(flow, lambda step: self._take(step, save, max_wait_slots))

    def pacer(self, operation: Operation[Any]) -> Pacer:
        """The budget that this operation spends, with its queue."""
        return self._pacing.pacer((*self._budget_key, operation.bucket), operation.limit)

    def close(self) -> None:
        """Close this thread's connections."""
        self._transport.close()

    def _call(self, operation: Operation[T], journal: Journal, max_wait_slots: float, attempts: int | None) -> T:
        auth = self._credential.headers()
        remedies = iter((self._credential.renew, self._reload_settings))

        def renew() -> bool:
            nonlocal auth
            if not any(remedy(auth) for remedy in remedies):
                return False
            auth = self._credential.headers()
            return True

        def once() -> T:
            nonlocal max_wait_slots
            try:
                return self._paced(operation, auth, journal, max_wait_slots)
            except errors.RateLimited:
                max_wait_slots = max_wait_slots if max_wait_slots == math.inf else 0.0
                raise

        return self._repeating(once, renew, journal.not_carried_out, attempts, paced=True)

    def _take(self, step: Step, save: Callable[[JsonObject], None], max_wait_slots: float) -> Any:
        if isinstance(step, Pause):
            return self._pause(step)
        if isinstance(step, Save):
            return save(step.record)
        if isinstance(step, Room):
            return self._in_time(step.operation, self.pacer(step.operation).wait_for_room, max_wait_slots)
        if isinstance(step, Recorded):
            journal = Journal(partial(_save, save, step.sending), partial(_save, save, step.refused))
            return self.call(step.operation, journal, max_wait_slots, step.attempts)
        return self.call(step)

    @staticmethod
    def _in_time(operation: Operation[Any], wait: Callable[[float], S], max_wait_slots: float) -> S:
        try:
            return wait(max_wait_slots)
        except Busy as busy:
            raise errors.NoSlot(operation.asked, busy.delay, busy.slot, operation.bucket) from None

    def _paced(self, operation: Operation[T], auth: AuthHeaders, journal: Journal, max_wait_slots: float) -> T:
        pacer = self.pacer(operation)
        spent = self._in_time(operation, pacer.admit, max_wait_slots)
        close: Callable[[Spent], None] = pacer.close_unsent
        try:
            before = self._clock.epoch()
            journal.sending()
            if self._clock.epoch() - before > _LEAVES_WITHIN:
                raise errors.NotSent(operation.asked, "this process stood still before sending", "It is tried again.")
            close = pacer.close_lost
            reply = self._transport.send(self.settings.base_url, operation, auth)
            close = partial(pacer.close_answered, reply=reply)
            return operation.result(reply)
        except errors.NotSent:
            close = pacer.close_unsent
            raise
        except errors.CallError as error:
            if error.ambiguous and not operation.repeatable:
                raise operation.unknown(operation.asked, error.came) from error
            raise
        finally:
            close(spent)

    def _repeating(
        self,
        once: Callable[[], T],
        renew: Callable[[], bool] = lambda: False,
        not_carried_out: Callable[[], None] = NO_JOURNAL.not_carried_out,
        most: int | None = None,
        *,
        paced: bool,
    ) -> T:
        backoff = self._backoff if most is None else replace(self._backoff, attempts=most)
        attempts = Attempts(backoff, self._pacing.jitter, paced=paced)
        delay = 0.0

        def attempt() -> T:
            nonlocal delay
            try:
                return once()
            except errors.FrameioError as error:
                after, failed = attempts.after(error, self._clock.monotonic(), renew), str(error)
                if after is None:
                    raise
            delay = after
            log.log(logging.WARNING if delay else logging.INFO, "%s Retrying in %.1f s.", failed, delay)
            not_carried_out()
            raise TryAgain

        retry = retry_if_exception_type(TryAgain)
        return Retrying(retry=retry, wait=lambda state: delay, sleep=self._clock.sleep)(attempt)

    def _use(self, settings: Settings) -> None:
        self._transport = Transport(settings, self._clock.monotonic)
        self._credential = credential(settings, self._tokens, partial(self._token, settings, self._transport))
        self._budget_key = (settings.base_url, fingerprint(settings))
        self.settings = settings  # last: another thread that finds these in use relies on the rest

    def _reload_settings(self, refused: AuthHeaders) -> bool:
        settings = self._reload() if self._reload else self.settings
        if settings != self.settings:
            self._use(settings)
        return self._credential.headers() != refused  # another thread may have read the same settings just before

    def _token(self, settings: Settings, transport: Transport) -> ims.AccessToken:
        if settings.auth_type == "user":
            return self._stored_token(settings)
        operation = ims.client_credentials(settings.client_id, settings.secret, settings.scopes)
        token = self._repeating(lambda: operation.result(transport.send(settings.ims_url, operation)), paced=False)
        self._mask(token.value)
        return token

    def _stored_token(self, settings: Settings) -> ims.AccessToken:
        variable = settings.auth_variable
        user = UserToken.from_text(self._stored(variable), variable, settings.conn_id)
        self._mask(user.access_token)
        self._mask(user.refresh_token)
        return user.access(self._clock.epoch(), variable)

    def _pause(self, pause: Pause) -> float:
        if pause.reason:
            log.log(pause.level, "%s", pause.reason)
        if pause.seconds > 0:
            self._clock.sleep(pause.seconds)
        return self._clock.epoch()


def drive(flow: Generator[S, Any, T], take: Callable[[S], Any]) -> T:
    """Run a flow to its end: each step's result, or the ``FrameioError`` that it ends with, goes back into the flow."""
    resume: Callable[[], S] = partial(next, flow)
    try:
        while True:
            step = resume()
            try:
                resume = partial(flow.send, take(step))
            except errors.FrameioError as error:
                resume = partial(flow.throw, error)
    except StopIteration as end:
        result: T = end.value
        return result


def _save(save: Callable[[JsonObject], None], record: JsonObject | None) -> None:
    if record is not None:
        save(record)
