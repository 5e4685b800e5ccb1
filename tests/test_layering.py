"""The package keeps its layers: imports point down only, and the core stays pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.layering import LAYERS, NAME, ROWS, modules_of, violations

PACKAGE = Path(__file__).parents[1] / NAME


def test_the_package_keeps_its_layers() -> None:
    """No import points up, nothing impure is in the core, no module is too long or slow to import."""
    found = violations(PACKAGE)
    assert not found, "\n".join(["", *found])


def test_every_layer_exists() -> None:
    """A rule for a layer that was renamed would guard nothing."""
    modules = modules_of(PACKAGE)
    assert [layer for layer in LAYERS if layer not in modules] == []
    assert [
        f"{room}.{name}"
        for room, rows in ROWS.items()
        for row in rows
        for name in row
        if f"{room}.{name}" not in modules
    ] == []


CLEAN = {
    "__init__.py": '__version__ = "1"\n',
    "api/__init__.py": "",
    "api/errors.py": "from datetime import datetime\n",
    "api/protocol.py": "from . import errors\nfrom .errors import FrameioError\n",
    "client/__init__.py": "",
    "client/client.py": f"import tenacity\nfrom {NAME}.api import errors, protocol\n",
    "hooks/__init__.py": "",
    "hooks/frameio.py": f"def get_conn():\n    from {NAME}.client.client import Client\n",
    "operators/__init__.py": "",
    "operators/version_stacks.py": f"from {NAME}.hooks.frameio import FrameioHook\n",
    "emulator/__init__.py": "",
    "emulator/pytest_plugin.py": f"import pytest\nfrom {NAME}.emulator import server\n",
    "emulator/server.py": "import http.server\n",
}
BROKEN = [
    ("a layer imports a higher one", "api/errors.py", f"import {NAME}.client.client", "api.errors:1: imports client"),
    ("a relative import hides nothing", "api/errors.py", "from ..client import x", "api.errors:1: imports client"),
    ("a package's own import", "api/__init__.py", "from ..client import x", "api:1: imports client"),
    ("an operator skips the hook", "operators/version_stacks.py", f"from {NAME} import client", "imports client"),
    ("in a function", "api/errors.py", f"def f():\n    import {NAME}.client", "api.errors:2: imports client"),
    ("a library in the wrong layer", "client/client.py", "import requests", "client.client:1: imports requests"),
    ("Airflow past _compat", "hooks/frameio.py", "from airflow.sdk import BaseHook", "imports airflow.sdk.BaseHook"),
    ("a library in the core", "api/errors.py", "import attrs", "api.errors:1: imports attrs"),
    ("the emulator knows the rest", "emulator/server.py", f"from {NAME}.api import errors", "imports api.errors"),
    ("the emulator knows the version", "emulator/server.py", f"from {NAME} import __version__", f"imports {NAME}"),
    ("pytest in the emulator", "emulator/server.py", "import pytest", "emulator.server:1: imports pytest"),
    ("a module without a layer", "utils.py", "import json", "utils: belongs to no layer"),
    ("upwards within the core", "api/errors.py", "from .protocol import x", "api.errors:1: imports upwards"),
    ("a cycle in the core", "api/other.py", "from . import other", "api.other -> api.other: a cycle"),
    ("a cycle elsewhere", "emulator/server.py", "from . import server", "emulator.server: a cycle"),
    ("a clock in the core", "api/errors.py", "from time import monotonic", "imports time.monotonic; it is pure"),
    ("a socket in the core", "api/errors.py", "import socket", "api.errors:1: imports socket"),
    ("chance in the core", "api/errors.py", "import random as dice", "api.errors:1: imports random"),
    ("today's date in the core", "api/errors.py", "import datetime as d\nd.datetime.now()", "calls datetime.now"),
    (
        "a clock elsewhere",
        "hooks/frameio.py",
        "def f():\n    import time",
        "frameio:2: imports time; only client.clock",
    ),
    (
        "a sleep elsewhere",
        "emulator/server.py",
        "from time import sleep",
        "server:1: imports time.sleep; only",
    ),
    (
        "the date elsewhere",
        "client/client.py",
        "import datetime\nx = datetime.datetime.now",
        "client.client:2: reads datetime.now; only",
    ),
    (
        "a slow import",
        "hooks/frameio.py",
        f"from {NAME}.client import client",
        "version_stacks -> hooks.frameio -> client.client -> te",
    ),
    ("a module too long", "api/errors.py", "x = 1\n" * 401, "api/errors.py: 401 lines"),
    ("an __init__ with content", "api/__init__.py", "x = 1", "api/__init__.py: must stay empty"),
]


def _write(package: Path, sources: Mapping[str, str]) -> Path:
    for name, source in sources.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return package


def test_clean_sources_break_no_rule(tmp_path: Path) -> None:
    """Downward, deferred and type-only imports are fine: a rule that cries at these would be switched off."""
    typed = f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {NAME}.client.client import Client\n"
    sources = CLEAN | {"hooks/frameio.py": typed + CLEAN["hooks/frameio.py"]}
    assert violations(_write(tmp_path / NAME, sources)) == []


@pytest.mark.parametrize(("module", "source", "said"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_each_rule_is_enforced(tmp_path: Path, module: str, source: str, said: str) -> None:
    """One forbidden thing added to clean sources is reported, with the place and what is wrong."""
    found = violations(_write(tmp_path / NAME, CLEAN | {module: source}))
    assert [line for line in found if said in line] != []
