"""An XCom backend as a user may have one: values lie in files, and Airflow's database holds their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

try:
    from airflow.sdk.bases.xcom import BaseXCom
except ImportError:
    from airflow.models.xcom import BaseXCom


class InFiles(BaseXCom):
    """Takes all values to be its own."""

    @staticmethod
    def serialize_value(value: Any, **_: Any) -> Any:
        path = Path.cwd() / f"{uuid4()}.json"
        path.write_text(json.dumps(value))
        return BaseXCom.serialize_value(f"file {path}")

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        reference = BaseXCom.deserialize_value(result)
        return json.loads(Path(reference.removeprefix("file ")).read_text())
