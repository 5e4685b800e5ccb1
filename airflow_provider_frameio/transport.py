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

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from airflow_provider_frameio import __version__
from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.api.settings import Settings

_CONNECT_TIMEOUT = 10.0
_SERVER_GIVES_UP = 30.0  # documented: an answer may come until then, so a copy is waited for a little longer
_HANDSHAKE = ("CERTIFICATE", "WRONG_VERSION", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE", "PROTOCOL_VERSION", "CA_MD")
_USER_AGENT = f"airflow-provider-frameio/{__version__}"
_MISCONFIGURED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


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
        """Close this thread's connections."""
        if session := getattr(self._kept, "session", None):
            session.close()
            del self._kept.session

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
    except requests.exceptions.SSLError as error:
        raise _tls_error(asked, base_url, error) from error
    except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError) as error:
        raise _unreachable(asked, base_url, error) from error
    except requests.exceptions.ReadTimeout as error:
        raise _no_answer(asked, "no answer in time") from error
    except _MISCONFIGURED as error:
        raise _unreachable(asked, base_url, error) from error
    except requests.exceptions.ConnectionError as error:
        inner = error.args[0] if error.args else None
        if isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError):
            raise _unreachable(asked, base_url, error) from error
        raise _no_answer(asked, f"the connection broke ({_cause(error)})") from error
    except (requests.RequestException, HTTPError) as error:
        raise _no_answer(asked, f"the answer broke off ({_cause(error)})") from error
    except OSError as error:  # requests' own for a 'verify' path that is not there
        came = f"the certificates could not be read ({error})"
        raise errors.TlsFailed(asked, came, "Check the extra 'verify' of the connection.") from error


def _unreachable(asked: str, base_url: str, error: BaseException) -> errors.HostUnreachable:
    remedy = "Nothing was sent. Check the connection's Host, proxies and the network's way to it."
    return errors.HostUnreachable(asked, f"no connection to {base_url} ({_cause(error)})", remedy)


def _no_answer(asked: str, came: str) -> errors.NoAnswer:
    return errors.NoAnswer(
        asked, came, "Try again; if it stays, look at the network or raise 'timeout'."
    )


def _tls_error(asked: str, base_url: str, error: BaseException) -> errors.CallError:
    """A failed handshake sent nothing; any other TLS error may come after the request was sent."""
    cause = _innermost(error)
    reason = str(getattr(cause, "reason", "") or "")
    if isinstance(cause, ssl.SSLCertVerificationError) or any(word in reason for word in _HANDSHAKE):
        remedy = "Nothing was sent. Check Host, and the extra 'verify': it may name your network's own certificates."
        return errors.TlsFailed(asked, f"no trusted connection to {base_url} ({_cause(error)})", remedy)
    return _no_answer(asked, f"the secure connection broke ({_cause(error)})")


def _innermost(error: BaseException) -> BaseException:
    seen = error
    while (deeper := seen.__cause__ or seen.__context__) is not None:
        seen = deeper
    return seen


def _cause(error: BaseException) -> str:
    """The innermost reason in words: the outer layers repeat it around addresses of objects."""
    cause = _innermost(error)
    return str(cause) or type(cause).__name__
