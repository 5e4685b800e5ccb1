"""The endpoints that say who calls and which accounts it has."""

from __future__ import annotations

from airflow_provider_frameio.emulator.limiter import Limit
from airflow_provider_frameio.emulator.routes.route import PER_MINUTE, Call, Result, Route, ok
from airflow_provider_frameio.emulator.state.assets import Account, User
from airflow_provider_frameio.emulator.wire.pages import Order, cut_page, page_parameters
from airflow_provider_frameio.emulator.wire.parameters import flag, one_of

SORTS = ("created_at_asc", "created_at_desc", "display_name_asc", "display_name_desc")
USER_SORTS = ("role_asc", "role_desc", "name_asc", "name_desc", "email_asc", "email_desc")


def me(call: Call) -> Result:
    """The user whose token is used."""
    return ok(call.records.profile(call.user))


def list_accounts(call: Call) -> Result:
    """The accounts that the user belongs to."""
    position = {account_id: number for number, account_id in enumerate(call.store.accounts)}
    sort = call.query.get("sort", "created_at_asc")

    def key(account: Account) -> tuple[str | float, int]:
        return (account.name if sort.startswith("display_name") else account.created_at), position[account.id]

    own = [account for account in call.store.accounts.values() if call.user.id in account.user_ids]
    page, envelope = cut_page(own, Order(sort, key, sort.endswith("desc")), call.query, call.path)
    return ok([call.records.account(account) for account in page], **envelope)


def list_users(call: Call) -> Result:
    """The users of an account, each with a role."""
    users = [call.store.users[user_id] for user_id in call.store.users if user_id in call.account.user_ids]
    position = {user.id: number for number, user in enumerate(users)}
    sort = call.query.get("sort", "role_asc")

    def key(user: User) -> tuple[str, int]:
        return {"name": user.name, "email": user.email}.get(sort.partition("_")[0], ""), position[user.id]

    page, envelope = cut_page(users, Order(sort, key, sort.endswith("desc")), call.query, call.path)
    return ok([{"role": "admin", "user": call.records.user(user)} for user in page], **envelope)


ROUTES = (
    Route("me", "GET", "/me", Limit(100, PER_MINUTE), me),
    Route(
        "list_accounts",
        "GET",
        "/accounts",
        Limit(100, PER_MINUTE),
        list_accounts,
        {"sort": one_of(SORTS), **page_parameters(100)},
    ),
    Route(
        "list_users",
        "GET",
        "/accounts/{account_id}/users",
        Limit(100, PER_MINUTE),
        list_users,
        {"sort": one_of(USER_SORTS), "include_deactivated": flag, **page_parameters(100)},
    ),
)
