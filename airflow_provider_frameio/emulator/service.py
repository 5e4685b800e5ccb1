"""Frame.io without sockets: takes requests, answers them, and remembers. Thread-safe; never waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from http import HTTPStatus
from itertools import count
from typing import Any

from airflow_provider_frameio.emulator import ims
from airflow_provider_frameio.emulator.clock import Clock
from airflow_provider_frameio.emulator.limiter import Limiter, Verdict, limit_of
from airflow_provider_frameio.emulator.requests_log import LoggedRequest, loggable_headers, without_secrets
from airflow_provider_frameio.emulator.routes.route import Call, Route
from airflow_provider_frameio.emulator.routes.table import IMS_AUTHORIZE, IMS_TOKEN, find_route
from airflow_provider_frameio.emulator.settings import Settings
from airflow_provider_frameio.emulator.state.store import Store, source_of_ids
from airflow_provider_frameio.emulator.wire.answers import Answer, Problem, not_found, problem_answer, text_answer
from airflow_provider_frameio.emulator.wire.faults import Fault, FaultBook, spoil
from airflow_provider_frameio.emulator.wire.pages import page_number
from airflow_provider_frameio.emulator.wire.parameters import parse_query, read_query

Act = Callable[[float], Answer]  # carries a request out as of a moment of emulated time


@dataclass(frozen=True)
class Incoming:
    """A request as it came.

    :ivar path: still percent-encoded.
    :ivar query: what followed the question mark.
    :ivar headers: names in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Outgoing:
    """An answer, and the fault that is to be done to its connection."""

    answer: Answer
    fault: Fault | None = None


@dataclass(frozen=True)
class Exchange:
    """A request, the moment it came, its number, and its entry in the log."""

    incoming: Incoming
    now: float
    number: int
    entry: LoggedRequest


