"""Keep a Frame.io user's tokens alive, for connections with ``auth_type`` ``user``.

Nothing else may refresh them, and no two runs at once: each refresh may end the token before it. The user consents
once, with ``python -m airflow_provider_frameio.authorize``; then unpause this. The connection is ``frameio_default``.
"""

from __future__ import annotations

import datetime

try:
    from airflow.sdk import dag
except ImportError:  # Airflow 2
    from airflow.decorators import dag

from airflow_provider_frameio.operators.refresh_token import FrameioRefreshTokenOperator


@dag(
    # For access tokens that live for a day: two runs may fail before any other task notices. The task's log says how
    # long yours live. For an hour, make it 20 minutes.
    schedule=datetime.timedelta(hours=6),
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    is_paused_upon_creation=True,  # until the user has consented
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": datetime.timedelta(minutes=5)},
    doc_md=__doc__,
    tags=["frameio", "example"],
)
def refresh_frameio_token() -> None:
    FrameioRefreshTokenOperator(task_id="refresh")


refresh_frameio_token()
