"""A user's tokens in their Airflow Variable: everyone reads it, one task refreshes and writes it."""

from __future__ import annotations

from functools import partial

from airflow_provider_frameio._compat import Variable, mask_secret
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import InvalidConnection
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.connection import load_settings, read_variable
from airflow_provider_frameio.hooks.refresh import TokenStore, refresh

_DESCRIPTION = (
    "Tokens of a Frame.io user. Written by FrameioRefreshTokenOperator; do not copy them: only one may refresh."
)


def refresh_user_token(frameio_conn_id: str) -> tuple[Settings, UserToken]:
    """Refresh the tokens of a connection's user, as ``refresh.refresh`` does; return its settings, too.

    :raises InvalidConnection: the connection is of another kind.
    """
    settings = load_settings(frameio_conn_id)
    if settings.auth_type != "user":
        problem = f"{settings.auth_type!r} has no tokens to be refreshed here; only 'user' has."
        raise InvalidConnection(frameio_conn_id, "auth_type", problem)
    variable = settings.auth_variable
    write = partial(Variable.set, variable, description=_DESCRIPTION)
    store = TokenStore(partial(read_variable, variable), write, mask_secret)
    return settings, refresh(settings, store, SYSTEM_CLOCK)
