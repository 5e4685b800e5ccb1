"""Every error as its reader meets it: what was asked, what came back, what to do.

In a message ``{show}``, ``{copy}``, ``{create}``, ``{list}`` and ``{token}`` stand for what was asked, ``{https}`` for
the emulator's address with https, and ``…`` for words of the operating system or the HTTP library.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.ims import AccessToken
from airflow_provider_frameio.api.endpoints.version_stacks import create_version_stack, list_version_stacks
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client.credentials import fingerprint
from tests.client.conftest import QUICK, Studio
from tests.reported import reported

ROUTES = {
    "show": "show_version_stack",
    "copy": "copy_version_stack",
    "create": "create_version_stack",
    "list": "list_version_stacks",
}


@dataclass(frozen=True)
class Case:
    """What goes wrong, and the error to be raised.

    :ivar asked: ``show``, ``copy``, ``create`` or ``list``.
    :ivar fault: ordered from the emulator.
    :ivar connection: what the connection says other than it should; ``{https}`` stands for Frame.io's address as https.
    """

    error: type[errors.FrameioError]
    message: str
    asked: str = "show"
    fault: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, Any] = field(default_factory=dict)


def api(status: int, **more: Any) -> dict[str, Any]:
    """Frame.io answers a status to the call."""
    return {"kind": "status", "status": status, **more}


def ims(status: int, **more: Any) -> dict[str, Any]:
    """Adobe IMS answers a status to the request for a token."""
    return {"route": "ims_token", **api(status, **more)}


POINTED = {"errors": [{"title": "Invalid value", "detail": "is not a file", "source": {"pointer": "/data/file_ids/0"}}]}

TABLE = {
    "400": Case(
        errors.BadRequest,
        "{show}: Frame.io answered 400: Bad Request (ordered fault) [request emulated-2]. "
        "Check the values given; Frame.io names the one it cannot use, if any, above.",
        fault=api(400),
    ),
    "401": Case(
        errors.Unauthorized,
        "{show}: Frame.io answered 401: the access token is unknown or expired [request emulated-1]. "
        "Check auth_type and Password of the connection: it is wrong, expired, revoked or of another kind. "
        "A token that Adobe has just issued may lack a scope, a product profile or a link to the user's Adobe ID.",
        connection={"auth_type": "token", "secret": "5ecret"},
    ),
    "401 for a good token": Case(
        errors.Unauthorized,
        "{show}: Frame.io answered 401: user is not linked to an Adobe ID [request emulated-4]. "
        "The token is good but its Adobe ID belongs to no user of Frame.io. Sign in to Frame.io with this Adobe ID "
        "once; accounts outside the Adobe Admin Console first switch to Adobe authentication.",
        fault=api(401, times=2, body={"errors": [{"detail": "user is not linked to an Adobe ID"}]}),
    ),
    "403": Case(
        errors.Forbidden,
        "{show}: Frame.io answered 403: Forbidden (ordered fault) [request emulated-2]. "
        "Check that the connection's user may do this in the project and that the account is not locked.",
        fault=api(403),
    ),
    "404": Case(
        errors.NotFound,
        "{show}: Frame.io answered 404: Not Found (ordered fault) [request emulated-2]. "
        "Check the id and account_id, and that the connection's user can see it; it may have been deleted.",
        fault=api(404),
    ),
    "409": Case(
        errors.Conflict,
        "{show}: Frame.io answered 409: Conflict (ordered fault) [request emulated-2]. "
        "Something else changed the same asset; try again when it is at rest.",
        fault=api(409),
    ),
    "422 with a pointer": Case(
        errors.Unprocessable,
        "{create}: Frame.io answered 422: is not a file (at /data/file_ids/0) [request emulated-2]. "
        "Check that each id is of the right kind (file, folder or version stack) and each value in range.",
        "create",
        fault=api(422, body=POINTED),
    ),
    "429": Case(
        errors.RateLimited,
        "{show}: Frame.io answered 429: 'Rate limit exceeded' [request emulated-2]. "
        "Another client may be spending the same user's budget: start fewer at once, or give them another user.",
        fault=api(429),
    ),
    "500 in plain text": Case(
        errors.ServerError,
        "{show}: Frame.io answered 500: 'oh no' [request emulated-2]. "
        "It usually passes by itself: try again later, and look at Frame.io's status page if it stays.",
        fault=api(500, body="oh no"),
    ),
    "503": Case(
        errors.ServerError,
        "{show}: Frame.io answered 503: Service Unavailable (ordered fault) [request emulated-2]. "
        "It usually passes by itself: try again later, and look at Frame.io's status page if it stays.",
        fault=api(503),
    ),
    "418, which nobody documents": Case(
        errors.ApiError,
        "{show}: Frame.io answered 418: … (ordered fault) [request emulated-2]. "
        "Look the status up in Frame.io's API reference.",
        fault=api(418),
    ),
    "redirect": Case(
        errors.Redirected,
        "{show}: the answer is 302, a redirect to https://login.example/. "
        "Redirects are not followed: set the connection's Host to the API's own address.",
        fault={"kind": "redirect", "location": "https://login.example/"},
    ),
    "not JSON": Case(
        errors.UnreadableAnswer,
        "{show}: the answer 200 cannot be used: no usable JSON (Expecting value: line 1 column 1 (char 0)), but "
        "'<!doctype html><title>Please wait</title><h1>Please wait while we check your bro…'. "
        "Check that Host is Frame.io's API and no proxy answers for it.",
        fault={"kind": "garbage"},
    ),
    "a gateway's page": Case(
        errors.UnreadableAnswer,
        "{show}: the answer 403 is a web page and none of the API's: "
        "'<!doctype html><title>Please wait</title><h1>Please wait while we check your bro…'. "
        "A proxy or gateway gave it: check Host, 'proxies' and the network.",
        fault={"kind": "garbage", "status": 403},
    ),
    "truncated": Case(
        errors.NoAnswer,
        "{show}: the connection broke (…). Try again; if it stays, look at the network or raise 'timeout'.",
        fault={"kind": "truncated_body", "when": "after"},
    ),
    "connection reset": Case(
        errors.NoAnswer,
        "{show}: the connection broke (… Connection reset by peer). "
        "Try again; if it stays, look at the network or raise 'timeout'.",
        fault={"kind": "drop"},
    ),
    "silence": Case(
        errors.NoAnswer,
        "{show}: no whole answer within 3 s. Try again; if it stays, look at the network or raise 'timeout'.",
        fault={"kind": "hang"},
        connection=QUICK,
    ),
    "bad page": Case(
        errors.BadPage,
        "{list}: the answer 200 cannot be used: no list under 'data'. "
        "Check that Host is Frame.io's API and no proxy answers for it.",
        "list",
        {"kind": "bad_page", "how": "not_a_list"},
    ),
    "unreachable": Case(
        errors.HostUnreachable,
        "{show}: no connection to http://127.0.0.1:1 (… Connection refused). "
        "Nothing was sent. Check Host or the extra 'ims_url' of the connection, its 'proxies', and the network.",
        connection={"base_url": "http://127.0.0.1:1"},
    ),
    "TLS": Case(
        errors.TlsFailed,
        "{show}: no trusted connection to {https} (…). "
        "Nothing was sent. Check the address, and the extra 'verify': it may name your network's own certificates.",
        connection={"base_url": "{https}"},
    ),
    "certificates": Case(
        errors.TlsFailed,
        "{show}: the certificates could not be read (… /nowhere/certificates.pem). "
        "Nothing was sent. Check the extra 'verify' of the connection.",
        connection={"base_url": "{https}", "verify": "/nowhere/certificates.pem"},
    ),
    "header": Case(
        errors.HostUnreachable,
        "{show}: a header has characters that cannot be sent. "
        "Nothing was sent. Check the extra 'headers' of the connection.",
        connection={"headers": {"x-api-key": " 5ecret"}},
    ),
    "proxy": Case(
        errors.HostUnreachable,
        "{token}: the host or a proxy is no address. "
        "Nothing was sent. Check Host and the extra 'proxies' of the connection.",
        connection={"proxies": {"https": "http://user:5ecret@127.0.0.1:99999"}, "ims_url": "{https}"},
    ),
    "a copy and 503": Case(
        errors.CopyOutcomeUnknown,
        "{copy}: Frame.io answered 503: Service Unavailable (ordered fault) [request emulated-2]. "
        "The copy may have been made: a second attempt could copy twice. Look into the target folder; "
        "clear the task only if the copy is not there.",
        "copy",
        api(503),
    ),
    "a copy and an answer cut short": Case(
        errors.CopyOutcomeUnknown,
        "{copy}: the connection broke (…). "
        "The copy may have been made: a second attempt could copy twice. Look into the target folder; "
        "clear the task only if the copy is not there.",
        "copy",
        {"kind": "truncated_body", "when": "after"},
    ),
    "a copy of a stack that is not there": Case(
        errors.NotFound,
        "{copy}: Frame.io answered 404: Not Found (ordered fault) [request emulated-2]. "
        "Check the id and account_id, and that the connection's user can see it; it may have been deleted.",
        "copy",
        api(404),
    ),
    "another call that must not be repeated": Case(
        errors.OutcomeUnknown,
        "{create}: Frame.io answered 502: Bad Gateway (ordered fault) [request emulated-2]. "
        "It may have been carried out: look in Frame.io before doing it again.",
        "create",
        api(502),
    ),
    "IMS: client id": Case(
        errors.ImsError,
        "{token}: Adobe IMS answered invalid_client: invalid client_id parameter. "
        "Check Login (client ID) and Password (client secret) of the connection: both stand in the Adobe "
        "Developer Console, under the project's OAuth Server-to-Server credential.",
        connection={"client_id": "wrong"},
    ),
    "IMS: client secret": Case(
        errors.ImsError,
        "{token}: Adobe IMS answered invalid_client: invalid client_secret parameter. "
        "Check Login (client ID) and Password (client secret) of the connection: both stand in the Adobe "
        "Developer Console, under the project's OAuth Server-to-Server credential.",
        connection={"secret": "5ecret"},
    ),
    "IMS: scopes": Case(
        errors.ImsError,
        "{token}: Adobe IMS answered invalid_scope: unknown scope: nonsense. "
        "Check the extra 'scopes' of the connection; the allowed ones stand in the Adobe "
        "Developer Console, under the project's OAuth Server-to-Server credential.",
        connection={"scopes": "openid nonsense"},
    ),
    "IMS: the API was not added": Case(
        errors.ImsError,
        "{token}: Adobe IMS answered unauthorized_client: client not authorized. "
        "Check Login (client ID) of the connection, and that the Frame.io API was added in the Adobe "
        "Developer Console, under the project's OAuth Server-to-Server credential.",
        fault=ims(400, body={"error": "unauthorized_client", "error_description": "client not authorized"}),
    ),
    "IMS: not IMS": Case(
        errors.ImsError,
        '{token}: Adobe IMS answered unsupported_grant_type: \'{"error": "unsupported_grant_type"}\'. '
        "Check the extra 'ims_url' of the connection: it must be Adobe IMS.",
        fault=ims(400, body={"error": "unsupported_grant_type"}),
    ),
    "IMS: 403 in plain text": Case(
        errors.ImsError,
        "{token}: Adobe IMS answered 403: 'Blocked by policy'. "
        "Check Login, Password and the extras 'ims_url' and 'scopes' of the connection.",
        fault=ims(403, body="Blocked by policy"),
    ),
    "IMS: 429": Case(
        errors.RateLimited, "{token}: … answered 429: 'Rate limit exceeded' [request emulated-1]. …", fault=ims(429)
    ),
    "IMS: 503": Case(
        errors.ServerError,
        "{token}: … answered 503: Service Unavailable (ordered fault) [request emulated-1]. "
        "It usually passes by itself: try again later, …",
        fault=ims(503),
    ),
    "IMS: not JSON": Case(
        errors.UnreadableAnswer,
        "{token}: the answer 200 cannot be used: no usable 'access_token' in it. Check that …",
        fault={"route": "ims_token", "kind": "garbage"},
    ),
    "IMS: no life": Case(
        errors.UnreadableAnswer,
        "{token}: the answer 200 cannot be used: no usable 'expires_in' in it. Check that …",
        fault=ims(200, body={"access_token": "5ecret"}),
    ),
    "IMS: truncated": Case(
        errors.NoAnswer,
        "{token}: the connection broke (…). Try again; if it stays, look at the network or raise 'timeout'.",
        fault={"route": "ims_token", "kind": "truncated_body", "when": "after"},
    ),
    "IMS: silence": Case(
        errors.NoAnswer,
        "{token}: no whole answer within 3 s. Try again; if it stays, look at the network or raise 'timeout'.",
        fault={"route": "ims_token", "kind": "hang"},
        connection=QUICK,
    ),
    "IMS: redirect": Case(
        errors.Redirected,
        "{token}: …, a redirect to http://127.0.0.1:9/elsewhere. …",
        fault={"route": "ims_token", "kind": "redirect"},
    ),
    "IMS: unreachable": Case(
        errors.HostUnreachable,
        "{token}: no connection to http://127.0.0.1:1 (… Connection refused). "
        "Nothing was sent. Check Host or the extra 'ims_url' of the connection, its 'proxies', and the network.",
        connection={"ims_url": "http://127.0.0.1:1"},
    ),
    "IMS: TLS": Case(
        errors.TlsFailed,
        "{token}: no trusted connection to {https} (…). "
        "Nothing was sent. Check the address, and the extra 'verify': it may name your network's own certificates.",
        connection={"ims_url": "{https}"},
    ),
}


def provoke(studio: Studio, case: Case) -> errors.FrameioError:
    """The error of a case, met over sockets."""
    if case.fault:
        studio.emulator.fault(**{"route": ROUTES[case.asked], **case.fault})
    changes = {name: https(studio) if value == "{https}" else value for name, value in case.connection.items()}
    client = studio.client(backoff=Backoff(attempts=1, refusal_timeout=0.0), **changes)
    with pytest.raises(errors.FrameioError) as raised:
        client.call(operations(studio)[case.asked])
    return raised.value


def operations(studio: Studio) -> dict[str, Operation[Any]]:
    """The four calls."""
    account = studio.settings.account_id
    return {
        "show": studio.show(),
        "copy": studio.copy(),
        "create": create_version_stack(account, studio.target, ["f1", "f2"]),
        "list": list_version_stacks(account, studio.target),
    }


def expected(studio: Studio, message: str) -> re.Pattern[str]:
    """A message of the table as a pattern."""
    asked = {name: operation.asked for name, operation in operations(studio).items()}
    asked |= {"token": "get an access token from Adobe IMS (POST /ims/token/v3)", "https": https(studio)}
    for name, words in asked.items():
        message = message.replace(f"{{{name}}}", words)
    return re.compile(".+".join(map(re.escape, message.split("…"))))


def https(studio: Studio) -> str:
    """The emulator's address as it would be with TLS."""
    return studio.emulator.base_url.replace("http:", "https:")


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_an_error_says_what_was_asked_what_came_and_what_to_do(studio: Studio, case: Case) -> None:
    """The whole message, word by word."""
    error = provoke(studio, case)

    assert type(error) is case.error
    assert expected(studio, case.message).fullmatch(str(error)), str(error)


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_no_error_shows_a_secret(studio: Studio, case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """Neither its message, nor its causes, nor a local variable of any frame, nor any line logged on the way."""
    caplog.set_level(logging.DEBUG)

    error = provoke(studio, case)
    written = "".join([repr(error), *traceback.format_exception(error), caplog.text, reported(error)])

    secrets = {"5ecret", studio.settings.secret, issued(studio)}
    assert [secret for secret in secrets if secret in written] == []


def issued(studio: Studio) -> str:
    """The access token that the client has, if it came so far."""
    held = studio.tokens.get(fingerprint(studio.settings), lambda: AccessToken("none was issued", 60.0))
    return held.headers["Authorization"].removeprefix("Bearer ")
