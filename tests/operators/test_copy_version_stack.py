"""``FrameioCopyVersionStackOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.inline import InlineAirflow

COPIES = "copy_version_stack"


def demo(frameio: Emulator) -> dict[str, str]:
    """Source, number of its versions, and target of the demo."""
    description = frameio.description()
    return {"SOURCE": description["version_stacks"][0], "TARGET": description["folders"]["target"]}


def calls(frameio: Emulator, route: str) -> int:
    return sum(request.route == route for request in frameio.requests)


@pytest.mark.parametrize("deferrable", [False, True])
def test_returns_the_copy_when_every_version_is_there(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """The task's result is the new stack's id, and by then the copy has the source's five versions, all uploaded."""
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE
        )
        """,
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    record = outcome.xcom("copy", "version_stack")
    assert outcome.task("copy") == "success"
    assert outcome.xcom("copy") == record["id"] != demo(frameio)["SOURCE"]
    assert record["parent_id"] == demo(frameio)["TARGET"]
    assert outcome.xcom("copy", "frameio_url") == record["view_url"]
    versions = [line for line in frameio.tree(demo(frameio)["TARGET"]) if line["type"] == "file"]
    assert [version["status"] in ("uploaded", "transcoded") for version in versions] == [True] * 5
    assert calls(frameio, COPIES) == 1


def test_says_how_far_the_copy_is(airflow: InlineAirflow, frameio: Emulator) -> None:
    """While it waits, the log tells in words how many versions are there and since when the copy runs."""
    frameio.configure(copy_upload_seconds=60)  # of its time: still on its way at the first look
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.02, deferrable=True
        )
        """,
        **demo(frameio),
    )
    assert "of 5 versions uploaded" in outcome.log
    assert " s so far" in outcome.log


def test_without_waiting_the_copy_is_announced_at_once(airflow: InlineAirflow, frameio: Emulator) -> None:
    """``wait_for_completion=False`` looks at nothing after the copy, and the sensor takes over from its id."""
    outcome = airflow.run(
        """
        copy = FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, wait_for_completion=False
        )
        FrameioVersionStackCopySensor(
            task_id="wait", version_stack_id=copy.output, source_version_stack_id=SOURCE, poke_interval=0.05
        )
        """,
        **demo(frameio),
    )
    assert outcome.task("wait") == "success"
    assert outcome.xcom("wait") == outcome.xcom("copy")
    first, *_ = [request for request in frameio.requests if request.route == COPIES]
    after = [request.route for request in frameio.requests if request.at > first.at]
    assert set(after) == {"list_version_stack_children"}


