"""How an endpoint becomes an ``Operation``: its route, its ids, its documented limit. Performs no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page, read_page
from airflow_provider_frameio.api.parameters import header_fields, identifier, path_of, text_params
from airflow_provider_frameio.api.protocol import Operation, RateLimit, Request
from airflow_provider_frameio.api.replies import JsonObject, Reply, read_record

PER_MINUTE_10 = RateLimit(10, 60.0)
PER_MINUTE_60 = RateLimit(60, 60.0)
PER_MINUTE_100 = RateLimit(100, 60.0)
PER_SECOND_3 = RateLimit(3, 1.0)
PER_SECOND_5 = RateLimit(5, 1.0)
PER_SECOND_10 = RateLimit(10, 1.0)


def sorts(*fields: str) -> tuple[str, ...]:
    """Values of a list's ``sort`` parameter: each field in both directions."""
    return tuple(f"{field}_{way}" for field in fields for way in ("asc", "desc"))


def operation(
    name: str,
    route: str,
    ids: Sequence[str] = (),
    *,
    params: Mapping[str, str] | None = None,
    data: JsonObject | None = None,
    read: Callable[[Reply], Any] = read_record,
    limit: RateLimit = PER_MINUTE_100,
    unknown: type[errors.OutcomeUnknown] = errors.OutcomeUnknown,
) -> Operation[Any]:
    """The operation at a route. It is repeatable unless it is a POST: each POST here makes something new.

    :param name: the operation's name in Frame.io's reference, in lower case.
    :param route: method and path template, such as ``GET /files/{file_id}``: below the account's path where there are
        ``ids``, else below ``/v4``.
    :param ids: the account's, then one for each name in the template.
    :param data: the value of ``data`` in the body; None sends no body.
    """
    method, below = route.split(" ", 1)
    template = f"/v4/accounts/{{account_id}}{below}" if ids else f"/v4{below}"
    named = {name: identifier(name, one) for name, one in zip(re.findall(r"{(\w+)}", template), ids, strict=True)}
    return Operation(
        name=" ".join([name, *[*named.values()][1:]]),
        request=Request(method, path_of(template, named), dict(params or {}), None if data is None else {"data": data}),
        read=read,
        repeatable=method != "POST",
        bucket=f"{method} {template.format_map({**dict.fromkeys(named, '{}'), 'account_id': named.get('account_id')})}",
        limit=limit,
        unknown=unknown,
    )


def page(
    name: str, route: str, ids: Sequence[str], params: Mapping[str, str], limit: RateLimit = PER_MINUTE_100
) -> Operation[Page]:
    """The operation that reads one page of a list."""
    return operation(name, route, ids, params=params, read=read_page, limit=limit)


def any_endpoint(
    method: str,
    path: str,
    *,
    params: Mapping[str, object] | None = None,
    json: JsonObject | None = None,
    headers: Mapping[str, str] | None = None,
    repeatable: bool | None = None,
) -> Operation[JsonObject | None]:
    """Any endpoint that has no function of its own.

    Its budget is that of the method and the path with every id-like segment left out, which is how Frame.io counts.

    :param path: below the API's base URL, beginning with ``/v4/``; ids in it already percent-encoded.
    :param json: the whole body, ``data`` included.
    :param headers: sent with this call, such as the one that an experimental endpoint asks for.
    :param repeatable: default: GET is, anything else is not.
    :raises InvalidParameter: an unknown method, or a path that does not begin with ``/v4/``.
    """
    verb = method.upper() if isinstance(method, str) else ""
    if verb not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        raise errors.InvalidParameter("method", method, "give GET, POST, PUT, PATCH or DELETE.")
    if not isinstance(path, str) or not re.fullmatch(r"/v4/[^?#\s\x00-\x1f\x7f]+", path) or _climbs(path):
        raise errors.InvalidParameter("path", path, "give the part after the host, from /v4/ on, the query as params.")
    if json is not None and not isinstance(json, dict):
        raise errors.InvalidParameter("json", json, "give the body as a dict.")
    return Operation(
        name="call",
        request=Request(verb, path, text_params(params or {}), json, headers=header_fields("headers", headers or {})),
        read=_read_any,
        repeatable=verb == "GET" if repeatable is None else repeatable,
        bucket=f"{verb} {_template(path)}",
    )


def _read_any(reply: Reply) -> JsonObject | None:
    return reply.json() if reply.body.strip() else None


def _climbs(path: str) -> bool:
    """Whether an HTTP library would shorten the path: then another one would be called than the one checked here."""
    return not {".", ".."}.isdisjoint(unquote(path).split("/"))


def _template(path: str) -> str:
    """The path with each id replaced by {}, the account's kept: budgets are per account user."""
    _, version, *segments = path.split("/")
    return f"/{version}/" + "/".join(
        segment if before == "accounts" or not any(map(str.isdigit, segment)) else "{}"
        for before, segment in pairwise([version, *segments])
    )
