"""The endpoints that say who calls and which accounts it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.listing import sort_parameters, sorted_page
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Route, ok
from airflow_provider_frameio.emulator.state.assets import Account, User
from airflow_provider_frameio.emulator.wire.answers import Answer
from airflow_provider_frameio.emulator.wire.parameters import flag

SORT_KEYS: Mapping[str, Callable[[Account], Any]] = {
    "created_at": lambda account: account.created_at,
    "display_name": lambda account: account.name,
}
USER_SORT_KEYS: Mapping[str, Callable[[User], Any]] = {
    "role": lambda _: "",  # all have the same
    "name": lambda user: user.name,
    "email": lambda user: user.email,
}


def me(call: Call) -> Answer:
    """The user whose token is used."""
    return ok(call.records.profile(call.user))


def list_accounts(call: Call) -> Answer:
    """The accounts that the user belongs to."""
    own = [account for account in call.store.accounts.values() if call.user.id in account.user_ids]
    page, envelope = sorted_page(call, own, SORT_KEYS, "created_at_asc")
    return ok([call.records.account(account) for account in page], **envelope)


def list_users(call: Call) -> Answer:
    """The users of an account, each with a role."""
    users = [user for user in call.store.users.values() if user.id in call.account.user_ids]
    page, envelope = sorted_page(call, users, USER_SORT_KEYS, "role_asc")
    return ok([{"role": "admin", "user": call.records.user(user)} for user in page], **envelope)


USERS_QUERY = {"include_deactivated": flag, **sort_parameters(100, USER_SORT_KEYS)}

ROUTES = (
    Route("GET", "/me", Limit(100, PER_MINUTE), me),
    Route("GET", "/accounts", Limit(100, PER_MINUTE), list_accounts, sort_parameters(100, SORT_KEYS)),
    Route("GET", "/accounts/{account_id}/users", Limit(100, PER_MINUTE), list_users, USERS_QUERY),
)
