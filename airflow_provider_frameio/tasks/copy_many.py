"""Runs a task of many copies to its end, and tells Airflow what was made, also where the task fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_frameio._compat import AirflowFailException
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.copying.rows import ADVICE, extra_of_many, failure, results
from airflow_provider_frameio.tasks.report import report_copies

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import Context
    from airflow_provider_frameio.tasks.copy_task import CopyTask


def copy_many(operator: Any, context: Context, task: CopyTask, event: object, advice: str = ADVICE) -> None:
    """Make all copies, or go on with them.

    XCom ``results`` has a row for each, ``late_twins`` copies that turned up after a second one was made.

    :param operator: its ``copies_made`` is kept up to date.
    :param event: what the triggerer says; None for a try that begins.
    :param advice: what a clear does where some copies failed.
    :raises AirflowFailException: some were not made.
    :raises FrameioError: a retry goes on.
    """
    rows, copies, instance = task.job.rows, task.job.copies, context["ti"]

    def announce() -> None:
        made = [row for row in rows if row.copy_id and not row.batch]  # an asset is a version stack
        operator.copies_made = [row.result(copies.options.account_id) for row in made]

    try:
        task.go_on(event, announce)
        duplicates = [one for row in rows for one in copies.late_duplicates(row)]
    except (FrameioError, AirflowFailException) as error:
        instance.xcom_push(key="results", value=results(rows))
        more = " ".join(filter(None, [task.job.leftovers(), failure(rows, advice)]))
        if more and (copies.last_try or not getattr(error, "transient", False)):
            raise AirflowFailException(f"{error} {more}") from error
        raise
    if duplicates:
        instance.xcom_push(key="late_twins", value=duplicates)
    instance.xcom_push(key="results", value=results(rows))
    report_copies(operator, context, operator.copies_made, extra_of_many(operator.copies_made))
    if message := failure(rows, advice):
        raise AirflowFailException(message)
