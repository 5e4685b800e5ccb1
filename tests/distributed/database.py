"""Airflow's own records in PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg2

from tests.harness.database import MetadataDatabase


class PostgresDatabase(MetadataDatabase):
    """The same records, read from PostgreSQL.

    :param url: as SQLAlchemy has it.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg2", "")

    def use_write_ahead_log(self) -> None:
        """Do nothing: PostgreSQL always does."""

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the answer to a query, with moments as text as sqlite has them."""
        with closing(psycopg2.connect(self._url, connect_timeout=30)) as connection, connection.cursor() as cursor:
            cursor.execute(query.replace("?", "%s"), values)
            return [tuple(map(_plain, row)) for row in cursor]

    def answers(self) -> bool:
        """Tell whether the server takes queries."""
        try:
            return bool(self.rows("SELECT 1"))
        except psycopg2.OperationalError:
            return False


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
