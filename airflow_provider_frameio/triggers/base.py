"""What triggers share: the form in which Airflow stores them, and errors that must not end them."""

from __future__ import annotations

from inspect import signature
from typing import Any

from airflow_provider_frameio._compat import BaseTrigger


def stored_form(trigger: BaseTrigger) -> tuple[str, dict[str, Any]]:
    """The path of a trigger's class and its arguments, for ``serialize``.

    Each parameter of the class must be kept in an attribute of the same name, as JSON.
    """
    kind = type(trigger)
    names = list(signature(kind.__init__).parameters)[1:]  # without "self"; in order, since the same must look the same
    return f"{kind.__module__}.{kind.__qualname__}", {name: getattr(trigger, name) for name in names}


class ErrorsLogged:
    """Logs an error that ends the block, of whatever kind, and goes on behind it.

    Airflow's connections and stores may be a user's own backends, which raise anything. An event trigger that ended
    would be started again at once, without end.
    """

    def __init__(self, log: Any, message: str, *arguments: object) -> None:
        self._log, self._message, self._arguments = log, message, arguments

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        """Let pass only what ends the process or the task, such as a cancellation."""
        if not isinstance(error, Exception):
            return False
        self._log.warning(self._message, *self._arguments, exc_info=error)
        return True
