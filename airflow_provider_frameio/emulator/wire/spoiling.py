"""What a fault makes of an answer. Closing, hanging and dripping are not here: they are done to the socket."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus

from airflow_provider_frameio.emulator.wire.answers import HTML, Answer, json_answer, text_answer
from airflow_provider_frameio.emulator.wire.faults import Fault
from airflow_provider_frameio.emulator.wire.pages import BEGINNING, next_link
from airflow_provider_frameio.emulator.wire.parameters import parse_query

STAND_IN = json_answer(200, {"data": {"note": "stands in for an answer that was never made"}})
GATEWAY_PAGE = "<!doctype html><title>Please wait</title><h1>Please wait while we check your browser</h1>"


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