class Service:
    """All state of one emulated Frame.io.

    Late requests are carried out, in order and as of the moment they were due, before anything else is looked at.
    """

    def __init__(self, clock: Clock, random_seed: int) -> None:
        self.base_url = ""
        self.settings = Settings()
        self.store = Store(random_seed)
        self.ims = ims.Ims(clock, source_of_ids(random_seed, "tokens"))
        self.faults = FaultBook(random_seed)
        self.log: list[LoggedRequest] = []
        self._numbers = count(1)
        self._clock = clock
        self._limiter = Limiter()
        self._late: list[tuple[float, int, Act]] = []  # by the moment at which each is due
        self._lock = threading.RLock()

    @contextmanager
    def settled(self) -> Iterator[float]:
        """Hold the state still, with everything due carried out; gives the emulated time."""
        with self._lock:
            now = self._clock.now()
            while self._late and self._late[0][0] <= now:
                due, _, act = heappop(self._late)
                act(due)
            yield now

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one request."""
        with self.settled() as now:
            exchange = Exchange(incoming, now, next(self._numbers), _logged(incoming, now))
            self.log.append(exchange.entry)
            try:
                outgoing = self._route(exchange)
            except Problem as problem:
                outgoing = Outgoing(problem_answer(problem))
            silent = outgoing.fault is not None and outgoing.fault.kind in ("drop", "hang")
            exchange.entry.status = None if silent else outgoing.answer.status
            headers = {"x-request-id": f"emulated-{exchange.number}", **outgoing.answer.headers}
            return replace(outgoing, answer=replace(outgoing.answer, headers=headers))

    def _route(self, exchange: Exchange) -> Outgoing:
        method, path = exchange.incoming.method, exchange.incoming.path
        if (method, path) == ("POST", ims.PATH):
            return self._token_call(exchange)
        if (method, path) == ("GET", ims.AUTHORIZE_PATH):
            query = parse_query(exchange.incoming.query)
            exchange.entry.route = IMS_AUTHORIZE
            return self._with_faults(exchange, IMS_AUTHORIZE, {}, lambda at: self.ims.authorize(query, at))
        found = find_route(method, path)
        if found is None or found[0].name in self.settings.missing_routes:
            raise not_found(f"no route for {method} {path}")
        return self._api_call(exchange, *found)

    def _token_call(self, exchange: Exchange) -> Outgoing:
        incoming = exchange.incoming
        form = parse_query(incoming.body.decode(errors="replace"))
        exchange.entry.route, exchange.entry.body = IMS_TOKEN, without_secrets(form)
        form = {**parse_query(incoming.query), **form}
        return self._with_faults(
            exchange, IMS_TOKEN, {}, lambda at: self.ims.grant(form, incoming.headers, at, self.settings)
        )

    def _api_call(self, exchange: Exchange, route: Route, ids: Mapping[str, str]) -> Outgoing:
        limit = limit_of(route.name, route.limit, self.settings)
        exchange.entry.route = route.name
        try:
            user_id = self.ims.user_id_of(exchange.incoming.headers, exchange.now)
        except Problem as problem:
            untouched = Verdict(False, limit, limit.limit)
            return Outgoing(replace(problem_answer(problem), headers=untouched.headers(self._clock.outside)))
        exchange.entry.user_id = user_id
        account_user = (self.store.own_id(ids.get("account_id", "")), user_id)
        verdict = self._limiter.take(exchange.now, account_user, route.name, limit, self.settings)
        if not verdict.allowed:
            return Outgoing(self._refusal(verdict))

        def act(at: float) -> Answer:
            return self._carry_out(route, ids, user_id, exchange.incoming, at)

        outgoing = self._with_faults(exchange, route.name, verdict.headers(self._clock.outside), act)
        if self.settings.charge_failed or outgoing.fault or outgoing.answer.status < HTTPStatus.BAD_REQUEST:
            return outgoing
        verdict = self._limiter.give_back(exchange.now, account_user, route.name, limit, self.settings)
        headers = {**outgoing.answer.headers, **verdict.headers(self._clock.outside)}
        return replace(outgoing, answer=replace(outgoing.answer, headers=headers))

    def _with_faults(self, exchange: Exchange, route: str, limits: Mapping[str, str], act: Act) -> Outgoing:
        def logged_act(at: float) -> Answer:
            answer = act(at)
            exchange.entry.acted = answer.status < HTTPStatus.BAD_REQUEST
            return answer

        incoming, query = exchange.incoming, exchange.incoming.query
        request = f"{incoming.method} {incoming.path}?{query} {incoming.body!r}"
        fault = self.faults.draw(route, page_number(parse_query(query)), request)
        if fault is None:
            answer = logged_act(exchange.now)
            return Outgoing(replace(answer, headers={**limits, **answer.headers}))
        true_answer = logged_act(exchange.now) if fault.when == "after" else None
        if fault.when == "late":
            heappush(self._late, (exchange.now + fault.delay, exchange.number, logged_act))
        spoiled = spoil(fault, true_answer, incoming.path, query)
        kept = limits if fault.ratelimit_headers else {}
        return Outgoing(replace(spoiled, headers={**kept, **spoiled.headers}), fault)

    def _carry_out(self, route: Route, ids: Mapping[str, str], user_id: str, incoming: Incoming, at: float) -> Answer:
        try:
            refuse = self.settings.unknown_query == "refuse"
            call = Call(
                store=self.store,
                settings=self.settings,
                user=self.store.users[user_id],
                now=at,
                base_url=self.base_url,
                path=incoming.path,
                ids=ids,
                query=read_query(parse_query(incoming.query), route.query, refuse_unknown=refuse),
                body=_json(incoming.body),
            )
            return route.handler(call)
        except Problem as problem:
            return problem_answer(problem)

    def _refusal(self, verdict: Verdict) -> Answer:
        headers = verdict.headers(self._clock.outside) if self.settings.headers_on_429 else {}
        if self.settings.retry_after is not None:
            headers["Retry-After"] = f"{self._clock.outside(self.settings.retry_after):g}"
        return text_answer(HTTPStatus.TOO_MANY_REQUESTS, "Rate limit exceeded", headers)


def _logged(incoming: Incoming, now: float) -> LoggedRequest:
    return LoggedRequest(
        at=now,
        method=incoming.method,
        path=incoming.path,
        query=without_secrets(parse_query(incoming.query)),
        body=_readable(incoming),
        headers=loggable_headers(incoming.headers),
    )


def _readable(incoming: Incoming) -> Any:
    if incoming.path == ims.PATH:
        return None  # a form that holds secrets, if anything
    try:
        return _json(incoming.body)
    except Problem:
        return incoming.body.decode(errors="replace")


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as exc:
        raise Problem(HTTPStatus.BAD_REQUEST, "Bad Request", "the body is not JSON") from exc
