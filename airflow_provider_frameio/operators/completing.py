"""What a copying operator does once its copy is there: tells of it, and waits for it, here or in the triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import CopyMade, VersionStack
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.completion.judge import Done, Expectation, look
from airflow_provider_frameio.copying.completion.wait import Terms, wait_until_complete
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.operators.telling import TellingOperator
from airflow_provider_frameio.tasks.deferral import copy_trigger, deferral_timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject
    from airflow_provider_frameio.hooks.frameio import FrameioHook


class CompletingOperator(TellingOperator):
    """An operator that makes one copy, and has these parameters."""

    version_stack_id: str
    parent_id: str | None
    account_id: str | None
    target_status: str
    wait_for_completion: bool
    poll_interval: float
    timeout: float
    deferrable: bool
    frameio_conn_id: str

    def _announce(self, context: Context, record: JsonObject, made: CopyMade) -> VersionStack:
        """Tell of the copy before anything is waited for."""
        copy = VersionStack.from_record(record)
        context["ti"].xcom_push(key="version_stack", value=record)
        FrameioLink.push(context, copy.view_url)
        self.log.info("Version stack %s was copied to %s: %s", self.version_stack_id, copy.id, foreign(copy.view_url))
        self._tell(context, [made])
        return copy

    def _wait(
        self,
        hook: FrameioHook,
        expected: Expectation,
        folder_id: str | None,
        kwargs: Mapping[str, Any],
    ) -> None:
        """Wait until the copy is complete; deferred, the task goes on in ``execute_complete``.

        :param kwargs: what that method is given.
        """
        account_id = hook.account_id(self.account_id)
        terms = self._terms()
        if not self.deferrable:
            hook.run(wait_until_complete(account_id, [expected], terms))
            return
        if self._looks_complete(hook, account_id, expected):
            return
        self.defer(
            trigger=copy_trigger(self.frameio_conn_id, account_id, [expected], terms, folder_id),
            method_name="execute_complete",
            kwargs=dict(kwargs),
            timeout=deferral_timeout(terms.end_time, terms.started_at),
        )

    def _terms(self) -> Terms:
        """How to wait from now on."""
        now, limit = SYSTEM_CLOCK.epoch(), self.timeout
        if self.deferrable and self.execution_timeout is not None:  # Airflow does not enforce it for deferred tasks
            limit = min(limit, self.execution_timeout.total_seconds())
        return Terms(now, now + limit, self.poll_interval)

    def _looks_complete(self, hook: FrameioHook, account_id: str, expected: Expectation) -> bool:
        """One look spares short waits the way through the triggerer."""
        try:
            verdict = hook.run(look(account_id, expected))
        except FrameioError as error:
            if not error.transient:
                raise
            self.log.warning("Could not look at the copy yet: %s", error)
            return False
        if isinstance(verdict, Done):
            return True
        self.log.info("%s", verdict.progress)
        return False
