"""Faults that can be ordered: which requests one strikes, and what it makes of the answer.

Closing, hanging and dripping are not here: they are done to the socket.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from http import HTTPStatus
from typing import Any

from airflow_provider_frameio.emulator.wire.answers import HTML, Answer, json_answer, text_answer
from airflow_provider_frameio.emulator.wire.pages import BEGINNING, next_link
from airflow_provider_frameio.emulator.wire.parameters import parse_query

EVERY_ROUTE = "*"
KINDS = frozenset(
    {"status", "drop", "late_commit", "hang", "slow_body", "truncated_body", "garbage", "redirect", "bad_page"}
)
MOMENTS = ("before", "after", "late")
NEEDS_THE_ANSWER = frozenset({"slow_body", "bad_page"})
HOW = {"drop": ("rst", "fin"), "bad_page": ("repeated_cursor", "not_a_list", "foreign_next")}
STAND_IN = json_answer(200, {"data": {"note": "stands in for an answer that was never made"}})
GATEWAY_PAGE = "<!doctype html><title>Please wait</title><h1>Please wait while we check your browser</h1>"


@dataclass
class Fault:
    """An order for a fault.

    :ivar kind: one of ``KINDS``. ``late_commit`` is short for ``when="late"`` with ``status``, or with a dropped
        connection where no status is given.
    :ivar route: name of an endpoint, or "*" for every one.
    :ivar page: strike only this page of a list, from 1.
    :ivar when: ``before``: the request is never carried out; ``after``: it was; ``late``: it will be, ``delay``
        seconds from now.
    :ivar times: how many requests it strikes; None for every one.
    :ivar skip: how many matching requests it lets pass first.
    :ivar probability: of striking a matching request; None for certainty.
    :ivar status: answered by ``status`` (default 500) and ``redirect`` (default 302).
    :ivar body: of ``status``: text, or an object to send as JSON.
    :ivar headers: added to the answer.
    :ivar ratelimit_headers: whether the answer carries the rate-limit headers.
    :ivar location: where ``redirect`` points.
    :ivar delay: emulated seconds until a late request is carried out.
    :ivar seconds: how long ``hang`` keeps silent before it closes, and ``slow_body`` takes; emulated.
    :ivar how: of ``drop``: ``rst`` (default) or ``fin``; of ``bad_page``: ``repeated_cursor`` (default),
        ``not_a_list`` or ``foreign_next``.
    """

    kind: str
    route: str = EVERY_ROUTE
    page: int | None = None
    when: str = "before"
    times: int | None = 1
    skip: int = 0
    probability: float | None = None
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ratelimit_headers: bool = True
    location: str = "http://127.0.0.1:9/elsewhere"
    delay: float = 20.0
    seconds: float = 3600.0
    how: str = ""

    @classmethod
    def from_order(cls, order: Mapping[str, Any], route_names: frozenset[str]) -> Fault:
        """The fault that ``order`` describes.

        :raises ValueError: it describes none; says why.
        """
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(order) - known)
        if unknown or "kind" not in order:
            problem = f"unknown {unknown[0]!r}" if unknown else "'kind' is missing"
            raise ValueError(f"{problem}; a fault has: {', '.join(sorted(known))}")
        fault = cls(**_completed(order))
        problem = fault._problem(route_names)
        if problem:
            raise ValueError(problem)
        return fault

    def strikes(self, route: str, page: int, chance: Callable[[], float]) -> bool:
        """Whether it strikes a request; counts ``skip`` and ``times`` down."""
        if self.route not in (EVERY_ROUTE, route) or self.page not in (None, page) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.probability is not None and chance() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def _problem(self, route_names: frozenset[str]) -> str:
        checks = {
            f"unknown kind {self.kind!r}; there are: {', '.join(sorted(KINDS))}": self.kind in KINDS,
            f"unknown route {self.route!r}; there are: *, {', '.join(sorted(route_names))}": self.route
            in {EVERY_ROUTE, *route_names},
            f"when={self.when!r}: give one of {', '.join(MOMENTS)}": self.when in MOMENTS,
            f"{self.kind} spoils the true answer: give when='after'": self.kind not in NEEDS_THE_ANSWER
            or self.when == "after",
            f"how={self.how!r} is not for {self.kind}": self.how in HOW.get(self.kind, ("",)),
            f"probability={self.probability!r}: give 0 to 1": self.probability is None or 0 <= self.probability <= 1,
            f"status={self.status!r}: give 200 to 599": self.status is None or 200 <= self.status <= 599,
        }
        for name in ("times", "page", "skip", "delay", "seconds"):
            value = getattr(self, name)
            checks[f"{name}={value!r}: give a number, not below 0"] = value is None or _is_count(value)
        return next((problem for problem, passed in checks.items() if not passed), "")


class FaultBook:
    """Standing orders. A request suffers the oldest order that strikes it, and no other. Not thread-safe."""

    def __init__(self, random_seed: int) -> None:
        self._random_seed = random_seed
        self._times_seen: Counter[str] = Counter()
        self._standing: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Take an order."""
        self._standing.append(fault)

    def draw(self, route: str, page: int, request: str) -> Fault | None:
        """The fault that strikes this request.

        :param request: all that tells it from others. Its luck depends on it, and on how often it was made, but not on
            what else is asked for meanwhile: so a run with many clients can be repeated.
        """
        self._times_seen[request] += 1
        luck = random.Random(f"{self._random_seed}/{request}/{self._times_seen[request]}")
        return next((fault for fault in self._standing if fault.strikes(route, page, luck.random)), None)

    def pending(self) -> list[dict[str, Any]]:
        """The orders that can still strike, with what is left of ``skip`` and ``times``."""
        return [asdict(fault) for fault in self._standing if fault.times != 0]

    def clear(self) -> None:
        """Forget all orders."""
        self._standing.clear()


