"""A DAG file that uses our operators does not make the scheduler load an HTTP stack."""

from __future__ import annotations

import pytest

pytest.importorskip("airflow")

from tests.harness.bench.import_time import BASES, modules
from tests.wiring.conftest import Run, last_json

# Airflow may have loaded these for itself: they are forgotten first, so that whoever asks for them again is noticed.
_IMPORTED_ANEW = f"""
import json, sys
{BASES}
heavy = ("requests", "tenacity", "urllib3", "httpx")
for name in [name for name in sys.modules if name.partition(".")[0] in heavy]:
    del sys.modules[name]
__import__(sys.argv[1])
print(json.dumps([sys.argv[1] in sys.modules, sorted(set(heavy) & set(sys.modules))]))
"""


@pytest.mark.parametrize("module", [*modules(), "airflow_provider_frameio.triggers.version_stacks"])
def test_importing_what_a_dag_file_uses_loads_no_http_library(python: Run, module: str) -> None:
    """Beyond what Airflow's base classes need, neither requests nor tenacity is imported until a task runs."""
    assert last_json(python("-c", _IMPORTED_ANEW, module)) == [True, []]


def test_every_operator_and_sensor_is_looked_at() -> None:
    """The list holds the modules that the documentation names."""
    names = {f"airflow_provider_frameio.{kind}.version_stacks" for kind in ("operators", "sensors")}
    assert names <= set(modules())
