"""The authorization in a browser: the address to open, and the check of the answer. Performs no I/O.

Source: https://developer.adobe.com/developer-console/docs/guides/authentication/UserAuthentication/ims/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.api.foreign import foreign


@dataclass(frozen=True)
class Authorization:
    """One attempt to get a user's consent.

    :raises InvalidParameter: ``redirect_uri`` is no address.

    :ivar redirect_uri: where Adobe sends the browser afterwards; must be registered with the credential.
    :ivar state: a random text that the answer must repeat.
    :ivar verifier: likewise, of PKCE (RFC 7636); used where the client has no secret, else "".
    """

    settings: Settings
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.redirect_uri)
            right = bool(parts.scheme and parts.hostname) and parts.port != 0
        except ValueError:
            right = False
        if not right or re.search(r"[\s#\x00-\x1f\x7f]", self.redirect_uri):
            remedy = "give the address registered with the credential, such as https://localhost/frameio."
            raise InvalidParameter("redirect_uri", self.redirect_uri, remedy)

    def url(self) -> str:
        """The address at which the user consents."""
        query = {
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.settings.scopes,
            "state": self.state,
            "response_type": "code",
        }
        if self.verifier:
            query |= {"code_challenge": challenge(self.verifier), "code_challenge_method": "S256"}
        return f"{self.settings.ims_url}/ims/authorize/v2?{urlencode(query)}"

    def is_answer(self, target: str) -> bool:
        """Whether a browser that asks for ``target`` brings Adobe's answer: a code or an error, with this state."""
        path, query = _parts(target)
        own_path, _ = _parts(self.redirect_uri)
        return path == own_path and self._has_state(query) and bool(query.get("code") or query.get("error"))

    def code_of(self, redirected: str) -> str:
        """The authorization code in the address that the browser came back to.

        :raises InvalidParameter: it is not the answer to this attempt, or the user refused; never shows a code.
        """
        _, query = _parts(redirected.strip())
        if not self._has_state(query):
            raise _not_ours("its 'state' is not that of this attempt: give the address of this attempt, whole.")
        if query.get("error"):
            reason = foreign(f"{query['error']} {query.get('error_description', '')}".strip())
            raise _not_ours(f"Adobe answered '{reason}'.")
        if not query.get("code"):
            raise _not_ours("there is no 'code' in it.")
        return query["code"]

    def _has_state(self, query: Mapping[str, str]) -> bool:
        return hmac.compare_digest(query.get("state", "").encode(errors="replace"), self.state.encode())


def challenge(verifier: str) -> str:
    """PKCE's S256 challenge for a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _parts(address: str) -> tuple[str, dict[str, str]]:
    """Path, without a slash at its end, and query of an address; both empty if it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", {}
    return parts.path.rstrip("/"), dict(parse_qsl(parts.query))


def _not_ours(remedy: str) -> InvalidParameter:
    return InvalidParameter("redirected address", "…", remedy)