def test_mapped_templated_and_with_default_args(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Twelve mapped copies, two more than the limit admits at once: each makes its copy, none fails."""
    stacks = frameio.description()["version_stacks"]
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator.partial(task_id="copy", parent_id="{{ params.folder }}").expand(
            version_stack_id=STACKS
        )
        """,
        options={
            "default_args": {"poll_interval": 0.05, "deferrable": True},
            "params": {"folder": demo(frameio)["TARGET"]},
        },
        STACKS=stacks,
    )
    copies = {outcome.xcom("copy", map_index=index) for index in range(len(stacks))}
    assert outcome.state == "success"
    assert len(copies) == len(stacks) == 12
    assert [request.status for request in frameio.requests if request.route == COPIES] == [200] * 12


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("version_stack_id=''", "version_stack_id='' cannot be used: no id was given"),
        ("version_stack_id='None'", "version_stack_id='None' cannot be used: no id was given"),
        ("version_stack_id=None", "version_stack_id=None cannot be used: give the id as a string, not NoneType"),
        ("version_stack_id=SOURCE, parent_id='{{ params.nothing }}'", "parent_id='' cannot be used: no id was given"),
        ("version_stack_id=SOURCE, parent_id=nothing().as_teardown and nothing()", "parent_id=None cannot be used"),
        ("version_stack_id=SOURCE, parent_id=None", "parent_id=None cannot be used"),
        ("version_stack_id=\"['a']\"", "this is a list or a template as text, not one id"),
        ("version_stack_id=SOURCE, copy_metadata='{{ params.nothing }}'", "copy_metadata='' cannot be used"),
        ("version_stack_id=SOURCE, copy_metadata=nothing()", "copy_metadata=None cannot be used: give True or False"),
        ("version_stack_id=SOURCE, copy_comments=nothing()", "copy_comments=None cannot be used: give one of none"),
        ("version_stack_id=SOURCE, strategy='native', copy_comments='{{ \"all\" }}'", "copy_comments='all' cannot be"),
        ("version_stack_id=SOURCE, target_status='{{ params.nothing }}'", "target_status='' cannot be used"),
        ("version_stack_id=SOURCE, account_id='a b'", "account_id='a b' cannot be used: an id has no blanks"),
    ],
)
def test_a_bad_id_fails_before_anything_is_asked_of_frameio(
    airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str
) -> None:
    """Also one that only its template shows to be nothing: a copy into a wrong folder would be the result."""
    tasks = """
        @task
        def nothing():
            return None

        FrameioCopyVersionStackOperator(task_id="copy", retries=3, ARGUMENTS)
        """
    outcome = airflow.run(tasks.replace("ARGUMENTS", arguments), options={"params": {"nothing": ""}}, **demo(frameio))
    assert outcome.task("copy") == "failed"
    assert words in outcome.log
    assert [request.route for request in frameio.requests if request.route != "ims_token"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("strategy='fast'", "strategy='fast' cannot be used: give one of auto, native, restack"),
        ("copy_comments='some'", "copy_comments='some' cannot be used: give one of none, internal, public, all"),
        ("strategy='native', copy_comments='all'", "copy_comments='all' cannot be used"),
        ("on_ambiguous='guess'", "on_ambiguous='guess' cannot be used"),
        ("target_status='created'", "target_status='created' cannot be used: give one of uploaded, transcoded"),
        ("poll_interval=0", "poll_interval=0 cannot be used"),
        ("timeout=-1", "timeout=-1 cannot be used"),
        ("copy_metadata='perhaps'", "copy_metadata='perhaps' cannot be used: give True or False"),
        ("wait_for_completion='False'", "wait_for_completion='False' cannot be used: give True or False"),
        ("durable='{{ params.durable }}'", "durable='{{ params.durable }}' cannot be used: give True or False"),
        ("deferrable='false'", "deferrable='false' cannot be used: give True or False"),
        ("timeout='60'", "timeout='60' cannot be used: give a number of seconds"),
    ],
)
def test_a_bad_option_is_an_import_error_of_the_dag(
    airflow: InlineAirflow, frameio: Emulator, arguments: str, words: str
) -> None:
    """What is known while the DAG is parsed is said there, where Airflow shows it on its front page."""
    with pytest.raises(ValueError, match="cannot be used") as error:
        airflow.run(
            f"FrameioCopyVersionStackOperator(task_id='copy', version_stack_id=SOURCE, {arguments})", **demo(frameio)
        )
    assert words in str(error.value)


@pytest.mark.parametrize("mapping", ["expand(parent_id=[TARGET, None])", "expand_kwargs([{'parent_id': None}] * 2)"])
def test_a_mapped_folder_that_came_to_nothing_is_refused(
    airflow: InlineAirflow, frameio: Emulator, mapping: str
) -> None:
    """As through a template: nothing is copied into the source's own folder, and no retry is spent on it."""
    outcome = airflow.run(
        "FrameioCopyVersionStackOperator.partial("
        f"task_id='copy', version_stack_id=SOURCE, wait_for_completion=False, retries=2).{mapping}",
        **demo(frameio),
    )
    assert outcome.task("copy", 1) == "failed"
    assert outcome.log.count("parent_id=None cannot be used") >= 1
    assert calls(frameio, COPIES) == mapping.count("TARGET")


