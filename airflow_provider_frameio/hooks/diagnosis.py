"""The connection test: whether these settings reach a Frame.io account, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_frameio._compat import mask_secret
from airflow_provider_frameio.api.aliases import is_called
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.accounts import get_me, list_accounts
from airflow_provider_frameio.api.errors import NoUserToken
from airflow_provider_frameio.api.foreign import foreign, listed
from airflow_provider_frameio.api.pages import all_pages
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.hooks.connection import read_variable

# Airflow tests what the form holds under a name made up for the purpose.
_UNNAMED = (
    " (The form's test does not know the connection's own name: there, set the extra 'auth_variable' to"
    " 'frameio_token_' and the connection's id.)"
)


def diagnose(settings: Settings) -> tuple[bool, str]:
    """Whether these settings work, and a message. Tries each call once: somebody is waiting for the answer.

    :raises FrameioError: the host, Adobe IMS or Frame.io refused, and why.
    """
    client = Client(settings, backoff=Backoff(attempts=1, refusal_timeout=0.0), stored=read_variable, mask=mask_secret)
    try:
        me = client.call(get_me())
        accounts = client.run(all_pages(list_accounts()))
    except NoUserToken as error:
        return False, f"{error}{_UNNAMED if settings.conn_id in settings.auth_variable else ''}"
    finally:
        client.close()
    who = f"{foreign(me.get('name'))} <{foreign(me.get('email'))}>"
    chosen = [account for account in accounts if is_called(account, [settings.account_id])]
    if chosen:
        return True, f"Connected as {who} to account {_name(chosen[0])}."
    if settings.account_id:
        return False, (
            f"Connected as {who}, but account_id {settings.account_id!r} is none of this user's accounts: "
            f"{_names(accounts)}. Correct the extra 'account_id', or add the user to that account."
        )
    return True, f"Connected as {who}. No account_id is set, so every task must give one of: {_names(accounts)}."


def _names(accounts: Sequence[JsonObject]) -> str:
    return listed(map(_name, accounts), ", ") or "none at all"


def _name(account: JsonObject) -> str:
    return f"'{foreign(account.get('display_name'))}' ({account['id']})"
