"""Many tasks over many lives of an access token, with refresh tokens that die as they are used."""

from __future__ import annotations

import threading

import pytest

from airflow_provider_frameio.api.endpoints.accounts import get_me
from airflow_provider_frameio.api.errors import FrameioError
from tests.client.conftest import Studio
from tests.client.user import UserStudio
from tests.harness.patience import PATIENCE

LIFE = 86399.0
PERIOD = 0.95 * LIFE  # of the maintenance DAG: as seldom as can be, so that every task meets tokens about to end


@pytest.mark.parametrize(("tasks", "lives"), [(20, 3), pytest.param(200, 20, marks=pytest.mark.whole)])
def test_no_task_ever_fails_for_its_token(studio: Studio, tasks: int, lives: int) -> None:
    """Each is a process of its own as far as tokens go; one refresh a life, while all of them call at the same time."""
    waves = 2 * (lives + 2)  # half a period apart: at each refresh, and between two
    studio.emulator.configure(limits={"me": {"limit": 100_000}})
    user = UserStudio.begin(studio)
    studio.emulator.clear_requests()
    begin = studio.clock.monotonic()
    clients = [user.client() for _ in range(tasks)]
    together = threading.Barrier(tasks + 1)
    failures: list[FrameioError] = []

    def task(number: int) -> None:
        for _ in range(waves):
            together.wait(PATIENCE)
            try:
                clients[number].call(get_me())
            except FrameioError as error:
                failures.append(error)
            together.wait(PATIENCE)

    threads = [threading.Thread(target=task, args=(number,), daemon=True) for number in range(tasks)]
    for thread in threads:
        thread.start()
    for wave in range(waves):
        studio.clock.sleep(begin + wave * PERIOD / 2 - studio.clock.monotonic())
        together.wait(PATIENCE)
        if wave % 2 == 0 and wave:
            user.refresh()
        together.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)

    assert failures == []
    assert studio.clock.monotonic() - begin >= lives * LIFE
    assert studio.calls("ims_token") == [200] * (waves // 2 - 1)
    assert waves // 2 - 1 <= lives + 1
    answers = studio.calls("me")
    assert (len(answers), set(answers)) == (tasks * waves, {200})
