"""Questions that reading answers: sizes of pages, links, cursors, and what is refused how. Performs no I/O."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.folders import get_folder, list_folder_children
from airflow_provider_frameio.api.endpoints.version_stacks import (
    get_version_stack,
    list_version_stack_children,
    list_version_stacks,
)
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.probe import redacted
from airflow_provider_frameio.probe.findings import Findings
from airflow_provider_frameio.probe.scene import Scene
from airflow_provider_frameio.probe.steps import Answer, Inquiry, with_params

MALFORMED = "not-an-id"


def ask(scene: Scene, findings: Findings) -> Inquiry:
    """Ask all of them."""
    account, folder, source = scene.options.account_id, scene.options.folder_id, scene.source.id
    stacks = list_version_stacks(account, folder)
    children = list_version_stack_children(account, source)

    pages = yield from _statuses(
        stacks, with_params(stacks, {"page_size": "501"}), children, with_params(children, {"page_size": "101"})
    )
    seen = "stacks: 500 → {}, 501 → {}; versions: 100 → {}, 101 → {}".format(*pages)
    findings.judge("page_size", pages == [200, 422, 200, 422], seen)

    (unknown,) = yield from _statuses(with_params(stacks, {"airflow_probe": "1"}))
    findings.judge("unknown_query", unknown == 422, str(unknown))

    yield from _cursors(children, findings)
    yield from _offset(list_folder_children(account, folder, page_size=1), findings)

    missing = get_version_stack(account, scene.missing_id)
    wrong = yield from _statuses(get_file(account, source), missing, get_version_stack(account, MALFORMED))
    findings.judge("wrong_id", wrong == [422, 404, 422], ", ".join(map(str, wrong)))

    (elsewhere,) = yield from _statuses(get_folder(scene.missing_id, folder))
    findings.judge("wrong_account", elsewhere == 404, str(elsewhere))


def _cursors(children: Operation[Any], findings: Findings) -> Inquiry:
    first: Answer = yield with_params(children, {"page_size": "1", "sort": "name_asc"})
    link = _next_link(first)
    if link is None:
        findings.not_seen(f"no `links.next` on the first of two pages, status {first.status}", "next_link", "cursor")
        return
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    relative = not parts.netloc and parts.path.startswith("/")
    seen = f"{'a relative' if relative else 'an absolute'} link with {redacted.fields(query) or 'no query'}"
    findings.judge("next_link", relative and set(query) == {"after"}, seen)

    cursor = query.get("after", [""])[-1]
    refusals = yield from _statuses(
        with_params(children, {"page_size": "1", "sort": "name_desc", "after": cursor}),
        with_params(children, {"after": "not-a-cursor"}),
    )
    findings.judge("cursor", refusals == [422, 422], "another sort → {}, no cursor → {}".format(*refusals))


def _offset(folder_children: Operation[Any], findings: Findings) -> Inquiry:
    """Whether a cursor, in Base64, names an offset: then what leaves between two pages hides another item."""
    first: Answer = yield folder_children
    link = _next_link(first)
    if link is None:
        findings.not_seen(f"no `links.next` on the first page of the folder, status {first.status}", "offset")
        return
    cursor = parse_qs(urlsplit(link).query).get("after", [""])[-1]
    try:
        content = urlsafe_b64decode(cursor.replace("+", "-").replace("/", "_") + "==")
    except ValueError:
        findings.not_seen("the cursor is no Base64", "offset")
        return
    found = b"offset" in content.lower()
    findings.judge("offset", found, "yes" if found else "it names none")


def _next_link(page: Answer) -> str | None:
    links = (page.reply.json_object() or {}).get("links")
    link = links.get("next") if isinstance(links, dict) else None
    return link if isinstance(link, str) else None


def _statuses(*operations: Operation[Any]) -> Generator[Operation[Any], Any, list[int]]:
    statuses = []
    for operation in operations:
        answer: Answer = yield operation
        statuses.append(answer.status)
    return statuses
