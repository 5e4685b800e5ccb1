"""From an Airflow connection to ``Settings``: read once, every secret masked before anything could log it.

Also reads the Variable with a user's tokens, each time one is needed.
"""

from __future__ import annotations

from airflow_provider_frameio._compat import AirflowNotFoundException, BaseHook, mask_secret
from airflow_provider_frameio.api.auth.settings import Settings, fields_of
from airflow_provider_frameio.api.errors import InvalidConnection
from airflow_provider_frameio.hooks.airflow_database import AirflowDatabase


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
        text = AirflowDatabase.variable(name)
    return text
