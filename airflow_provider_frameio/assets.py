"""A version stack as an Airflow asset: its URI, ``frameio://{account}/{stack}``, and what Airflow asks of a URI scheme.

The same form fits whatever has an id in Frame.io, such as a folder. Ids stand in it percent-encoded, since those of
Adobe storage hold ``:`` and ``|``. Airflow 2 calls assets datasets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.parameters import identifier

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Asset

SCHEME = "frameio"


def version_stack_uri(account_id: str, version_stack_id: str) -> str:
    """The URI of a version stack.

    :raises InvalidParameter: one of them can be no id.
    """
    account, stack = identifier("account_id", account_id), identifier("version_stack_id", version_stack_id)
    return f"{SCHEME}://{quote(account, safe='')}/{quote(stack, safe='')}"


def parse_version_stack_uri(uri: str) -> tuple[str, str]:
    """The account's and the version stack's id, from a URI that ``version_stack_uri`` made.

    :raises InvalidParameter: it is none.
    """
    parts = urlsplit(uri)
    if parts.scheme != SCHEME:
        raise _wrong(uri)
    return _ids(parts)


def create_asset(*, account_id: str, version_stack_id: str, extra: dict[str, Any] | None = None) -> Asset:
    """The asset of a version stack; Airflow calls this to make one from its parts."""
    from airflow_provider_frameio._compat import Asset  # every Airflow process imports this module

    return Asset(uri=version_stack_uri(account_id, version_stack_id), extra=extra)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """The one spelling of a URI; Airflow calls this for every asset of this scheme.

    :raises InvalidParameter: it is not ``frameio://{account}/{stack}``. It is a ``ValueError``, as Airflow wants it.
    """
    return urlsplit(version_stack_uri(*_ids(uri)))


def _ids(parts: SplitResult) -> tuple[str, str]:
    account, slash, stack = unquote(parts.netloc), parts.path[:1], parts.path[1:]
    if not account or not slash or not stack or "/" in stack or parts.query or parts.fragment:
        raise _wrong(parts.geturl())
    return account, unquote(stack)


def _wrong(uri: str) -> InvalidParameter:
    return InvalidParameter(
        "uri", uri, "give frameio://<account id>/<version stack id>, as version_stack_uri makes it."
    )
