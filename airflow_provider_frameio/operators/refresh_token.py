"""The operator that keeps a user's tokens alive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import BaseOperator
from airflow_provider_frameio.hooks.connection import refresh_user_token
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.deferral import permanent_errors_fail

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context


class FrameioRefreshTokenOperator(BaseOperator):
    """Refresh the tokens of a connection with ``auth_type`` ``user``, and keep them in its Airflow Variable.

    Every other task only reads that Variable. Adobe IMS issues a new refresh token at each refresh and may end the old
    one at once, so **only one task may refresh a user's tokens**: put it into a DAG of its own with
    ``max_active_runs=1`` and ``catchup=False``, and never run it in two Airflows on copies of one Variable. Within a
    DAG no two of its instances run at once. Where that limit does not hold, as for mapped ones, under ``default_args``
    or in two DAGs, one refreshes, and the other one waits for its tokens.

    Schedule it two to four times in the life of an access token, so that a run may fail before any other task notices.
    Adobe issues tokens of a day and tokens of an hour; the task logs how long one lives, and warns where that is less
    than the time between two refreshes. A refresh token lives for 14 days. The Variable must exist: ``python -m
    airflow_provider_frameio.authorize`` makes it, once, with the user's consent.

    The Variable is written to Airflow's database, encrypted with its Fernet key where there is one. A Variable of the
    same name in a secrets backend or in the environment hides it; that is noticed before anything is asked of IMS. An
    answer of IMS that is lost on its way is asked for once more; one that cannot be stored is tried to be stored for
    half an hour. Not guaranteed is what a worker holds that is killed in the moment between the two: then the next run
    tries the old refresh token, and if that is dead says how to authorize again.

    Source: https://developer.adobe.com/developer-console/docs/guides/authentication/UserAuthentication/ims/

    :param frameio_conn_id: the connection (templated).
    :returns: ``{"variable": its name, "expires_at": when the access token ends, in ISO 8601}``; no secret.
    """

    template_fields: Sequence[str] = ("frameio_conn_id",)
    ui_color = "#e8e6fd"

    def __init__(self, *, frameio_conn_id: str = FrameioHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**{"max_active_tis_per_dag": 1, **kwargs})
        self.frameio_conn_id = frameio_conn_id

    def execute(self, context: Context) -> dict[str, str]:
        """Refresh them."""
        with permanent_errors_fail():
            settings, token = refresh_user_token(self.frameio_conn_id)
        end = datetime.fromtimestamp(token.expires_at, timezone.utc).isoformat(timespec="seconds")
        hours = (token.expires_at - token.refreshed_at) / 3600
        message = "The Airflow Variable %s now has an access token until %s. It lives for %.1f h."
        self.log.info(message, settings.auth_variable, end, hours)
        return {"variable": settings.auth_variable, "expires_at": end}
