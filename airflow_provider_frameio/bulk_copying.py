"""Makes many copies one after another for one task: what was made is kept, and what fails keeps nothing else back."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_frameio.api.bulk import Row, concerns_all, progress
from airflow_provider_frameio.api.copy_errors import CopyTimeout
from airflow_provider_frameio.api.copy_record import CopyRecord, CopyRequest
from airflow_provider_frameio.api.copying import Done, Expectation, look
from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import FrameioError, NoSlot
from airflow_provider_frameio.api.exactly_once import copy_operation, copy_without_record
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.api.protocol import Flow, Pause
from airflow_provider_frameio.durable import Records, Whole, copy_durably, settle_late_twins

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)

_SAY_EVERY = 10  # copies
_YOUNG = 15.0  # seconds: a copy is hardly complete before


class OutOfRoom(Exception):
    """The rate limit has no room, and the task would rather leave its worker.

    :ivar bucket: whose limit it is.
    :ivar wait: seconds until there may be room for a call, with a call a ``slot``.
    :ivar slots: how many calls to wait for.
    :ivar sent_at: when the latest copies were sent, in seconds since the epoch.
    :ivar progressed: whether any copy was made since the task was last woken.
    """

    def __init__(self, bucket: str, busy: NoSlot, slots: int, sent_at: list[float], *, progressed: bool) -> None:
        super().__init__(str(busy))
        self.bucket = bucket
        self.wait = busy.wait
        self.slot = busy.slot
        self.slots = slots
        self.sent_at = sent_at
        self.progressed = progressed


@dataclass
class BulkCopy:
    """The copies of one task.

    :ivar rows: how far each is; changed in place.
    :ivar target_status: which the versions must reach; None: nothing is waited for.
    :ivar patience: how long to wait for the rate limit, in slots.
    :ivar known: what all of them are a part of, where this try was deferred before.
    """

    hook: FrameioHook
    context: Context
    rows: list[Row]
    account_id: str
    copy_metadata: bool
    target_status: str | None
    durable: bool
    on_ambiguous: str
    max_failures: int
    patience: float
    known: Whole | None = None
    _made: int = 0
    _to_look_at: deque[tuple[float, Row]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._to_look_at.extend((-math.inf, row) for row in self.rows if row.state == "copied")

    @cached_property
    def whole(self) -> Whole:
        """All of them as one."""
        return self.known or Whole.begin(self.hook, self.context, self._key)

    def copy_all(self, sent_at: Sequence[float]) -> None:
        """Make what is not made yet.

        :param sent_at: when this task's latest copies were sent, perhaps by another process.
        :raises OutOfRoom: the rate limit has no room.
        :raises FrameioError: nothing more can be done for now.
        """
        waiting = [row for row in self.rows if row.state == "waiting"]
        if not waiting:
            return
        pacer = self.hook.client.pacer(copy_operation(self._request(waiting[0])))
        pacer.recall([time.time() - sent for sent in sent_at])
        for done, row in enumerate(waiting):
            if 0 < self.max_failures <= sum(one.state == "failed" for one in self.rows):
                log.warning("Stopping: %s copies failed.", self.max_failures)
                return
            try:
                row.copied(self._copy(row))
            except NoSlot as busy:
                log.info("%s", progress(self.rows, busy.slot))
                sent = [time.time() - age for age in pacer.ages()][-COPY_LIMIT.calls :]
                slots = 1 if not self._made else min(max(1, COPY_LIMIT.calls // 2), len(waiting) - done)
                operation = copy_operation(self._request(row))
                raise OutOfRoom(operation.bucket, busy, slots, sent, progressed=bool(self._made)) from None
            except FrameioError as error:
                if concerns_all(error):
                    raise
                log.warning("%s was not copied: %s", row.version_stack_id, error)
                row.failed(error)
            else:
                self._made += 1
                self._to_look_at.append((time.time(), row))
            if (done + 1) % _SAY_EVERY == 0:
                log.info("%s", progress(self.rows, COPY_LIMIT.slot * self._scale))
            self._look_at_one()

    def look_at_all(self, end_time: float) -> list[Row]:
        """Look at each copy that is not complete yet, and return those that still are not.

        :param end_time: when to give up, in seconds since the epoch: then they have failed.
        """
        late = time.time() >= end_time
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
            rest = max(0.0, min(poll_interval, end_time - time.time()))
            self.hook.run(_pause(rest, f"{len(left)} copies are not complete yet."))

    def expectation(self, row: Row) -> Expectation:
        """What a copy must have to be complete."""
        return Expectation(row.copy_id, row.versions, self.target_status or "uploaded")

    def made(self) -> list[CopyMade]:
        """The copies, as Airflow is told of them."""
        return [
            CopyMade(self.account_id, row.version_stack_id, row.copy_id, row.url, row.versions or None)
            for row in self.rows
            if row.copy_id
        ]

    def to_json(self) -> JsonObject:
        """What another process needs to go on, besides the operator's parameters."""
        return {"rows": [row.to_json() for row in self.rows], "whole": asdict(self.whole)}

    def settle(self, on_late_twin: str) -> list[dict[str, str | None]]:
        """Tell of copies that turned up beside their replacements; see ``settle_late_twins``."""
        found = []
        for row in self.rows:
            record = CopyRecord.from_json(row.record)
            if record is not None:
                found += settle_late_twins(self.hook, self._request(row), record, on_late_twin)
        return found

    def finish(self) -> None:
        """All are made: a user's clear from now on copies all again."""
        if self.durable:
            self.whole.keep(self.context, self._key, finished=True)

    @property
    def _scale(self) -> float:
        return self.hook.client.settings.time_scale

    @cached_property
    def _key(self) -> str:
        asked = sorted(self._request(row).key() for row in self.rows)
        return f"frameio_bulk:{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]}"

    def _request(self, row: Row) -> CopyRequest:
        return CopyRequest(self.account_id, row.version_stack_id, row.parent_id, self.copy_metadata)

    def _copy(self, row: Row) -> CopyRecord:
        request = self._request(row)
        if not self.durable:
            return self.hook.run(copy_without_record(request), patience=self.patience)
        known, row.record = row.record, None
        records = Records(request.key(), self.context.get("task_state_store"), known)
        try:
            return copy_durably(
                self.hook,
                request,
                self.context,
                records,
                on_ambiguous=self.on_ambiguous,
                patience=self.patience,
                resumed=known is not None,
                whole=self.whole,
            )
        except NoSlot:
            if records.last and records.last["sent"]:
                row.record = records.last
            raise

    def _look_at_one(self) -> None:
        """Look at the oldest copy meanwhile: the limit leaves time for it, and in the end few are left to wait for."""
        queue = self._to_look_at
        if self.target_status and queue and time.time() - queue[0][0] >= _YOUNG * self._scale:
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
    yield Pause(seconds, words)
