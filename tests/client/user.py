"""A user of the emulated Frame.io, whose tokens are kept where everybody reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.auth.user_token import UserToken
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from airflow_provider_frameio.hooks.refresh import TokenStore, refresh
from tests.client.conftest import JITTER, Studio
from tests.consent import consent

NAME = "frameio_token_frameio_default"


class Variable:
    """An Airflow Variable, as far as reading and writing it goes.

    :ivar hidden_by: a text that is read instead, as where a secrets backend has the name too.
    :ivar troubles: what the next writes raise, or None for a write that works.
    :ivar then: what happens right after the nth "read" or "write".
    """

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.hidden_by: str | None = None
        self.troubles: list[BaseException | None] = []
        self.then: dict[tuple[str, int], Callable[[], object]] = {}
        self.reads = self.writes = 0
        self._lock = threading.Lock()

    def read(self) -> str | None:
        with self._lock:
            self.reads += 1
            text = self.hidden_by or self.text
            then = self.then.pop(("read", self.reads), None)
        if then:
            then()
        return text

    def write(self, text: str) -> None:
        with self._lock:
            self.writes += 1
            if self.troubles and (trouble := self.troubles.pop(0)):
                raise trouble
            self.text = text
            then = self.then.pop(("write", self.writes), None)
        if then:
            then()


@dataclass
class UserStudio:
    """The studio, the Variable, and what was told to be masked."""

    studio: Studio
    variable: Variable
    masked: list[str] = field(default_factory=list, repr=False)

    @classmethod
    def begin(cls, studio: Studio) -> UserStudio:
        """With the user's consent just given."""
        return cls(studio, Variable(consent(studio.emulator, studio.clock.epoch()).to_text()))

    @property
    def settings(self) -> Settings:
        client_id, secret = self.studio.emulator.web_app
        return replace(self.studio.settings, auth_type="user", client_id=client_id, secret=secret, auth_variable=NAME)

    @property
    def token(self) -> UserToken:
        return UserToken.from_text(self.variable.text, NAME, "frameio_default")

    def client(
        self, reload: Callable[[], Settings] | None = None, tokens: TokenCache | None = None, **changes: Any
    ) -> Client:
        """A client of a process of its own, unless it is given another's ``tokens``."""
        return Client(
            replace(self.settings, **changes),
            reload=reload,
            stored=lambda name: self.variable.read() if name == NAME else None,
            mask=self.masked.append,
            pacing=Pacing(self.studio.clock, lambda: JITTER),
            tokens=tokens or TokenCache(self.studio.clock.monotonic),
        )

    def refresh(self, **changes: Any) -> UserToken:
        """What the maintenance task does."""
        shelf = TokenStore(self.variable.read, self.variable.write, self.masked.append)
        return refresh(replace(self.settings, **changes), shelf, self.studio.clock)
