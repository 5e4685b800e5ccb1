"""The probe's report: Markdown to paste into an issue, so no id, no name and no secret is whole in it. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.settings import Settings
from airflow_provider_frameio.probe.driver import Exchange
from airflow_provider_frameio.probe.findings import NOT_ASKED, QUESTIONS, Findings, Verdict
from airflow_provider_frameio.probe.scene import Scene

_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-window", "retry-after", "date", "content-type")
_UUID = re.compile(r"([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}[0-9a-f-]*", re.IGNORECASE)  # also one that was cut off
_ADOBE = re.compile(r"adobe:[^\s/\"'?]+|urn:aaid:[^\s/\"'?|]+")
_SHOWN = 160


@dataclass(frozen=True)
class Hidden:
    """What must not be seen: ids and secrets anywhere, and names where Frame.io's own words are shown."""

    secrets: Sequence[str]
    names: Sequence[str]

    @classmethod
    def of(cls, settings: Settings, scene: Scene) -> Hidden:
        """The ids and names that are known to the probe, and the connection's secrets."""
        sources = [scene.source, *([scene.adobe] if scene.adobe else [])]
        records = [scene.folder, *(record for source in sources for record in (source.record, *source.versions))]
        ids = (scene.options.account_id, scene.options.folder_id, scene.user_id)
        secrets = {*ids, settings.account_id, settings.secret, settings.client_id} - {""}
        names = {text(record, "name") for record in records} - {""}
        return cls(sorted(secrets, key=len), sorted(names, key=len, reverse=True))

    def out_of(self, words: str) -> str:
        """The words without ids and secrets."""
        words = _ADOBE.sub("adobe:…", _UUID.sub(r"\1…", words))
        for one in self.secrets:
            words = words.replace(one, "[hidden]")
        return words

    def out_of_quoted(self, words: str) -> str:
        """Frame.io's own words without these, and without names."""
        for one in self.names:
            words = words.replace(one, "[name]")
        return self.out_of(words)


def report(
    settings: Settings, scene: Scene, findings: Findings, exchanges: Sequence[Exchange], *, date: str, left: int
) -> str:
    """The whole report.

    :param date: of the run.
    :param left: how many assets could not be taken back; where they are is not said here.
    """
    hidden = Hidden.of(settings, scene)
    kind = "Adobe storage" if scene.on_adobe_storage else "Frame.io's own storage"
    differing = len(findings.differing())
    lines = [
        "## Probe of Frame.io V4",
        "",
        f"- airflow-provider-frameio {__version__}, {date}, {settings.base_url}",
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
        f"<details><summary>All {len(exchanges)} calls</summary>",
        "",
        *_table(("s", "call", "status", "headers", "body"), _calls(exchanges, hidden)),
        "",
        "</details>",
    ]
    return hidden.out_of("\n".join(lines)) + "\n"


def _answers(findings: Findings) -> Iterator[tuple[str, ...]]:
    for key, question in QUESTIONS.items():
        finding = findings.of(key)
        verdict = finding.verdict.value
        shown = f"**{verdict}**" if finding.verdict is Verdict.DIFFERS else verdict
        yield question.asks, question.assumed, finding.seen, shown


def _calls(exchanges: Sequence[Exchange], hidden: Hidden) -> Iterator[tuple[str, ...]]:
    start = exchanges[0].answer.sent if exchanges else 0.0
    for exchange in exchanges:
        request, answer = exchange.operation.request, exchange.answer
        # Each name is said once, or it would fill the table.
        named = {name.replace("x-ratelimit-", "…"): answer.reply.headers.get(name) for name in _HEADERS}
        headers = ", ".join(f"{name}: {value}" for name, value in named.items() if value is not None)
        params = {**request.params, **({"after": "…"} if "after" in request.params else {})}  # it may hold an id
        query = f"?{unquote(urlencode(params))}" if params else ""
        call = f"{request.method} {unquote(request.path)}{query}"
        yield f"{answer.sent - start:.1f}", call, str(answer.status), headers, _body(exchange, hidden)


def _body(exchange: Exchange, hidden: Hidden) -> str:
    """Of a refusal its words; of anything else how many items it has, and their statuses."""
    answer = exchange.answer
    if answer.status >= 400:
        words = hidden.out_of_quoted(" ".join(answer.reply.body.decode("utf-8", "replace").split()))
        return words[:_SHOWN] + ("…" if len(words) > _SHOWN else "")
    if answer.record:
        return f"one {text(answer.record, 'type') or 'object'}"
    statuses = [text(item, "status") or text(item, "type") for item in answer.items]
    return f"{len(statuses)} items" + (f": {json.dumps(statuses)}" if 0 < len(statuses) <= 10 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
