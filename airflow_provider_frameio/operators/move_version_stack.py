"""The operator that moves a version stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import VersionStack, without_creator
from airflow_provider_frameio.copying.restack.stack import ensure_moved
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context


class FrameioMoveVersionStackOperator(BaseOperator):
    """Move a version stack into another folder.

    The task may be repeated: a stack that is in the folder already stays there, and nothing is sent.

    XCom ``version_stack`` is Frame.io's record of the stack, ``frameio_url`` its page.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.move/

    :param version_stack_id: the stack (templated).
    :param parent_id: the folder to move it into (templated).
    :param account_id: the account of both (templated); default: the connection's.
    :param frameio_conn_id: the connection (templated).
    :returns: the stack's id, which stays what it was.
    """

    template_fields: Sequence[str] = ("version_stack_id", "parent_id", "account_id", "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_id: str,
        parent_id: str,
        account_id: str | None = None,
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.version_stack_id = version_stack_id
        self.parent_id = parent_id
        self.account_id = account_id
        self.frameio_conn_id = frameio_conn_id

    def execute(self, context: Context) -> str:
        """Move it."""
        with permanent_errors_fail():
            hook = FrameioHook(self.frameio_conn_id)
            account_id = hook.account_id(self.account_id)
            record = hook.run(ensure_moved(account_id, self.version_stack_id, self.parent_id))
        stack = VersionStack.from_record(record)
        context["ti"].xcom_push(key="version_stack", value=without_creator(record))
        FrameioLink.push(context, stack.view_url)
        self.log.info("The version stack %s is in the folder %s: %s", stack.id, self.parent_id, foreign(stack.view_url))
        return stack.id
