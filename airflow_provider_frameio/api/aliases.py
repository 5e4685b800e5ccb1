"""Ids of Adobe's, by which Frame.io knows what is on Adobe storage besides its own id, a UUID. Performs no I/O.

``adobe:<organization>`` is an account, ``adobe:<asset>`` a project, a folder or a version stack, and
``adobe:<asset>|<version>`` a file. They are good wherever an id is given, and answers say the UUID: so an alias must be
resolved before it is compared with an id in an answer.

Source: ``FrameOrAdobeId`` in https://developer.adobe.com/frameio/api/current/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from airflow_provider_frameio.api.endpoints.accounts import list_accounts
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.parameters import identifier
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject

_PREFIX = "adobe:"


def is_alias(given: str) -> bool:
    """Whether an id is one of Adobe's."""
    return given.startswith(_PREFIX)


def is_called(record: JsonObject, names: Iterable[str]) -> bool:
    """Whether one of these is the account's or asset's own id, or its alias, whichever version that names.

    Costs no call. False where Frame.io does not show Adobe's id, which it does only "when available".
    """
    adobe_id = text(record, "adobe_id")
    alias = adobe_id and f"{_PREFIX}{adobe_id}"
    return any(name == record.get("id") or (alias and name.partition("|")[0] == alias) for name in names)


def own_id(show: Callable[[str, str], Operation[JsonObject]], account_id: str, given: str) -> Flow[str]:
    """An asset's own id: a call where an alias is given.

    :param show: the endpoint that shows such an asset.
    :raises InvalidParameter: it can be no id.
    """
    asset = show(account_id, given)
    return text((yield asset), "id") if is_alias(given) else identifier("id", given)


def own_account_id(account_id: str) -> Flow[str]:
    """An account's own id: a list of the user's accounts where an alias is given, itself if none is called so.

    :raises InvalidParameter: it can be no id.
    """
    given = identifier("account_id", account_id)
    accounts = (yield from all_pages(list_accounts())) if is_alias(given) else []
    return next((text(account, "id") for account in accounts if is_called(account, [given])), given)
