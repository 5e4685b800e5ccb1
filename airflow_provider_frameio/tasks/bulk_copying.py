"""Makes many copies one after another for one task: what was made is kept, and what fails keeps nothing else back."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import ApiError, CopyNeedsHelp, FrameioError, NoSlot
from airflow_provider_frameio.api.models import CopyMade
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.copying.exactly_once import copy_operation, copy_without_record
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest
from airflow_provider_frameio.copying.rows import Row, concerns_all, progress
from airflow_provider_frameio.tasks.bulk_looks import BulkLooks
from airflow_provider_frameio.tasks.bulk_restacking import BulkRestack, failed_row
from airflow_provider_frameio.tasks.record_store import Records, Whole, copy_durably, settle_late_twins

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)

_SAY_EVERY = 10  # copies


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
    copy_comments: str
    strategy: str
    target_status: str | None
    durable: bool
    on_ambiguous: str
    max_failures: int
    patience: float
    known: Whole | None = None
    _made: int = 0

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
        pacer.recall([SYSTEM_CLOCK.epoch() - sent for sent in sent_at])
        for done, row in enumerate(waiting):
            if 0 < self.max_failures <= sum(one.state == "failed" for one in self.rows):
                log.warning("Stopping: %s copies failed.", self.max_failures)
                return
            try:
                self._make(row)
            except NoSlot as busy:
                sent = [SYSTEM_CLOCK.epoch() - age for age in pacer.ages()][-COPY_LIMIT.calls :]
                raise self._out_of_room(busy, len(waiting) - done, sent) from None
            except FrameioError as error:
                if concerns_all(error):
                    raise
                failed_row(row, error)
            else:
                self._made += 1
                if row.state == "copied":
                    self.looks.expect(row)
            if (done + 1) % _SAY_EVERY == 0:
                log.info("%s", progress(self.rows, COPY_LIMIT.slot * self._scale))
            self.looks.look_at_one()

    def stack_all(self, end_time: float, poll_interval: float) -> Row | None:
        """Stack what was copied file by file, and return the first row whose files are not there yet.

        Where the task rather waits in this process, there is none.

        :raises OutOfRoom: the rate limit has no room.
        """
        late: Row | None = None
        for row in [row for row in self.rows if row.state == "files"]:
            try:
                if self.patience == math.inf:
                    self.restacking.wait(row, Terms(SYSTEM_CLOCK.epoch(), end_time, poll_interval))
                elif not self.restacking.are_there(row, end_time):
                    late = late or row
                    continue
                self.restacking.stack(row)
            except NoSlot as busy:
                raise self._out_of_room(busy, 1, []) from None
            except FrameioError as error:
                if concerns_all(error):
                    raise
                failed_row(row, error)
        return late

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
            record = CopyRecord.from_json(row.record if row.state != "failed" else None)
            if record is not None:
                found += settle_late_twins(self.hook, self._request(row), record, on_late_twin)
        return found

    def finish(self) -> None:
        """All are made: a user's clear from now on copies all again."""
        if self.durable:
            self.whole.keep(self.context, self._key, finished=True)

    @cached_property
    def looks(self) -> BulkLooks:
        """Which of them are complete."""
        return BulkLooks(self.hook, self.account_id, self.rows, self.target_status)

    @cached_property
    def restacking(self) -> BulkRestack:
        """How rows are stacked anew."""
        return BulkRestack(
            hook=self.hook,
            context=self.context,
            account_id=self.account_id,
            copy_metadata=self.copy_metadata,
            copy_comments=self.copy_comments,
            strategy=self.strategy,
            target_status=self.target_status,
            durable=self.durable,
            on_ambiguous=self.on_ambiguous,
            patience=self.patience,
            whole=lambda: self.whole,
        )

    @property
    def _scale(self) -> float:
        return self.hook.client.settings.time_scale

    @cached_property
    def _key(self) -> str:
        asked = sorted(self._request(row).key() for row in self.rows)
        return f"frameio_bulk:{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]}"

    def _request(self, row: Row) -> CopyRequest:
        return CopyRequest(self.account_id, row.version_stack_id, row.parent_id, self.copy_metadata)

    def _make(self, row: Row) -> None:
        """Copy one, in one way or the other."""
        if self.restacking.concerns(row):
            self.restacking.copy_files(row)
            return
        try:
            row.copied(self._copy(row))
        except (ApiError, CopyNeedsHelp) as refusal:
            if not self.restacking.helps(row, refusal):
                raise
            log.warning("%s This is Adobe storage: stacking the files anew.", refusal)
            row.record = None
            self.restacking.copy_files(row)

    def _out_of_room(self, busy: NoSlot, left: int, sent: list[float]) -> OutOfRoom:
        log.info("%s", progress(self.rows, busy.slot))
        slots = 1 if not self._made else min(max(1, COPY_LIMIT.calls // 2), left)
        return OutOfRoom(busy.bucket, busy, slots, sent, progressed=bool(self._made))

    def _copy(self, row: Row) -> CopyRecord:
        request = self._request(row)
        if not self.durable:
            return self.hook.run(copy_without_record(request), max_wait_slots=self.patience)
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
