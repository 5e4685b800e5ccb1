"""The operator that sets metadata of version stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.api.endpoints.files import MOST_FILES, update_metadata
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.metadata import metadata_values, wanted_values
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.parameters import identifier, items
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.options import rendered_later

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.api.replies import JsonObject


class FrameioUpdateMetadataOperator(BaseOperator):
    """Set metadata of the newest version of each of many version stacks, such as *Delivered: Yes*.

    Names are looked up and all stacks are read before anything is set: a field, an option, a user or a stack that is
    not there fails the task with nothing changed. The task may be repeated: the same values are set again.

    Each stack takes a call, of which Frame.io admits 100 a minute; each hundred of a project take one more, of which it
    admits 10. The task waits for them in its worker.

    Not guaranteed: that a version is marked that became the newest one while the task ran.

    Source: https://developer.adobe.com/frameio/api/current/operation/metadata.bulk_update/

    :param version_stack_ids: the stacks' ids (templated): a list, or another task's output, that of a mapped one too.
        Where it is empty nothing is set.
    :param metadata: the values by the field's name or id: ``{"Delivered": "Yes", "Territory": ["DE", "AT"]}``. Options
        are given by name or id, users by name, e-mail address or id; several values only where the field has several
        (values templated, or the whole another task's output). What the fields had before is replaced.
    :param account_id: the account (templated); default: the connection's.
    :param frameio_conn_id: the connection (templated).
    :returns: the ids of the versions that were marked, in the order of the stacks.
    """

    template_fields: Sequence[str] = ("version_stack_ids", "metadata", "account_id", "frameio_conn_id")
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        version_stack_ids: Sequence[str],
        metadata: Mapping[str, Any],
        account_id: str | None = None,
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if metadata is not None and not rendered_later(metadata):
            wanted_values("metadata", metadata)
        self.version_stack_ids = version_stack_ids
        self.metadata = metadata
        self.account_id = account_id
        self.frameio_conn_id = frameio_conn_id

    def execute(self, context: Context) -> list[str]:
        """Set them."""
        with permanent_errors_fail():
            given = items("version_stack_ids", self.version_stack_ids)
            stack_ids = [identifier(f"version_stack_ids[{number}]", one) for number, one in enumerate(given)]
            wanted = wanted_values("metadata", self.metadata)
            return self._set(list(dict.fromkeys(stack_ids)), wanted) if stack_ids else []

    def _set(self, stack_ids: list[str], wanted: Mapping[str, Sequence[Any]]) -> list[str]:
        hook = FrameioHook(self.frameio_conn_id)
        account_id = hook.account_id(self.account_id)
        values = hook.run(metadata_values(account_id, wanted))
        newest = [_newest_version(hook.get_version_stack(one, account_id=account_id)) for one in stack_ids]
        by_project: dict[str, list[str]] = {}
        for project_id, file_id in newest:
            by_project.setdefault(project_id, []).append(file_id)
        for project_id, file_ids in by_project.items():
            for start in range(0, len(file_ids), MOST_FILES):
                batch = file_ids[start : start + MOST_FILES]
                hook.client.call(update_metadata(account_id, project_id, batch, values))
        self.log.info("Set %s on the newest versions of %s version stacks.", ", ".join(wanted), len(stack_ids))
        return [file_id for _, file_id in newest]


def _newest_version(stack: JsonObject) -> tuple[str, str]:
    """The ids of a stack's project and of its newest version."""
    head = stack.get("head_version")
    if head is None:
        raise InvalidParameter("version_stack_ids", stack["id"], "this version stack has no versions.")
    return text(stack, "project_id"), text(head, "id")
