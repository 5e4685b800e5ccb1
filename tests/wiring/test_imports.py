"""A DAG file that uses our operators does not make the scheduler load an HTTP stack."""

from __future__ import annotations

import pytest

pytest.importorskip("airflow")

from tests.harness.bench.import_time import BASES, modules
from tests.wiring.conftest import Run, last_json

MODULES = [*modules(), "airflow_provider_frameio.triggers.version_stacks"]
# Airflow, or the module before, may have loaded these: they are forgotten first, so that whoever asks for them again
# is noticed. So are our own modules, which would not be executed again.
_EACH_IMPORTED_ANEW = f"""
import json, sys
{BASES}
heavy = ("requests", "tenacity", "urllib3", "httpx")
found = {{}}
for module in sys.argv[1:]:
    for name in [name for name in sys.modules if name.partition(".")[0] in (*heavy, "airflow_provider_frameio")]:
        del sys.modules[name]
    __import__(module)
    found[module] = [module in sys.modules, sorted(set(heavy) & set(sys.modules))]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def imported(python: Run) -> dict[str, list[object]]:
    """For each module, whether it was imported, and which of the heavy libraries were there afterwards."""
    found: dict[str, list[object]] = last_json(python("-c", _EACH_IMPORTED_ANEW, *MODULES))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_importing_what_a_dag_file_uses_loads_no_http_library(imported: dict[str, list[object]], module: str) -> None:
    """Beyond what Airflow's base classes need, neither requests nor tenacity is imported until a task runs."""
    assert imported[module] == [True, []]


def test_every_operator_and_sensor_is_looked_at() -> None:
    """The list holds the modules that the documentation names."""
    names = {f"airflow_provider_frameio.{kind}.version_stacks" for kind in ("operators", "sensors")}
    assert names <= set(modules())
