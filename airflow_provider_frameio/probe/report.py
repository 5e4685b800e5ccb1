"""The probe's report: Markdown to paste into a public issue, so a server's words pass through ``redacted``. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote, urlencode

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api.auth.settings import API_URL, Settings
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.probe import redacted
from airflow_provider_frameio.probe.findings import NOT_ASKED, QUESTIONS, Findings, Verdict
from airflow_provider_frameio.probe.scene import Scene
from airflow_provider_frameio.probe.steps import Answer

_NUMBERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-window", "retry-after")


def report(
    settings: Settings, scene: Scene, findings: Findings, answers: Sequence[Answer], *, date: str, left: int
) -> str:
    """The whole report.

    :param date: of the run.
    :param left: how many assets could not be taken back; where they are is not said here.
    """
    host = API_URL if settings.base_url == API_URL else "another host"
    kind = "Adobe storage" if scene.on_adobe_storage else "Frame.io's own storage"
    differing = len(findings.differing())
    lines = [
        "## Probe of Frame.io V4",
        "",
        f"- airflow-provider-frameio {__version__}, {date}, {host}",
        f"- connection: `{settings.auth_type}`; folder: {kind}; source: {len(scene.source.versions)} versions",
        f"- {differing} of {len(QUESTIONS)} differ from what is assumed"
        + (f"; **{left} things made by the probe are still there**" if left else "; all that was made is gone again"),
        "",
        *_table(("question", "assumed", "seen", "verdict"), _answers(findings)),
        "",
        "Assumed as well, and not asked:",
        "",
        *(f"- {row} …: {why}" for row, why in NOT_ASKED.items()),
        "",
        f"<details><summary>All {len(answers)} calls</summary>",
        "",
        *_table(("s", "call", "status", "headers", "body"), _calls(answers)),
        "",
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _answers(findings: Findings) -> Iterator[tuple[str, ...]]:
    for key, question in QUESTIONS.items():
        finding = findings.of(key)
        verdict = finding.verdict.value
        shown = f"**{verdict}**" if finding.verdict is Verdict.DIFFERS else verdict
        yield question.asks, question.assumed, finding.seen, shown


def _calls(answers: Sequence[Answer]) -> Iterator[tuple[str, ...]]:
    start = answers[0].sent if answers else 0.0
    ids: dict[str, str] = {}
    for answer in answers:
        request = answer.operation.request
        params = {**request.params, **({"after": "…"} if "after" in request.params else {})}  # it may hold an id
        query = f"?{unquote(urlencode(params))}" if params else ""
        call = f"{request.method} {redacted.path(request.path, ids)}{query}"
        yield f"{answer.sent - start:.1f}", call, str(answer.status), _headers(answer.reply), _body(answer)


def _headers(reply: Reply) -> str:
    # The common part of these names would fill the table.
    shown = {name.replace("x-ratelimit-", "…"): reply.headers.get(name) for name in _NUMBERS}
    parts = [f"{name}: {redacted.number(value)}" for name, value in shown.items() if value is not None]
    if "date" in reply.headers:
        parts.append(f"date: {redacted.moment(reply.date())}")
    if "content-type" in reply.headers:
        parts.append(f"content-type: {redacted.content_type(reply.headers['content-type'])}")
    return ", ".join(parts)


def _body(answer: Answer) -> str:
    """Of a refusal what may be shown; of anything else how many items it has, and their statuses."""
    if answer.status >= 400:
        return redacted.refusal(answer.reply)
    if answer.record:
        return f"one {redacted.kind(text(answer.record, 'type'))}"
    states = [
        redacted.status(text(item, "status")) if "status" in item else redacted.kind(text(item, "type"))
        for item in answer.items
    ]
    return f"{len(states)} items" + (f": {', '.join(states)}" if 0 < len(states) <= 10 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
