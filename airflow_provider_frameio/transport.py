"""The only network I/O of this package: one request out, one whole reply back, or an error saying how far it came.

Follows no redirect, repeats nothing, keeps connections per thread and process. A call that must not be repeated gets a
fresh connection: a kept one may be closed by the server just as the request is sent, which leaves its outcome unknown.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from traceback import walk_tb

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, LocationValueError

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.api.settings import Settings

_CONNECT_TIMEOUT = 10.0
_SERVER_GIVES_UP = 30.0  # documented: an answer may come until then, so a copy is waited for a little longer
_USER_AGENT = f"airflow-provider-frameio/{__version__}"


class Transport:
    """Sends requests with a connection's timeout, proxies, certificates and extra headers."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._kept = threading.local()

    def send(self, base_url: str, operation: Operation[object], authorisation: Mapping[str, str]) -> Reply:
        """The reply, whatever its status.

        :raises NotSent: nothing reached the server.
        :raises NoAnswer: perhaps everything did.
        """
        with self._session(operation) as session, _translated(operation.asked, base_url):
            return self._exchange(session, base_url, operation, authorisation)

    def close(self) -> None:
        """Close this thread's connections; the next call opens new ones."""
        if session := getattr(self._kept, "session", None):
            session.close()

    def _exchange(
        self, session: requests.Session, base_url: str, operation: Operation[object], authorisation: Mapping[str, str]
    ) -> Reply:
        request = operation.request
        url = base_url + request.path
        patience = self._patience(operation)
        response = session.request(
            request.method,
            url,
            params=dict(request.params),
            json=request.json,
            data=request.form,
            headers=dict(self._settings.headers),
            auth=_Authorisation(authorisation),
            timeout=(min(_CONNECT_TIMEOUT, patience), patience),
            proxies=dict(self._settings.proxies),
            verify=self._settings.verify,
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = self._body(response, operation.asked, patience)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, body, url)

    def _body(self, response: requests.Response, asked: str, patience: float) -> bytes:
        """The whole body within ``patience``: a timeout alone would bear one byte a minute for ever."""
        read = getattr(response.raw, "read1", response.raw.read)  # urllib3 1 has no read1
        deadline = self._monotonic() + patience
        parts = []
        while part := read(65536, decode_content=True):
            parts.append(part)
            if self._monotonic() > deadline:
                raise _no_answer(asked, f"the answer was not whole after {patience:g} s more")
        return b"".join(parts)

    def _patience(self, operation: Operation[object]) -> float:
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


class _Authorisation(AuthBase):
    """Sets the headers itself, so that an entry in a .netrc file cannot take their place."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def _new_session() -> requests.Session:
    session = requests.Session()
    # Uncompressed: then each read from the socket gives bytes, and the deadline is looked at.
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"})
    return session


@contextmanager
def _translated(asked: str, base_url: str) -> Iterator[None]:
    """Turn every exception of the HTTP stack into one that tells how far the request came."""
    try:
        yield
    # The text of these shows the header's value or the proxy's password, hence ``from None``.
    except (requests.exceptions.InvalidHeader, UnicodeError):
        raise _unusable(asked, "a header has characters that cannot be sent", "the extra 'headers'") from None
    except (requests.exceptions.InvalidURL, LocationValueError):
        raise _unusable(asked, "the host or a proxy is no address", "Host and the extra 'proxies'") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise _meaning(asked, base_url, error) from error


def _meaning(asked: str, base_url: str, error: Exception) -> errors.CallError:
    if _while_connecting(error):
        return _no_connection(asked, base_url, error)
    if isinstance(error, requests.exceptions.InvalidSchema):  # a SOCKS proxy without the package for it
        return _unreachable(asked, base_url, error)
    if isinstance(error, requests.exceptions.ReadTimeout):
        return _no_answer(asked, "no answer in time")
    if isinstance(error, (requests.RequestException, HTTPError)):
        return _no_answer(asked, f"the connection broke ({_cause(error)})")
    # What is left is requests' own OSError for a 'verify' path that is not there.
    came = f"the certificates could not be read ({error})"
    return errors.TlsFailed(asked, came, "Nothing was sent. Check the extra 'verify' of the connection.")


def _while_connecting(error: Exception) -> bool:
    """Whether there was no connection yet. The kind of an error does not tell: TLS and proxies fail later as well."""
    frames = (frame for each in _chain(error) for frame, _ in walk_tb(each.__traceback__))
    return any(
        frame.f_code.co_name == "connect" and frame.f_globals["__name__"] == "urllib3.connection" for frame in frames
    )


def _no_connection(asked: str, base_url: str, error: Exception) -> errors.NotSent:
    """A handshake that was refused stays refused; one that was cut off may succeed the next time."""
    *_, cause = _chain(error)
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _unreachable(asked, base_url, error)
    remedy = "Nothing was sent. Check the address, and the extra 'verify': it may name your network's own certificates."
    return errors.TlsFailed(asked, f"no trusted connection to {base_url} ({_cause(error)})", remedy)


def _unusable(asked: str, came: str, where: str) -> errors.HostUnreachable:
    return errors.HostUnreachable(asked, came, f"Nothing was sent. Check {where} of the connection.")


def _unreachable(asked: str, base_url: str, error: Exception) -> errors.HostUnreachable:
    remedy = "Nothing was sent. Check Host or the extra 'ims_url' of the connection, its 'proxies', and the network."
    return errors.HostUnreachable(asked, f"no connection to {base_url} ({_cause(error)})", remedy)


def _no_answer(asked: str, came: str) -> errors.NoAnswer:
    return errors.NoAnswer(asked, came, "Try again; if it stays, look at the network or raise 'timeout'.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """From the outermost to where it began. Other kinds of exception are not the network's but the caller's."""
    deeper: BaseException | None = error
    while isinstance(deeper, (OSError, HTTPError, HTTPException)):
        yield deeper
        deeper = deeper.__cause__ or deeper.__context__


def _cause(error: BaseException) -> str:
    """The innermost reason in words: the outer layers repeat it around addresses of objects."""
    *_, cause = _chain(error)
    return str(cause) or type(cause).__name__
