"""``FrameioUpdateMetadataOperator`` in DAG runs against the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.inline import InlineAirflow

UPDATE = "update_metadata"


class Deliveries:
    """A folder for stacks that are delivered, and a field for each of a few words about them."""

    def __init__(self, frameio: Emulator) -> None:
        self._frameio = frameio
        frameio.seed_metadata_field("Territory", "select_multi", options=["DE", "AT", "CH"])
        frameio.seed_metadata_field("Owner", "user_single")
        frameio.seed_metadata_field("Duration", "number", mutable=False)
        self.folder: str = frameio.seed_folder(frameio.description()["folders"]["source"], "Deliveries")["id"]

    def stack(self, versions: int = 2, folder_id: str | None = None) -> str:
        """A new stack."""
        stack_id: str = self._frameio.seed_version_stack(folder_id or self.folder, "Hero.mov", versions)["id"]
        return stack_id

    def metadata(self, folder_id: str | None = None) -> list[Any]:
        """Of all versions in the folder, stack by stack, the oldest first."""
        return [line["metadata"] for line in self._frameio.tree(folder_id or self.folder) if line["type"] == "file"]

    def asked(self) -> list[tuple[str, int | None]]:
        """Route and status of each call."""
        return [(one.route, one.status) for one in self._frameio.requests if one.route != "ims_token"]


@pytest.fixture
def deliveries(frameio: Emulator) -> Deliveries:
    return Deliveries(frameio)


def test_the_newest_versions_are_marked(airflow: InlineAirflow, frameio: Emulator, deliveries: Deliveries) -> None:
    """With values of several types, by names and from templates, in one call; the result are their ids."""
    stacks = [deliveries.stack(), deliveries.stack()]
    outcome = airflow.run(
        """
        FrameioUpdateMetadataOperator(
            task_id="mark", version_stack_ids=STACKS,
            metadata={"Delivered": "{{ params.done }}", "Territory": ["DE", "AT"], "Owner": "ada@studio.example"},
        )
        """,
        options={"params": {"done": "Yes"}},
        STACKS=stacks,
    )
    marked = {"Delivered": True, "Territory": ["DE", "AT"], "Owner": frameio.user["id"]}
    assert outcome.task("mark") == "success", outcome.log
    assert deliveries.metadata() == [{}, marked, {}, marked]
    newest = [line["id"] for line in frameio.tree(deliveries.folder) if line["type"] == "file"][1::2]
    assert outcome.xcom("mark") == newest
    assert [route for route, _ in deliveries.asked()] == [
        "list_field_definitions",
        "list_users",
        *["show_version_stack"] * 2,
        UPDATE,
    ]
    assert "Set Delivered, Territory, Owner on the newest versions of 2 version stacks." in outcome.log


def test_it_may_be_repeated(airflow: InlineAirflow, frameio: Emulator, deliveries: Deliveries) -> None:
    """Other fields keep what they have, and what a field had before is replaced."""
    stack = deliveries.stack(versions=1)
    frameio.set_metadata(stack, {"Status": "Approved", "Territory": ["CH"]})
    for _ in range(2):
        outcome = airflow.run(
            "FrameioUpdateMetadataOperator(task_id='mark', version_stack_ids=STACKS, metadata={'Territory': 'DE'})",
            STACKS=[stack, stack],
        )
        assert outcome.task("mark") == "success", outcome.log
        assert deliveries.metadata() == [{"Status": "Approved", "Territory": ["DE"]}]


@pytest.mark.parametrize("fault", [{"kind": "drop", "when": "after"}, {"kind": "status", "status": 502}])
def test_a_lost_answer_costs_another_call(
    airflow: InlineAirflow, frameio: Emulator, deliveries: Deliveries, fault: dict[str, Any]
) -> None:
    """Whether it was carried out or not: set twice is as good as once."""
    frameio.fault(route=UPDATE, **fault)
    outcome = airflow.run(
        "FrameioUpdateMetadataOperator(task_id='mark', version_stack_ids=[STACK], metadata={'Delivered': True})",
        STACK=deliveries.stack(versions=1),
    )
    assert outcome.task("mark") == "success", outcome.log
    assert deliveries.metadata() == [{"Delivered": True}]
    assert [status for route, status in deliveries.asked() if route == UPDATE][1:] == [204]


def test_many_are_marked_a_hundred_at_once_and_by_project(
    airflow: InlineAirflow, frameio: Emulator, deliveries: Deliveries
) -> None:
    """Another task's list of them; the limits are kept to."""
    other = frameio.seed_project("Other")["root_folder_id"]
    stacks = [deliveries.stack(versions=1) for _ in range(120)] + [deliveries.stack(1, other)]
    outcome = airflow.run(
        """
        @task
        def delivered():
            return STACKS

        FrameioUpdateMetadataOperator(task_id="mark", version_stack_ids=delivered(), metadata={"Delivered": "yes"})
        """,
        STACKS=stacks,
    )
    assert outcome.task("mark") == "success", outcome.log
    assert deliveries.metadata() + deliveries.metadata(other) == [{"Delivered": True}] * 121
    updates = [request for request in frameio.requests if request.route == UPDATE]
    assert [len(request.body["data"]["file_ids"]) for request in updates] == [100, 20, 1]
    assert {status for _, status in deliveries.asked()} <= {200, 204}


