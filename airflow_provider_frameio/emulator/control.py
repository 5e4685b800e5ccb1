"""The emulator's own API under ``/_emulator/``, for processes other than the one it runs in; JSON in and out."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.emulator.wire.answers import Answer, json_answer
from airflow_provider_frameio.emulator.wire.parameters import parse_query

if TYPE_CHECKING:
    from airflow_provider_frameio.emulator.server import Emulator
    from airflow_provider_frameio.emulator.service import Incoming

PREFIX = "/_emulator/"


class Control:
    """Maps orders that come over HTTP to the same methods that Python code calls."""

    def __init__(self, emulator: Emulator) -> None:
        self._seeds: dict[str, Callable[..., Any]] = {
            kind: getattr(emulator, f"seed_{kind}")
            for kind in ("account", "metadata_field", "user", "project", "folder", "file", "version_stack")
        }
        self._orders: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "description"): lambda _: emulator.description(),
            ("GET", "requests"): lambda _: [asdict(entry) for entry in emulator.requests],
            ("DELETE", "requests"): lambda _: emulator.clear_requests(),
            ("GET", "faults"): lambda _: emulator.faults(),
            ("POST", "faults"): lambda order: emulator.fault(**order),
            ("DELETE", "faults"): lambda _: emulator.clear_faults(),
            ("POST", "settings"): lambda changes: emulator.configure(**changes),
            ("POST", "seed"): self._seed,
            ("POST", "metadata"): lambda order: emulator.set_metadata(
                _needed(order, "asset_id"), _needed(order, "metadata")
            ),
            ("GET", "tree"): lambda query: emulator.tree(_needed(query, "folder_id")),
            ("POST", "advance"): lambda order: emulator.advance(_needed(order, "seconds")),
            ("POST", "tokens/expire"): lambda _: emulator.expire_tokens(),
            ("POST", "tokens/revoke"): lambda _: emulator.revoke_refresh_tokens(),
        }

    def handle(self, incoming: Incoming) -> Answer:
        """Carry out one order; a bad one is answered with its reason under ``error``."""
        name = incoming.path.removeprefix(PREFIX)
        order = self._orders.get((incoming.method, name))
        if order is None:
            known = ", ".join(f"{method} {PREFIX}{path}" for method, path in sorted(self._orders))
            return _refusal(HTTPStatus.NOT_FOUND, f"no such order; there are: {known}")
        media_type = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
        if incoming.method == "POST" and media_type != "application/json":
            # A page of any site could send anything else, with the browser of whoever runs the emulator.
            return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send it as JSON, with Content-Type: application/json")
        try:
            result = order(_arguments(incoming))
        except ValueError as exc:
            return _refusal(HTTPStatus.BAD_REQUEST, str(exc))
        return json_answer(HTTPStatus.OK, {} if result is None else result)

    def _seed(self, order: Mapping[str, Any]) -> Any:
        arguments = dict(order)
        kind = str(_needed(arguments, "kind"))
        if kind not in self._seeds:
            raise ValueError(f"unknown kind {kind!r}; there are: {', '.join(sorted(self._seeds))}")
        del arguments["kind"]
        seed = self._seeds[kind]
        try:
            inspect.signature(seed).bind(**arguments)
            return seed(**arguments)
        except TypeError as exc:
            raise ValueError(f"{kind}: {exc}") from exc


def _arguments(incoming: Incoming) -> dict[str, Any]:
    if incoming.method != "POST":
        return dict(parse_query(incoming.query))
    try:
        arguments = json.loads(incoming.body or b"{}")
    except ValueError as exc:
        raise ValueError("the body is not JSON") from exc
    if not isinstance(arguments, dict):
        raise ValueError("the body is not a JSON object")
    return arguments


def _needed(arguments: Mapping[str, Any], name: str) -> Any:
    if name not in arguments:
        raise ValueError(f"{name} is missing")
    return arguments[name]


def _refusal(status: HTTPStatus, reason: str) -> Answer:
    return json_answer(status, {"error": reason})
