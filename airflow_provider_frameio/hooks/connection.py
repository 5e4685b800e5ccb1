"""From an Airflow connection to ``Settings``: read once, every secret masked before anything could log it.

Also reads the Variable with a user's tokens, each time one is needed: all read it, one task refreshes and writes it.
"""

from __future__ import annotations

from functools import partial

from airflow_provider_frameio._compat import AirflowNotFoundException, BaseHook, mask_secret
from airflow_provider_frameio.api.auth.settings import Settings, fields_of
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import InvalidConnection
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.airflow_database import stored_variable

_DESCRIPTION = (
    "Tokens of a Frame.io user. Written by FrameioRefreshTokenOperator; do not copy them: only one may refresh."
)


def load_settings(conn_id: str) -> Settings:
    """Read a connection. Blocking: in an event loop call it through ``sync_to_async``.

    :raises InvalidConnection: there is no such connection, or a field cannot be right.
    """
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        problem = "there is no such connection, or it cannot be read where this runs."
        raise InvalidConnection(conn_id, "conn_id", problem) from error
    settings = Settings.from_connection(conn_id, **fields_of(connection))
    # Airflow masks the password as stored; a pasted line end was stripped since.
    for secret in settings.secrets():
        mask_secret(secret)
    return settings


def read_variable(name: str) -> str | None:
    """The text of an Airflow Variable, or None. Blocking, as ``load_settings`` is. Masks nothing."""
    from airflow_provider_frameio._compat import Variable  # in Airflow 2 it loads an HTTP stack

    # By position: the parameter of the default has another name in Airflow 2.
    try:
        text: str | None = Variable.get(name, None)
    except ImportError:  # Airflow 3.0 where no task runs: in the API server, when the form's Test is pressed
        text = stored_variable(name)
    return text


def refresh_user_token(frameio_conn_id: str) -> tuple[Settings, UserToken]:
    """Refresh the tokens of a connection's user, as ``refresh.refresh`` does; return its settings, too.

    :raises InvalidConnection: the connection is of another kind.
    """
    from airflow_provider_frameio._compat import Variable
    from airflow_provider_frameio.hooks.refresh import TokenStore, refresh  # not while a DAG file is parsed

    settings = load_settings(frameio_conn_id)
    if settings.auth_type != "user":
        problem = f"{settings.auth_type!r} has no tokens to be refreshed here; only 'user' has."
        raise InvalidConnection(frameio_conn_id, "auth_type", problem)
    variable = settings.auth_variable
    write = partial(Variable.set, variable, description=_DESCRIPTION)
    store = TokenStore(partial(read_variable, variable), write, mask_secret)
    return settings, refresh(settings, store, SYSTEM_CLOCK)