def _completed(order: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(order)
    if whole["kind"] == "late_commit":
        whole["kind"] = "status" if whole.get("status") is not None else "drop"
        whole["when"] = "late"
    if whole["kind"] in NEEDS_THE_ANSWER:
        whole.setdefault("when", "after")
    if whole.get("probability") is not None:
        whole.setdefault("times", None)
    whole.setdefault("how", HOW.get(str(whole["kind"]), ("",))[0])
    return whole


def _is_count(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def spoil(fault: Fault, answer: Answer | None, path: str, query: str) -> Answer:
    """The answer that a client gets instead of ``answer``.

    :param answer: the true one; None where the request was not carried out.
    """
    spoiled = answer or STAND_IN
    if fault.kind == "status":
        spoiled = _status(fault)
    elif fault.kind == "garbage":
        spoiled = Answer(fault.status or 200, GATEWAY_PAGE.encode(), HTML)
    elif fault.kind == "redirect":
        spoiled = Answer(fault.status or 302, headers={"Location": fault.location})
    elif fault.kind == "bad_page":
        spoiled = _bad_page(fault, spoiled, path, query)
    return replace(spoiled, headers={**spoiled.headers, **fault.headers})


def _status(fault: Fault) -> Answer:
    status = fault.status or 500
    if isinstance(fault.body, str):
        return text_answer(status, fault.body)
    if fault.body is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        return text_answer(status, "Rate limit exceeded")
    title = _phrase(status)
    return json_answer(status, fault.body or {"errors": [{"title": title, "detail": f"{title} (ordered fault)"}]})


def _bad_page(fault: Fault, answer: Answer, path: str, query: str) -> Answer:
    page = json.loads(answer.body or b"{}")
    if "links" not in page:
        return answer
    if fault.how == "not_a_list":
        page["data"] = {"items": page["data"]}
    elif fault.how == "foreign_next":
        page["links"]["next"] = page["links"]["next"] and f"http://127.0.0.2:9/elsewhere{page['links']['next']}"
    else:
        page["links"]["next"] = next_link(path, parse_query(query).get("after") or BEGINNING.encode())
    return replace(answer, body=json.dumps(page, ensure_ascii=False).encode())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
