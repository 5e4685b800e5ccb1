"""What a copy job stops for, and how long that is waited for."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("airflow", reason="tasks are Airflow's")

from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.copying.rows import Row
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.hooks.frameio import FrameioHook
from airflow_provider_frameio.tasks.copy_job import CopiesPending, CopyJob, FilesPending
from airflow_provider_frameio.tasks.options import CopyOptions
from airflow_provider_frameio.tasks.record_store import RecordStore
from airflow_provider_frameio.tasks.row_copies import RowCopies


@pytest.fixture
def job(frameio: Emulator, monkeypatch: pytest.MonkeyPatch) -> CopyJob:
    """Two stacks that are to be stacked anew, an hour allowed for each wait."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AIRFLOW_CONN_FRAMEIO_DEFAULT", json.dumps(frameio.description()["airflow_connection"]))
    hook, described = FrameioHook(), frameio.description()
    context: Any = {"ti": SimpleNamespace(max_tries=0), "dag_run": SimpleNamespace(start_date=None)}
    records = RecordStore.begin(hook, context, durable=False)
    rows = [Row(source, described["folders"]["target"]) for source in described["version_stacks"][:2]]
    options = CopyOptions(hook.account_id(None), strategy="restack")
    return CopyJob(RowCopies(hook, options, rows, records, last_try=True), timeout=3600.0)


def test_files_are_waited_for_as_long_where_others_are_stacked_meanwhile(job: CopyJob, frameio: Emulator) -> None:
    """What was stacked begins a wait of its own, which neither ends nor forgets theirs."""
    slow, quick = job.rows
    for row, seconds in ((slow, 36_000), (quick, 0)):
        frameio.configure(copy_upload_seconds=seconds)
        job.copies.copy(row)
    SYSTEM_CLOCK.sleep(1.0)
    stop = job.advance()
    assert isinstance(stop, FilesPending)
    assert (stop.row, quick.copy_id != "") == (slow, True)
    assert stop.end_time == pytest.approx(SYSTEM_CLOCK.epoch() + 3600.0, abs=60.0)


def test_the_wait_for_a_copy_ends_when_the_time_that_began_with_its_first_look_is_over(
    job: CopyJob, frameio: Emulator
) -> None:
    """A later look does not begin it anew."""
    job.copies.options = CopyOptions(job.copies.options.account_id, strategy="native")
    frameio.configure(copy_upload_seconds=3_600_000)
    first = job.advance()
    SYSTEM_CLOCK.sleep(600.0)
    second = job.advance()
    assert isinstance(first, CopiesPending)
    assert isinstance(second, CopiesPending)
    assert second.end_time == first.end_time
    SYSTEM_CLOCK.sleep(3600.0)
    assert job.advance() is None
    assert [row.state for row in job.rows] == ["failed", "failed"]
