"""Sensors for version stacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_frameio._compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)
from airflow_provider_frameio.api.errors import CopyTimeout, FrameioError, InvalidParameter
from airflow_provider_frameio.api.models import TARGET_STATUSES
from airflow_provider_frameio.api.parameters import flag, identifier, items, one_of
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Done, Expectation, with_count
from airflow_provider_frameio.copying.completion.wait import Terms
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.deferral import (
    MOST_TOGETHER,
    copy_trigger,
    deferral_timeout,
    permanent_errors_fail,
    time_allowed,
)
from airflow_provider_frameio.tasks.options import NOT_GIVEN, given, rendered_later
from airflow_provider_frameio.triggers.events import CopyEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context

_TOLERATED_FAILURES = 10


class FrameioVersionStackCopySensor(BaseSensorOperator):
    """Wait until copies of version stacks are complete.

    For copies started elsewhere, by ``FrameioCopyVersionStackOperator(wait_for_completion=False)`` or by hand. A look
    that fails for a passing reason counts as "not yet", up to ten in a row (in reschedule mode, where each look is a
    new process, without such a limit: there ``timeout`` ends it).

    Not guaranteed without ``source_version_stack_id`` or ``expected_versions``: that no further version appears after
    the copy was taken for complete, since Frame.io does not say how many there will be.

    :param version_stack_id: the copy's id, or a list of them (templated). Of an empty list nothing is waited for.
    :param source_version_stack_id: what it is a copy of, or a list in the same order (templated): the copy is complete
        with as many versions as the source has uploaded when it is looked at.
    :param expected_versions: instead of it, the number of versions, or a list in the same order (templated).
    :param target_status: ``uploaded`` (or better) or ``transcoded`` (templated).
    :param account_id: the account (templated); default: the connection's.
    :param deferrable: whether to wait in the triggerer, which holds no worker slot. ``poke_interval``,
        ``timeout`` and ``execution_timeout`` mean the same there.
    :param frameio_conn_id: the connection (templated).
    :returns: ``version_stack_id`` as it was given.
    """

    template_fields: Sequence[str] = (
        "version_stack_id",
        "source_version_stack_id",
        "expected_versions",
        "target_status",
        "account_id",
        "frameio_conn_id",
    )
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_id: str | Sequence[str],
        source_version_stack_id: str | Sequence[str] | None = NOT_GIVEN,
        expected_versions: int | str | Sequence[int | str] | None = NOT_GIVEN,
        target_status: str = "uploaded",
        account_id: str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if source_version_stack_id is not NOT_GIVEN and expected_versions is not NOT_GIVEN:
            remedy = "give either this or source_version_stack_id."
            raise InvalidParameter("expected_versions", expected_versions, remedy)
        self.version_stack_id = version_stack_id
        self.source_version_stack_id = given(source_version_stack_id)
        self.expected_versions = given(expected_versions)
        self.target_status = target_status
        self.account_id = account_id
        self.deferrable = deferrable
        self.frameio_conn_id = frameio_conn_id
        flag("deferrable", deferrable)
        if not rendered_later(target_status):
            one_of("target_status", target_status, TARGET_STATUSES)
        self._by_source = source_version_stack_id is not NOT_GIVEN
        self._by_number = expected_versions is not NOT_GIVEN
        self._failures = 0

    def execute(self, context: Context) -> Any:
        """Poke, or look once and leave the rest to the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        end_time = SYSTEM_CLOCK.epoch() + time_allowed(self)
        looked = self.poke(context)
        return looked.xcom_value if looked.is_done else self._defer(end_time)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look at each copy that was not complete at the last look."""
        with self._skipping():
            try:
                complete = self._look()
            except FrameioError as error:
                self._failures += 1
                if not error.transient or self._failures > _TOLERATED_FAILURES:
                    raise
                self.log.warning("Could not look (%s in a row): %s", self._failures, error)
                return PokeReturnValue(is_done=False)
        self._failures = 0
        return PokeReturnValue(is_done=complete, xcom_value=self._result())

    def execute_complete(
        self, context: Context, event: object, complete: Sequence[str] = (), end_time: float | None = None
    ) -> Any:
        """Go on after the triggerer's wait, which was for at most ``MOST_TOGETHER`` copies.

        :param complete: the copies that were complete before.
        :param end_time: when to give up, in seconds since the epoch. ``dag.test()`` forgets both: then whatever the
            event does not name is looked at here, since it may have been complete before.
        """
        with self._skipping():
            outcome = CopyEvent.from_payload(event)
            try:
                outcome.raise_unless_complete()
            except CopyTimeout as error:
                if time_allowed(self) < self.timeout:
                    raise AirflowTaskTimeout(f"The execution_timeout is over. {error}") from error
                raise AirflowSensorTimeout(str(error)) from error
        for copy in (*complete, *outcome.version_stack_ids):
            self._left.pop(copy, None)
        if end_time is None and self._left:
            self.poke(context)
        return self._defer(end_time or SYSTEM_CLOCK.epoch() + time_allowed(self)) if self._left else self._result()

    @contextmanager
    def _skipping(self) -> Iterator[None]:
        """Skip instead of failing where the user prefers that: not every Airflow version does so after a deferral."""
        try:
            with permanent_errors_fail():
                yield
        except (AirflowFailException, AirflowSensorTimeout, FrameioError) as error:
            for_good = not isinstance(error, FrameioError)
            if getattr(self, "never_fail", False) or (self.soft_fail and for_good):
                raise AirflowSkipException(str(error)) from error
            raise

    def _result(self) -> str | list[str]:
        """The ids as given; what mapped tasks made arrives as a lazy sequence, which is no XCom value itself."""
        return self.version_stack_id if isinstance(self.version_stack_id, str) else list(self.version_stack_id)

    @cached_property
    def _hook(self) -> FrameioHook:
        return FrameioHook(self.frameio_conn_id)

    @cached_property
    def _left(self) -> dict[str, Expectation]:
        """The copies that are not known to be complete by their ids, with what is known of each."""
        return self._expected()

    def _look(self) -> bool:
        account_id = self._hook.account_id(self.account_id)
        for copy, known in tuple(self._left.items()):
            counted = self._left[copy] = self._hook.run(with_count(account_id, known))
            verdict = self._hook.run(counted.look(account_id))
            if isinstance(verdict, Done):
                del self._left[copy]
            else:
                self.log.info("%s: %s", copy, verdict.progress)
        return not self._left

    def _defer(self, end_time: float) -> NoReturn:
        now = SYSTEM_CLOCK.epoch()
        terms = Terms(now, end_time, max(1.0, self.poke_interval), _TOLERATED_FAILURES)
        account_id = self._hook.account_id(self.account_id)
        left = self._left
        self.defer(
            trigger=copy_trigger(self.frameio_conn_id, account_id, list(left.values())[:MOST_TOGETHER], terms),
            method_name="execute_complete",
            kwargs={"complete": [copy for copy in self._expected() if copy not in left], "end_time": end_time},
            timeout=deferral_timeout(end_time, now),
        )

    def _expected(self) -> dict[str, Expectation]:
        copies = [identifier("version_stack_id", copy) for copy in _as_list("version_stack_id", self.version_stack_id)]
        sources: list[Any] = [""] * len(copies)
        counts: list[int | None] = [None] * len(copies)
        if self._by_source:
            name = "source_version_stack_id"
            sources = [identifier(name, one) for one in _as_list(name, self.source_version_stack_id, len(copies))]
        if self._by_number:
            counts = [_number(count) for count in _as_list("expected_versions", self.expected_versions, len(copies))]
        return {
            copy: Expectation(copy, count, self.target_status, source)
            for copy, source, count in zip(copies, sources, counts, strict=True)
        }


def _as_list(name: str, value: Any, length: int | None = None) -> list[Any]:
    """One value or many as a list."""
    values = [value] if isinstance(value, (str, int)) or value is None else items(name, value)
    if length is not None and len(values) != length:
        raise InvalidParameter(name, value, f"give as many as there are copies: {length}.")
    return values


def _number(count: object) -> int:
    """A number of versions, perhaps as a template renders it."""
    known = int(count) if isinstance(count, str) and count.strip().isdecimal() else count
    if isinstance(known, bool) or not isinstance(known, int) or known < 1:
        raise InvalidParameter("expected_versions", count, "give a whole number of at least 1.")
    return known
