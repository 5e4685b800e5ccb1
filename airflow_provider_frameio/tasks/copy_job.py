"""The copies of one task as one piece of work, which stops for three reasons only and says for which.

It neither sleeps nor defers: whoever runs it does, and lets it go on. See ``copy_task``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_provider_frameio.api.endpoints.version_stacks import COPY_LIMIT
from airflow_provider_frameio.api.errors import Conflict, CopyTimeout, FrameioError, NoSlot
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Expectation, FilesExpectation
from airflow_provider_frameio.copying.completion.wait import FailedLooks, describe_progress
from airflow_provider_frameio.copying.rows import Row, concerns_all, describe_made, describe_rows
from airflow_provider_frameio.tasks.deferral import MOST_TOGETHER
from airflow_provider_frameio.tasks.row_copies import RowCopies

if TYPE_CHECKING:
    from airflow_provider_frameio.api.replies import JsonObject

log = logging.getLogger(__name__)

_SAY_EVERY = 10  # copies
_YOUNG = 15.0  # seconds: a copy is hardly complete before
_TOLERATED_FAILURES = 10  # looks in a row at one copy


@dataclass(frozen=True)
class NoRoom:
    """The rate limit has no room.

    :ivar bucket: whose limit it is.
    :ivar delay: seconds until there may be room for a call, with a call a ``slot``.
    :ivar slots: how many calls to wait for.
    :ivar progressed: whether any copy was made since the job was last begun or woken.
    """

    bucket: str
    delay: float
    slot: float
    slots: int = 1
    progressed: bool = False


@dataclass(frozen=True)
class FilesPending:
    """The copied files of a row are not there yet, ``progress`` in words; they are given up at ``end_time``."""

    row: Row
    files: FilesExpectation
    progress: str
    end_time: float


@dataclass(frozen=True)
class CopiesPending:
    """These copies are not complete yet, ``progress`` in words; they are given up at ``end_time``."""

    rows: Sequence[Row]
    progress: str
    end_time: float


Stop: TypeAlias = "NoRoom | FilesPending | CopiesPending"


@dataclass
class CopyJob:
    """Every row is copied, stacked where it was copied as files, and looked at until it is complete.

    A row that fails keeps no other from being made.

    :ivar rows: how far each is; changed in place.
    :ivar end_time: when to give up waiting, in seconds since the epoch; None while nothing is waited for.
    :ivar timed_out: whether the triggerer has waited until the end; ``dag.test()`` may forget ``end_time``.
    :ivar sent_at: when this task's latest copies were sent, perhaps by another process.
    :ivar notes: what the operator wants to know after a deferral; {} for nothing.
    :ivar errors: why rows failed in this process.
    """

    copies: RowCopies
    timeout: float
    end_time: float | None = None
    timed_out: bool = False
    sent_at: Sequence[float] = ()
    notes: JsonObject = field(default_factory=dict)
    errors: list[FrameioError] = field(default_factory=list)
    _put_off: dict[int, FrameioError] = field(default_factory=dict)
    _progressed: int = 0
    _failing: str = ""
    _young: deque[tuple[float, Row]] = field(default_factory=deque)
    _failed_looks: dict[int, FailedLooks] = field(default_factory=dict)

    @property
    def rows(self) -> Sequence[Row]:
        """All of them."""
        return self.copies.rows

    def advance(self) -> Stop | None:
        """Do what can be done now; None: every row is complete, or failed.

        :raises FrameioError: an outage, a connection that does not work, or, once nothing else is left to do, why a row
            was put off.
        """
        while True:
            stop = self._go_on_with_begun() or self._make(self._waiting()) or self._stack() or self._complete()
            if stop is not None:
                return stop
            if self._is_over() or len(self._put_off) == len(self._in("waiting")):
                break
        for error in self._put_off.values():
            raise error
        return None

    def to_json(self) -> JsonObject:
        """What another process needs to go on, besides the operator's parameters."""
        records = self.copies.records
        for row in self.rows:
            if row.state in ("waiting", "files"):
                row.record = records.carried(self.copies.request(row).key())
        optional = {
            "lost": asdict(records.lost) if records.lost else None,
            "taken": [*records.taken] or None,
            "notes": self.notes or None,
            "end_time": self.end_time,
            "sent_at": self._sent_at() if self._in("waiting") else None,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {"rows": [row.to_json() for row in self.rows], "edition": records.series.edition, **given}

    def _sent_at(self) -> list[float]:
        return [SYSTEM_CLOCK.epoch() - age for age in self._pacer().ages()][-COPY_LIMIT.calls :]

    def fail(self, row: Row, error: FrameioError) -> None:
        """Note that a row's copy was not made, or will not be complete."""
        log.warning("%s was not copied: %s", row.source_id, error)
        row.failed(error)
        self.errors.append(error)

    def leftovers(self) -> str:
        """Where copied files lie that are not stacked yet, in words; "" for nowhere."""
        progress = listed(filter(None, map(self.copies.files_in_words, [*self._in("waiting"), *self._in("files")])))
        return progress and f"Copied and not stacked yet, a clear from Airflow 3.3 on goes on with them: {progress}."

    def _go_on_with_begun(self) -> NoRoom | None:
        """What earlier tries began goes first: what always fails must not keep it back, try after try."""
        if not self.copies.records.may_have_begun:
            return None
        stop = self._make([row for row in self._in("waiting") if self.copies.has_begun(row)]) or self._stack()
        return stop if isinstance(stop, NoRoom) else None

    def _waiting(self) -> list[Row]:
        """What is not made yet. Each try begins with another row: one that always fails must not use up all of them."""
        rows = self._in("waiting")
        first = self.copies.try_number % len(rows) if rows else 0
        return [*rows[first:], *rows[:first]]

    def _make(self, rows: Sequence[Row]) -> NoRoom | None:
        """Make what is not made yet; what fails for a reason that passes is put off."""
        queue = deque(row for row in rows if id(row) not in self._put_off)
        if queue:
            self._pacer().recall([SYSTEM_CLOCK.epoch() - sent for sent in self.sent_at])
        while queue and not self._is_over():
            row = queue.popleft()
            try:
                self.copies.copy(row)
            except NoSlot as busy:
                return self._no_room(busy, 1 + len(queue))
            except FrameioError as error:
                if self._ends_all(row, error):
                    raise
                if not error.transient:
                    self.fail(row, error)
                else:
                    self._put_off[id(row)] = error
                    row.message = foreign(error, 1000)
            else:
                self._went_on(row)
            self._look_at_one()
        return None

    def _ends_all(self, row: Row, error: FrameioError) -> bool:
        """Whether nothing more can be done for now: failures of two sources in a row that pass are an outage."""
        passes = error.transient and not isinstance(error, Conflict)
        before, self._failing = self._failing, row.source_id if passes else ""
        return concerns_all(error) or (passes and before not in ("", row.source_id))

    def _went_on(self, row: Row) -> None:
        self._progressed += 1
        self._failing, self.end_time = "", None
        if row.copy_id:
            log.info("%s", describe_made(row))
        if row.state == "copied":
            self._young.append((SYSTEM_CLOCK.epoch(), row))
        if self._progressed % _SAY_EVERY == 0:
            log.info("%s", describe_rows(self.rows, COPY_LIMIT.slot * self._scale))

    def _stack(self) -> FilesPending | NoRoom | None:
        """Stack what was copied as files; the first row whose files are not there yet is what is waited for."""
        pending: FilesPending | None = None
        for row in self._in("files"):
            try:
                progress = self._files(row)
                if progress:
                    files = self.copies.expected_files(row)
                    pending = pending or FilesPending(row, files, self._how_far([progress]), self._deadline())
                    continue
                self.copies.stack(row)
            except NoSlot as busy:
                return self._no_room(busy, 1)
            except FrameioError as error:
                if error.transient or concerns_all(error):
                    raise
                self.fail(row, error)
            else:
                self._went_on(row)
        return pending

    def _files(self, row: Row) -> str:
        """Look at the copied files: in words how far they are, "" once they are there."""
        with self.copies.taking_back(row):
            try:
                behind = self.copies.look_at_files(row)
            except FrameioError as error:
                progress = self._borne(row, error)
                if self._is_late():
                    raise
                return progress
            self._failed_looks.pop(id(row), None)
            if behind and self._is_late():
                raise CopyTimeout(FilesExpectation.too_late.format(self._how_far([behind])))
            return behind

    def _complete(self) -> CopiesPending | None:
        """Look at the copies that are not complete, until so many are not that they are waited for first."""
        if self.copies.options.target_status is None:
            return None
        late = self._is_late()
        pending: list[Row] = []
        progress: list[str] = []
        for row in self._in("copied"):
            if len(pending) == MOST_TOGETHER and not late:
                break
            if behind := self._look(row):
                pending.append(row)
                progress.append(f"{row.copy_id}: {behind}" if len(self.rows) > 1 else behind)
        if not pending:
            return None
        if not late:
            return CopiesPending(pending, self._how_far(progress), self._deadline())
        for row, said in zip(pending, progress, strict=True):
            self.fail(row, CopyTimeout(Expectation.too_late.format(self._how_far([said]))))
        return None

    def _look(self, row: Row) -> str:
        """Look at a copy: in words how far it is, "" once that is settled."""
        try:
            behind = self.copies.look(row)
        except FrameioError as error:
            if error.transient:
                return self._borne(row, error)
            if concerns_all(error):
                raise
            self.fail(row, error)
            return ""
        self._failed_looks.pop(id(row), None)
        return behind

    def _look_at_one(self) -> None:
        """Look at the oldest copy while others are made: the limit leaves time, and in the end few are left."""
        young = self._young
        if self.copies.options.target_status and young and SYSTEM_CLOCK.epoch() - young[0][0] >= _YOUNG * self._scale:
            self._look(young.popleft()[1])

    def _borne(self, row: Row, error: FrameioError) -> str:
        """Count a look that failed, in words.

        :raises FrameioError: it is one too many.
        """
        return self._failed_looks.setdefault(id(row), FailedLooks(_TOLERATED_FAILURES)).bear(error)

    def _deadline(self) -> float:
        """When to give up; the time to wait begins with the first look after the last copy."""
        if self.end_time is None:
            self.end_time = SYSTEM_CLOCK.epoch() + self.timeout
        return self.end_time

    def _is_late(self) -> bool:
        deadline = self._deadline()
        return self.timed_out or SYSTEM_CLOCK.epoch() >= deadline

    def _how_far(self, progress: Sequence[str]) -> str:
        return describe_progress(progress, SYSTEM_CLOCK.epoch() - (self._deadline() - self.timeout))

    def _is_over(self) -> bool:
        """Whether so many rows failed that no more are made."""
        most = self.copies.options.max_failures
        return 0 < most <= len(self._in("failed"))

    def _no_room(self, busy: NoSlot, left: int) -> NoRoom:
        if len(self.rows) > 1:
            log.info("%s", describe_rows(self.rows, busy.slot))
        slots = 1 if not self._progressed else min(max(1, COPY_LIMIT.calls // 2), left)
        return NoRoom(busy.bucket, busy.delay, busy.slot, slots, progressed=bool(self._progressed))

    def _in(self, state: str) -> list[Row]:
        return [row for row in self.rows if row.state == state]

    def _pacer(self) -> Any:
        return self.copies.hook.client.pacer(self.copies.operation(self.rows[0]))

    @property
    def _scale(self) -> float:
        return self.copies.hook.client.settings.time_scale
