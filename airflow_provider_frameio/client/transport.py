"""The only network I/O of this package: one request out, one whole reply back, or an error that says how far it came.

It follows no redirect, unpacks nothing, retries nothing, and keeps connections per thread and process. A call that is
not repeatable gets a fresh connection: the server may close a kept one just as the request is sent, which leaves the
outcome unknown.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, LocationValueError

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.foreign import foreign, secrets_sent
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.client.credentials import NO_AUTH, AuthHeaders
from airflow_provider_frameio.client.exchange import LARGEST_ANSWER, Exchange, ExchangeAdapter

CONNECT_TIMEOUT = 10.0
"""Seconds, where the connection's ``timeout`` is not shorter."""
_SERVER_GIVES_UP = 30.0  # documented: an answer may come until then, so a copy is waited for a little longer
_USER_AGENT = f"airflow-provider-frameio/{__version__}"


class Transport:
    """Sends requests with a connection's timeout, proxies, certificates and extra headers."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._kept = threading.local()

    def send(self, base_url: str, operation: Operation[object], auth: AuthHeaders = NO_AUTH) -> Reply:
        """The reply, whatever its status.

        :param auth: authorizes a call of the API; without it, as for Adobe IMS, the connection's headers stay at home.
        :raises NotSent: no byte of the request left.
        :raises NoAnswer: perhaps all of it did, and no whole answer came in time.
        :raises UnreadableAnswer: the answer is packed in a way that was not asked for, or larger than any can be.
        """
        timeout = self._timeout(operation)
        exchange = Exchange(self._monotonic, min(CONNECT_TIMEOUT, timeout), timeout)
        handled = sys.exc_info()[1]
        try:
            with self._session(operation) as session:
                return self._exchange(session, exchange, base_url, operation, auth)
        except errors.UnreadableAnswer:
            raise
        except Exception as error:  # noqa: BLE001 - once a byte may have left, any kind of error leaves the outcome open
            failure = _failure(operation.asked, base_url, exchange, list(_chain(error, handled)))
        raise failure  # out here, where it has no context

    def close(self) -> None:
        """Close this thread's connections; the next call opens new ones."""
        if session := getattr(self._kept, "session", None):
            session.close()

    def _exchange(
        self,
        session: requests.Session,
        exchange: Exchange,
        base_url: str,
        operation: Operation[object],
        auth: AuthHeaders,
    ) -> Reply:
        asked = operation.request

        def authorize(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
            prepared.headers.update(auth.headers)
            return prepared

        request = session.prepare_request(
            requests.Request(
                asked.method,
                base_url + asked.path,
                params=dict(asked.params),
                json=asked.json,
                data=asked.form,
                headers={**(self._settings.headers if auth.headers else {}), **asked.headers},
                auth=authorize,  # not headers, which an entry in a .netrc file would replace
            )
        )
        adapter = session.get_adapter(str(request.url))
        adapter.exchange = exchange  # type: ignore[attr-defined] # ours, see _new_session
        timeouts = exchange.connect_timeout, exchange.timeout  # which the exchange shortens as time goes on
        # Not by way of the session, which would look where a redirect leads, and may stumble over it.
        with adapter.send(request, timeout=timeouts, **self._route(session, request)) as response:
            body = _body(response, operation.asked)
        headers = {name.lower(): value for name, value in response.headers.items()}
        secrets = secrets_sent(
            self._settings.secret, auth.headers, self._settings.headers, asked.headers, form=asked.form
        )
        return Reply(response.status_code, headers, body, secrets)

    def _route(self, session: requests.Session, request: requests.PreparedRequest) -> dict[str, Any]:
        """Proxies and certificates, which the environment may name, too.

        Plain http leads to this machine, so it uses no proxy: that would see the token.
        """
        proxies, verify = dict(self._settings.proxies), self._settings.verify
        if urlsplit(request.url).scheme == "http":
            return {"proxies": {}, "stream": True, "verify": verify, "cert": None}
        return {**session.merge_environment_settings(request.url, proxies, True, verify, None)}

    def _timeout(self, operation: Operation[object]) -> float:
        if operation.repeatable:
            return self._settings.timeout
        return max(self._settings.timeout, (_SERVER_GIVES_UP + 5) * self._settings.time_scale)

    @contextmanager
    def _session(self, operation: Operation[object]) -> Iterator[requests.Session]:
        if not operation.repeatable:
            with _new_session() as session:
                yield session
            return
        kept = self._kept
        if getattr(kept, "pid", None) != os.getpid():  # sockets must not be shared with a forked child
            kept.pid, kept.session = os.getpid(), _new_session()
        yield kept.session


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"})
    for scheme in ("https://", "http://"):
        session.mount(scheme, ExchangeAdapter())
    return session


def _body(response: requests.Response, asked: str) -> bytes:
    """The whole body, as it came.

    :raises UnreadableAnswer: it is packed: 300 KB may hold 600 MB.
    """
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise errors.UnreadableAnswer(
            asked, f"the answer is encoded as '{foreign(encoding, 40)}', which was not asked for"
        )
    response.raw.enforce_content_length = True  # urllib3 1 does so only if asked
    return b"".join(iter(partial(response.raw.read, 65536, decode_content=False), b""))


def _failure(asked: str, base_url: str, exchange: Exchange, causes: Sequence[BaseException]) -> errors.CallError:
    """The error for an exchange that failed.

    Its cause is the innermost error alone, without frames: those of the HTTP stack hold the token and the secret.
    """
    if exchange.sent:
        failure: errors.CallError = _lost(asked, exchange, causes)
    elif unusable := _unusable(asked, causes):
        return unusable  # whose cause would show the header's value or the proxy's password
    else:
        failure = _not_sent(asked, base_url, causes)
    innermost = causes[-1].with_traceback(None)
    innermost.__cause__ = innermost.__context__ = None
    failure.__cause__ = innermost
    return failure


def _lost(asked: str, exchange: Exchange, causes: Sequence[BaseException]) -> errors.CallError:
    """A byte of the request may have left: only an answer could say what became of it."""
    if exchange.too_large:
        return errors.UnreadableAnswer(asked, f"the answer is larger than {LARGEST_ANSWER >> 20} MB")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        came = f"no whole answer within {exchange.timeout:g} s"
    else:
        came = f"the connection broke ({_words(causes)})"
    return errors.NoAnswer(asked, came, "Try again; if it stays, look at the network or raise 'timeout'.")


def _not_sent(asked: str, base_url: str, causes: Sequence[BaseException]) -> errors.NotSent:
    """No byte of the request has left: nothing can have happened at the server, whatever went wrong."""
    if type(causes[0]) is OSError:  # requests' own, for a 'verify' path that is not there
        came = f"the certificates could not be read ({_words(causes)})"
        return errors.TlsFailed(asked, came, "Nothing was sent. Check the extra 'verify' of the connection.")
    cause = causes[-1]
    tls = isinstance(causes[0], requests.exceptions.SSLError) or isinstance(cause, ssl.SSLError)
    # A handshake that was refused stays refused; one that was cut off may succeed the next time.
    if tls and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        remedy = (
            "Nothing was sent. Check the address, and the extra 'verify': it may name your network's own certificates."
        )
        return errors.TlsFailed(asked, f"no trusted connection to {base_url} ({_words(causes)})", remedy)
    remedy = "Nothing was sent. Check Host or the extra 'ims_url' of the connection, its 'proxies', and the network."
    return errors.HostUnreachable(asked, f"no connection to {base_url} ({_words(causes)})", remedy)


def _unusable(asked: str, causes: Sequence[BaseException]) -> errors.HostUnreachable | None:
    """The error for a setting that no request can carry, if that is why nothing was sent; else None."""
    for error in causes:
        if isinstance(error, (requests.exceptions.InvalidURL, LocationValueError)):
            came, where = "the host or a proxy is no address", "Host and the extra 'proxies'"
        elif isinstance(error, (requests.exceptions.InvalidHeader, UnicodeError)):
            came, where = "a header has characters that cannot be sent", "the extra 'headers'"
        else:
            continue
        return errors.HostUnreachable(asked, came, f"Nothing was sent. Check {where} of the connection.")
    return None


def _chain(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    """From the outermost to where the network failed; ``handled`` is what the caller was handling, and none of it."""
    yield error
    deeper = error.__cause__ or error.__context__
    while deeper is not handled and isinstance(deeper, (OSError, HTTPError, HTTPException)):
        yield deeper
        deeper = deeper.__cause__ or deeper.__context__


def _words(causes: Sequence[BaseException]) -> str:
    """The innermost reason: the outer layers repeat it around addresses of objects."""
    return str(causes[-1]) or type(causes[-1]).__name__
