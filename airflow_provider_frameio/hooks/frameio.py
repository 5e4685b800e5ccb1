"""The hook: an Airflow connection and Frame.io's verbs for version stacks and what surrounds them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_frameio import connection_form
from airflow_provider_frameio._compat import BaseHook, mask_secret
from airflow_provider_frameio.api.endpoints import accounts, files, folders, version_stacks
from airflow_provider_frameio.api.endpoints.build import any_endpoint
from airflow_provider_frameio.api.errors import FrameioError, InvalidParameter
from airflow_provider_frameio.api.metadata import set_metadata
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.parameters import Include
from airflow_provider_frameio.api.protocol import Operation, RecordedFlow
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.hooks.connection import load_settings, read_variable

if TYPE_CHECKING:
    from airflow_provider_frameio.client.client import Client

T = TypeVar("T")


class FrameioHook(BaseHook):
    """Talks to Frame.io V4 as the user of a connection, at the pace its rate limits allow.

    Every verb takes ``account_id`` (default: the connection's) and returns what Frame.io sends under ``data``, as
    dicts. Lists are complete, all pages of them, or an error. A call waits for its rate limit, is repeated after
    passing faults where that is safe, and raises a ``FrameioError`` otherwise. Safe for threads.

    Source: https://developer.adobe.com/frameio/api/current/

    :param frameio_conn_id: the connection.
    """

    conn_name_attr = "frameio_conn_id"
    default_conn_name = "frameio_default"
    conn_type = "frameio"
    hook_name = "Frame.io"

    def __init__(self, frameio_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frameio_conn_id = frameio_conn_id

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Fields of the connection form, for Airflow versions that ask the hook."""
        return connection_form.widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Labels and placeholders of the connection form, for Airflow versions that ask the hook."""
        return connection_form.behaviour()

    @cached_property
    def client(self) -> Client:
        """The client; made, and the connection read, at the first use."""
        from airflow_provider_frameio.client.client import Client  # not while a DAG file is parsed

        read = partial(load_settings, self.frameio_conn_id)
        return Client(read(), reload=read, stored=read_variable, mask=mask_secret)

    def get_conn(self) -> Client:
        """The client."""
        return self.client

    def copy_version_stack(
        self,
        version_stack_id: str,
        *,
        parent_id: str | None = None,
        copy_metadata: bool = False,
        account_id: str | None = None,
    ) -> JsonObject:
        """Start the copy of a version stack; returns the new stack's record, whose versions appear over time.

        :param parent_id: folder to copy into; default: the source's own.
        :param copy_metadata: whether to copy metadata values.
        :raises CopyOutcomeUnknown: the answer was lost; calling again could copy twice.
        """
        options = {"parent_id": parent_id, "copy_metadata": copy_metadata}
        return self._call(version_stacks.copy_version_stack, account_id, version_stack_id, **options)

    def get_version_stack(
        self, version_stack_id: str, *, include: Include = None, account_id: str | None = None
    ) -> JsonObject:
        """A version stack's record; its ``head_version`` may be None."""
        return self._call(version_stacks.get_version_stack, account_id, version_stack_id, include=include)

    def list_version_stacks(
        self, folder_id: str, *, include: Include = None, sort: str | None = None, account_id: str | None = None
    ) -> list[JsonObject]:
        """Every version stack of a folder, not of its subfolders."""
        return self._list(version_stacks.list_version_stacks, account_id, folder_id, include=include, sort=sort)

    def list_version_stack_children(
        self, version_stack_id: str, *, include: Include = None, sort: str | None = None, account_id: str | None = None
    ) -> list[JsonObject]:
        """Every version of a stack; Frame.io usually lists the newest first."""
        options = {"include": include, "sort": sort}
        return self._list(version_stacks.list_version_stack_children, account_id, version_stack_id, **options)

    def create_version_stack(
        self, folder_id: str, file_ids: Sequence[str], *, account_id: str | None = None
    ) -> JsonObject:
        """Stack 2 to 10 files that are in this folder, oldest first.

        :raises OutcomeUnknown: the answer was lost.
        """
        return self._call(version_stacks.create_version_stack, account_id, folder_id, file_ids)

    def move_version_stack(self, version_stack_id: str, parent_id: str, *, account_id: str | None = None) -> JsonObject:
        """Move a version stack into another folder."""
        return self._call(version_stacks.move_version_stack, account_id, version_stack_id, parent_id)

    def copy_file(
        self,
        file_id: str,
        *,
        parent_id: str | None = None,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        account_id: str | None = None,
    ) -> JsonObject:
        """Copy one file; ``copy_comments`` is none, internal, public or all.

        :raises CopyOutcomeUnknown: the answer was lost; calling again could copy twice.
        """
        options = {"parent_id": parent_id, "copy_metadata": copy_metadata, "copy_comments": copy_comments}
        return self._call(files.copy_file, account_id, file_id, **options)

    def copy_files(
        self,
        file_ids: Sequence[str],
        parent_id: str,
        *,
        copy_metadata: bool = False,
        copy_comments: str = "none",
        account_id: str | None = None,
    ) -> list[JsonObject]:
        """Copy 1 to 100 files in one call: ``[{"source_file_id": …, "file": {…}}, …]``.

        :raises NotFound: also where Frame.io does not offer this newer endpoint yet.
        :raises CopyOutcomeUnknown: the answer was lost; calling again could copy twice.
        """
        options = {"copy_metadata": copy_metadata, "copy_comments": copy_comments}
        return self._call(files.copy_files, account_id, file_ids, parent_id, **options)

    def move_file(self, file_id: str, parent_id: str, *, account_id: str | None = None) -> JsonObject:
        """Move a file into a folder, or into a version stack, where it becomes the newest version."""
        return self._call(files.move_file, account_id, file_id, parent_id)

    def move_files(self, file_ids: Sequence[str], parent_id: str, *, account_id: str | None = None) -> list[JsonObject]:
        """Move 1 to 100 files into a folder in one call: their records.

        :raises NotFound: also where Frame.io does not offer this newer endpoint yet.
        """
        return self._call(files.move_files, account_id, file_ids, parent_id)

    def delete_file(self, file_id: str, *, account_id: str | None = None) -> None:
        """Delete a file."""
        self._call(files.delete_file, account_id, file_id)

    def update_metadata(
        self, project_id: str, file_ids: Sequence[str], values: Mapping[str, Any], *, account_id: str | None = None
    ) -> None:
        """Set the same metadata of 1 to 100 files of a project; set again, it stays the same.

        :param values: by a field's name or id, such as ``{"Delivered": "Yes"}``. Options are given by name or id, users
            by name, e-mail address or id.
        :raises InvalidParameter: a field, an option or a user that is not there; nothing was set.
        """
        self.run(set_metadata(self.account_id(account_id), project_id, file_ids, values))

    def get_folder(self, folder_id: str, *, include: Include = None, account_id: str | None = None) -> JsonObject:
        """A folder's record."""
        return self._call(folders.get_folder, account_id, folder_id, include=include)

    def list_folder_children(
        self,
        folder_id: str,
        *,
        include: Include = None,
        sort: str | None = None,
        type: str | Sequence[str] | None = None,
        account_id: str | None = None,
    ) -> list[JsonObject]:
        """Everything in a folder, not in its subfolders.

        :param type: one or several of ``file``, ``folder`` and ``version_stack``; default: all of them.
        """
        options = {"include": include, "sort": sort, "type": type}
        return self._list(folders.list_folder_children, account_id, folder_id, **options)

    def create_folder(self, folder_id: str, name: str, *, account_id: str | None = None) -> JsonObject:
        """Make a folder in a folder, also where one has this name already.

        :raises OutcomeUnknown: the answer was lost.
        """
        return self._call(folders.create_folder, account_id, folder_id, name)

    def get_project(self, project_id: str, *, include: Include = None, account_id: str | None = None) -> JsonObject:
        """A project's record; its ``adobe_id`` is set where Adobe storage backs it."""
        return self._call(accounts.get_project, account_id, project_id, include=include)

    def get_me(self) -> JsonObject:
        """The user of the connection: ``{"id", "email", "name", "avatar_url"}``."""
        return self.client.call(accounts.get_me())

    def list_accounts(self) -> list[JsonObject]:
        """Every account this user belongs to."""
        return self.run(all_pages(accounts.list_accounts()))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> JsonObject | None:
        """Call any other V4 endpoint with the same authorization, pacing and errors.

        :param path: from ``/v4/`` on, ids percent-encoded.
        :param json: the whole body.
        :param headers: sent with this call, besides the connection's, before which they go. None replaces the token.
        :param repeatable: whether it may be repeated after an answer was lost; default: only a GET may.
        :returns: the whole body, ``data`` and ``links`` included; None for an answer without content.
        """
        call = any_endpoint(method, path, params=params, json=json, headers=headers, repeatable=repeatable)
        del headers  # what reports an error shows the local variables of each frame
        return self.client.call(call)

    def test_connection(self) -> tuple[bool, str]:
        """Whether the connection works, and what is wrong with it if not."""
        from airflow_provider_frameio.hooks.diagnosis import diagnose

        try:
            return diagnose(load_settings(self.frameio_conn_id))
        except FrameioError as error:
            return False, str(error)

    def account_id(self, account_id: str | None = None) -> str:
        """The account to work in: the one given, or the connection's.

        :raises InvalidParameter: neither is there.
        """
        account = account_id or self.client.settings.account_id
        if not account:
            remedy = f"set the extra 'account_id' of the connection {self.frameio_conn_id!r}, or pass account_id."
            raise InvalidParameter("account_id", account_id, remedy)
        return account

    def run(
        self,
        flow: RecordedFlow[T],
        save: Callable[[JsonObject], None] = lambda record: None,
        max_wait_slots: float = math.inf,
    ) -> T:
        """Run several operations as one.

        :param save: stores the record of a flow that keeps one.
        :param max_wait_slots: the longest wait of a recorded operation for its rate limit; then ``NoSlot`` is raised.
        """
        return self.client.run(flow, save, max_wait_slots)

    def _call(
        self, endpoint: Callable[..., Operation[T]], account_id: str | None, *arguments: Any, **options: Any
    ) -> T:
        return self.client.call(endpoint(self.account_id(account_id), *arguments, **options))

    def _list(
        self, endpoint: Callable[..., Operation[Page]], account_id: str | None, *arguments: Any, **options: Any
    ) -> list[JsonObject]:
        return self.run(all_pages(endpoint(self.account_id(account_id), *arguments, **options)))
