"""The operator that stacks files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.api.foreign import foreign
from airflow_provider_frameio.api.models import VersionStack, without_creator
from airflow_provider_frameio.api.parameters import identifier, items
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.restack.stack import StackRequest, ensure_stacked
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.links.frameio import FrameioLink
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context


class FrameioCreateVersionStackOperator(BaseOperator):
    """Stack files of a folder as versions of one asset.

    The task may be repeated: it looks first whether the files are in one stack of this folder already, and then that
    stack is its result, as it is after a clear. Where an answer was lost it looks for the stack for up to three
    minutes before it asks again, three times at most: files can be in one stack only, so there is never a second.

    XCom ``version_stack`` is Frame.io's record of the stack, ``frameio_url`` its page.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.create/

    :param folder_id: the folder in which the files are, and the stack will be (templated).
    :param file_ids: 2 to 10 ids of files, the oldest version first (templated); another task's output, that of a mapped
        one too. The stack is named after the newest.
    :param account_id: the account (templated); default: the connection's.
    :param frameio_conn_id: the connection (templated).
    :returns: the stack's id.
    """

    template_fields: Sequence[str] = ("folder_id", "file_ids", "account_id", "frameio_conn_id")
    operator_extra_links = (FrameioLink(),)
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        folder_id: str,
        file_ids: Sequence[str],
        account_id: str | None = None,
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.folder_id = folder_id
        self.file_ids = file_ids
        self.account_id = account_id
        self.frameio_conn_id = frameio_conn_id

    def execute(self, context: Context) -> str:
        """Stack them."""
        with permanent_errors_fail():
            folder_id = identifier("folder_id", self.folder_id)
            hook = FrameioHook(self.frameio_conn_id)
            given = (hook.account_id(self.account_id), folder_id, items("file_ids", self.file_ids))
            request = hook.run(StackRequest.resolved(*given))
            record, _ = hook.run(ensure_stacked(request, LookupPolicy(scale=hook.client.settings.time_scale)))
        stack = VersionStack.from_record(record)
        context["ti"].xcom_push(key="version_stack", value=without_creator(record))
        FrameioLink.push(context, stack.view_url)
        self.log.info("%s files are stacked as %s: %s", len(request.file_ids), stack.id, foreign(stack.view_url))
        return stack.id
