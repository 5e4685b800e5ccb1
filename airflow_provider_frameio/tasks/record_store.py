"""Makes a copy once over all tries of a task: where its record is kept, and what is known where none can be kept."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.endpoints.accounts import list_accounts
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import page_url
from airflow_provider_frameio.copying.duplicates import delete_late_twin, find_late_twins
from airflow_provider_frameio.copying.exactly_once import Rules, assume_sent, copy_once
from airflow_provider_frameio.copying.look_up import Patience
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest

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

    def load(self) -> JsonObject | None:
        """What was stored, if anything."""
        if self.last is None and self.store is not None:
            self.last = self.store.get(self.key)
        return self.last

    def read(self) -> tuple[CopyRecord | None, bool]:
        """The record of an earlier try, and whether it tells everything."""
        try:
            return CopyRecord.from_json(self.load()), True
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
    whole: Whole | None = None,
    source: JsonObject | None = None,
) -> CopyRecord:
    """Make the copy, or find the one that an earlier try of this task made.

    Airflow 3.3 keeps the record over retries, deaths and clears. Older versions keep nothing: there a retry assumes
    that its predecessor sent a copy, and looks for one since the DAG run began.

    :param patience: how long to wait for the rate limit, in slots.
    :param resumed: whether this try has been here before, so that what ``records`` tell is all there is to know.
    :param whole: of what it is a part; default: of nothing, so that a user's clear copies again.
    :param source: the source's record, where it is known.
    :raises NoSlot: the copy was not sent, since it would have had to wait longer.
    :raises FrameioError: see ``copy_once``.
    """
    instance: Any = context["ti"]
    record, certain = records.read()
    done = record is not None and record.copy is not None
    rules = Rules(
        whole.generation if whole and done else instance.max_tries,
        on_ambiguous,
        kept=records.store is not None,
        verify=whole is None,
        looking_since=whole.looking_since if whole else None,
        patience=Patience(scale=hook.client.settings.time_scale),
    )
    if not certain or (records.store is None and not resumed and is_retry(instance)):
        begin = context["dag_run"].start_date or instance.start_date
        record = hook.run(assume_sent(request, begin.timestamp(), rules))
    elif record is not None and not resumed:
        found = record.copy and record.copy["id"]
        log.info("An earlier try of this task left a record: %s sent, copy %s.", record.sent, found)
    return hook.run(copy_once(request, record, rules, source), records.save, patience)


@dataclass(frozen=True)
class Whole:
    """Many copies as one: it is finished or not, and only once it is finished does a user's clear copy all again.

    :ivar generation: of this run through all of them; a copy made in an earlier one is made again.
    :ivar looking_since: see ``Rules``.
    """

    generation: int
    looking_since: float | None = None

    @classmethod
    def begin(cls, hook: FrameioHook, context: Context, key: str) -> Whole:
        """Go on with what was begun and not finished, or begin anew.

        :param key: under which it is remembered, where there is a store.
        """
        instance: Any = context["ti"]
        store = context.get("task_state_store")
        if store is None:
            # One moment for all of them: each on its own would be looked for for minutes.
            since = hook.client.call(list_accounts()).date if is_retry(instance) else None
            return cls(instance.max_tries, since)
        before = Records(key, store).load()
        unfinished = before and not before.get("finished")
        whole = cls(before["generation"] if before and (unfinished or _same(before, instance)) else instance.max_tries)
        whole.keep(context, key, finished=False)
        return whole

    def keep(self, context: Context, key: str, *, finished: bool) -> None:
        """Remember how far it is."""
        Records(key, context.get("task_state_store")).save({"generation": self.generation, "finished": finished})


def settle_late_twins(
    hook: FrameioHook, request: CopyRequest, record: CopyRecord, on_late_twin: str
) -> list[dict[str, str | None]]:
    """Tell of copies that turned up after their replacement was made, and delete them where the user asked for it.

    Never fails the task: its copy is complete.

    :returns: what was found: ``[{"id": …, "url": …}]``.
    """
    try:
        twins = hook.run(find_late_twins(request, record))
        for twin in twins:
            gone = on_late_twin == "delete" and len(twins) == 1 and hook.run(delete_late_twin(request, record, twin))
            log.warning(
                "A copy whose answer was lost turned up after a second one was made: %s (%s)%s.",
                twin["id"],
                foreign(page_url(twin)),
                "; its files were deleted" if gone else "; it was left alone: delete one of the two",
            )
    except FrameioError as error:
        log.warning("Could not look whether the first copy turned up after all: %s", error)
        return []
    return [{"id": one["id"], "url": page_url(one)} for one in twins]


def is_retry(instance: Any) -> bool:
    """Whether Airflow runs this task again by itself: a user's clear raises ``max_tries``, and begins anew."""
    return bool(instance.try_number > instance.max_tries - instance.task.retries + 1)


def _same(before: JsonObject, instance: Any) -> bool:
    """Whether nobody cleared the task since: then it runs again though it was finished, and finds all of it made."""
    return bool(before["generation"] >= instance.max_tries)
