"""A trigger as Airflow stores it."""

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
