"""The operator that lists the version stacks of a folder, for other tasks to work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.api.endpoints.version_stacks import STACK_SORTS, list_version_stacks
from airflow_provider_frameio.api.filters import stack_filter, summaries
from airflow_provider_frameio.api.metadata import LIST_OPTIONS, metadata_filter, wanted_values
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.parameters import choice, identifier
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail
from airflow_provider_frameio.tasks.options import NOT_GIVEN, given, rendered_later

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context


class FrameioListVersionStacksOperator(BaseOperator):
    """List a folder's version stacks, optionally filtered by name, update time and metadata, as ids to map over.

    The list is complete, all pages of it, or the task fails. A folder without any gives ``[]``, and what is mapped over
    that is skipped. Airflow maps over at most ``core.max_map_length`` items (1,024);
    ``FrameioBulkCopyVersionStacksOperator`` takes more.

    XCom ``version_stacks`` describes the first 1,000: ``[{"id", "name", "view_url", "updated_at"}, …]``.

    Source: https://developer.adobe.com/frameio/api/current/operation/version_stacks.list/

    :param folder_id: the folder (templated); its subfolders are not looked into.
    :param name_pattern: a pattern of names as a shell knows them, such as ``*_final.mov``, or several, of which one has
        to match (templated). Case does not count. Default: all names.
    :param updated_since: only stacks that Frame.io says were updated then or later (templated): a datetime, or text in
        ISO 8601, with an offset from UTC. For "since the last run" keep the time in an Airflow Variable, as the example
        DAG ``nightly_archive`` does: in a run without a logical date, by hand or by an asset, Airflow 3 defines no
        ``{{ data_interval_start }}``, and ``{{ prev_start_date_success }}`` is None. Default: whenever.
    :param metadata: only stacks that have these values, or whose newest version has them:
        ``{"Status": "Approved", "Territory": ["DE", "AT"]}``. Fields are given by name or id, options by name or id,
        users by name, e-mail address or id. Of several values one has to match; all fields have to (values templated,
        or the whole another task's output). Takes a call or two more, for the account's fields and users, and a page
        holds 100 stacks. Default: whatever they have.
    :param sort: ``name``, ``created_at`` or ``updated_at`` with ``_asc`` or ``_desc`` (templated); default: Frame.io's
        own order.
    :param account_id: the account (templated); default: the connection's.
    :param frameio_conn_id: the connection (templated).
    :returns: the stacks' ids.
    """

    template_fields: Sequence[str] = (
        "folder_id",
        "name_pattern",
        "updated_since",
        "metadata",
        "sort",
        "account_id",
        "frameio_conn_id",
    )
    ui_color = "#e8e6fd"

    def __init__(
        self,
        *,
        folder_id: str,
        name_pattern: str | Sequence[str] | None = NOT_GIVEN,
        updated_since: str | datetime | None = NOT_GIVEN,
        metadata: Mapping[str, Any] | None = NOT_GIVEN,
        sort: str | None = None,
        account_id: str | None = None,
        frameio_conn_id: str = FrameioHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not rendered_later(sort):
            choice("sort", sort, STACK_SORTS)
        if given(metadata) is not None and not rendered_later(metadata):
            wanted_values("metadata", metadata)
        self.folder_id = folder_id
        self.name_pattern = given(name_pattern)
        self.updated_since = given(updated_since)
        self.metadata = given(metadata)
        self.sort = sort
        self.account_id = account_id
        self.frameio_conn_id = frameio_conn_id
        self._by_name = name_pattern is not NOT_GIVEN
        self._by_age = updated_since is not NOT_GIVEN
        self._by_metadata = metadata is not NOT_GIVEN

    def execute(self, context: Context) -> list[str]:
        """List them."""
        with permanent_errors_fail():
            folder_id = identifier("folder_id", self.folder_id)
            wanted = stack_filter(self.name_pattern, self.updated_since, by_name=self._by_name, by_age=self._by_age)
            values = wanted_values("metadata", self.metadata) if self._by_metadata else {}
            hook = FrameioHook(self.frameio_conn_id)
            account_id = hook.account_id(self.account_id)
            first = list_version_stacks(account_id, folder_id, sort=self.sort, **(LIST_OPTIONS if values else {}))
            having = hook.run(metadata_filter(account_id, values))
            stacks = hook.run(all_pages(first))
        chosen = [stack for stack in stacks if wanted.admits(stack) and having.admits(stack)]
        self.log.info("%s of the %s version stacks in the folder %s.", len(chosen), len(stacks), folder_id)
        context["ti"].xcom_push(key="version_stacks", value=summaries(chosen))
        return [stack["id"] for stack in chosen]