def test_options_may_be_templates(airflow: InlineAirflow, frameio: Emulator) -> None:
    """They count as rendered: the comments are copied, the metadata is not; a time may be a timedelta."""
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, copy_comments="{{ params.comments }}",
            copy_metadata="{{ params.metadata }}", target_status="{{ 'uploaded' }}",
            poll_interval=datetime.timedelta(milliseconds=50), timeout=datetime.timedelta(hours=1),
        )
        """,
        options={"params": {"comments": "all", "metadata": False}},
        **demo(frameio),
    )
    assert outcome.task("copy") == "success", outcome.log
    (copied, *_) = [request for request in frameio.requests if request.route == "copy_files"]
    assert copied.query == {"copy_comments": "all"}


@pytest.mark.parametrize(("name", "value"), [("durable", "False"), ("copy_metadata", "no"), ("timeout", None)])
def test_a_mapped_option_that_cannot_be_right_is_refused(
    airflow: InlineAirflow, frameio: Emulator, name: str, value: str | None
) -> None:
    """It comes when the task runs, so the task fails; nothing is sent."""
    outcome = airflow.run(
        f"FrameioCopyVersionStackOperator.partial(task_id='copy', version_stack_id=SOURCE).expand({name}=[{value!r}])",
        **demo(frameio),
    )
    assert outcome.task("copy", 0) == "failed"
    assert f"{name}={value!r} cannot be used" in outcome.log
    assert frameio.requests == []


LOST = [{"kind": "drop", "when": "after"}, {"kind": "status", "status": 502, "when": "after"}]


@pytest.mark.parametrize("fault", LOST)
def test_a_copy_whose_answer_was_lost_is_found_again(
    airflow: InlineAirflow, frameio: Emulator, fault: dict[str, object]
) -> None:
    """It was made, so it is not sent a second time: the task succeeds with the one copy there is."""
    frameio.fault(route=COPIES, **fault)
    outcome = airflow.run(
        "FrameioCopyVersionStackOperator(task_id='copy', version_stack_id=SOURCE, parent_id=TARGET)",
        **demo(frameio),
    )
    stacks = [line["id"] for line in frameio.tree(demo(frameio)["TARGET"]) if line["type"] == "version_stack"]
    assert outcome.task("copy") == "success"
    assert [outcome.xcom("copy")] == stacks
    assert calls(frameio, COPIES) == 1


@pytest.mark.parametrize("fault", LOST)
def test_without_a_record_a_lost_answer_is_final(
    airflow: InlineAirflow, frameio: Emulator, fault: dict[str, object]
) -> None:
    """``durable=False``: the copy may have been made, so neither the client nor Airflow's retries send it again."""
    frameio.fault(route=COPIES, **fault)
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, durable=False, retries=2,
            retry_delay=datetime.timedelta(0),
        )
        """,
        **demo(frameio),
    )
    assert outcome.task("copy") == "failed"
    assert calls(frameio, COPIES) == 1
    assert "a second attempt could copy twice" in outcome.log


def test_the_record_costs_three_calls(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Where nothing goes wrong: source, user and folder are looked at once, however much the folder holds already."""
    for number in range(250):
        frameio.seed_version_stack(demo(frameio)["TARGET"], f"{number}.mov", versions=1, age=3600)

    def spent(durable: bool) -> dict[str, int]:
        frameio.clear_requests()
        airflow.run(
            """
            FrameioCopyVersionStackOperator(
                task_id="copy",
                version_stack_id=SOURCE,
                parent_id=TARGET,
                strategy="native",
                wait_for_completion=False,
                durable=DURABLE,
            )
            """,
            DURABLE=durable,
            **demo(frameio),
        )
        return Counter(request.route for request in frameio.requests if request.route != "ims_token")

    assert spent(True) - spent(False) == {"show_version_stack": 1, "me": 1, "list_version_stacks": 1}


def test_frameios_refusal_between_adobe_projects_is_final(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Where only Frame.io's own copy is wanted: the message holds Frame.io's words; no retry is spent on it."""
    description = frameio.description()
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=STACK, parent_id=FOLDER, strategy="native", retries=2
        )
        """,
        STACK=description["adobe_version_stacks"][0],
        FOLDER=description["folders"]["adobe_target"],
    )
    assert outcome.task("copy") == "failed"
    assert "Frame.io answered 422" in outcome.log
    assert calls(frameio, COPIES) == 1


@pytest.mark.parametrize(("deferrable", "pushes"), [(False, True), (True, True), (True, False)])
def test_a_copy_that_is_not_complete_in_time_fails_with_its_id(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool, pushes: bool
) -> None:
    """The failure names the copy, which exists, and is not retried, which would copy again. Its id was told before."""
    frameio.configure(copy_upload_seconds=1e6)
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, retries=2, timeout=0.2, poll_interval=0.05,
            deferrable=DEFERRABLE, do_xcom_push=PUSHES,
        )
        """,
        DEFERRABLE=deferrable,
        PUSHES=pushes,
        **demo(frameio),
    )
    record = outcome.xcom("copy", "version_stack")
    assert outcome.task("copy") == "failed"
    assert outcome.xcom("copy") == (record["id"] if pushes else None)
    assert f"The copy exists: {record['id']}" in outcome.log
    assert "Not complete in the time allowed" in outcome.log
    assert calls(frameio, COPIES) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_passing_fault_while_waiting_does_not_fail_the_task(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """Two looks fail, the third succeeds: the task does."""
    # The first look is the one at the source.
    frameio.fault(route="list_version_stack_children", kind="status", status=503, skip=1, times=2)
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE
        )
        """,
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    assert outcome.task("copy") == "success"


@pytest.mark.parametrize("deferrable", [False, True])
def test_an_abandoned_upload_is_named_and_not_waited_for(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """Its copy never gets there: the log names the version before the copy, and the task ends without it."""
    stack = frameio.seed_version_stack(
        frameio.description()["folders"]["source"],
        "Late.mov",
        versions=[{"name": "v1.mov"}, {"name": "v2.mov", "status": "created"}],
    )
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=STACK, parent_id=TARGET, deferrable=DEFERRABLE
        )
        """,
        STACK=stack["id"],
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    assert outcome.task("copy") == "success"
    assert "Not uploaded in the source, so not waited for in the copy: 'v2.mov' " in outcome.log
