"""Looks at many copies of one task, while others are still to be made and afterwards."""

from __future__ import annotations

import logging
import math
from collections import deque
from typing import TYPE_CHECKING

from airflow_provider_frameio.api.errors import CopyTimeout, FrameioError
from airflow_provider_frameio.api.protocol import Flow, Sleep
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Done, Expectation, look
from airflow_provider_frameio.copying.rows import Row

if TYPE_CHECKING:
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)

_YOUNG = 15.0  # seconds: a copy is hardly complete before


class BulkLooks:
    """Which copies of a task are complete.

    :ivar rows: how far each is; changed in place.
    :ivar target_status: which the versions must reach; None: nothing is waited for.
    """

    def __init__(self, hook: FrameioHook, account_id: str, rows: list[Row], target_status: str | None) -> None:
        self.hook = hook
        self.account_id = account_id
        self.rows = rows
        self.target_status = target_status
        self._to_look_at = deque((-math.inf, row) for row in rows if row.state == "copied")

    def expect(self, row: Row) -> None:
        """This row's copy was made just now."""
        self._to_look_at.append((SYSTEM_CLOCK.epoch(), row))

    def look_at_all(self, end_time: float) -> list[Row]:
        """Look at each copy that is not complete yet, and return those that still are not.

        :param end_time: when to give up, in seconds since the epoch: then they have failed.
        """
        late = SYSTEM_CLOCK.epoch() >= end_time
        incomplete = [row for row in self.rows if self.target_status and row.state == "copied"]
        for row in incomplete:
            self._look(row)
            if late and row.state == "copied":
                row.failed(CopyTimeout(f"The copy {row.copy_id} was not complete in the time allowed. It goes on."))
        return [row for row in incomplete if row.state == "copied"]

    def wait_for_all(self, end_time: float, poll_interval: float) -> None:
        """Wait in this process until every copy is complete, or has failed.

        :param end_time: when to give up, in seconds since the epoch.
        :param poll_interval: seconds between two rounds.
        """
        while left := self.look_at_all(end_time):
            rest = max(0.0, min(poll_interval, end_time - SYSTEM_CLOCK.epoch()))
            self.hook.run(_pause(rest, f"{len(left)} copies are not complete yet."))

    def expectation(self, row: Row) -> Expectation:
        """What a copy must have to be complete."""
        return Expectation(row.copy_id, row.versions, self.target_status or "uploaded")

    def look_at_one(self) -> None:
        """Look at the oldest copy meanwhile: the limit leaves time for it, and in the end few are left to wait for."""
        queue, now = self._to_look_at, SYSTEM_CLOCK.epoch()
        if self.target_status and queue and now - queue[0][0] >= _YOUNG * self.hook.client.settings.time_scale:
            _, row = queue.popleft()
            self._look(row)

    def _look(self, row: Row) -> None:
        try:
            if isinstance(self.hook.run(look(self.account_id, self.expectation(row))), Done):
                row.state = "complete"
        except FrameioError as error:
            if error.transient:
                log.warning("Could not look at the copy %s yet: %s", row.copy_id, error)
            else:
                row.failed(error)


def _pause(seconds: float, words: str) -> Flow[None]:
    yield Sleep(seconds, words)
