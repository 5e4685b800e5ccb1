"""Airflow's connections and Variables for a process that Airflow did not start: straight from its database.

Works where Airflow's own commands work: it uses the models, as they do, not the tasks' interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_frameio import _compat
from airflow_provider_frameio.api.auth.settings import Settings, fields_of
from airflow_provider_frameio.api.errors import InvalidParameter


class Unreachable(Exception):
    """Airflow, or its database, cannot be used from here."""


def stored_settings(conn_id: str, remedy: str) -> Settings:
    """Read a connection.

    :param remedy: what to do where there is no such connection, or no Airflow.
    :raises Unreachable: Airflow is not here, or its database.
    :raises InvalidParameter: there is no such connection.
    """
    try:
        from airflow.models.connection import Connection
    except ImportError as error:
        raise Unreachable(f"Airflow is not installed here ({error}): {remedy}") from error
    try:
        with _reached():
            found = Connection.get_connection_from_secrets(conn_id)
    except _compat.AirflowNotFoundException as error:
        raise InvalidParameter("conn_id", conn_id, f"there is no such connection; {remedy}") from error
    return Settings.from_connection(conn_id, **fields_of(found))


def stored_variable(name: str) -> str | None:
    """The text of a Variable, or None.

    :raises Unreachable: it may not be read.
    """
    from airflow.models.variable import Variable

    with _reached():
        text: str | None = Variable.get(name, None)
    return text


def store_tokens(name: str, text: str) -> bool:
    """Write the Variable of a user's tokens; whether Airflow then reads it.

    :raises Unreachable: it may not be written.
    """
    from airflow.models.variable import Variable

    with _reached():
        Variable.set(name, text, description="Tokens of a Frame.io user; see FrameioRefreshTokenOperator.")
        return bool(Variable.get(name) == text)


@contextmanager
def _reached() -> Iterator[None]:
    """Turn an error of Airflow's database into ``Unreachable``: the caller must not lose tokens over one."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except _compat.AirflowNotFoundException:
        raise
    except (_compat.AirflowException, SQLAlchemyError, OSError) as error:
        # Its errors go on over many lines, and may show the statement with its values.
        raise Unreachable(f"Airflow's database cannot be used from here ({type(error).__name__}).") from error
