"""``python -m airflow_provider_frameio.authorize``: the one step of ``auth_type`` ``user`` that needs a browser.

Prints where to go, takes what comes back, and stores the user's first tokens in the connection's Airflow Variable; or
prints them, where Airflow's database is out of reach. Adobe sends browsers back to https addresses only: nothing need
answer there, since the address the browser ends at can be pasted. Where http on this machine is registered, it listens.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from airflow_provider_frameio.api.auth.ims import Authorization, authorized
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.api.errors import FrameioError, InvalidParameter
from airflow_provider_frameio.authorize.loopback import ADDRESSES, listen
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.client.transport import Transport
from airflow_provider_frameio.hooks.airflow_database import Unreachable, store_tokens, stored_settings

REDIRECT_URI = "https://localhost/frameio"
SECRET_VARIABLE = "FRAMEIO_CLIENT_SECRET"  # noqa: S105 - the name of an environment variable
_WITHOUT_AIRFLOW = "make it first, with auth_type 'user', or give --client-id."
_NEXT = "Now schedule a DAG with FrameioRefreshTokenOperator every six to eight hours."


def main(arguments: Sequence[str] | None = None) -> int:
    """Authorize.

    :return: exit status: 0; 1 where what was given, or came back, cannot be used, or somebody stopped it; 2 where this
        is the wrong place.
    """
    options = parser().parse_args(arguments)
    try:
        settings = _given(options) if options.client_id else stored_settings(options.conn_id, _WITHOUT_AIRFLOW)
        token = _tokens(_authorization(settings, options), paste=options.paste)
    except (FrameioError, Unreachable, OSError) as error:  # an OSError: another process listens there
        _say(str(error))
        return 1 if isinstance(error, FrameioError) else 2
    except KeyboardInterrupt:
        _say("Stopped. Nothing was stored.")
        return 1
    if options.client_id or options.print:
        _print(settings, token)
        return 0
    return _store(settings, token)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m airflow_provider_frameio.authorize",
        description="Get a user's consent, once, for a connection with auth_type 'user'.",
        epilog=f"The client secret is the connection's; with --client-id it is in {SECRET_VARIABLE}, or asked for.",
    )
    command.add_argument("--conn-id", default="frameio_default", help="the connection (default frameio_default)")
    command.add_argument("--client-id", help="without Airflow: the client ID, and print the tokens for a Variable")
    command.add_argument("--ims-url", help="with --client-id: where Adobe IMS is")
    command.add_argument("--scopes", help="with --client-id: what to ask access to")
    command.add_argument("--auth-variable", help="with --client-id: the Variable's name")
    command.add_argument(
        "--redirect-uri", default=REDIRECT_URI, help=f"as registered with the credential (default {REDIRECT_URI})"
    )
    command.add_argument("--paste", action="store_true", help="paste the address the browser ends at; never listen")
    command.add_argument("--print", action="store_true", help="print the tokens for a Variable instead of storing them")
    return command


def _given(options: argparse.Namespace) -> Settings:
    secret = os.environ.get(SECRET_VARIABLE)
    if secret is None:
        secret = getpass.getpass("Client secret (empty for a credential without one): ")
    names = ("ims_url", "scopes", "auth_variable")
    extra = {"auth_type": "user", **{name: getattr(options, name) for name in names}}
    return Settings.from_connection(options.conn_id, login=options.client_id, password=secret, extra=extra)


def _authorization(settings: Settings, options: argparse.Namespace) -> Authorization:
    if settings.auth_type != "user":
        raise InvalidParameter("conn_id", options.conn_id, f"its auth_type is {settings.auth_type!r}, not 'user'.")
    if "offline_access" not in settings.scopes.split():
        raise InvalidParameter("scopes", settings.scopes, "without 'offline_access' Adobe gives no refresh token.")
    verifier = "" if settings.secret else secrets.token_urlsafe(64)
    return Authorization(settings, options.redirect_uri, secrets.token_urlsafe(32), verifier)


def _tokens(authorization: Authorization, *, paste: bool) -> UserToken:
    settings = authorization.settings
    code = authorization.code_of(_redirected(authorization, paste=paste))
    operation = authorized(
        settings.client_id, settings.secret, code, authorization.redirect_uri, authorization.verifier
    )
    now = SYSTEM_CLOCK.epoch()
    grant = operation.result(Transport(settings, SYSTEM_CLOCK.monotonic).send(settings.ims_url, operation))
    if not grant.refresh_token:
        remedy = "Adobe gave no refresh token: only an OAuth Web App credential with this scope gets one."
        raise InvalidParameter("scopes", settings.scopes, remedy)
    return UserToken.issued(grant, now)


def _redirected(authorization: Authorization, *, paste: bool) -> str:
    parts = urlsplit(authorization.redirect_uri)
    _say("Open this address in a browser, signed in as the user whose account is to be used:")
    if parts.scheme == "http" and parts.hostname in ADDRESSES and not paste:
        return listen(parts.hostname, parts.port or 80, authorization.is_answer, lambda: _say(authorization.url()))
    _say(authorization.url())
    _say("The browser ends at an address that may show an error; it begins with")
    _say(f"  {authorization.redirect_uri}")
    _say("Paste the whole of it here, within a few minutes:")
    try:
        return sys.stdin.readline()
    except UnicodeDecodeError:
        return ""  # whatever it is, it is no address


def _store(settings: Settings, token: UserToken) -> int:
    name = settings.auth_variable
    try:
        stored = store_tokens(name, token.to_text())
    except Unreachable as error:
        _say(str(error))
        _print(settings, token)
        return 0
    if not stored:
        _say(f"Stored, but Airflow reads another Variable {name}: remove it from your secrets backend")
        _say(f"or the environment variable AIRFLOW_VAR_{name.upper()}.")
        return 1
    _say(f"Stored in the Airflow Variable {name}. {_NEXT}")
    return 0


def _print(settings: Settings, token: UserToken) -> None:
    name = settings.auth_variable
    _say(f"Make an Airflow Variable {name} of the JSON below, and keep no copy: whoever has it is the")
    _say("user, and whoever else refreshes these tokens ends them. They are gone in 14 days if nobody refreshes them.")
    _say(_NEXT)
    sys.stdout.write(f"{token.to_text()}\n")


def _say(text: str) -> None:
    """On stderr, so that stdout holds the tokens and nothing else."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
