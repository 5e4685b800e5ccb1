"""The plainest wait: it looks at each copy again and again. What others do at once is compared with it."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio.api.errors import CopyTimeout, FrameioError
from airflow_provider_frameio.api.protocol import Flow, Now, Sleep
from airflow_provider_frameio.copying.completion.judge import Awaited, Done
from airflow_provider_frameio.copying.completion.wait import FailedLooks, Terms, describe_progress


def wait_until_complete(account_id: str, copies: Sequence[Awaited], terms: Terms) -> Flow[None]:
    """Look at the copies again and again until all are complete.

    :raises CopyFailed: one never will be, or is gone.
    :raises CopyTimeout: one was not at ``end_time``; a last look was taken then.
    :raises FrameioError: an error that does not pass, or too many in a row that do.
    """
    failures = {copy: FailedLooks(terms.tolerated_failures) for copy in copies}
    open_copies = list(failures)
    while True:
        now: float = yield Now()
        last = now >= terms.end_time
        progress = []
        for copy in tuple(open_copies):
            try:
                verdict = yield from copy.look(account_id)
            except FrameioError as error:
                progress.append(failures[copy].bear(error))
                continue
            failures[copy].end()
            if isinstance(verdict, Done):
                open_copies.remove(copy)
            else:
                name = f"{copy.listed_ids[0]}: " if len(copies) > 1 else ""
                progress.append(name + verdict.progress)
        if not open_copies:
            return
        summary = describe_progress(progress, now - terms.started_at)
        if last:
            raise CopyTimeout(open_copies[0].too_late.format(summary))
        yield Sleep(min(terms.poll_interval, terms.end_time - now), summary)
