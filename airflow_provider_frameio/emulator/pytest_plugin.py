"""A pytest fixture with a fresh Frame.io for each test.

Enable it in a ``conftest.py``::

    pytest_plugins = ["airflow_provider_frameio.emulator.pytest_plugin"]
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_frameio.emulator.server import Emulator


@pytest.fixture
def frameio_emulator() -> Iterator[Emulator]:
    """An empty emulator a hundred times as fast as the real thing, stopped after the test."""
    with Emulator(speed=100) as frameio:
        yield frameio
