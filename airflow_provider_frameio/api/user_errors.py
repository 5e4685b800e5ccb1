"""What can be wrong with a user's tokens: part of the tree in ``errors``.

::

    CallError
    ├── NoUserToken                there is no usable access token where the user's tokens are kept
    ├── TokenNotKept               what was written there does not read back
    └── ImsError
        └── AuthorizationLost      the refresh token is dead: the user must consent again
"""

from __future__ import annotations

from airflow_provider_frameio.api.errors import CallError, ImsError

_ASKED = "use the user's tokens"


class NoUserToken(CallError):
    """There is no usable access token of the user. Nothing was sent.

    Transient: a refresh may come any moment, and Airflow 3 cannot tell a Variable that is missing from one that could
    not be read.
    """

    transient = True

    def __init__(self, came: str, remedy: str) -> None:
        super().__init__(_ASKED, came, remedy)


class TokenNotKept(CallError):
    """The Airflow Variable does not hold what was written to it."""

    def __init__(self, came: str, remedy: str) -> None:
        super().__init__(_ASKED, came, remedy)


class AuthorizationLost(ImsError):
    """Adobe IMS takes the refresh token no longer: only the user can help, by consenting again."""
