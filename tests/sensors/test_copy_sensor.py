"""``FrameioVersionStackCopySensor`` in DAG runs against the emulator, in each of its modes."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.endpoints.version_stacks import copy_version_stack
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.emulator.server import Emulator
from tests.fakes import FakeClock
from tests.harness.configuration import IS_AIRFLOW_2, IS_AIRFLOW_30
from tests.inline import InlineAirflow

_NOT_TWICE = (
    "its dag.test() hands a rescheduled sensor a text for its first date, at which Airflow fails the second time"
)
MODES = [
    "mode='poke'",
    pytest.param("mode='reschedule'", marks=pytest.mark.skipif(IS_AIRFLOW_30, reason=_NOT_TWICE)),
    "deferrable=True",
]
CHILDREN = "list_version_stack_children"


def copies(frameio: Emulator, count: int) -> list[str]:
    """Ids of fresh copies of the demo's first stacks, still without any version."""
    description = frameio.description()
    connection = description["airflow_connection"]
    settings = Settings.from_connection(
        "test",
        host=connection["host"],
        login=connection["login"],
        password=connection["password"],
        extra=connection["extra"],
    )
    client = Client(settings)
    target = description["folders"]["target"]
    return [
        client.call(copy_version_stack(settings.account_id, stack, parent_id=target))["id"]
        for stack in description["version_stacks"][:count]
    ]


def run(airflow: InlineAirflow, arguments: str, **values: Any) -> Any:
    """A DAG of one sensor."""
    return airflow.run(
        f"FrameioVersionStackCopySensor(task_id='wait', **(dict(poke_interval=0.05) | dict({arguments})))", **values
    )


