"""What the Variable with a user's tokens held when it was last read: for threads, which must not ask Airflow for it."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.connection import read_variable

_READ_AGAIN_AT = 0.8  # of the life that was left: before the process's cache of tokens asks for it


class VariableCache:
    """A Variable's text, read in the event loop and given to threads. For one event loop."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._good_until = float("-inf")

    def __call__(self, variable: str) -> str | None:
        """The text as it was last read."""
        return self._text

    async def read(self, settings: Settings, *, anew: bool = False) -> str | None:
        """Read it where that is due, and give its text; None for other kinds of connection.

        :param anew: whether it is due in any case.
        """
        now = SYSTEM_CLOCK.epoch()
        if settings.auth_type == "user" and (anew or now >= self._good_until):
            # As in ``driver.load``: Airflow's access to its Variables is bound to the thread it runs on.
            self._text = await sync_to_async(read_variable)(settings.auth_variable)
            self._good_until = now + _READ_AGAIN_AT * _left(self._text, settings, now)
        return self._text


def _left(text: str | None, settings: Settings, now: float) -> float:
    try:
        return UserToken.from_text(text, settings.auth_variable, settings.conn_id).expires_at - now
    except FrameioError:
        return 0.0  # whoever needs the token says what is wrong
