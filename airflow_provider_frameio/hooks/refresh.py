"""Refreshes a user's tokens so that as little as possible can lose them. Knows no Airflow.

Each refresh may end the refresh token before it. So only one process refreshes at a time, and it must store what IMS
answers. Hence the order: it writes a note that it is about to ask IMS, and reads the note back; where that fails it
does not ask. The note is a lease: whoever finds it waits for the new tokens, and takes those. Of two notes written at
once the later one stands, so a process reads its note again after two seconds. Then it asks IMS, and stores the answer,
again and again until it reads back.

Not guaranteed: a process that dies between IMS's answer and the first attempt to store it loses the tokens. The next
refresh sees the note and, once the lease is over, tries the old refresh token: Adobe does not say when exactly it ends.
The old access token lives on until its own end, an hour or a day after it was issued; by then the user must have
consented again. Two refreshes at once are possible where a process stands still for seconds between reading and
writing, or workers' clocks differ by minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tenacity import RetryCallState, Retrying, retry_if_exception_type, retry_if_result, wait_exponential

from airflow_provider_frameio.api.auth import ims
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken, authorize_again
from airflow_provider_frameio.api.errors import AuthorizationLost, CallError, ImsError, TokenNotKept, UnreadableAnswer
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.client.clock import Clock
from airflow_provider_frameio.client.transport import Transport

log = logging.getLogger(__name__)

_Granted: TypeAlias = "ims.UserGrant | ims.LoneRefreshToken"
_DEAD = frozenset({"invalid_grant", "invalid_token"})
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 60.0  # seconds
_STORE_TIMEOUT = 1800.0  # seconds of trying to store what cannot be had again
_SETTLING = 2.0  # seconds in which another process that read before the note was written has written its own
_LEASE_MARGIN = 30.0  # seconds beyond two calls to IMS


@dataclass(frozen=True)
class TokenStore:
    """Where a user's tokens are kept.

    :ivar read: returns the stored text, or None.
    :ivar write: stores a text; whatever it raises means that the text may not be stored.
    :ivar mask: receives each secret that is read or arrives, before anything could log it.
    """

    read: Callable[[], str | None]
    write: Callable[[str], None]
    mask: Callable[[str], None] = lambda secret: None


def refresh(settings: Settings, store: TokenStore, clock: Clock) -> UserToken:
    """Get the next tokens of a connection's user and store them.

    :raises NoUserToken: none are stored, so the user has to consent first.
    :raises AuthorizationLost: the refresh token is dead, so the user has to consent again.
    :raises TokenNotKept: what was written does not read back.
    :raises UnreadableAnswer: no usable access token came. A refresh token that came all the same is stored.
    :raises CallError: IMS did not issue any; what is stored is as good as before.
    """
    return _Refresh(settings, store, clock).run()


@dataclass(frozen=True)
class _Refresh:
    settings: Settings
    store: TokenStore
    clock: Clock

    def run(self) -> UserToken:
        before, noted = self._lease()
        if noted.asked_at is None:
            log.info("Another process has just refreshed these tokens: nothing is asked.")
            return noted
        if before.asked_at is not None:
            log.warning("The answer to an earlier refresh was not stored. Trying the refresh token it was made with.")
        now = self.clock.epoch()
        operation = ims.refreshed(self.settings.client_id, self.settings.secret, before.refresh_token)
        try:
            grant = self._ask(operation)
        except ImsError as refused:
            if refused.code not in _DEAD:
                raise
            return self._after_another(before, refused)
        if grant.refresh_token:
            self.store.mask(grant.refresh_token)
        if isinstance(grant, ims.LoneRefreshToken):
            self._keep_by_all_means(replace(before, refresh_token=grant.refresh_token, asked_at=None))
            came = f"the answer cannot be used: {grant.problem}"
            raise UnreadableAnswer(operation.asked, came, "Its refresh token is stored. Check the extra 'ims_url'.")
        self.store.mask(grant.access.value)
        token = UserToken.issued(grant, now, before.refresh_token)
        self._keep_by_all_means(token)
        self._warn_of_gaps(grant.access.lifetime, now - before.refreshed_at)
        return token

    def _lease(self) -> tuple[UserToken, UserToken]:
        """Note that this process asks IMS, once no other one does.

        :returns: the tokens before, and with the note; or, without a note, those that another process got meanwhile.
        """
        before = seen = self._read()
        lease = (2 * self.settings.timeout + _LEASE_MARGIN) * self.settings.time_scale
        while seen.access_token == before.access_token:
            now, note = self.clock.epoch(), None
            if seen.asked_at is None or abs(now - seen.asked_at) >= lease:
                before, note = seen, seen.asking(now)
                if not self._keep(note) and self._read() == before:
                    raise self._shadowed("Nothing was asked of Adobe IMS.")
            self.clock.sleep(_SETTLING * self.settings.time_scale)
            seen = self._read()
            if note is not None and seen == note:
                return before, note
        return before, replace(seen, asked_at=None)

    @staticmethod
    def _warn_of_gaps(lifetime: float, pause: float) -> None:
        """Warn where tokens end before the next one comes, if refreshes go on as the last two did."""
        if lifetime <= pause:
            log.warning(
                "The new access token lives for %.1f h, and the refresh before this one was %.1f h ago: "
                "in between tasks have no token. Schedule a refresh at least every %.0f minutes.",
                lifetime / 3600,
                pause / 3600,
                lifetime / 120,
            )

    def _read(self) -> UserToken:
        token = UserToken.from_text(self.store.read(), self.settings.auth_variable, self.settings.conn_id)
        self.store.mask(token.access_token)
        self.store.mask(token.refresh_token)
        return token

    def _ask(self, operation: Operation[_Granted]) -> _Granted:
        """Ask, and once more after a lost answer: the old refresh token may still be alive."""
        transport = Transport(self.settings, self.clock.monotonic)

        def once() -> _Granted:
            return operation.result(transport.send(self.settings.ims_url, operation))

        try:
            return once()
        except CallError as lost:
            if not lost.ambiguous:
                raise
            log.warning("%s Asking once more: the refresh token may still be alive.", lost)
            self.clock.sleep(_FIRST_DELAY * self.settings.time_scale)
            return once()

    def _after_another(self, before: UserToken, refused: ImsError) -> UserToken:
        """IMS refuses the refresh token: perhaps because another process refreshed it meanwhile."""
        now = self._read()
        if now.refresh_token != before.refresh_token:
            log.warning("Something else refreshed these tokens meanwhile: only one task should. Its tokens are kept.")
            return now
        left = max(0.0, before.expires_at - self.clock.epoch()) / 3600
        raise AuthorizationLost(
            refused.asked,
            refused.code,
            refused.came.partition(": ")[2],
            f"The refresh token in the Airflow Variable {self.settings.auth_variable!r} is dead: unused for 14 days, "
            "revoked by the user, used by something else, or replaced by one in an answer that was lost. "
            f"{authorize_again(self.settings.conn_id)}. Tasks go on with the access token for {left:.1f} h.",
        ) from refused

    def _keep(self, token: UserToken) -> bool:
        """Write the tokens; whether they read back."""
        self.store.write(token.to_text())
        return self._read() == token

    def _keep_by_all_means(self, token: UserToken) -> None:
        """Try again whatever goes wrong: these tokens are nowhere but here."""
        scale = self.settings.time_scale
        end = self.clock.monotonic() + _STORE_TIMEOUT * scale

        def announce(state: RetryCallState) -> None:
            delay = state.upcoming_sleep / scale
            log.warning("The new tokens are not stored yet (%s). Retrying in %.0f s.", _problem(state), delay)

        kept: Any = Retrying(
            retry=retry_if_exception_type() | retry_if_result(lambda kept: not kept),
            wait=wait_exponential(_FIRST_DELAY * scale, _LONGEST_DELAY * scale),
            stop=lambda state: self.clock.monotonic() >= end,
            before_sleep=announce,
            retry_error_callback=_problem,
            sleep=self.clock.sleep,
        )(self._keep, token)
        if kept is not True:
            raise self._shadowed(
                f"The new tokens could not be stored ({kept}), and the refresh token before them may be dead. "
                f"Should the next refresh fail: {authorize_again(self.settings.conn_id)}."
            )

    def _shadowed(self, what: str) -> TokenNotKept:
        name = self.settings.auth_variable
        return TokenNotKept(
            f"the Airflow Variable {name!r} does not hold what was written to it",
            f"{what} If a secrets backend, or the environment variable AIRFLOW_VAR_{name.upper()}, has a Variable of "
            "this name, remove it there: Airflow writes Variables to its database, and reads its own last.",
        )


def _problem(state: RetryCallState) -> str:
    """Why tokens are not stored yet."""
    error = state.outcome and state.outcome.exception()
    return f"{type(error).__name__}: {foreign(error)}" if error else "something else reads back"
