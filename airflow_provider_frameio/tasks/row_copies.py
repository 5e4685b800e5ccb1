"""Carries out one copy of a task at a time: makes it, by Frame.io's own copy or by stacking anew, and looks at it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_frameio.api.endpoints.files import get_file
from airflow_provider_frameio.api.endpoints.version_stacks import get_version_stack
from airflow_provider_frameio.api.errors import ApiError, CopyFailed, CopyNeedsHelp, FrameioError, NoSlot, NotFound
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.models import VersionStack, page_url
from airflow_provider_frameio.copying.adobe_storage import (
    AdobeStorageSeen,
    find_adobe_storage,
    may_mean_adobe_storage,
    shows_adobe_storage,
)
from airflow_provider_frameio.copying.candidates import find_late_duplicates
from airflow_provider_frameio.copying.completion.judge import Expectation, FilesExpectation, Pending
from airflow_provider_frameio.copying.exactly_once import (
    Rules,
    assume_sent,
    copy_once,
    copy_operation,
    copy_without_record,
)
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest, alike, digests
from airflow_provider_frameio.copying.restack.copy_files import assume_begun, copy_versions
from airflow_provider_frameio.copying.restack.record import RestackRecord
from airflow_provider_frameio.copying.restack.stack import stack_copies
from airflow_provider_frameio.copying.restack.undo import undo
from airflow_provider_frameio.copying.rows import Row, may_share_folder

if TYPE_CHECKING:
    from airflow_provider_frameio.api.protocol import Operation, RecordedFlow
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook
    from airflow_provider_frameio.tasks.options import CopyOptions
    from airflow_provider_frameio.tasks.record_store import LostPast, RecordStore

T = TypeVar("T")
Record = CopyRecord | RestackRecord

log = logging.getLogger(__name__)


@dataclass
class RowCopies:
    """Changes rows in place, and keeps their records.

    :ivar last_try: whether Airflow will not run the task again by itself.
    :ivar try_number: of this try, 0 for the first.
    """

    hook: FrameioHook
    options: CopyOptions
    rows: Sequence[Row]
    records: RecordStore
    last_try: bool
    try_number: int = 0
    _made: dict[str, list[str]] = field(default_factory=dict)
    _sources: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def copy(self, row: Row) -> None:
        """Make the copy, or find an earlier try's. The row is then ``files``, ``copied`` or ``complete``.

        :raises NoSlot: it would have to wait for the rate limit.
        :raises FrameioError: it was not made.
        """
        record, lost = self._load(row)
        if not self.restacks(row, record):
            try:
                self._is_made(row, self._run(row, self._natively(row, record, lost)))
                return
            except AdobeStorageSeen:
                log.info("Frame.io does not copy version stacks on Adobe storage: stacking the files anew.")
            except (ApiError, CopyNeedsHelp) as refusal:
                if not self._meets_adobe_storage(row, refusal):
                    raise
                log.warning("%s This is Adobe storage: stacking the files anew.", refusal)
        self._copy_files(row, record if isinstance(record, RestackRecord) else None, lost)

    def look_at_files(self, row: Row) -> str:
        """Look at the row's copied files: in words how far they are, "" once they are there."""
        record = self._restack_record(row)
        if (record.stack and not record.is_onto_stack) or not any(record.new_copies):
            return ""
        verdict = self.hook.run(self.expected_files(row).look(self.options.account_id))
        return verdict.progress if isinstance(verdict, Pending) else ""

    def expected_files(self, row: Row) -> FilesExpectation:
        """The copied files, and what they must have before they are stacked; those that stay files are the copy."""
        record = self._restack_record(row)
        target = (self.options.target_status if record.stays_files else None) or "uploaded"
        return FilesExpectation(record.folder_id, tuple(record.new_copies), target)

    def files_in_words(self, row: Row) -> str:
        """Where the row's copied files are; "" where there are none that are known."""
        record = self._stored(row)
        if not isinstance(record, RestackRecord) or not record.unfinished or record.loose:
            return ""
        ids = listed(filter(None, [*record.new_copies, *record.discarded]), ", ") or "their ids are not known"
        return f"of {row.source_id} in the folder {record.folder_id}: {ids}"

    def stack(self, row: Row) -> None:
        """Stack the row's copied files, which are there."""
        record = self._restack_record(row)
        self._is_made(row, self._run(row, stack_copies(self.options.account_id, record, self._policy)))

    def look(self, row: Row) -> str:
        """Look at a copy that was made: in words how far it is, "" once it is complete, or is to be made again.

        :raises CopyFailed: it is gone, or will never be complete.
        """
        try:
            verdict = self.hook.run(self.expectation(row).look(self.options.account_id))
        except CopyFailed as error:
            if isinstance(error.__cause__, NotFound) and self._may_make_again(row):
                return ""
            raise
        if isinstance(verdict, Pending):
            return verdict.progress
        row.state = "complete"
        return ""

    def expectation(self, row: Row) -> Expectation:
        """What a copy must have to be complete."""
        return Expectation(row.copy_id, row.versions or None, self.options.target_status or "uploaded")

    def late_duplicates(self, row: Row) -> list[JsonObject]:
        """Stacks that may be the row's first copy, where a second was sent; reported, and left alone."""
        if row.record is None or row.state == "failed":
            return []
        record = CopyRecord.from_json(row.record)
        try:
            found = self.hook.run(find_late_duplicates(self.request(row), record, self._taken(row)))
        except FrameioError as error:
            log.warning("Could not look whether the first copy turned up after all: %s", error)
            return []
        for one in found:
            log.warning(
                "A copy whose answer was lost turned up after a second one was made: %s (%s). Delete one of the two.",
                one["id"],
                foreign(page_url(one)),
            )
        return [{"id": one["id"], "url": page_url(one)} for one in found]

    def asset(self, row: Row) -> JsonObject:
        """Frame.io's record of the new stack."""
        record = self._stored(row)
        return (record.copy if record else None) or {}

    def request(self, row: Row) -> CopyRequest:
        """What the row asks for."""
        return self.options.request(row.source_id, row.parent_id, row.onto, row.batch)

    def operation(self, row: Row) -> Operation[JsonObject]:
        """Frame.io's own copy of a row, whose rate limit all rows share."""
        return copy_operation(self.request(row), row.parent_id)

    def restacks(self, row: Row, record: Record | None = None) -> bool:
        """Whether the row is stacked anew: as it was begun, or as is asked for, or as its ids show."""
        if record is not None and (record.unfinished or (record.done and self._is_of_this_edition(record))):
            return isinstance(record, RestackRecord)
        if row.onto or row.batch or self.options.strategy == "restack" or self.options.copy_comments != "none":
            return True
        return self.options.strategy == "auto" and shows_adobe_storage({"id": row.source_id}, row.parent_id)

    @property
    def _policy(self) -> LookupPolicy:
        return LookupPolicy(scale=self.hook.client.settings.time_scale)

    def _rules(self, row: Row) -> Rules:
        return Rules(
            self.records.series,
            self.options.on_ambiguous,
            kept=self.records.store is not None,
            taken=self._taken(row),
            contested=partial(self._is_contested, row),
            native_only=self.options.strategy == "native",
            policy=self._policy,
        )

    def _taken(self, row: Row) -> set[str]:
        """Ids of what this task made for its other rows, in this try or an earlier one, and of their sources."""
        if not self._made and len(self.rows) > 1:
            for other in self.rows:
                self._note(self.request(other).key(), self._stored(other))
        mine = self.request(row).key()
        made = {one for key, ids in self._made.items() if key != mine for one in ids}
        return made | {other.source_id for other in self.rows} | {*self.records.taken}

    def _is_contested(self, row: Row) -> bool:
        """Whether another row, whose copy would look the same, may have sent one that is not found yet.

        Where records are lost that is every row without one: then its source is asked, once.
        """
        rivals = [other for other in self.rows if other is not row and may_share_folder(row, other)]
        mine = self._digests(row)
        return any(self._is_unresolved(other) and _share(mine, self._digests(other)) for other in rivals)

    def _is_unresolved(self, row: Row) -> bool:
        record = self._stored(row)
        return record.unresolved if record else self.records.lost is not None and row.state == "waiting"

    def _digests(self, row: Row) -> tuple[str, ...]:
        """Of the versions of a row's source."""
        if record := self._stored(row):
            return record.digests
        if row.source_id not in self._sources:
            versions = self.hook.list_version_stack_children(row.source_id, account_id=self.options.account_id)
            self._sources[row.source_id] = digests(versions)
        return self._sources[row.source_id]

    def _note(self, key: str, record: Record | None) -> None:
        self._made[key] = list(dict.fromkeys([*self._made.get(key, ()), *(record.made_ids if record else ())]))

    def _stored(self, row: Row) -> Record | None:
        try:
            return self.records.load(self.request(row).key())
        except ValueError:
            return None

    def has_begun(self, row: Row) -> bool:
        """Whether an earlier try left a record of the row."""
        return self._stored(row) is not None

    def _load(self, row: Row) -> tuple[Record | None, LostPast | None]:
        """The row's record, or since when a copy may have been sent of which there is none."""
        try:
            record = self.records.load(self.request(row).key())
        except ValueError as error:
            log.warning("The stored record of this copy cannot be used, so a copy may have been sent: %s", error)
            return None, self.records.lost_past()
        unknown = record.assumed if isinstance(record, CopyRecord) else record is None or record.planned_only
        lost = self.records.lost if unknown else None
        if record is None:
            return None, lost
        if not self.records.resumed and (record.done or record.unfinished):
            log.info("An earlier try of this task left a record of the copy: %s.", record.progress)
        looked_at = self.options.target_status is not None and isinstance(record, CopyRecord)
        if record.done and not looked_at and not self.records.resumed:
            return self._verified(row, record), None
        return record, lost

    def _verified(self, row: Row, record: Record) -> Record:
        """An earlier try's copy, shown where nobody will look at it any more.

        :raises CopyFailed: it is gone, and nobody has cleared the task since.
        """
        if not self._is_of_this_edition(record):
            return record
        copy_id = str((record.copy or {})["id"])
        show = get_file if isinstance(record, RestackRecord) and record.stays_files else get_version_stack
        try:
            self.hook.client.call(show(self.options.account_id, copy_id))
        except NotFound as gone:
            row.copy_id = copy_id
            if not self._may_make_again(row):
                raise CopyFailed(
                    f"The copy that an earlier try made, {copy_id}, is gone. Clear the task to copy again."
                ) from gone
            return self._stored(row) or record
        return record

    def _is_of_this_edition(self, record: Record) -> bool:
        return record.series.edition == self.records.series.edition

    def _may_make_again(self, row: Row) -> bool:
        """Whether a copy that is gone was made before a user cleared the task; then the row waits to be made again."""
        key = self.request(row).key()
        record = self._stored(row)
        if record is None or record.series.clear == self.records.series.clear:
            return False
        log.warning("The copy %s is gone, and the task was cleared since: it is made again.", row.copy_id)
        earlier = replace(record.series, edition=record.series.edition - 1)
        self.records.save(key, replace(record, series=earlier).to_json())
        row.state, row.copy_id, row.url = "waiting", "", ""
        return True

    def _meets_adobe_storage(self, row: Row, refusal: ApiError | CopyNeedsHelp) -> bool:
        """Whether Frame.io refused its own copy since this is Adobe storage."""
        if self.options.strategy != "auto" or not may_mean_adobe_storage(refusal):
            return False
        try:
            return self.hook.run(find_adobe_storage(self.options.account_id, row.source_id, row.parent_id))
        except FrameioError as error:  # the refusal says more
            log.warning("Could not look whether this is Adobe storage: %s", error)
            return False

    def _natively(self, row: Row, record: Record | None, lost: LostPast | None) -> RecordedFlow[CopyRecord]:
        request, rules = self.request(row), self._rules(row)
        if not self.options.durable:
            return (yield from copy_without_record(request))
        known = record if isinstance(record, CopyRecord) else None
        if lost and known is None:
            known = yield from assume_sent(request, lost.since, lost.until, rules)
        return (yield from copy_once(request, known, rules))

    def _copy_files(self, row: Row, record: RestackRecord | None, lost: LostPast | None) -> None:
        request = self.request(row)
        if lost and (record is None or record.planned_only):
            record = self._run(row, assume_begun(request, lost.since, lost.until, self._rules(row), record))
        record = self._run(row, copy_versions(request, record, self._rules(row)))
        self._note(request.key(), record)
        if record.finished or (record.loose and self.options.target_status is None):
            self._is_made(row, self._run(row, stack_copies(self.options.account_id, record, self._policy)))
        else:
            row.state = "files"

    def _is_made(self, row: Row, record: Record) -> None:
        """Note that the copy is there."""
        result = record.result(self.request(row))
        row.made(result, VersionStack.from_record(record.copy or {}).parent_id)
        row.record = record.to_json() if isinstance(record, CopyRecord) and record.sent > 1 else None
        row.version_ids = result.version_ids if len(self.rows) == 1 else ()
        if isinstance(record, RestackRecord) and record.stays_files and not record.loose:
            log.warning(
                "The source has one version, and Frame.io makes no stack of less than two files: "
                "the result is a copy of the file."
            )
        row.state = "complete" if self._is_complete(record) else "copied"
        self._note(self.request(row).key(), record)

    def _is_complete(self, record: Record) -> bool:
        """Whether what was waited for before stacking is all that is asked for."""
        if not isinstance(record, RestackRecord) or self.options.target_status is None:
            return False
        return self.options.target_status == "uploaded" or record.stays_files

    def _restack_record(self, row: Row) -> RestackRecord:
        record = self._stored(row)
        if not isinstance(record, RestackRecord):
            raise CopyNeedsHelp(
                f"What was copied of {row.source_id} is no longer known. Look into the target folder, delete what is "
                "too much and clear the task."
            )
        return record

    @contextmanager
    def taking_back(self, row: Row) -> Iterator[None]:
        """Where an error ends the row's copy, delete the files that were copied.

        They stay if another try will go on with them, or somebody has to look at them first.

        :raises CopyFailed: not all of them could be deleted; instead of the error.
        """
        try:
            yield
        except NoSlot:
            raise
        except FrameioError as error:
            record = self._stored(row)
            goes_on = (error.transient and not self.last_try) or isinstance(error, CopyNeedsHelp)
            if goes_on or not isinstance(record, RestackRecord) or not record.unfinished or record.loose:
                raise
            log.warning("Deleting the copied files, since the copy failed: %s", error)
            left = self.hook.run(undo(self.options.account_id, record), self._saving(row))
            if record.sending:
                more = len(record.sending)
                left.append(f"perhaps {more} more in the folder {record.folder_id}, whose answers were lost")
            if left:
                raise CopyFailed(f"{error} These copied files could not be deleted again: {listed(left)}") from error
            raise

    def _run(self, row: Row, flow: RecordedFlow[T]) -> T:
        with self.taking_back(row):
            return self.hook.run(flow, self._saving(row), self.options.max_wait_slots)

    def _saving(self, row: Row) -> Callable[[JsonObject], None]:
        return partial(self.records.save, self.request(row).key())


def _share(one: Collection[str], other: Collection[str]) -> bool:
    """Whether two sources have versions that look the same, as far as is known."""
    return not one or not other or any(alike(mine, theirs) for mine in one for theirs in other)