@pytest.mark.parametrize("mode", MODES)
def test_waits_until_the_copy_has_all_versions_of_its_source(
    airflow: InlineAirflow, frameio: Emulator, mode: str
) -> None:
    """It succeeds with the copy's id, when the copy's five versions are there."""
    (copy,) = copies(frameio, 1)
    source = frameio.description()["version_stacks"][0]
    outcome = run(airflow, f"version_stack_id=COPY, source_version_stack_id=SOURCE, {mode}", COPY=copy, SOURCE=source)
    assert outcome.task("wait") == "success"
    assert outcome.xcom("wait") == copy
    assert (
        len([line for line in frameio.tree(frameio.description()["folders"]["target"]) if line["type"] == "file"]) == 5
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_list_is_complete_when_all_of_it_is(airflow: InlineAirflow, frameio: Emulator, mode: str) -> None:
    """A list of copies with a list of sources in the same order gives the list back."""
    made = copies(frameio, 3)
    sources = frameio.description()["version_stacks"][:3]
    outcome = run(
        airflow, f"version_stack_id=COPIES, source_version_stack_id=SOURCES, {mode}", COPIES=made, SOURCES=sources
    )
    assert outcome.task("wait") == "success"
    assert outcome.xcom("wait") == made


def test_copies_that_were_complete_at_the_first_look_are_not_waited_for_again(
    airflow: InlineAirflow, frameio: Emulator, clock: FakeClock
) -> None:
    """A deferred sensor ends also in ``dag.test()``, which forgets what the sensor knew before it was deferred."""
    (complete,) = copies(frameio, 1)
    clock.advance(3600)
    (fresh,) = copies(frameio, 1)
    outcome = run(
        airflow, "version_stack_id=COPIES, expected_versions=[5, 5], deferrable=True", COPIES=[complete, fresh]
    )
    assert outcome.task("wait") == "success"


def test_a_list_from_mapped_copies(airflow: InlineAirflow, frameio: Emulator) -> None:
    """The output of mapped operators, which is lazy in Airflow, is a list as good as any."""
    description = frameio.description()
    outcome = airflow.run(
        """
        copies = FrameioCopyVersionStackOperator.partial(
            task_id="copy", parent_id=TARGET, wait_for_completion=False
        ).expand(version_stack_id=STACKS)
        FrameioVersionStackCopySensor(
            task_id="wait", version_stack_id=copies.output, source_version_stack_id=STACKS, deferrable=True
        )
        """,
        STACKS=description["version_stacks"][:3],
        TARGET=description["folders"]["target"],
    )
    assert outcome.task("wait") == "success"
    assert list(outcome.xcom("wait")) == [outcome.xcom("copy", map_index=index) for index in range(3)]


@pytest.mark.parametrize("number", ["'{{ params.number }}'", "['{{ params.number }}']", "number()"])
def test_what_is_expected_may_be_rendered(airflow: InlineAirflow, frameio: Emulator, number: str) -> None:
    """A template's text is read as a number, another task's output is one."""
    (copy,) = copies(frameio, 1)
    outcome = airflow.run(
        f"""
        @task
        def number():
            return 5

        FrameioVersionStackCopySensor(
            task_id="wait", version_stack_id=[COPY], expected_versions={number},
            target_status="{{{{ params.status }}}}", poke_interval=0.05,
        )
        """,
        options={"params": {"number": 5, "status": "uploaded"}},
        COPY=copy,
    )
    assert outcome.task("wait") == "success", outcome.log
    tree = frameio.tree(frameio.description()["folders"]["target"])
    assert len([line for line in tree if line["type"] == "file"]) == 5


@pytest.mark.parametrize("soft_fail", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_its_timeout_fails_or_skips(airflow: InlineAirflow, frameio: Emulator, mode: str, soft_fail: bool) -> None:
    """``timeout`` means the same in every mode; ``soft_fail`` skips instead."""
    frameio.configure(copy_upload_seconds=1e6)
    (copy,) = copies(frameio, 1)
    outcome = run(
        airflow, f"version_stack_id=COPY, expected_versions=5, timeout=0.2, soft_fail={soft_fail}, {mode}", COPY=copy
    )
    assert outcome.task("wait") == ("skipped" if soft_fail else "failed")


@pytest.mark.skipif(IS_AIRFLOW_2, reason="its dag.test() ends with a task's AirflowTaskTimeout")
def test_a_deferred_sensor_keeps_its_execution_timeout(
    airflow: InlineAirflow, frameio: Emulator, clock: FakeClock
) -> None:
    """Airflow enforces it in a worker only. As there, the task fails, and ``soft_fail`` does not count."""
    frameio.configure(copy_upload_seconds=1e6)
    (copy,) = copies(frameio, 1)
    began = clock.monotonic()
    arguments = "execution_timeout=datetime.timedelta(minutes=10), timeout=3600, soft_fail=True, deferrable=True"
    outcome = run(airflow, f"version_stack_id=COPY, expected_versions=5, {arguments}", COPY=copy)
    assert outcome.task("wait") == "failed"
    assert "The execution_timeout is over. Not complete in the time allowed" in outcome.log
    assert 600 <= clock.monotonic() - began < 700


@pytest.mark.parametrize(("option", "state"), [("never_fail=True", "skipped"), ("soft_fail=True", "failed")])
@pytest.mark.parametrize("mode", ["mode='poke'", "deferrable=True"])
def test_in_an_outage_only_never_fail_skips(
    airflow: InlineAirflow, frameio: Emulator, mode: str, option: str, state: str
) -> None:
    """Whether it waits in place or in the triggerer."""
    (copy,) = copies(frameio, 1)
    frameio.fault(route=CHILDREN, kind="status", status=503, times=1000)
    frameio.fault(route="list_version_stacks", kind="status", status=503, times=1000)
    outcome = run(airflow, f"version_stack_id=COPY, expected_versions=5, timeout=1e6, {option}, {mode}", COPY=copy)
    assert outcome.task("wait") == state
    assert "503" in outcome.log


@pytest.mark.parametrize(
    ("option", "state"), [("retries=2", "failed"), ("soft_fail=True", "skipped"), ("never_fail=True", "skipped")]
)
@pytest.mark.parametrize("mode", MODES)
def test_a_copy_that_is_gone_fails_at_once(
    airflow: InlineAirflow, frameio: Emulator, mode: str, option: str, state: str
) -> None:
    """A vanished copy will not come back: no retry is spent on it, and the message says what happened."""
    gone = "0a1b2c3d-0000-4000-8000-000000000000"
    outcome = run(airflow, f"version_stack_id=COPY, expected_versions=1, {option}, {mode}", COPY=gone)
    assert outcome.task("wait") == state
    assert "is not there (any more)" in outcome.log
    assert [request.route for request in frameio.requests].count(CHILDREN) == 1


@pytest.mark.parametrize("mode", MODES)
def test_passing_faults_are_not_yet(airflow: InlineAirflow, frameio: Emulator, mode: str) -> None:
    """Two failed looks later the copy is there, and the sensor succeeds."""
    (copy,) = copies(frameio, 1)
    frameio.fault(route=CHILDREN, kind="drop", when="before", times=2)
    outcome = run(airflow, f"version_stack_id=COPY, expected_versions=5, {mode}", COPY=copy)
    assert outcome.task("wait") == "success"


@pytest.mark.parametrize(
    ("versions", "state", "words"), [(5, "success", "Could not look"), (6, "failed", "5 of 6 versions uploaded")]
)
def test_a_deferrable_sensor_bears_an_outage_at_its_beginning(
    airflow: InlineAirflow, frameio: Emulator, versions: int, state: str, words: str
) -> None:
    """It defers with what it knows: the trigger asks for the number of the source's versions, and misses none."""
    (copy,) = copies(frameio, 1)
    source = frameio.seed_version_stack(frameio.description()["folders"]["source"], "Cut.mov", versions)["id"]
    frameio.fault(route=CHILDREN, kind="status", status=503, times=8)
    arguments = "version_stack_id=COPY, source_version_stack_id=SOURCE, deferrable=True, timeout=10"
    outcome = run(airflow, arguments, COPY=copy, SOURCE=source)
    assert outcome.task("wait") == state
    assert words in outcome.log


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("version_stack_id=''", "version_stack_id='' cannot be used: no id was given"),
        ("version_stack_id=['a', None]", "version_stack_id=None cannot be used"),
        ("version_stack_id='a', source_version_stack_id='a'", "this is the source; give the id of its copy"),
        ("version_stack_id=['a', 'b'], source_version_stack_id=['c']", "give as many as there are copies: 2"),
        ("version_stack_id='a', source_version_stack_id=None", "source_version_stack_id=None cannot be used"),
        ("version_stack_id=['a'], source_version_stack_id=[None]", "source_version_stack_id=None cannot be used"),
        ("version_stack_id='a', expected_versions=None", "expected_versions=None cannot be used"),
        ("version_stack_id='a', expected_versions='{{ none }}'", "expected_versions='None' cannot be used"),
        ("version_stack_id='a', expected_versions=[1.5]", "expected_versions=1.5 cannot be used"),
        ("version_stack_id='a', expected_versions=1.5", "expected_versions=1.5 cannot be used: give a list"),
        ("version_stack_id='a', target_status='{{ none }}'", "target_status='None' cannot be used"),
        ("version_stack_id={'a': 1}", "version_stack_id={'a': 1} cannot be used: give a list"),
        ("version_stack_id='a', expected_versions=0", "expected_versions=0 cannot be used"),
        ("version_stack_id='a', expected_versions=[1, 2]", "give as many as there are copies: 1"),
    ],
)
@pytest.mark.parametrize("deferrable", [False, True])
def test_bad_ids_fail_before_anything_is_asked(
    airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str, deferrable: bool
) -> None:
    """One clear error, no retry, no request."""
    outcome = run(airflow, f"{arguments}, retries=2, deferrable={deferrable}")
    assert outcome.task("wait") == "failed"
    assert words in outcome.log
    assert frameio.requests == []


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_list_is_complete(airflow: InlineAirflow, frameio: Emulator, mode: str) -> None:
    """Where nothing was copied there is nothing to wait for."""
    outcome = run(airflow, f"version_stack_id=[], {mode}")
    assert outcome.task("wait") == "success"
    assert frameio.requests == []


def test_bad_options_are_import_errors(airflow: InlineAirflow) -> None:
    """What is known while the DAG is parsed is said there."""
    with pytest.raises(ValueError, match="target_status='done' cannot be used"):
        run(airflow, "version_stack_id='a', target_status='done'")
    with pytest.raises(ValueError, match="deferrable='False' cannot be used"):
        run(airflow, "version_stack_id='a', deferrable='False'")
    with pytest.raises(ValueError, match="give either this or source_version_stack_id"):
        run(airflow, "version_stack_id='a', source_version_stack_id='b', expected_versions=2")