def test_nothing_is_asked_for_an_empty_list(airflow: InlineAirflow, deliveries: Deliveries) -> None:
    """Nothing was delivered, which is no error."""
    outcome = airflow.run(
        "FrameioUpdateMetadataOperator(task_id='mark', version_stack_ids=[], metadata={'Delivered': True})"
    )
    assert (outcome.task("mark"), outcome.xcom("mark"), deliveries.asked()) == ("success", [], [])


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            "{'Deliverd': True}",
            "metadata='Deliverd' cannot be used: there is no such metadata field. There are: Campaign,",
        ),
        ("{'Status': 'Done'}", "there is no such option. There are: In Progress, Needs Review, Approved."),
        ("{'Status': ['Approved', 'Needs Review']}", "give one value: this field has no more."),
        ("{'Delivered': True, 'Owner': 'Eve'}", "the account has no user of this name or e-mail address"),
        ("{'Duration': 5}", "Frame.io itself sets this field."),
    ],
)
def test_what_is_not_there_fails_before_anything_is_set(
    airflow: InlineAirflow, deliveries: Deliveries, metadata: str, words: str
) -> None:
    """For good, and before a stack is read."""
    outcome = airflow.run(
        f"FrameioUpdateMetadataOperator(task_id='mark', version_stack_ids=[STACK], metadata={metadata}, retries=3)",
        STACK=deliveries.stack(),
    )
    assert outcome.task("mark") == "failed"
    assert words in outcome.log
    assert {route for route, _ in deliveries.asked()} <= {"list_field_definitions", "list_users"}


def test_a_stack_that_is_gone_fails_before_anything_is_set(
    airflow: InlineAirflow, frameio: Emulator, deliveries: Deliveries
) -> None:
    """So is one that has no version yet, and a file is no stack."""
    stack = deliveries.stack(versions=1)
    frameio.configure(copy_first_child_seconds=1e6)
    outcome = airflow.run(
        """
        copy = FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=STACK, parent_id=TARGET, wait_for_completion=False
        )
        more = {"metadata": {"Delivered": True}, "retries": 3}
        FrameioUpdateMetadataOperator(task_id="gone", version_stack_ids=[STACK, GONE], **more)
        FrameioUpdateMetadataOperator(task_id="empty", version_stack_ids=[STACK, copy.output], **more)
        FrameioUpdateMetadataOperator(task_id="file", version_stack_ids=[STACK, FILE], **more)
        """,
        STACK=stack,
        TARGET=frameio.description()["folders"]["target"],
        FILE=next(line["id"] for line in frameio.tree(deliveries.folder) if line["type"] == "file"),
        GONE="0a1b2c3d-0000-4000-8000-000000000000",
    )
    assert [outcome.task(task) for task in ("gone", "empty", "file")] == ["failed"] * 3
    assert "this version stack has no versions." in outcome.log
    assert deliveries.metadata() == [{}]
    assert UPDATE not in [route for route, _ in deliveries.asked()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            "version_stack_ids='{{ params.nothing }}', metadata={'A': 1}",
            "version_stack_ids='' cannot be used: give a list",
        ),
        (
            "version_stack_ids=['s', '{{ params.nothing }}'], metadata={'A': 1}",
            "version_stack_ids[1]='' cannot be used",
        ),
        (
            "version_stack_ids=['s'], metadata={'A': '{{ params.nothing }}'}",
            "metadata['A']='' cannot be used: no value",
        ),
        ("version_stack_ids=['s'], metadata='{{ params }}'", "cannot be used: give a dict of fields and their values"),
        ("version_stack_ids=['s'], metadata=None", "metadata=None cannot be used: give a dict"),
    ],
)
def test_a_bad_value_fails_before_anything_is_asked_of_frameio(
    airflow: InlineAirflow, deliveries: Deliveries, arguments: str, words: str
) -> None:
    """With what was given, and what to do."""
    outcome = airflow.run(
        f"FrameioUpdateMetadataOperator(task_id='mark', retries=3, {arguments})", options={"params": {"nothing": ""}}
    )
    assert outcome.task("mark") == "failed"
    assert words in outcome.log
    assert deliveries.asked() == []


def test_what_is_written_in_the_dag_and_cannot_be_right_is_its_import_error(airflow: InlineAirflow) -> None:
    """It needs no run to be seen."""
    with pytest.raises(ValueError, match=r"metadata=\{\} cannot be used: give a dict"):
        airflow.run("FrameioUpdateMetadataOperator(task_id='mark', version_stack_ids=['s'], metadata={})")
