"""The "Open in Frame.io" button of a task: shows the URL which the task pushed, and nothing until it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow_provider_frameio._compat import BaseOperatorLink, BaseXCom, XCom

if TYPE_CHECKING:
    from airflow_provider_frameio._compat import BaseOperator, Context, TaskInstanceKey


class FrameioLink(BaseOperatorLink):
    """Extra link of every operator that makes or finds something in Frame.io.

    Airflow 3 stores only ``name`` and ``xcom_key`` with the DAG, so both are constants. It shows what its database
    holds under that key, and asks no XCom backend. So the URL is stored past a backend of the user's own.
    """

    name = "Open in Frame.io"
    xcom_key = "frameio_url"

    @classmethod
    def push(cls, context: Context, url: str | None) -> None:
        """Publish the URL, so that the button works from now on, also while the task waits or is deferred.

        :param context: the running task's context.
        :param url: Frame.io's ``view_url``; None or empty pushes nothing, and neither does what is no web address.
        """
        if not url or not _is_web_address(url):
            return
        ti: Any = context["ti"]
        if XCom is BaseXCom:
            ti.xcom_push(key=cls.xcom_key, value=url)
        else:  # a backend of the user's own, which may store a reference in the place of the URL
            ids = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
            BaseXCom.set(cls.xcom_key, url, **ids)

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the URL that the task instance pushed, or "" if there is none (yet).

        :param operator: the task; not looked at.
        :param ti_key: the task instance whose URL is wanted.
        """
        try:
            url = BaseXCom.get_value(ti_key=cast("Any", ti_key), key=self.xcom_key)
        except ImportError:
            # Airflow 3 has XComs only inside a running task, and shows their absence by a failing import.
            return ""
        return url if isinstance(url, str) and _is_web_address(url) else ""


def _is_web_address(url: str) -> bool:
    """Whether a browser may be sent there: ``javascript:`` would run in Airflow's page."""
    return url.startswith(("https://", "http://"))
