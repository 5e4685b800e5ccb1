"""Questions that spend the budget of copies until calls are refused: what a 429 is, and how budget comes back.

Performs no I/O. The calls copy a stack that is not there, if that is charged, too: then nothing is made.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Any

from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT, copy_version_stack
from airflow_provider_frameio.api.protocol import Pause, RateLimit, Sleep
from airflow_provider_frameio.api.rate_limit.leaky_bucket import Quota
from airflow_provider_frameio.probe import redacted
from airflow_provider_frameio.probe.counting import Call, explaining
from airflow_provider_frameio.probe.findings import LIMITS, Findings
from airflow_provider_frameio.probe.scene import AFTERWARDS, FIRST, POLLS, Scene
from airflow_provider_frameio.probe.steps import Answer, Inquiry, Write

REFUSED = 429
_UNEXPLAINED = "in no way known here, unless another client copied as this user meanwhile"
_REFUSALS = 3  # in a burst: if they are charged, the next call is admitted so much later that no doubt remains


def ask(scene: Scene, folder_id: str, findings: Findings) -> Inquiry:
    """Send a burst until calls are refused, then see when one is admitted again, and how many at once."""
    if not scene.options.burst:
        findings.not_asked("--burst 0", *LIMITS)
        return
    account = scene.options.account_id
    fruitless = Write(copy_version_stack(account, scene.missing_id, parent_id=folder_id), bare=True)
    real = Write(copy_version_stack(account, scene.source.id, parent_id=folder_id), scene.source.version_ids, bare=True)

    first = yield from _burst(fruitless, FIRST, _REFUSALS)
    write = fruitless if _judge_failed_calls(first, findings) else real
    quota = next((quota for quota in map(_quota, first) if quota), None)
    limit = quota.limit if quota else RateLimit(COPY_LIMIT.calls, COPY_LIMIT.window * scene.scale)
    yield Sleep(limit.window + limit.slot, "Waiting until the rate limit has forgotten earlier copies.")

    burst = yield from _burst(write, scene.options.burst, _REFUSALS)
    refusal = next((answer for answer in burst if answer.status == REFUSED), None)
    if refusal is None:
        findings.not_seen(f"{len(burst)} calls, and none was refused", *LIMITS)
        return
    _judge_refusal(refusal, findings)
    later = yield from _recover(write, limit, burst)
    _judge_counting(burst, later, limit, scene.scale, findings)


def _burst(write: Write, most: int, refusals: int) -> Generator[Write, Any, list[Answer]]:
    answers: list[Answer] = []
    while len(answers) < most and _refused(answers) < refusals:
        answers.append((yield write))
    return answers


def _recover(write: Write, limit: RateLimit, burst: Sequence[Answer]) -> Generator[Write | Pause, Any, list[Answer]]:
    """Ask again after a slot, then every two slots and a bit, and at last when a whole window has passed.

    Two slots, since a refused call that is charged puts the next one off by a slot.
    """
    full_at = max((answer.at for answer in burst if answer.status != REFUSED), default=burst[0].at)
    end = full_at + limit.window + limit.slot / 5
    now = burst[-1].at
    moment = now + limit.slot * 1.2
    answers: list[Answer] = []
    while len(answers) < POLLS and now < end:
        yield Sleep(max(0.0, moment - now), "Waiting for the rate limit to admit a copy again.")
        answers.append((yield write))
        if answers[-1].status != REFUSED:
            return answers + (yield from _burst(write, AFTERWARDS, 1))
        now = answers[-1].at
        moment = min(now + limit.slot * 2.2, end)
    return answers


def _judge_failed_calls(first: Sequence[Answer], findings: Findings) -> bool:
    """Whether calls that name no stack are charged, as far as can be seen."""
    left = [quota.remaining for quota in map(_quota, first) if quota]
    if len(left) < FIRST:
        findings.not_seen("no headers tell, or the budget was spent", "failed_calls")
        return False
    charged = any(after < before for before, after in pairwise(left))  # in fixed windows it may rise, too
    seen = f"{first[0].status}s, with `remaining` {', '.join(map(redacted.number, left))}"
    findings.judge("failed_calls", charged, seen)
    return charged


def _judge_refusal(refusal: Answer, findings: Findings) -> None:
    headers, quota = refusal.reply.headers, Quota.from_headers(refusal.reply.headers)
    names = [name for name in ("limit", "remaining", "window") if f"x-ratelimit-{name}" in headers]
    findings.judge("refusal_headers", len(names) == 3, ", ".join(names) or "none")
    if quota is None:
        findings.not_seen("no headers that can be read", "refusal_remaining")
    else:
        seen = f"{redacted.number(quota.remaining)} of {redacted.number(quota.limit.calls)}"
        findings.judge("refusal_remaining", quota.remaining == quota.limit.calls, seen)
    body = "JSON" if refusal.reply.json_object() is not None else "plain text" if refusal.reply.body else "empty"
    findings.judge("refusal_body", body == "plain text", body)
    wait = headers.get("retry-after")
    findings.judge("retry_after", wait is None, "no" if wait is None else f"yes, {redacted.number(wait)}")


def _judge_counting(
    burst: Sequence[Answer], later: Sequence[Answer], limit: RateLimit, scale: float, findings: Findings
) -> None:
    calls = [_as_call(answer) for answer in (*burst, *later)]
    again = next((call.sent - burst[-1].at for call in calls[len(burst) :] if call.admitted), None)
    when = f"{again / scale:.1f} s later" if again is not None else "none in a window"
    seen = (
        f"{len(burst) - _refused(burst)} admitted and {_refused(burst)} refused at once; the next {when}, "
        f"with {_refused(later)} more refused"
    )
    ways = explaining(calls, limit)
    names = " or ".join(dict.fromkeys(way.name for way in ways)) or _UNEXPLAINED
    gradual = {way.gradual for way in ways}
    if gradual == {True, False}:
        findings.not_seen(f"{names}: {seen}", "limit_mode")
    else:
        findings.judge("limit_mode", gradual == {True}, f"{names}: {seen}")
    charged = {way.charged for way in ways}
    if charged in ({True}, {False}):
        findings.judge("refused_calls", charged == {False}, f"{'yes' if True in charged else 'no'}: {seen}")
    else:
        findings.not_seen(f"cannot be told: {seen}", "refused_calls")


def _as_call(answer: Answer) -> Call:
    quota = _quota(answer)
    return Call(answer.sent, answer.at, answer.status != REFUSED, quota.remaining if quota else None)


def _refused(answers: Sequence[Answer]) -> int:
    return sum(answer.status == REFUSED for answer in answers)


def _quota(answer: Answer) -> Quota | None:
    """What the headers say; on a refusal they are not to be believed."""
    return None if answer.status == REFUSED else Quota.from_headers(answer.reply.headers)
