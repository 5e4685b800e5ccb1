"""Makes a copy once over all tries of a task: where its record is kept, and what is known where none can be kept."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.copy_record import CopyRecord, CopyRequest
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.exactly_once import Patience, Rules, assume_sent, copy_once
from airflow_provider_frameio.api.late_twins import delete_late_twin, find_late_twins

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook

log = logging.getLogger(__name__)


@dataclass
class Records:
    """Where the record of one copy is kept: in Airflow's task state store where there is one (3.3+), else nowhere.

    :ivar last: the record as this process knows it.
    """

    key: str
    store: Any = None
    last: JsonObject | None = None

    def save(self, record: JsonObject) -> None:
        """Keep it."""
        self.last = record
        if self.store is not None:
            from airflow_provider_frameio._compat import NEVER_EXPIRE  # where there is a store there is this

            self.store.set(self.key, record, retention=NEVER_EXPIRE)

    def read(self) -> tuple[CopyRecord | None, bool]:
        """The record of an earlier try, and whether it tells everything."""
        if self.last is None and self.store is not None:
            self.last = self.store.get(self.key)
        try:
            return CopyRecord.from_json(self.last), True
        except ValueError as error:
            log.warning("The stored record of this copy cannot be used, so a copy may have been sent: %s", error)
            return None, False


def copy_durably(
    hook: FrameioHook,
    request: CopyRequest,
    context: Context,
    records: Records,
    *,
    on_ambiguous: str,
    patience: float = math.inf,
    resumed: bool = False,
) -> CopyRecord:
    """Make the copy, or find the one that an earlier try of this task made.

    Airflow 3.3 keeps the record over retries, deaths and clears. Older versions keep nothing: there a retry assumes
    that its predecessor sent a copy, and looks for one since the DAG run began.

    :param patience: how long to wait for the rate limit, in slots.
    :param resumed: whether this try has been here before, so that what ``records`` tell is all there is to know.
    :raises NoSlot: the copy was not sent, since it would have had to wait longer.
    :raises FrameioError: see ``copy_once``.
    """
    instance: Any = context["ti"]
    looking = Patience(scale=hook.client.settings.time_scale)
    rules = Rules(instance.max_tries, on_ambiguous, kept=records.store is not None, patience=looking)
    record, certain = records.read()
    if not certain or (records.store is None and not resumed and is_retry(instance)):
        begin = context["dag_run"].start_date or instance.start_date
        record = hook.run(assume_sent(request, begin.timestamp(), rules))
    elif record is not None and not resumed:
        found = record.copy and record.copy["id"]
        log.info("An earlier try of this task left a record: %s sent, copy %s.", record.sent, found)
    return hook.run(copy_once(request, record, rules), records.save, patience)


def settle_late_twins(
    hook: FrameioHook, request: CopyRequest, record: CopyRecord, context: Context, on_late_twin: str
) -> None:
    """Tell of copies that turned up after their replacement was made, and delete them where the user asked for it.

    Never fails the task: its copy is complete. XCom ``late_twins`` holds what was found.
    """
    try:
        twins = hook.run(find_late_twins(request, record))
        for twin in twins:
            gone = on_late_twin == "delete" and len(twins) == 1 and hook.run(delete_late_twin(request, record, twin))
            log.warning(
                "A copy whose answer was lost turned up after a second one was made: %s (%s)%s.",
                twin["id"],
                twin.get("view_url"),
                "; its files were deleted" if gone else "; it was left alone: delete one of the two",
            )
    except FrameioError as error:
        log.warning("Could not look whether the first copy turned up after all: %s", error)
        return
    if twins:
        context["ti"].xcom_push(
            key="late_twins", value=[{"id": one["id"], "url": one.get("view_url")} for one in twins]
        )


def is_retry(instance: Any) -> bool:
    """Whether Airflow runs this task again by itself: a user's clear raises ``max_tries``, and begins anew."""
    return bool(instance.try_number > instance.max_tries - instance.task.retries + 1)
