"""Waiting for copies as a flow: the one policy behind the operator, the sensor and the trigger. Performs no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_frameio.api.copy_errors import CopyTimeout
from airflow_provider_frameio.api.copying import Done, Expectation, look
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.protocol import Flow, Pause


@dataclass(frozen=True)
class Terms:
    """How to wait. All times in seconds, those at which something happens since the epoch.

    :ivar started_at: since when; for the log only.
    :ivar end_time: when to give up.
    :ivar poll_interval: between two looks.
    :ivar tolerated_failures: how many looks in a row at one copy may fail for a passing reason. More, and the last
        error is raised.
    """

    started_at: float
    end_time: float
    poll_interval: float = 15.0
    tolerated_failures: int = 10


def wait_until_complete(account_id: str, copies: Sequence[Expectation], terms: Terms) -> Flow[None]:
    """Look at the copies again and again until all are complete.

    :raises CopyFailed: one never will be, or is gone.
    :raises CopyTimeout: one was not at ``end_time``; a last look was taken then.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures = dict.fromkeys(copies, 0)
    open_copies = list(failures)
    while True:
        now: float = yield Pause(0.0)
        last = now >= terms.end_time
        progress = []
        for copy in tuple(open_copies):
            try:
                verdict = yield from look(account_id, copy)
            except FrameioError as error:
                failures[copy] += 1
                if not error.transient or failures[copy] > terms.tolerated_failures:
                    raise
                progress.append(f"could not look ({failures[copy]} in a row): {error}")
                continue
            failures[copy] = 0
            if isinstance(verdict, Done):
                open_copies.remove(copy)
            else:
                name = f"{copy.version_stack_id}: " if len(copies) > 1 else ""
                progress.append(name + verdict.progress)
        if not open_copies:
            return
        summary = "; ".join(progress)
        so_far = f"{max(0.0, now - terms.started_at):.0f} s so far"
        if last:
            raise CopyTimeout(
                f"Not complete in the time allowed: {summary}, {so_far}. The copy goes on in Frame.io: "
                "wait for it with FrameioVersionStackCopySensor, or raise the timeout."
            )
        yield Pause(min(terms.poll_interval, terms.end_time - now), f"{summary}, {so_far}")
