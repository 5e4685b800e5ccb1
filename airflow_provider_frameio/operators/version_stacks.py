"""Operators for version stacks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import AirflowFailException, BaseOperator, conf
from airflow_provider_frameio.api.copying import Done, Expectation, list_versions, look
from airflow_provider_frameio.api.endpoints.files import COPY_COMMENTS
from airflow_provider_frameio.api.errors import FrameioError, InvalidParameter
from airflow_provider_frameio.api.models import Version, VersionStack
from airflow_provider_frameio.api.parameters import choice, identifier, seconds
from airflow_provider_frameio.api.waiting import Terms, wait_until_complete
from airflow_provider_frameio.deferring import copy_trigger, deferral_timeout, permanent_errors_fail
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.triggers.events import CopyEvent

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context

STRATEGIES = ("auto", "native", "restack")
ON_AMBIGUOUS = ("fail", "adopt_oldest", "copy_again")


class FrameioCopyVersionStackOperator(BaseOperator):
    """Copy a version stack into a folder and go on only when the copy is really there.

    The copy is complete when it has as many versions as the source had, all of them at ``target_status``. Its id, link
    and record are in XCom before the waiting starts: ``version_stack`` is Frame.io's record of the new stack,
    ``frameio_url`` its page, also behind the task's button "Open in Frame.io".

    Not guaranteed: that a task whose worker died in the middle of a copy finds that copy again. An answer that was lost
    fails the task without a retry, since a second attempt could copy twice.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.copy/

    :param version_stack_id: the stack to copy (templated).
    :param parent_id: the folder to copy into (templated); default: the source's own folder.
    :param account_id: the account of both (templated); default: the connection's.
    :param copy_metadata: whether to copy metadata values.
    :param copy_comments: only ``none`` here: Frame.io copies the comments of files, not of stacks.
    :param strategy: ``native``, Frame.io's own copy, which it refuses between projects on Adobe storage;
        ``auto`` is the same for now.
    :param wait_for_completion: whether to wait; False returns as soon as Frame.io accepted the copy.
    :param target_status: ``uploaded`` (or better), or ``transcoded``, which types that Frame.io does not transcode
        never reach.
    :param poll_interval: seconds between two looks at the copy.
    :param timeout: seconds to wait for completion, from the copy on. In the triggerer ``execution_timeout`` counts too.
    :param deferrable: whether to wait in the triggerer, which holds no worker slot.
    :param durable: kept for a record that survives a dead worker; without effect yet.
    :param on_ambiguous: what to do when a lost copy has several candidates; without effect yet.
    :param frameio_conn_id: the connection (templated).
    :returns: the new stack's id.
    """

    template_fields: Sequence[str] = ("version_stack_id", "parent_id", "account_id", "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_id: str,
        parent_id: str | None = None,
        account_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        strategy: str = "auto",
        wait_for_completion: bool = True,
        target_status: str = "uploaded",
        poll_interval: float = 15.0,
        timeout: float = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        durable: bool = True,
        on_ambiguous: str = "fail",
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        choice("strategy", strategy, STRATEGIES)
        choice("copy_comments", copy_comments, COPY_COMMENTS)
        choice("on_ambiguous", on_ambiguous, ON_AMBIGUOUS)
        if strategy == "restack" or copy_comments != "none":
            name, given = ("strategy", strategy) if strategy == "restack" else ("copy_comments", copy_comments)
            raise InvalidParameter(name, given, "copying by restacking is not part of this version yet.")
        self.version_stack_id = version_stack_id
        self.parent_id = parent_id
        self.account_id = account_id
        self.copy_metadata = copy_metadata
        self.copy_comments = copy_comments
        self.strategy = strategy
        self.wait_for_completion = wait_for_completion
        self.target_status = target_status
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.timeout = seconds("timeout", timeout)
        self.deferrable = deferrable
        self.durable = durable
        self.on_ambiguous = on_ambiguous
        self.frameio_conn_id = frameio_conn_id
        Expectation("", target_status=target_status)  # checks it while the DAG is parsed
        self._into_own_folder = parent_id is None

    def execute(self, context: Context) -> str:
        """Copy, announce the copy, and wait for it."""
        with permanent_errors_fail():
            self._check()
            hook = FrameioHook(self.frameio_conn_id)
            account_id = hook.account_id(self.account_id)
            versions = self._versions_of_source(hook, account_id)
            record = hook.copy_version_stack(
                self.version_stack_id,
                parent_id=self.parent_id,
                copy_metadata=self.copy_metadata,
                account_id=account_id,
            )
        copy = VersionStack.from_record(record)
        context["ti"].xcom_push(key="version_stack", value=record)
        FrameioLink.push(context, copy.view_url)
        self.log.info("Copied version stack %s to %s: %s", self.version_stack_id, copy.id, copy.view_url)
        if self.wait_for_completion:
            expected = Expectation(copy.id, len(versions), self.target_status)
            try:
                self._wait(hook, account_id, expected)
            except FrameioError as error:
                raise AirflowFailException(self._advice(copy.id, str(error))) from error
        return copy.id

    def execute_complete(self, context: Context, event: object) -> str:
        """Go on after the triggerer's wait."""
        try:
            outcome = CopyEvent.from_payload(event)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        (copy_id,) = outcome.version_stack_ids
        if outcome.status != "complete":
            raise AirflowFailException(self._advice(copy_id, outcome.message))
        self.log.info("The copy %s is complete.", copy_id)
        return copy_id

    def _check(self) -> None:
        identifier("version_stack_id", self.version_stack_id)
        if not self._into_own_folder:
            # A template that rendered to nothing must not copy into the source's own folder.
            identifier("parent_id", self.parent_id)

    def _versions_of_source(self, hook: FrameioHook, account_id: str) -> list[Version]:
        versions = hook.run(list_versions(account_id, self.version_stack_id))
        if not versions:
            raise InvalidParameter("version_stack_id", self.version_stack_id, "this version stack has no versions.")
        empty = [version.name for version in versions if version.status == "created"]
        if empty:
            self.log.warning("Not uploaded yet in the source, so perhaps never in the copy: %s", ", ".join(empty))
        return versions

    def _wait(self, hook: FrameioHook, account_id: str, expected: Expectation) -> None:
        now = time.time()
        if not self.deferrable:
            terms = Terms(now, now + self.timeout, self.poll_interval)
            hook.run(wait_until_complete(account_id, [expected], terms))
            self.log.info("The copy %s is complete.", expected.version_stack_id)
            return
        if self._looks_complete(hook, account_id, expected):
            return
        limit = self.timeout
        if self.execution_timeout is not None:  # Airflow does not enforce it while a task is deferred
            limit = min(limit, self.execution_timeout.total_seconds())
        terms = Terms(now, now + limit, self.poll_interval)
        self.defer(
            trigger=copy_trigger(self.frameio_conn_id, account_id, [expected], terms),
            method_name="execute_complete",
            timeout=deferral_timeout(terms, now),
        )

    def _looks_complete(self, hook: FrameioHook, account_id: str, expected: Expectation) -> bool:
        """One look spares short waits the way through the triggerer."""
        try:
            verdict = hook.run(look(account_id, expected))
        except FrameioError as error:
            if not error.transient:
                raise
            self.log.warning("Could not look at the copy yet: %s", error)
            return False
        return isinstance(verdict, Done)

    def _advice(self, copy_id: str, message: str) -> str:
        return (
            f"{message} The copy exists: {copy_id}. Clearing this task copies again; "
            "to go on with this copy, wait for it with FrameioVersionStackCopySensor."
        )
