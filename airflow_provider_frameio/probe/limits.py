"""Questions that spend the budget of copies until calls are refused: what a 429 is, and how budget comes back.

Performs no I/O. The calls copy a stack that is not there, if that is charged, too: then nothing is made.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_frameio.api.budget import Quota
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT, copy_version_stack
from airflow_provider_frameio.api.protocol import Pause, RateLimit
from airflow_provider_frameio.probe.findings import Findings
from airflow_provider_frameio.probe.scene import AFTERWARDS, POLLS, Scene
from airflow_provider_frameio.probe.steps import Answer, Inquiry, Write

REFUSED = 429
KEYS = (
    "failed_calls",
    "refusal_headers",
    "refusal_remaining",
    "refusal_body",
    "retry_after",
    "limit_mode",
    "refused_calls",
)
_FIRST = 3  # calls that tell whether failing ones are charged


@dataclass
class Recovery:
    """What came after the first refusal.

    :ivar limit: as the headers tell it.
    :ivar full_at: when the last call before the refusal was sent.
    :ivar refused: how many calls were refused until one was admitted.
    :ivar admitted: the first that was, and those right after it.
    """

    limit: RateLimit
    full_at: float
    refused: int = 0
    admitted: list[Answer] = field(default_factory=list)


def ask(scene: Scene, folder_id: str, findings: Findings) -> Inquiry:
    """Send a burst until a call is refused, then see when one is admitted again, and how many at once."""
    if scene.options.burst < _FIRST:
        findings.not_asked(f"--burst {scene.options.burst}", *KEYS)
        return
    account = scene.options.account_id
    fruitless = Write(copy_version_stack(account, scene.missing_id, parent_id=folder_id), bare=True)
    real = copy_version_stack(account, scene.source.id, parent_id=folder_id)

    burst = yield from _burst(fruitless, _FIRST)
    charged = _judge_failed_calls(burst, findings)
    write = fruitless if charged else Write(real, scene.source.version_ids, bare=True)
    if burst[-1].status != REFUSED:
        burst += yield from _burst(write, scene.options.burst - len(burst))
    refusal = burst[-1]
    if refusal.status != REFUSED:
        findings.not_seen(f"{len(burst)} calls, and none was refused", *KEYS)
        return
    _judge_refusal(refusal, findings)
    quota = next((quota for quota in map(_quota, burst[:-1]) if quota), None)
    limit = quota.limit if quota else RateLimit(COPY_LIMIT.calls, COPY_LIMIT.window * scene.scale)
    recovery = Recovery(limit, full_at=burst[-2].sent if len(burst) > 1 else refusal.sent)
    yield from _recover(write, recovery, refusal.at)
    _judge_recovery(recovery, scene.scale, findings)


def _burst(write: Write, most: int) -> Generator[Write, Any, list[Answer]]:
    answers: list[Answer] = []
    while len(answers) < most and not (answers and answers[-1].status == REFUSED):
        answers.append((yield write))
    return answers


def _recover(write: Write, recovery: Recovery, now: float) -> Inquiry:
    """Ask again after a slot, then after every two, and at last when a whole window has passed; a fifth is for doubt.

    Two slots, since a refused call that is charged puts off the next one by a slot.
    """
    slot = recovery.limit.slot
    end = recovery.full_at + recovery.limit.window + slot / 5
    moment = now + slot * 1.2
    for _ in range(POLLS):
        yield Pause(max(0.0, moment - now), "Waiting for the rate limit to admit a copy again.")
        answer: Answer = yield write
        now = answer.at
        if answer.status != REFUSED:
            more = yield from _burst(write, AFTERWARDS)
            recovery.admitted = [answer, *(one for one in more if one.status != REFUSED)]
            return
        recovery.refused += 1
        if now >= end:
            return
        moment = min(now + slot * 2.2, end)


def _judge_failed_calls(burst: list[Answer], findings: Findings) -> bool:
    """Whether calls that name no stack are charged, as far as can be seen."""
    quotas = [_quota(answer) for answer in burst]
    first, last = quotas[0], quotas[-1]
    if len(burst) < _FIRST or first is None or last is None:
        findings.not_seen("no headers tell, or the budget was spent", "failed_calls")
        return False
    charged = last.remaining < first.remaining
    seen = f"{burst[0].status}s, `remaining` went from {first.remaining} to {last.remaining}"
    findings.judge("failed_calls", charged, seen)
    return charged


def _judge_refusal(refusal: Answer, findings: Findings) -> None:
    headers, quota = refusal.reply.headers, Quota.from_headers(refusal.reply.headers)
    names = [name for name in ("limit", "remaining", "window") if f"x-ratelimit-{name}" in headers]
    findings.judge("refusal_headers", len(names) == 3, ", ".join(names) or "none")
    if quota is None:
        findings.not_seen("no headers that can be read", "refusal_remaining")
    else:
        seen = f"{quota.remaining} of {quota.limit.calls}"
        findings.judge("refusal_remaining", quota.remaining == quota.limit.calls, seen)
    body = "JSON" if refusal.reply.json_object() is not None else "plain text" if refusal.reply.body else "empty"
    findings.judge("refusal_body", body == "plain text", body)
    wait = headers.get("retry-after")
    findings.judge("retry_after", wait is None, "no" if wait is None else f"yes, {wait!r}")


def _judge_recovery(recovery: Recovery, scale: float, findings: Findings) -> None:
    limit, admitted = recovery.limit, recovery.admitted
    if not admitted:
        findings.judge("limit_mode", False, f"nothing within {limit.window / scale:g} s")
        findings.not_seen("no call was admitted again", "refused_calls")
        return
    after = admitted[0].sent - recovery.full_at
    seen = f"{len(admitted)} admitted at once {after / scale:.1f} s later, after {recovery.refused} more refused"
    if recovery.refused <= 1 and len(admitted) <= AFTERWARDS:
        findings.judge("limit_mode", True, f"call by call: {seen}")
        findings.judge("refused_calls", recovery.refused == 0, f"{'yes' if recovery.refused else 'no'}: {seen}")
        return
    if after < limit.window:
        findings.judge("limit_mode", False, f"all at a fixed moment: {seen}")
        findings.not_seen("budget came back all at once, charged or not", "refused_calls")
        return
    findings.judge("limit_mode", False, f"a window after it was spent: {seen}")
    quota = _quota(admitted[0])
    if quota is None:
        findings.not_seen("no headers tell", "refused_calls")
    else:
        free = quota.remaining + 1 == limit.calls
        findings.judge("refused_calls", free, f"`remaining` was {quota.remaining} of {limit.calls} then")


def _quota(answer: Answer) -> Quota | None:
    """What the headers say; on a refusal they are not to be believed."""
    return None if answer.status == REFUSED else Quota.from_headers(answer.reply.headers)
